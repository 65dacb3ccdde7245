/*
 * Writes NetCDF; result_read.c reads it. Disk space for the whole file is allocated first:
 * after a failed write, HDF5 1.10 may crash as late as at exit. Dimensions of texts are
 * shared by length; nothing that differs between two runs of one table is written.
 */
#include "analysis/table/result_file.h"

#include "analysis/table/schema.h"
#include "compute/core/file.h"
#include "compute/core/text.h"

#include <fcntl.h>
#include <math.h>
#include <netcdf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LENGTHS = 64, CHUNK = 4096, MOST_FLAGS = 64 };
/* Bytes and chunks that a variable's cache holds until the file is closed: columns are
 * written once, from first row to last. */
enum { CACHE = 1 << 18, CACHED = 61 };
/* Bounds of HDF5's overhead of a file, a variable, an attribute. */
enum { FILE_BYTES = 1 << 16, COLUMN_BYTES = 1 << 13, OBJECT_BYTES = 256 };

typedef struct writer {
    int file, group; /* the group is the file itself if the table has none */
    int trial;
    int lengths;
    size_t length[MOST_LENGTHS];
    int length_dim[MOST_LENGTHS];
    const tl_table *table;
    const tl_sample_group *sample_group; /* [sample_groups] */
    int sample_groups;
    const char *path;
    tl_new_file made; /* what it is until all is written */
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
    if (column->type == TL_COLUMN_KEY) return TL_KEY_TEXT - 1;
    for (uint32_t t = 0; t < trials; t++) {
        const size_t length = strlen(column->text[t]);
        if (length > most) most = length;
    }
    return most;
}

/* Whether the column is text in the file. */
static bool is_words(const tl_column *column)
{
    return column->type == TL_COLUMN_TEXT || column->type == TL_COLUMN_KEY;
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
    NC_TRY(w, nc_def_dim(w->group, name, length, dim));
    if (w->lengths < MOST_LENGTHS) {
        w->length[w->lengths] = length;
        w->length_dim[w->lengths++] = *dim;
    }
    return TL_OK;
}

static tl_status put_text(writer *w, int variable, const char *name, const char *text)
{
    NC_TRY(w, nc_put_att_text(w->group, variable, name, strlen(text), text));
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
    NC_TRY(w, nc_put_att_schar(w->group, variable, "flag_values", NC_BYTE, count, value));
    return put_text(w, variable, TL_NAME_MEANINGS, meanings);
}

static const char *dimension_of(const tl_table *table)
{
    return table->dimension ? table->dimension : TL_NAME_TRIAL;
}

/* Whether the column is the coordinate of the trials, which needs no mention. */
static bool is_index(const tl_table *table, const tl_column *column)
{
    return strcmp(dimension_of(table), TL_NAME_TRIAL) == 0 &&
           strcmp(column->name, TL_NAME_TRIAL) == 0;
}

static tl_status define(writer *w, const tl_column *column, int *variable)
{
    static const nc_type type[] = {NC_DOUBLE, NC_INT, NC_CHAR, NC_BYTE, NC_CHAR};
    int dim[2] = {w->trial, 0};
    const bool is_text = is_words(column);
    size_t chunk[2] = {w->table->trials < CHUNK ? w->table->trials : CHUNK, 1};
    if (is_text) {
        chunk[1] = longest(column, w->table->trials);
        TL_TRY(length_dim(w, chunk[1], &dim[1]));
    }
    if (chunk[0] == 0) chunk[0] = 1;
    NC_TRY(w, nc_def_var(w->group, column->name, type[column->type], is_text ? 2 : 1, dim,
                         variable));
    NC_TRY(w, nc_def_var_chunking(w->group, *variable, NC_CHUNKED, chunk));
    NC_TRY(w, nc_set_var_chunk_cache(w->group, *variable, CACHE, CACHED, 0.75F));
    if (w->table->trials > 1024)
        NC_TRY(w, nc_def_var_deflate(w->group, *variable, 1, 1, 1));
    if (column->type == TL_COLUMN_REAL) {
        const double missing = (double)NAN;
        NC_TRY(w, nc_put_att_double(w->group, *variable, "_FillValue", NC_DOUBLE, 1,
                                    &missing));
        const double range[2] = {column->low, column->high};
        if (column->low < column->high)
            NC_TRY(w, nc_put_att_double(w->group, *variable, TL_NAME_RANGE, NC_DOUBLE, 2,
                                        range));
    }
    if (is_text) TL_TRY(put_text(w, *variable, TL_NAME_ENCODING, "utf-8"));
    for (int i = 0; i < column->attributes; i++) {
        const tl_attribute *attribute = &column->attribute[i];
        TL_CHECK(attribute->text, w->err, TL_E_NOMEM, "no memory left for an attribute");
        TL_TRY(put_text(w, *variable, attribute->name, attribute->text));
    }
    if (column->type == TL_COLUMN_FLAG)
        TL_TRY(put_flags(w, *variable, column->flag_meanings));
    if (!column->is_coordinate && !is_index(w->table, column) && *w->coordinates) {
        TL_TRY(put_text(w, *variable, TL_NAME_COORDINATES, w->coordinates));
    }
    return TL_OK;
}

/* Writes rows [from, from + rows) of a column of words. \param room [rows x length] */
static int put_some_words(writer *w, int variable, const tl_column *column, size_t from,
                          size_t rows, size_t length, char *room)
{
    const size_t start[2] = {from, 0}, count[2] = {rows, length};
    memset(room, 0, rows * length);
    for (size_t i = 0; i < rows; i++) {
        char key[TL_KEY_TEXT];
        const char *word = column->type == TL_COLUMN_KEY
                               ? tl_key_text(&column->key[from + i], key)
                               : column->text[from + i];
        memcpy(room + i * length, word, strlen(word));
    }
    return nc_put_vara_text(w->group, variable, start, count, room);
}

/* Chunk by chunk, to save memory. */
static tl_status put_words(writer *w, int variable, const tl_column *column)
{
    const size_t trials = w->table->trials, length = longest(column, w->table->trials);
    char *room = calloc(CHUNK, length);
    TL_CHECK(room, w->err, TL_E_NOMEM, "no memory left for %s", column->name);
    int code = NC_NOERR;
    for (size_t t = 0; t < trials && code == NC_NOERR; t += CHUNK) {
        const size_t rows = trials - t < CHUNK ? trials - t : CHUNK;
        code = put_some_words(w, variable, column, t, rows, length, room);
    }
    free(room);
    return code == NC_NOERR ? TL_OK : bad(w->path, code, w->err);
}

static tl_status fill(writer *w, int variable, const tl_column *column)
{
    if (w->table->trials == 0) return TL_OK;
    if (is_words(column)) return put_words(w, variable, column);
    NC_TRY(w, column->type == TL_COLUMN_REAL
                  ? nc_put_var_double(w->group, variable, column->real)
                  : nc_put_var_int(w->group, variable, column->integer));
    return TL_OK;
}

/* Writes the table into the open file. \param variable [columns] set to ids */
static tl_status write_open(writer *w, int *variable)
{
    const tl_table *table = w->table;
    int old;
    NC_TRY(w, nc_set_fill(w->file, NC_NOFILL, &old));
    w->group = w->file;
    if (table->group) NC_TRY(w, nc_def_grp(w->file, table->group, &w->group));
    NC_TRY(w, nc_def_dim(w->group, dimension_of(table), table->trials, &w->trial));
    for (int i = 0; i < table->attributes; i++) {
        const tl_attribute *attribute = &table->attribute[i];
        NC_TRY(w, nc_put_att_text(w->file, NC_GLOBAL, attribute->name,
                                  strlen(attribute->text), attribute->text));
    }
    for (int i = 0; i < table->columns; i++)
        TL_TRY(define(w, &table->column[i], &variable[i]));
    NC_TRY(w, nc_enddef(w->file));
    for (int i = 0; i < table->columns; i++)
        TL_TRY(fill(w, variable[i], &table->column[i]));
    for (int i = 0; i < w->sample_groups; i++)
        TL_TRY(
            tl_sample_group_write(&w->sample_group[i], w->file, w->trial, w->path, w->err));
    return TL_OK;
}

/* Writes w->made. */
static tl_status make(writer *w)
{
    int *variable = calloc((size_t)w->table->columns + 1, sizeof *variable);
    TL_CHECK(variable, w->err, TL_E_NOMEM, "no memory left for %d columns",
             w->table->columns);
    char link[TL_FILE_LINK];
    (void)tl_file_link(w->made.file, link);
    int code = nc_create(link, NC_NETCDF4 | NC_CLOBBER, &w->file);
    tl_status status = TL_OK;
    if (code == NC_NOERR) {
        status = write_open(w, variable);
        code = nc_close(w->file);
    }
    free(variable);
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

/* An upper bound of the file's size. */
static size_t most_bytes(const writer *w)
{
    const tl_table *table = w->table;
    const size_t rows = ((size_t)table->trials / CHUNK + 1) * CHUNK;
    size_t bytes = FILE_BYTES + most_attribute_bytes(table->attribute, table->attributes);
    for (int i = 0; i < table->columns; i++) {
        const tl_column *column = &table->column[i];
        const size_t width =
            is_words(column) ? longest(column, table->trials) : sizeof(double);
        bytes += COLUMN_BYTES + rows * width + strlen(w->coordinates) +
                 most_attribute_bytes(column->attribute, column->attributes);
    }
    for (int i = 0; i < w->sample_groups; i++)
        bytes += tl_sample_group_bytes(&w->sample_group[i]);
    return bytes;
}

/* Allocates `bytes` bytes, so that a full disk or an exhausted quota is found here and not
 * inside HDF5. */
static tl_status take_room(const writer *w, tl_err *err)
{
    const int why = posix_fallocate(w->made.file, 0, (off_t)most_bytes(w));
    TL_CHECK(why == 0, err, TL_E_IO, "%s: cannot be written: %s", w->path, strerror(why));
    return TL_OK;
}

tl_status tl_result_write(const char *path, const tl_table *table, tl_err *err)
{
    return tl_result_write_groups(path, table, NULL, 0, err);
}

tl_status tl_result_write_groups(const char *path, const tl_table *table,
                                 const tl_sample_group *group, int groups, tl_err *err)
{
    tl_text names = {0};
    for (int i = 0; i < table->columns; i++) {
        if (!table->column[i].is_coordinate || is_index(table, &table->column[i])) continue;
        tl_text_print(&names, "%s%s", names.length ? " " : "", table->column[i].name);
    }
    writer w = {.table = table,
                .sample_group = group,
                .sample_groups = groups,
                .path = path,
                .err = err};
    w.coordinates = names.at ? names.at : "";
    tl_status status = tl_file_make(NULL, path, 0666, &w.made, err);
    if (status == TL_OK) {
        status = take_room(&w, err);
        if (status == TL_OK) status = make(&w);
        if (status == TL_OK) {
            status = tl_file_commit(&w.made, err);
        } else {
            tl_file_drop(&w.made);
        }
    }
    tl_text_close(&names);
    return status;
}
