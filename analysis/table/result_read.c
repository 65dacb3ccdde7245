/*
 * Reads NetCDF; result_file.c writes it. Files may be malicious: claimed sizes are checked
 * against the size of the file before memory is allocated.
 */
#include "analysis/table/result_file.h"

#include "analysis/table/schema.h"
#include "compute/core/file.h"
#include "compute/core/text.h"

#include <netcdf.h>
#include <string.h>
#include <unistd.h>

enum {
    MOST_COLUMNS = 8192,
    MOST_TEXT = TL_PATH_SPACE, /* levels are words, numbers or paths */
    MOST_ATTRIBUTE = 1 << 24,
    MOST_SMALLER = 1100
};

typedef struct loader {
    int file, group; /* the group is the file itself if it has none */
    const char *path;
    tl_arena *arena;
    tl_table *table;
    tl_result_origin *origin; /* in place of a table */
    bool has_coordinates;
    size_t left; /* bytes that the columns may still take */
    tl_err *err;
} loader;

static tl_status odd(const loader *l, const char *what)
{
    return tl_fail(l->err, TL_E_FORMAT, "%s is not a result file of threatloop: %s",
                   l->path, what);
}

/* Fails with `what` unless `good`. */
#define WANT(l, good, what)                   \
    do {                                      \
        if (!(good)) return odd((l), (what)); \
    } while (0)

/* Text attribute i of a variable; its text is NULL if it is of another type. */
static tl_status read_attribute(loader *l, int variable, int i, tl_attribute *out)
{
    char name[NC_MAX_NAME + 1];
    nc_type type;
    size_t length;
    *out = (tl_attribute){NULL, NULL};
    const bool is_there = nc_inq_attname(l->group, variable, i, name) == NC_NOERR &&
                          nc_inq_att(l->group, variable, name, &type, &length) == NC_NOERR;
    WANT(l, is_there, "an attribute cannot be read");
    if (type != NC_CHAR) return TL_OK;
    WANT(l, length <= MOST_ATTRIBUTE, "an attribute is too long");
    char *text;
    TL_ALLOC(text, l->arena, length + 1, l->err);
    out->name = tl_arena_text(l->arena, name, l->err);
    if (!out->name) return TL_E_NOMEM;
    WANT(l, nc_get_att_text(l->group, variable, name, text) == NC_NOERR,
         "an attribute cannot be read");
    out->text = text;
    return TL_OK;
}

/* Whether the writer generated the attribute; of a column, its content is noted. */
static bool is_own(loader *l, const tl_attribute *one, tl_column *column)
{
    const bool is_meanings = strcmp(one->name, TL_NAME_MEANINGS) == 0;
    const bool is_coordinates = strcmp(one->name, TL_NAME_COORDINATES) == 0;
    if (column && is_meanings) column->flag_meanings = one->text;
    if (column && is_coordinates) {
        column->is_coordinate = false;
        l->has_coordinates = true;
    }
    return is_meanings || is_coordinates || strcmp(one->name, TL_NAME_ENCODING) == 0;
}

/* \param column the owner; NULL: global attributes */
static tl_status read_attributes(loader *l, int variable, tl_column *column,
                                 tl_attribute *list, int most, int *count)
{
    int all = 0;
    WANT(l, nc_inq_varnatts(l->group, variable, &all) == NC_NOERR,
         "attributes cannot be read");
    *count = 0;
    for (int i = 0; i < all; i++) {
        tl_attribute one;
        TL_TRY(read_attribute(l, variable, i, &one));
        if (!one.text || is_own(l, &one, column)) continue;
        WANT(l, *count < most, "a variable has too many attributes");
        list[(*count)++] = one;
    }
    return TL_OK;
}

/* Deflate compresses at most 1032 to 1, so a file that claims more is malicious; and its
 * columns must fit into memory, which is asked before they are inflated. */
static tl_status claim(loader *l, size_t bytes_each)
{
    const size_t trials = l->table->trials;
    TL_CHECK(trials == 0 || bytes_each <= tl_arena_left(l->arena) / trials, l->err,
             TL_E_NOMEM, "%s: %zu trials of %zu bytes are more than memory may hold",
             l->path, trials, bytes_each);
    WANT(l, trials == 0 || bytes_each <= l->left / trials,
         "its dimensions claim more than it can hold");
    l->left -= trials * bytes_each;
    return TL_OK;
}

/* The valid range of a variable, if it has one. */
static void read_range(const loader *l, int variable, tl_column *column)
{
    nc_type type;
    size_t length;
    double range[2];
    if (nc_inq_att(l->group, variable, TL_NAME_RANGE, &type, &length) != NC_NOERR) return;
    if (type != NC_DOUBLE || length != 2) return;
    if (nc_get_att_double(l->group, variable, TL_NAME_RANGE, range) != NC_NOERR) return;
    column->low = range[0];
    column->high = range[1];
}

static tl_status read_words(loader *l, int variable, size_t length, tl_column *column)
{
    const size_t trials = l->table->trials;
    WANT(l, length <= MOST_TEXT, "a text is too long");
    TL_TRY(claim(l, length));
    char *all, *packed;
    const char **text;
    TL_ALLOC(all, l->arena, trials * (length + 1), l->err);
    TL_ALLOC(text, l->arena, trials, l->err);
    const size_t mark = tl_arena_mark(l->arena);
    TL_ALLOC(packed, l->arena, trials * length, l->err);
    WANT(l, trials == 0 || nc_get_var_text(l->group, variable, packed) == NC_NOERR,
         "text cannot be read");
    for (size_t t = 0; t < trials; t++) {
        memcpy(all + t * (length + 1), packed + t * length, length);
        text[t] = all + t * (length + 1);
    }
    tl_arena_rewind(l->arena, mark);
    column->text = text;
    column->type = TL_COLUMN_TEXT;
    return TL_OK;
}

static tl_status read_numbers(loader *l, int variable, nc_type type, tl_column *column)
{
    TL_TRY(claim(l, type == NC_DOUBLE ? 8 : type == NC_INT ? 4 : 1));
    if (type == NC_DOUBLE) {
        double *real;
        TL_ALLOC(real, l->arena, l->table->trials, l->err);
        WANT(l, nc_get_var_double(l->group, variable, real) == NC_NOERR,
             "numbers cannot be read");
        column->real = real;
        column->type = TL_COLUMN_REAL;
        return TL_OK;
    }
    int32_t *integer;
    TL_ALLOC(integer, l->arena, l->table->trials, l->err);
    WANT(l, nc_get_var_int(l->group, variable, integer) == NC_NOERR,
         "numbers cannot be read");
    column->integer = integer;
    column->type = type == NC_BYTE ? TL_COLUMN_FLAG : TL_COLUMN_INT;
    return TL_OK;
}

static tl_status read_column(loader *l, int variable)
{
    char name[NC_MAX_NAME + 1];
    nc_type type;
    int rank, dim[NC_MAX_VAR_DIMS];
    WANT(l, nc_inq_var(l->group, variable, name, &type, &rank, dim, NULL) == NC_NOERR,
         "a variable cannot be read");
    const bool is_text = type == NC_CHAR;
    WANT(l, rank == (is_text ? 2 : 1) && dim[0] == 0, "a variable has the wrong shape");
    WANT(l, type == NC_DOUBLE || type == NC_INT || type == NC_BYTE || is_text,
         "a variable has the wrong type");
    tl_column *column = &l->table->column[l->table->columns++];
    *column =
        (tl_column){.name = tl_arena_text(l->arena, name, l->err), .is_coordinate = true};
    if (!column->name) return TL_E_NOMEM;
    TL_TRY(read_attributes(l, variable, column, column->attribute, TL_COLUMN_ATTRIBUTES,
                           &column->attributes));
    read_range(l, variable, column);
    size_t length = 0;
    WANT(l, !is_text || nc_inq_dimlen(l->group, dim[1], &length) == NC_NOERR,
         "a text has no length");
    return is_text ? read_words(l, variable, length, column)
                   : read_numbers(l, variable, type, column);
}

/* Global attributes, which are at the root. */
static tl_status read_globals(loader *l)
{
    int attributes;
    tl_attribute *list;
    l->group = l->file;
    WANT(l, nc_inq_natts(l->file, &attributes) == NC_NOERR && attributes <= 1024,
         "it has no attributes, or too many");
    TL_ALLOC(list, l->arena, attributes, l->err);
    TL_TRY(read_attributes(l, NC_GLOBAL, NULL, list, attributes, &l->table->attributes));
    l->table->attribute = list;
    const char *source = tl_table_attribute(l->table, TL_NAME_SOURCE);
    WANT(l, source && strncmp(source, TL_PROGRAM, strlen(TL_PROGRAM)) == 0,
         "its attribute '" TL_NAME_SOURCE "' names another program, or none");
    return TL_OK;
}

/* If the root has no variables, the table is in the file's one group. */
static tl_status find_group(loader *l)
{
    int columns, groups;
    char name[NC_MAX_NAME + 1];
    bool is_there = nc_inq_nvars(l->file, &columns) == NC_NOERR &&
                    nc_inq_grps(l->file, &groups, NULL) == NC_NOERR;
    WANT(l, is_there, "its groups cannot be read");
    if (columns > 0 || groups != 1) return TL_OK;
    is_there = nc_inq_grps(l->file, NULL, &l->group) == NC_NOERR &&
               nc_inq_grpname(l->group, name) == NC_NOERR;
    WANT(l, is_there, "its group cannot be read");
    l->table->group = tl_arena_text(l->arena, name, l->err);
    return l->table->group ? TL_OK : TL_E_NOMEM;
}

static tl_status read_open(loader *l)
{
    int dims, columns;
    size_t trials;
    char name[NC_MAX_NAME + 1];
    TL_TRY(read_globals(l));
    TL_TRY(find_group(l));
    const bool is_there = nc_inq(l->group, &dims, &columns, NULL, NULL) == NC_NOERR &&
                          dims >= 1 && nc_inq_dim(l->group, 0, name, &trials) == NC_NOERR;
    WANT(l, is_there, "it has no dimension");
    WANT(l, trials <= (size_t)1 << 27 && columns <= MOST_COLUMNS, "it is too large");
    l->table->trials = (uint32_t)trials;
    l->table->dimension = tl_arena_text(l->arena, name, l->err);
    TL_ALLOC(l->table->column, l->arena, columns, l->err);
    l->table->room = columns;
    for (int i = 0; i < columns; i++) TL_TRY(read_column(l, i));
    for (int i = 0; i < columns; i++) {
        l->table->column[i].is_coordinate &= l->has_coordinates;
    }
    return TL_OK;
}

/* Reads what an open descriptor holds by `read`. */
static tl_status read_descriptor(loader *l, int descriptor, tl_status (*read)(loader *l))
{
    char link[TL_FILE_LINK];
    (void)tl_file_link(descriptor, link);
    const int code = nc_open(link, NC_NOWRITE, &l->file);
    TL_CHECK(code == NC_NOERR, l->err, TL_E_FORMAT, "%s is not a NetCDF file: %s", l->path,
             nc_strerror(code));
    const tl_status status = read(l);
    (void)nc_close(l->file);
    return status;
}

tl_status tl_result_load(const char *path, tl_arena *arena, tl_table **out, tl_err *err)
{
    loader l = {.path = path, .arena = arena, .err = err};
    TL_ALLOC(l.table, arena, 1, err);
    uint64_t bytes;
    int descriptor;
    TL_TRY(tl_file_open(NULL, path, &descriptor, &bytes, err));
    l.left = (size_t)bytes * MOST_SMALLER;
    const tl_status status = read_descriptor(&l, descriptor, read_open);
    (void)close(descriptor);
    *out = l.table;
    return status;
}

/* Global attribute `name` as a text of at most `space`; "" if there is none. */
static void read_text(const loader *l, const char *name, char *out, size_t space)
{
    nc_type type;
    size_t length;
    *out = '\0';
    if (nc_inq_att(l->file, NC_GLOBAL, name, &type, &length) != NC_NOERR ||
        type != NC_CHAR || length >= space)
        return;
    out[nc_get_att_text(l->file, NC_GLOBAL, name, out) == NC_NOERR ? length : 0] = '\0';
}

static tl_status read_origin(loader *l)
{
    char source[TL_ORIGIN];
    read_text(l, TL_NAME_SOURCE, source, sizeof source);
    WANT(l, strncmp(source, TL_PROGRAM, strlen(TL_PROGRAM)) == 0, "it has another source");
    read_text(l, TL_NAME_TITLE, l->origin->title, sizeof l->origin->title);
    read_text(l, TL_NAME_SEED, l->origin->seed, sizeof l->origin->seed);
    return TL_OK;
}

tl_status tl_result_origin_load(const char *path, tl_result_origin *out, tl_err *err)
{
    loader l = {.path = path, .origin = out, .err = err};
    int descriptor;
    TL_TRY(tl_file_open(NULL, path, &descriptor, NULL, err));
    const tl_status status = read_descriptor(&l, descriptor, read_origin);
    (void)close(descriptor);
    return status;
}
