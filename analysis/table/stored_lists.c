#include "analysis/table/stored_lists.h"

#include "analysis/table/result_guard.h"
#include "analysis/table/schema.h"
#include "compute/core/file.h"

#include <netcdf.h>
#include <string.h>
#include <unistd.h>

enum { MOST_LISTS = 1 << 16, MOST_SOURCES = 1024, MOST_TEXT = 4096, MOST_SIDE = 4096 };

static const double MOST_NUMBERS = 8e6;

typedef struct reader {
    const char *path;
    tl_group_kind kind;
    size_t most;
    tl_arena *arena;
    tl_stored *out;
    int id; /* of the group */
    size_t records;
    tl_err *err;
} reader;

/* Fails with `what` unless `good`. */
#define WANT(r, good, what)                                                          \
    TL_CHECK(good, (r)->err, TL_E_FORMAT, "%s: its stored lists cannot be read: %s", \
             (r)->path, (what))

static bool find_length(const reader *r, const char *name, size_t *out)
{
    int dim;
    return nc_inq_dimid(r->id, name, &dim) == NC_NOERR &&
           nc_inq_dimlen(r->id, dim, out) == NC_NOERR;
}

/* Whether a variable has these lengths, of which 0 ends the list. */
static bool find_variable(const reader *r, const char *name, const size_t *length, int *out)
{
    int rank, dim[NC_MAX_VAR_DIMS], wanted = 0;
    while (wanted < 4 && length[wanted]) wanted++;
    if (nc_inq_varid(r->id, name, out) != NC_NOERR ||
        nc_inq_varndims(r->id, *out, &rank) != NC_NOERR || rank != wanted ||
        nc_inq_vardimid(r->id, *out, dim) != NC_NOERR)
        return false;
    for (int d = 0; d < rank; d++) {
        size_t found;
        if (nc_inq_dimlen(r->id, dim[d], &found) != NC_NOERR || found != length[d])
            return false;
    }
    return true;
}

/* --- sources and lists ---------------------------------------------------------------- */

static tl_status read_words(const reader *r, const char *name, const char **out)
{
    size_t text;
    int variable;
    char *all;
    const size_t sources = (size_t)r->out->sources;
    WANT(r, find_length(r, "text", &text) && text >= 1 && text <= MOST_TEXT, "texts");
    WANT(r, find_variable(r, name, (const size_t[5]){sources, text}, &variable), name);
    TL_ALLOC(all, r->arena, sources * (text + 1), r->err);
    for (size_t i = 0; i < sources; i++) {
        const size_t start[2] = {i, 0}, count[2] = {1, text};
        out[i] = all + i * (text + 1);
        WANT(r,
             nc_get_vara_text(r->id, variable, start, count, all + i * (text + 1)) ==
                 NC_NOERR,
             name);
    }
    return TL_OK;
}

static tl_status read_sources(const reader *r)
{
    size_t sources;
    int variable;
    tl_group_source *source;
    const char **text[2];
    int *round;
    WANT(r, find_length(r, "source", &sources) && sources >= 1 && sources <= MOST_SOURCES,
         "sources");
    r->out->sources = (int)sources;
    for (int i = 0; i < 2; i++) TL_ALLOC(text[i], r->arena, sources, r->err);
    TL_TRY(read_words(r, "source_instance", text[0]));
    TL_TRY(read_words(r, "source_name", text[1]));
    TL_ALLOC(round, r->arena, sources, r->err);
    WANT(r,
         find_variable(r, "source_round", (const size_t[5]){sources}, &variable) &&
             nc_get_var_int(r->id, variable, round) == NC_NOERR,
         "source_round");
    TL_ALLOC(source, r->arena, sources, r->err);
    for (size_t i = 0; i < sources; i++)
        source[i] = (tl_group_source){text[0][i], text[1][i], round[i]};
    r->out->source = source;
    return TL_OK;
}

static tl_status read_index(const reader *r)
{
    int variable;
    int32_t *list_of;
    const size_t trials = r->out->trials, sources = (size_t)r->out->sources;
    WANT(r, trials * sources <= (size_t)MOST_NUMBERS, "too many trials");
    WANT(r, find_variable(r, "list_of", (const size_t[5]){trials, sources}, &variable),
         "list_of");
    TL_ALLOC(list_of, r->arena, trials * sources, r->err);
    WANT(r, nc_get_var_int(r->id, variable, list_of) == NC_NOERR, "list_of");
    for (size_t i = 0; i < trials * sources; i++)
        WANT(r, list_of[i] >= -1 && list_of[i] < r->out->lists, "list_of");
    r->out->list_of = list_of;
    return TL_OK;
}

/* --- records -------------------------------------------------------------------------- */

static tl_status read_reals(const reader *r, const char *name, size_t from, size_t rows,
                            const double **out)
{
    int variable;
    double *value;
    TL_ALLOC(value, r->arena, rows, r->err);
    WANT(r,
         find_variable(r, name, (const size_t[5]){r->records}, &variable) &&
             nc_get_vara_double(r->id, variable, &from, &rows, value) == NC_NOERR,
         name);
    *out = value;
    return TL_OK;
}

static tl_status read_images(const reader *r, size_t from, tl_stored_list *list)
{
    int variable;
    int32_t *label;
    float *pixel;
    const tl_stored *g = r->out;
    const size_t rows = list->rows, start[4] = {from},
                 count[4] = {rows, g->channels, g->height, g->width};
    TL_ALLOC(label, r->arena, rows, r->err);
    TL_ALLOC(pixel, r->arena, rows * g->channels * g->height * g->width, r->err);
    WANT(r,
         find_variable(r, "label", (const size_t[5]){r->records}, &variable) &&
             nc_get_vara_int(r->id, variable, start, count, label) == NC_NOERR,
         "label");
    WANT(r,
         find_variable(r, "pixels",
                       (const size_t[5]){r->records, g->channels, g->height, g->width},
                       &variable) &&
             nc_get_vara_float(r->id, variable, start, count, pixel) == NC_NOERR,
         "pixels");
    list->label = label;
    list->pixel = pixel;
    return TL_OK;
}

static tl_status read_records(const reader *r, size_t from, tl_stored_list *list)
{
    int variable;
    signed char *member;
    if (list->rows == 0) return TL_OK;
    if (r->kind == TL_GROUP_IMAGES) return read_images(r, from, list);
    if (r->kind == TL_GROUP_CURVES) {
        TL_TRY(read_reals(r, "x", from, list->rows, &list->x));
        return read_reals(r, "y", from, list->rows, &list->y);
    }
    TL_ALLOC(member, r->arena, list->rows, r->err);
    WANT(r,
         find_variable(r, "member", (const size_t[5]){r->records}, &variable) &&
             nc_get_vara_schar(r->id, variable, &from, &list->rows, member) == NC_NOERR,
         "member");
    list->member = member;
    return read_reals(r, "score", from, list->rows, &list->score);
}

/* How many numbers a record has. */
static tl_status size_record(const reader *r, double *out)
{
    tl_stored *g = r->out;
    *out = 2.0;
    if (r->kind != TL_GROUP_IMAGES) return TL_OK;
    WANT(r,
         find_length(r, "channel", &g->channels) && find_length(r, "height", &g->height) &&
             find_length(r, "width", &g->width) && g->channels >= 1 && g->height >= 1 &&
             g->width >= 1 && g->channels <= MOST_SIDE && g->height <= MOST_SIDE &&
             g->width <= MOST_SIDE,
         "the size of images");
    *out = (double)g->channels * (double)g->height * (double)g->width;
    return TL_OK;
}

static tl_status read_lists(const reader *r, size_t lists)
{
    tl_stored *g = r->out;
    tl_stored_list *list;
    long long *begin, *rows;
    double each, numbers = 0.0;
    int variable[3];
    static const char *const name[] = {"list_source", "list_begin", "list_rows"};
    for (int i = 0; i < 3; i++)
        WANT(r, find_variable(r, name[i], (const size_t[5]){lists}, &variable[i]), name[i]);
    TL_ALLOC(list, r->arena, lists, r->err);
    TL_ALLOC(begin, r->arena, lists, r->err);
    TL_ALLOC(rows, r->arena, lists, r->err);
    WANT(r, nc_get_var_longlong(r->id, variable[1], begin) == NC_NOERR, name[1]);
    WANT(r, nc_get_var_longlong(r->id, variable[2], rows) == NC_NOERR, name[2]);
    TL_TRY(size_record(r, &each));
    for (size_t l = 0; l < lists; l++) {
        WANT(r, nc_get_var1_int(r->id, variable[0], &l, &list[l].source) == NC_NOERR,
             name[0]);
        WANT(r, list[l].source >= 0 && list[l].source < g->sources, name[0]);
        WANT(r,
             begin[l] >= 0 && rows[l] >= 0 && begin[l] <= (long long)r->records &&
                 rows[l] <= (long long)r->records - begin[l],
             "a list is outside of its records");
        list[l].rows = (size_t)rows[l] < r->most ? (size_t)rows[l] : r->most;
        numbers += each * (double)list[l].rows;
    }
    g->is_too_large = numbers > MOST_NUMBERS;
    if (g->is_too_large) return TL_OK;
    for (size_t l = 0; l < lists; l++) TL_TRY(read_records(r, (size_t)begin[l], &list[l]));
    g->list = list;
    g->lists = (int)lists;
    return TL_OK;
}

static tl_status read_group(reader *r, int file)
{
    static const char *const record[TL_GROUPS] = {"sample", "point", "image"};
    size_t lists, trials;
    int dim;
    WANT(r,
         nc_inq_dimid(file, TL_NAME_TRIAL, &dim) == NC_NOERR &&
             nc_inq_dimlen(file, dim, &trials) == NC_NOERR && trials <= UINT32_MAX,
         "trials");
    r->out->trials = (uint32_t)trials;
    WANT(r, find_length(r, record[r->kind], &r->records), "records");
    WANT(r, find_length(r, "list", &lists), "lists");
    if (lists > MOST_LISTS) {
        r->out->is_too_large = true;
        return TL_OK;
    }
    if (lists == 0 || r->records == 0) return TL_OK;
    TL_TRY(read_sources(r));
    TL_TRY(read_lists(r, lists));
    return r->out->is_too_large ? TL_OK : read_index(r);
}

static tl_status load_descriptor(reader *r, int descriptor)
{
    static const char *const group[TL_GROUPS] = {"samples", "curves", "images"};
    char link[TL_FILE_LINK];
    int file;
    (void)tl_file_link(descriptor, link);
    WANT(r, nc_open(link, NC_NOWRITE, &file) == NC_NOERR, "no NetCDF file");
    tl_status status = TL_OK;
    if (nc_inq_ncid(file, group[r->kind], &r->id) == NC_NOERR) status = read_group(r, file);
    (void)nc_close(file);
    return status;
}

static tl_status load(reader *r)
{
    int descriptor;
    *r->out = (tl_stored){0};
    TL_TRY(tl_file_open(NULL, r->path, &descriptor, NULL, r->err));
    const tl_status status = load_descriptor(r, descriptor);
    (void)close(descriptor);
    return status;
}

static tl_status try_lists(const char *path, const void *self, tl_arena *arena, tl_err *err)
{
    tl_stored out;
    reader r = *(const reader *)self;
    r.path = path;
    r.arena = arena;
    r.out = &out;
    r.err = err;
    return load(&r);
}

tl_status tl_stored_read(const char *path, tl_group_kind kind, size_t most, tl_arena *arena,
                         tl_stored *out, tl_err *err)
{
    reader r = {
        .path = path, .kind = kind, .most = most, .arena = arena, .out = out, .err = err};
    TL_TRY(tl_result_guard(path, try_lists, &r, tl_arena_left(arena), err));
    return load(&r);
}
