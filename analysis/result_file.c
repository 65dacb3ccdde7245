/*
 * The one door to NetCDF. Room for the whole file is asked for before HDF5 sees it: after a
 * write that failed, HDF5 1.10 may crash as late as at exit.
 * Dimensions for text lengths are shared by length; nothing that differs between two runs
 * of one table is written.
 */
#include "analysis/result_file.h"

#include "compute/core/durable.h"
#include "compute/core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netcdf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SPACE = 4200, MOST_LENGTHS = 64, CHUNK = 4096, MOST_COLUMNS = 8192 };
enum { MOST_FLAGS = 64, MOST_TEXT = 65536, MOST_ATTRIBUTE = 1 << 24, MOST_SMALLER = 1100 };
/* Bounds of what HDF5 adds to a file, a variable, an attribute. */
enum { FILE_BYTES = 1 << 16, COLUMN_BYTES = 1 << 13, OBJECT_BYTES = 256 };

/* What the writer adds to a column's own attributes. */
static const char *const own_attribute[] = {"_Encoding", "flag_meanings", "coordinates"};
enum { OWN_ATTRIBUTES = sizeof own_attribute / sizeof *own_attribute };

typedef struct writer {
    int file, trial;
    int lengths;
    size_t length[MOST_LENGTHS];
    int length_dim[MOST_LENGTHS];
    const tl_table *table;
    const char *path, *place; /* what will be its name, and is while it is written */
    const char *coordinates;
    tl_err *err;
} writer;

static tl_status bad(const char *path, int code, tl_err *err)
{
    return tl_fail(err, TL_E_IO, "%s: cannot be written: %s", path, nc_strerror(code));
}

#define NC_TRY(w, call)                                                    \
    do {                                                                   \
        const int nc_code = (call);                                        \
        if (nc_code != NC_NOERR) return bad((w)->path, nc_code, (w)->err); \
    } while (0)

static size_t longest(const tl_column *column, uint32_t trials)
{
    size_t most = 1;
    for (uint32_t t = 0; t < trials; t++) {
        const size_t length = strlen(column->text[t]);
        if (length > most) most = length;
    }
    return most;
}

static tl_status length_dim(writer *w, size_t length, int *dim)
{
    for (int i = 0; i < w->lengths; i++) {
        if (w->length[i] != length) continue;
        *dim = w->length_dim[i];
        return TL_OK;
    }
    char name[32];
    (void)snprintf(name, sizeof name, "text_%zu", length);
    NC_TRY(w, nc_def_dim(w->file, name, length, dim));
    if (w->lengths < MOST_LENGTHS) {
        w->length[w->lengths] = length;
        w->length_dim[w->lengths++] = *dim;
    }
    return TL_OK;
}

static tl_status put_text(writer *w, int variable, const char *name, const char *text)
{
    NC_TRY(w, nc_put_att_text(w->file, variable, name, strlen(text), text));
    return TL_OK;
}

static tl_status put_flags(writer *w, int variable, const char *meanings)
{
    signed char value[MOST_FLAGS];
    size_t count = 1;
    if (!meanings) return TL_OK;
    for (const char *c = meanings; *c; c++) count += *c == ' ';
    TL_INVARIANT(count <= MOST_FLAGS);
    for (size_t i = 0; i < count; i++) value[i] = (signed char)i;
    NC_TRY(w, nc_put_att_schar(w->file, variable, "flag_values", NC_BYTE, count, value));
    return put_text(w, variable, "flag_meanings", meanings);
}

static tl_status define(writer *w, const tl_column *column, int *variable)
{
    static const nc_type type[] = {NC_DOUBLE, NC_INT, NC_CHAR, NC_BYTE};
    int dim[2] = {w->trial, 0};
    const bool is_text = column->type == TL_COLUMN_TEXT;
    size_t chunk[2] = {w->table->trials < CHUNK ? w->table->trials : CHUNK, 1};
    if (is_text) {
        chunk[1] = longest(column, w->table->trials);
        TL_TRY(length_dim(w, chunk[1], &dim[1]));
    }
    if (chunk[0] == 0) chunk[0] = 1;
    NC_TRY(w, nc_def_var(w->file, column->name, type[column->type], is_text ? 2 : 1, dim,
                         variable));
    NC_TRY(w, nc_def_var_chunking(w->file, *variable, NC_CHUNKED, chunk));
    if (w->table->trials > 1024) NC_TRY(w, nc_def_var_deflate(w->file, *variable, 1, 1, 1));
    if (column->type == TL_COLUMN_REAL) {
        const double missing = (double)NAN;
        NC_TRY(w,
               nc_put_att_double(w->file, *variable, "_FillValue", NC_DOUBLE, 1, &missing));
        const double range[2] = {column->low, column->high};
        if (column->low < column->high)
            NC_TRY(w, nc_put_att_double(w->file, *variable, "valid_range", NC_DOUBLE, 2,
                                        range));
    }
    if (is_text) TL_TRY(put_text(w, *variable, "_Encoding", "utf-8"));
    for (int i = 0; i < column->attributes; i++) {
        const tl_attribute *attribute = &column->attribute[i];
        TL_CHECK(attribute->text, w->err, TL_E_SPACE,
                 "no memory was left for an attribute");
        TL_TRY(put_text(w, *variable, attribute->name, attribute->text));
    }
    if (column->type == TL_COLUMN_FLAG)
        TL_TRY(put_flags(w, *variable, column->flag_meanings));
    if (!column->is_coordinate && *w->coordinates) {
        TL_TRY(put_text(w, *variable, "coordinates", w->coordinates));
    }
    return TL_OK;
}

static tl_status put_words(writer *w, int variable, const tl_column *column)
{
    const size_t length = longest(column, w->table->trials);
    char *all = calloc(w->table->trials ? w->table->trials : 1, length);
    TL_CHECK(all, w->err, TL_E_SPACE, "no memory left for %s", column->name);
    for (uint32_t t = 0; t < w->table->trials; t++) {
        memcpy(all + t * length, column->text[t], strlen(column->text[t]));
    }
    const int code = nc_put_var_text(w->file, variable, all);
    free(all);
    return code == NC_NOERR ? TL_OK : bad(w->path, code, w->err);
}

static tl_status fill(writer *w, int variable, const tl_column *column)
{
    if (w->table->trials == 0) return TL_OK;
    switch (column->type) {
    case TL_COLUMN_REAL:
        NC_TRY(w, nc_put_var_double(w->file, variable, column->real));
        break;
    case TL_COLUMN_TEXT:
        return put_words(w, variable, column);
    case TL_COLUMN_INT:
    case TL_COLUMN_FLAG:
        NC_TRY(w, nc_put_var_int(w->file, variable, column->integer));
        break;
    }
    return TL_OK;
}

static tl_status write_open(writer *w)
{
    const tl_table *table = w->table;
    int *variable = calloc((size_t)table->columns + 1, sizeof *variable);
    TL_CHECK(variable, w->err, TL_E_SPACE, "no memory left for %d columns", table->columns);
    tl_status status = TL_OK;
    for (int i = 0; i < table->attributes && status == TL_OK; i++) {
        status = put_text(w, NC_GLOBAL, table->attribute[i].name, table->attribute[i].text);
    }
    for (int i = 0; i < table->columns && status == TL_OK; i++) {
        status = define(w, &table->column[i], &variable[i]);
    }
    if (status == TL_OK) {
        const int code = nc_enddef(w->file);
        if (code != NC_NOERR) status = bad(w->path, code, w->err);
    }
    for (int i = 0; i < table->columns && status == TL_OK; i++) {
        status = fill(w, variable[i], &table->column[i]);
    }
    free(variable);
    return status;
}

/* Makes the file at w->place, which is not yet PATH. */
static tl_status make(writer *w)
{
    const tl_table *table = w->table;
    NC_TRY(w, nc_create(w->place, NC_NETCDF4 | NC_CLOBBER, &w->file));
    int old;
    tl_status status = TL_OK;
    int code = nc_set_fill(w->file, NC_NOFILL, &old);
    if (code == NC_NOERR) {
        code = nc_def_dim(w->file, table->dimension ? table->dimension : "trial",
                          table->trials, &w->trial);
    }
    if (code != NC_NOERR) status = bad(w->path, code, w->err);
    if (status == TL_OK) status = write_open(w);
    code = nc_close(w->file);
    if (status == TL_OK && code != NC_NOERR) status = bad(w->path, code, w->err);
    return status;
}

static size_t most_attribute_bytes(const tl_attribute *attribute, int count)
{
    size_t bytes = 0;
    for (int i = 0; i < count; i++) {
        bytes += OBJECT_BYTES + (attribute[i].text ? strlen(attribute[i].text) : 0);
    }
    return bytes;
}

/* No less than the file will take. */
static size_t most_bytes(const tl_table *table, const char *coordinates)
{
    const size_t rows = ((size_t)table->trials / CHUNK + 1) * CHUNK;
    size_t bytes = FILE_BYTES + most_attribute_bytes(table->attribute, table->attributes);
    for (int i = 0; i < table->columns; i++) {
        const tl_column *column = &table->column[i];
        const size_t width = column->type == TL_COLUMN_TEXT ? longest(column, table->trials)
                                                            : sizeof(double);
        bytes += COLUMN_BYTES + rows * width + strlen(coordinates) +
                 most_attribute_bytes(column->attribute, column->attributes);
    }
    return bytes;
}

/* Makes a file of `bytes` bytes and closes it, so that a disk that is full, or a quota that
 * is used up, is met here and not inside HDF5. */
static bool has_room(const char *place, size_t bytes)
{
    const int file = open(place, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0666);
    if (file < 0) return false;
    const int why = posix_fallocate(file, 0, (off_t)bytes);
    (void)close(file);
    errno = why;
    return why == 0;
}

static bool put_in_place(const char *place, const char *path)
{
    return tl_durable_file(place) && rename(place, path) == 0 && tl_durable_folder(path);
}

tl_status tl_result_write(const char *path, const tl_table *table, tl_err *err)
{
    char place[PATH_SPACE];
    const int length = snprintf(place, sizeof place, "%s.tmp", path);
    TL_CHECK(length > 0 && length < PATH_SPACE, err, TL_E_IO,
             "a path of %d letters is too long", length);
    tl_text names = {0};
    for (int i = 0; i < table->columns; i++) {
        if (!table->column[i].is_coordinate) continue;
        tl_text_print(&names, "%s%s", names.length ? " " : "", table->column[i].name);
    }
    writer w = {.table = table, .path = path, .place = place, .err = err};
    w.coordinates = names.at ? names.at : "";
    tl_status status = TL_OK;
    if (!has_room(place, most_bytes(table, w.coordinates)))
        status = tl_fail(err, TL_E_IO, "%s: cannot be written: %s", path, strerror(errno));
    if (status == TL_OK) status = make(&w);
    if (status == TL_OK && !put_in_place(place, path))
        status = tl_fail(err, TL_E_IO, "%s: cannot be written: %s", path, strerror(errno));
    if (status != TL_OK) (void)unlink(place);
    tl_text_close(&names);
    return status;
}

/* --- reading ------------------------------------------------------------------------- */

typedef struct loader {
    int file;
    const char *path;
    tl_arena *arena;
    tl_table *table;
    bool has_coordinates;
    size_t left; /* bytes that the columns may still take */
    tl_err *err;
} loader;

static tl_status odd(const loader *l, const char *what)
{
    return tl_fail(l->err, TL_E_FORMAT, "%s: is no result file of threatloop: %s", l->path,
                   what);
}

static bool is_own(const char *name)
{
    for (size_t i = 0; i < OWN_ATTRIBUTES; i++) {
        if (strcmp(name, own_attribute[i]) == 0) return true;
    }
    return false;
}

/* Text attribute i of a variable, or *text = NULL where it is no text. */
static tl_status read_attribute(loader *l, int variable, int i, tl_attribute *out)
{
    char name[NC_MAX_NAME + 1];
    nc_type type;
    size_t length;
    *out = (tl_attribute){NULL, NULL};
    if (nc_inq_attname(l->file, variable, i, name) != NC_NOERR ||
        nc_inq_att(l->file, variable, name, &type, &length) != NC_NOERR) {
        return odd(l, "an attribute cannot be read");
    }
    if (type != NC_CHAR) return TL_OK;
    if (length > MOST_ATTRIBUTE) return odd(l, "an attribute is too long");
    char *text;
    TL_TAKE(text, l->arena, length + 1, l->err);
    out->name = tl_arena_text(l->arena, name, l->err);
    if (!out->name) return TL_E_SPACE;
    if (nc_get_att_text(l->file, variable, name, text) != NC_NOERR) {
        return odd(l, "an attribute cannot be read");
    }
    out->text = text;
    return TL_OK;
}

static tl_status read_attributes(loader *l, int variable, tl_attribute *list, int most,
                                 int *count)
{
    int all = 0;
    if (nc_inq_varnatts(l->file, variable, &all) != NC_NOERR) {
        return odd(l, "attributes cannot be read");
    }
    *count = 0;
    for (int i = 0; i < all; i++) {
        tl_attribute one;
        TL_TRY(read_attribute(l, variable, i, &one));
        if (!one.text || is_own(one.name)) continue;
        if (*count == most) return odd(l, "a variable has too many attributes");
        list[(*count)++] = one;
    }
    return TL_OK;
}

/* The attribute that the writer added, or NULL. */
static tl_status read_own(loader *l, int variable, const char *name, const char **text)
{
    int number;
    tl_attribute one;
    *text = NULL;
    if (nc_inq_attid(l->file, variable, name, &number) != NC_NOERR) return TL_OK;
    TL_TRY(read_attribute(l, variable, number, &one));
    *text = one.text;
    return TL_OK;
}

/* A file cannot hold more than deflate's 1032 times its own size: what claims to is a lie.
 */
static tl_status claim(loader *l, size_t bytes_each)
{
    const size_t trials = l->table->trials;
    if (trials > 0 && bytes_each > l->left / trials) {
        return odd(l, "its dimensions are larger than what is in it");
    }
    l->left -= trials * bytes_each;
    return TL_OK;
}

/* The valid range of a variable, where it has one. */
static void read_range(const loader *l, int variable, tl_column *column)
{
    nc_type type;
    size_t length;
    double range[2];
    if (nc_inq_att(l->file, variable, "valid_range", &type, &length) != NC_NOERR) return;
    if (type != NC_DOUBLE || length != 2) return;
    if (nc_get_att_double(l->file, variable, "valid_range", range) != NC_NOERR) return;
    column->low = range[0];
    column->high = range[1];
}

static tl_status read_words(loader *l, int variable, size_t length, tl_column *column)
{
    const size_t trials = l->table->trials;
    if (length > MOST_TEXT) return odd(l, "a text is too long");
    TL_TRY(claim(l, length));
    char *all;
    const char **text;
    TL_TAKE(all, l->arena, trials * (length + 1), l->err);
    TL_TAKE(text, l->arena, trials, l->err);
    char *packed;
    TL_TAKE(packed, l->arena, trials * length, l->err);
    if (trials > 0 && nc_get_var_text(l->file, variable, packed) != NC_NOERR) {
        return odd(l, "text cannot be read");
    }
    for (size_t t = 0; t < trials; t++) {
        memcpy(all + t * (length + 1), packed + t * length, length);
        text[t] = all + t * (length + 1);
    }
    column->text = text;
    column->type = TL_COLUMN_TEXT;
    return TL_OK;
}

static tl_status read_numbers(loader *l, int variable, nc_type type, tl_column *column)
{
    TL_TRY(claim(l, type == NC_DOUBLE ? 8 : type == NC_INT ? 4 : 1));
    if (type == NC_DOUBLE) {
        double *real;
        TL_TAKE(real, l->arena, l->table->trials, l->err);
        if (nc_get_var_double(l->file, variable, real) != NC_NOERR) {
            return odd(l, "numbers cannot be read");
        }
        column->real = real;
        column->type = TL_COLUMN_REAL;
        return TL_OK;
    }
    int32_t *integer;
    TL_TAKE(integer, l->arena, l->table->trials, l->err);
    if (nc_get_var_int(l->file, variable, integer) != NC_NOERR) {
        return odd(l, "numbers cannot be read");
    }
    column->integer = integer;
    column->type = type == NC_BYTE ? TL_COLUMN_FLAG : TL_COLUMN_INT;
    return TL_OK;
}

static tl_status read_column(loader *l, int variable)
{
    char name[NC_MAX_NAME + 1];
    nc_type type;
    int rank, dim[NC_MAX_VAR_DIMS];
    if (nc_inq_var(l->file, variable, name, &type, &rank, dim, NULL) != NC_NOERR) {
        return odd(l, "a variable cannot be read");
    }
    const bool is_text = type == NC_CHAR;
    if (rank != (is_text ? 2 : 1) || dim[0] != 0)
        return odd(l, "a variable has another shape");
    if (type != NC_DOUBLE && type != NC_INT && type != NC_BYTE && !is_text) {
        return odd(l, "a variable has another type");
    }
    tl_column *column = &l->table->column[l->table->columns++];
    *column = (tl_column){.name = tl_arena_text(l->arena, name, l->err)};
    if (!column->name) return TL_E_SPACE;
    TL_TRY(read_attributes(l, variable, column->attribute, TL_COLUMN_ATTRIBUTES,
                           &column->attributes));
    const char *coordinates;
    TL_TRY(read_own(l, variable, "coordinates", &coordinates));
    TL_TRY(read_own(l, variable, "flag_meanings", &column->flag_meanings));
    read_range(l, variable, column);
    column->is_coordinate = !coordinates;
    l->has_coordinates |= coordinates != NULL;
    size_t length = 0;
    if (is_text && nc_inq_dimlen(l->file, dim[1], &length) != NC_NOERR) {
        return odd(l, "a text has no length");
    }
    return is_text ? read_words(l, variable, length, column)
                   : read_numbers(l, variable, type, column);
}

static tl_status read_open(loader *l)
{
    int dims, columns, attributes;
    size_t trials;
    char name[NC_MAX_NAME + 1];
    if (nc_inq(l->file, &dims, &columns, &attributes, NULL) != NC_NOERR || dims < 1 ||
        nc_inq_dim(l->file, 0, name, &trials) != NC_NOERR) {
        return odd(l, "it has no dimension");
    }
    if (trials > (size_t)1 << 27 || columns > MOST_COLUMNS || attributes > 1024) {
        return odd(l, "it is too large");
    }
    l->table->trials = (uint32_t)trials;
    l->table->dimension = tl_arena_text(l->arena, name, l->err);
    tl_attribute *list;
    TL_TAKE(list, l->arena, attributes, l->err);
    TL_TAKE(l->table->column, l->arena, columns, l->err);
    TL_TRY(read_attributes(l, NC_GLOBAL, list, attributes, &l->table->attributes));
    l->table->attribute = list;
    const char *source = tl_table_attribute(l->table, "source");
    if (!source || strncmp(source, "threatloop", 10) != 0) {
        return odd(l, "its attribute 'source' names another program, or none");
    }
    for (int i = 0; i < columns; i++) TL_TRY(read_column(l, i));
    for (int i = 0; i < columns; i++) {
        l->table->column[i].is_coordinate &= l->has_coordinates;
    }
    return TL_OK;
}

tl_status tl_result_read(const char *path, tl_arena *arena, tl_table **out, tl_err *err)
{
    loader l = {.path = path, .arena = arena, .err = err};
    TL_TAKE(l.table, arena, 1, err);
    struct stat info;
    TL_CHECK(access(path, R_OK) == 0 && stat(path, &info) == 0, err, TL_E_IO,
             "%s: cannot be opened: %s", path, strerror(errno));
    TL_CHECK(S_ISREG(info.st_mode), err, TL_E_FORMAT, "%s: is no file", path);
    l.left = (size_t)info.st_size * MOST_SMALLER;
    const int code = nc_open(path, NC_NOWRITE, &l.file);
    TL_CHECK(code == NC_NOERR, err, TL_E_FORMAT, "%s: is no NetCDF file: %s", path,
             nc_strerror(code));
    const tl_status status = read_open(&l);
    (void)nc_close(l.file);
    *out = l.table;
    return status;
}
