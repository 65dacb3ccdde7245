#include "analysis/table/sample_groups.h"

#include "analysis/table/schema.h"
#include "compute/data/dataset.h"

#include <math.h>
#include <netcdf.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 4096, PIECE_BYTES = 1 << 20, MOST_TEXT = 128, MOST_COLUMNS = 24 };
/* The chunk cache of a variable holds its open chunk: lists end within chunks. */
enum { CACHE = 1 << 18, CACHED = 61 };
/* Bounds of HDF5's overhead. */
enum { GROUP_BYTES = 1 << 16, COLUMN_BYTES = 1 << 13 };

typedef struct writer {
    const tl_sample_group *group;
    const char *path;
    int file, id; /* the id of the group */
    int trial, rows_dim, list_dim, source_dim;
    size_t rows, piece; /* records in all, and of one piece */
    tl_err *err;
} writer;

static tl_status bad(const writer *w, int code)
{
    return tl_fail(w->err, TL_E_IO, "%s: cannot be written: %s", w->path,
                   nc_strerror(code));
}

#define NC_TRY(w, call)                                    \
    do {                                                   \
        const int nc_code = (call);                        \
        if (nc_code != NC_NOERR) return bad((w), nc_code); \
    } while (0)

static const char *const group_name[TL_GROUPS] = {"samples", "curves", "images"};
static const char *const rows_name[TL_GROUPS] = {"sample", "point", "image"};

/* ---- variables ----------------------------------------------------------------------- */

/* A variable: its dimensions, how many of the first make a chunk, and its texts. */
typedef struct shape {
    int dims, dim[4];
    size_t chunk[4];
} shape;

static tl_status put_text(const writer *w, int variable, const char *name, const char *text)
{
    NC_TRY(w, nc_put_att_text(w->id, variable, name, strlen(text), text));
    return TL_OK;
}

static tl_status define(const writer *w, const char *name, nc_type type, const shape *s,
                        const char *about, int *variable)
{
    size_t length, bytes = 8;
    NC_TRY(w, nc_def_var(w->id, name, type, s->dims, s->dim, variable));
    NC_TRY(w, nc_inq_dimlen(w->id, s->dim[0], &length));
    NC_TRY(w, nc_def_var_chunking(w->id, *variable, NC_CHUNKED, s->chunk));
    for (int d = 0; d < s->dims; d++) bytes *= s->chunk[d];
    NC_TRY(w, nc_set_var_chunk_cache(w->id, *variable, bytes > CACHE ? bytes : CACHE,
                                     CACHED, 0.75F));
    if (length > 1024 || type == NC_FLOAT)
        NC_TRY(w, nc_def_var_deflate(w->id, *variable, 1, 1, 1));
    if (type == NC_DOUBLE || type == NC_FLOAT) {
        const double missing = (double)NAN;
        NC_TRY(w, nc_put_att_double(w->id, *variable, "_FillValue", type, 1, &missing));
    }
    return put_text(w, *variable, TL_NAME_LONG_NAME, about);
}

/* A dimension; HDF5 takes one of length 0 for unlimited, so there is always one entry. */
static shape along(int dim, size_t length)
{
    const size_t chunk = length < CHUNK ? length : CHUNK;
    return (shape){1, {dim}, {chunk > 0 ? chunk : 1}};
}

/* The variables on records, by their ids. */
typedef struct columns {
    int score, member, flags, row, label, x, y, pixel, trial, source, list;
} columns;

static tl_status define_flags(const writer *w, const shape *s, columns *c)
{
    static const signed char value[] = {0, 1};
    static const unsigned char mask[] = {TL_ROW_MEMBER, TL_ROW_POISONED,
                                         TL_ROW_NEAR_DUPLICATE, TL_ROW_TARGETED,
                                         TL_ROW_RECOVERED};
    TL_TRY(define(w, "member", NC_BYTE, s, "whether the target was trained on the row",
                  &c->member));
    NC_TRY(w, nc_put_att_schar(w->id, c->member, "flag_values", NC_BYTE, 2, value));
    TL_TRY(put_text(w, c->member, TL_NAME_MEANINGS, "non_member member"));
    TL_TRY(define(w, "flags", NC_UBYTE, s, "what is known of the row", &c->flags));
    NC_TRY(w, nc_put_att_uchar(w->id, c->flags, "flag_masks", NC_UBYTE, sizeof mask, mask));
    return put_text(w, c->flags, TL_NAME_MEANINGS,
                    "member poisoned near_duplicate targeted recovered");
}

static tl_status define_pixels(writer *w, columns *c)
{
    const tl_sample_group *g = w->group;
    shape s = {4, {w->rows_dim}, {w->piece, g->channels, g->height, g->width}};
    NC_TRY(w, nc_def_dim(w->id, "channel", g->channels, &s.dim[1]));
    NC_TRY(w, nc_def_dim(w->id, "height", g->height, &s.dim[2]));
    NC_TRY(w, nc_def_dim(w->id, "width", g->width, &s.dim[3]));
    return define(w, "pixels", NC_FLOAT, &s,
                  "pixels, 0 to 1; missing outside of images smaller than the largest",
                  &c->pixel);
}

static tl_status define_columns(writer *w, columns *c)
{
    const tl_group_kind kind = w->group->kind;
    const shape s = along(w->rows_dim, w->rows);
    if (kind == TL_GROUP_SAMPLES) {
        TL_TRY(define(w, "score", NC_DOUBLE, &s,
                      "score of the row: higher, more likely "
                      "a member",
                      &c->score));
        TL_TRY(define_flags(w, &s, c));
    }
    if (kind == TL_GROUP_CURVES) {
        TL_TRY(define(w, "x", NC_DOUBLE, &s,
                      "abscissa; of a ROC curve, false positive rate", &c->x));
        TL_TRY(define(w, "y", NC_DOUBLE, &s, "ordinate; of a ROC curve, true positive rate",
                      &c->y));
    } else {
        /* 64 bits: readers take the largest of 32, the first row made, for a missing one.
         */
        TL_TRY(define(w, "row", NC_INT64, &s,
                      "row of the data source, from 0; 4294967295 - k: made, the k-th",
                      &c->row));
        TL_TRY(define(w, "label", NC_INT, &s, "class", &c->label));
    }
    if (kind == TL_GROUP_IMAGES) TL_TRY(define_pixels(w, c));
    TL_TRY(
        define(w, "trial_number", NC_INT, &s, "first trial that has the list", &c->trial));
    TL_TRY(define(w, "source_index", NC_INT, &s, "its source, from 0", &c->source));
    return define(w, "list_index", NC_INT, &s, "its list, from 0", &c->list);
}

/* ---- records ------------------------------------------------------------------------- */

/* Room for one piece, of all columns at once. */
static bool take_rows(const writer *w, tl_group_rows *out, int32_t *number[3])
{
    const size_t n = w->piece;
    const tl_sample_group *g = w->group;
    *out = (tl_group_rows){.score = calloc(n, sizeof(double)),
                           .member = calloc(n, 1),
                           .flags = calloc(n, 1),
                           .row = calloc(n, sizeof(uint32_t)),
                           .label = calloc(n, sizeof(int32_t)),
                           .x = calloc(n, sizeof(double)),
                           .y = calloc(n, sizeof(double))};
    bool is_good = out->score && out->member && out->flags && out->row && out->label &&
                   out->x && out->y;
    if (g->kind == TL_GROUP_IMAGES) {
        out->pixel = calloc(n, g->channels * g->height * g->width * sizeof(float));
        is_good = is_good && out->pixel;
    }
    for (int i = 0; i < 3; i++) {
        number[i] = calloc(n, sizeof(int32_t));
        is_good = is_good && number[i];
    }
    return is_good;
}

static void free_rows(tl_group_rows *rows, int32_t *number[3])
{
    free(rows->score);
    free(rows->member);
    free(rows->flags);
    free(rows->row);
    free(rows->label);
    free(rows->x);
    free(rows->y);
    free(rows->pixel);
    for (int i = 0; i < 3; i++) free(number[i]);
}

static tl_status put_piece(const writer *w, const columns *c, const tl_group_rows *rows,
                           size_t at, size_t n)
{
    const tl_sample_group *g = w->group;
    const size_t start[4] = {at, 0, 0, 0}, count[4] = {n, g->channels, g->height, g->width};
    if (g->kind == TL_GROUP_SAMPLES) {
        NC_TRY(w, nc_put_vara_double(w->id, c->score, start, count, rows->score));
        NC_TRY(w, nc_put_vara_schar(w->id, c->member, start, count, rows->member));
        NC_TRY(w, nc_put_vara_uchar(w->id, c->flags, start, count, rows->flags));
    }
    if (g->kind == TL_GROUP_CURVES) {
        NC_TRY(w, nc_put_vara_double(w->id, c->x, start, count, rows->x));
        NC_TRY(w, nc_put_vara_double(w->id, c->y, start, count, rows->y));
        return TL_OK;
    }
    if (g->kind == TL_GROUP_IMAGES)
        NC_TRY(w, nc_put_vara_float(w->id, c->pixel, start, count, rows->pixel));
    NC_TRY(w, nc_put_vara_uint(w->id, c->row, start, count, rows->row));
    NC_TRY(w, nc_put_vara_int(w->id, c->label, start, count, rows->label));
    return TL_OK;
}

static tl_status put_numbers(const writer *w, const columns *c, int32_t *const number[3],
                             size_t at, size_t n)
{
    const int variable[3] = {c->trial, c->source, c->list};
    for (int i = 0; i < 3; i++)
        NC_TRY(w, nc_put_vara_int(w->id, variable[i], &at, &n, number[i]));
    return TL_OK;
}

/* List by list, piece by piece. */
static tl_status put_records(const writer *w, const columns *c, const tl_group_rows *rows,
                             int32_t *const number[3])
{
    const tl_sample_group *g = w->group;
    size_t at = 0;
    for (uint32_t l = 0; l < g->lists; l++) {
        const tl_group_list *list = &g->list[l];
        for (size_t i = 0; i < w->piece; i++) {
            number[0][i] = (int32_t)list->trial;
            number[1][i] = list->source;
            number[2][i] = (int32_t)l;
        }
        for (uint64_t from = 0; from < list->rows;) {
            const uint64_t left = list->rows - from;
            const size_t n = left < w->piece ? (size_t)left : w->piece;
            TL_TRY(g->read(g->self, l, from, n, rows, w->err));
            TL_TRY(put_piece(w, c, rows, at, n));
            TL_TRY(put_numbers(w, c, number, at, n));
            from += n;
            at += n;
        }
    }
    return TL_OK;
}

static tl_status write_records(const writer *w, const columns *c)
{
    tl_group_rows rows;
    int32_t *number[3];
    tl_status status = take_rows(w, &rows, number)
                           ? put_records(w, c, &rows, number)
                           : tl_fail(w->err, TL_E_NOMEM, "no memory to write samples");
    free_rows(&rows, number);
    return status;
}

/* ---- lists and sources --------------------------------------------------------------- */

static tl_status put_lists(const writer *w, const int variable[4])
{
    const tl_sample_group *g = w->group;
    int32_t trial[64], source[64];
    long long begin[64], rows[64], at = 0;
    for (size_t l = 0, n; l < g->lists; l += n) {
        n = g->lists - l < 64 ? g->lists - l : 64;
        for (size_t i = 0; i < n; i++) {
            trial[i] = (int32_t)g->list[l + i].trial;
            source[i] = g->list[l + i].source;
            begin[i] = at;
            rows[i] = (long long)g->list[l + i].rows;
            at += rows[i];
        }
        NC_TRY(w, nc_put_vara_int(w->id, variable[0], &l, &n, trial));
        NC_TRY(w, nc_put_vara_int(w->id, variable[1], &l, &n, source));
        NC_TRY(w, nc_put_vara_longlong(w->id, variable[2], &l, &n, begin));
        NC_TRY(w, nc_put_vara_longlong(w->id, variable[3], &l, &n, rows));
    }
    return TL_OK;
}

static tl_status write_lists(const writer *w)
{
    const shape s = along(w->list_dim, w->group->lists);
    int variable[4];
    TL_TRY(
        define(w, "list_trial", NC_INT, &s, "first trial that has the list", &variable[0]));
    TL_TRY(define(w, "list_source", NC_INT, &s, "its source, from 0", &variable[1]));
    TL_TRY(define(w, "list_begin", NC_INT64, &s, "its first record, from 0", &variable[2]));
    TL_TRY(define(w, "list_rows", NC_INT64, &s, "how many records it has, all in a row",
                  &variable[3]));
    TL_TRY(put_text(w, variable[3], "sample_dimension", rows_name[w->group->kind]));
    return put_lists(w, variable);
}

static tl_status put_index(const writer *w, int variable, uint32_t each, int32_t *list_of)
{
    const tl_sample_group *g = w->group;
    for (uint32_t t = 0; t < g->trials; t += each) {
        const uint32_t n = g->trials - t < each ? g->trials - t : each;
        const size_t start[2] = {t, 0}, count[2] = {n, (size_t)g->sources};
        TL_TRY(g->index(g->self, t, n, list_of, w->err));
        NC_TRY(w, nc_put_vara_int(w->id, variable, start, count, list_of));
    }
    return TL_OK;
}

static tl_status write_index(const writer *w)
{
    const tl_sample_group *g = w->group;
    const uint32_t most = CHUNK / (uint32_t)(g->sources > 0 ? g->sources : 1) + 1;
    const uint32_t each = g->trials < most ? g->trials : most;
    const shape s = {2, {w->trial, w->source_dim}, {each, (size_t)g->sources}};
    int variable;
    if (g->sources == 0) return TL_OK;
    TL_TRY(define(w, "list_of", NC_INT, &s,
                  "the list that a trial has of a source; -1: none", &variable));
    int32_t *list_of = calloc((size_t)each * (size_t)g->sources, sizeof *list_of);
    TL_CHECK(list_of, w->err, TL_E_NOMEM, "no memory to write samples");
    const tl_status status = put_index(w, variable, each, list_of);
    free(list_of);
    return status;
}

static tl_status write_sources(const writer *w)
{
    const tl_sample_group *g = w->group;
    shape s = along(w->source_dim, (size_t)g->sources), words = s;
    int instance, name, round;
    words.dims = 2;
    words.chunk[1] = MOST_TEXT;
    NC_TRY(w, nc_def_dim(w->id, "text", MOST_TEXT, &words.dim[1]));
    TL_TRY(define(w, "source_instance", NC_CHAR, &words,
                  "use of a stage: the names of its metrics begin so", &instance));
    TL_TRY(put_text(w, instance, TL_NAME_ENCODING, "utf-8"));
    TL_TRY(define(w, "source_name", NC_CHAR, &words, "which of its lists; may be empty",
                  &name));
    TL_TRY(put_text(w, name, TL_NAME_ENCODING, "utf-8"));
    TL_TRY(define(w, "source_round", NC_INT, &s, "round of the chain, from 1", &round));
    for (size_t i = 0; i < (size_t)g->sources; i++) {
        const size_t start[2] = {i, 0}, count[2] = {1, MOST_TEXT}, one = 1;
        const int *const number = &g->source[i].round;
        char text[2][MOST_TEXT] = {{0}};
        TL_INVARIANT(strlen(g->source[i].instance) <= MOST_TEXT &&
                     strlen(g->source[i].name) <= MOST_TEXT);
        memcpy(text[0], g->source[i].instance, strlen(g->source[i].instance));
        memcpy(text[1], g->source[i].name, strlen(g->source[i].name));
        NC_TRY(w, nc_put_vara_text(w->id, instance, start, count, text[0]));
        NC_TRY(w, nc_put_vara_text(w->id, name, start, count, text[1]));
        NC_TRY(w, nc_put_vara_int(w->id, round, &i, &one, number));
    }
    return TL_OK;
}

/* ---- a group ------------------------------------------------------------------------- */

static size_t count_rows(const tl_sample_group *group)
{
    size_t rows = 0;
    for (uint32_t l = 0; l < group->lists; l++) rows += (size_t)group->list[l].rows;
    return rows;
}

/* Records that are read, written and compressed at a time. */
static size_t piece_of(const tl_sample_group *group, size_t rows)
{
    size_t piece = CHUNK;
    if (group->kind == TL_GROUP_IMAGES) {
        const size_t pixels = group->channels * group->height * group->width;
        piece = pixels > 0 ? PIECE_BYTES / (pixels * sizeof(float)) : 1;
    }
    if (piece > rows) piece = rows;
    return piece > 0 ? piece : 1;
}

tl_status tl_sample_group_write(const tl_sample_group *group, int file, int trial,
                                const char *path, tl_err *err)
{
    writer w = {.group = group, .path = path, .file = file, .trial = trial, .err = err};
    columns c = {0};
    w.rows = count_rows(group);
    NC_TRY(&w, nc_def_grp(file, group_name[group->kind], &w.id));
    if (w.rows == 0) return TL_OK; /* nothing was stored: HDF5 has no empty dimensions */
    w.piece = piece_of(group, w.rows);
    NC_TRY(&w, nc_def_dim(w.id, rows_name[group->kind], w.rows, &w.rows_dim));
    NC_TRY(&w, nc_def_dim(w.id, "list", group->lists, &w.list_dim));
    NC_TRY(&w, nc_def_dim(w.id, "source", (size_t)group->sources, &w.source_dim));
    TL_TRY(define_columns(&w, &c));
    TL_TRY(write_records(&w, &c));
    TL_TRY(write_lists(&w));
    TL_TRY(write_index(&w));
    return write_sources(&w);
}

size_t tl_sample_group_bytes(const tl_sample_group *group)
{
    enum { RECORD = 4 * 8 + 4 * 4 + 2, LIST = 32, SOURCE = 2 * MOST_TEXT + 4 };
    const size_t pixels = group->channels * group->height * group->width * sizeof(float);
    const size_t each = group->kind == TL_GROUP_IMAGES ? RECORD + pixels : RECORD;
    const size_t rows = count_rows(group);
    return GROUP_BYTES + MOST_COLUMNS * COLUMN_BYTES + (rows / CHUNK + 1) * CHUNK * RECORD +
           (rows + piece_of(group, rows)) * each + ((size_t)group->lists + CHUNK) * LIST +
           ((size_t)group->trials + CHUNK) * (size_t)group->sources * 4 +
           ((size_t)group->sources + CHUNK) * SOURCE;
}
