/*
 * The room of tables: the result file, written and read, and tables in memory. May use
 * compute and NetCDF, which nobody else includes; names in the file are in schema.h.
 *
 * The file is NetCDF-4, one row per trial, placed by number, every variable
 * self-describing. The same table gives the same bytes: no date, host, path or rank count
 * is in it.
 */
#ifndef TL_ANALYSIS_TABLE_RESULT_FILE_H
#define TL_ANALYSIS_TABLE_RESULT_FILE_H

#include "compute/core/arena.h"
#include "compute/core/hash.h"

#include <stdbool.h>
#include <stdint.h>

/** What the values of a column are. */
typedef enum tl_column_type {
    TL_COLUMN_REAL,
    TL_COLUMN_INT,
    TL_COLUMN_TEXT,
    TL_COLUMN_FLAG,
    TL_COLUMN_KEY /**< only written: it is text in the file, and read back as TEXT */
} tl_column_type;

/** A named text attribute; both texts are borrowed. */
typedef struct tl_attribute {
    const char *name, *text;
} tl_attribute;

/** A column has at most so many attributes. */
enum { TL_COLUMN_ATTRIBUTES = 24 };

/** One variable on `trial`. Values are borrowed; those of its type are there. */
typedef struct tl_column {
    const char *name;
    tl_column_type type;
    bool is_coordinate; /**< named in the `coordinates` attribute of every other variable */
    bool is_success; /**< an attack's success; not in the file (runner/results/success.h) */
    const double *real;        /**< REAL: [trials], NaN = missing */
    const int32_t *integer;    /**< INT, FLAG: [trials] */
    const char *const *text;   /**< TEXT: [trials] */
    const tl_key *key;         /**< KEY: [trials] */
    double low, high;          /**< REAL: valid range; equal: none */
    const char *flag_meanings; /**< FLAG: words for 0, 1, 2, ... separated by blanks */
    int attributes;
    tl_attribute
        attribute[TL_COLUMN_ATTRIBUTES]; /**< units, long_name, ... in writing order */
} tl_column;

/** A whole table with its global attributes. Texts are borrowed. */
typedef struct tl_table {
    const char *dimension; /**< NULL: "trial" */
    const char *group; /**< the group that holds dimension and columns; NULL: the root */
    uint32_t trials;
    int columns, room;
    tl_column *column; /**< [room], of which [columns] are there */
    int attributes;
    const tl_attribute *attribute; /**< [attributes] global */
} tl_table;

/** Makes a table without columns yet, with room for `room`, in `arena`. \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_table_new(tl_arena *arena, uint32_t trials, int room,
                                   tl_table **out, tl_err *err);

/**
 * Adds a column without values to a table with room for it, and returns it: the caller sets
 * its values. \param units may be NULL: no such attribute \param about its long_name
 */
tl_column *tl_table_add(tl_table *table, const char *name, tl_column_type type,
                        const char *units, const char *about);

/** Adds an attribute to a column with room for it; none where `text` is NULL or empty. */
void tl_column_describe(tl_column *column, const char *name, const char *text);

/** Gives `table` a copy of `list` [count] as its global attributes. \return TL_E_NOMEM,
 * also where a text is NULL: nobody could make it */
TL_MUST_USE tl_status tl_table_describe(tl_table *table, const tl_attribute *list,
                                        int count, tl_arena *arena, tl_err *err);

/**
 * Writes PATH.tmp, fsyncs it, renames it to PATH and fsyncs the folder; on failure PATH is
 * as it was and PATH.tmp is gone. A flag has at most 64 meanings.
 * \return TL_E_IO (disk), TL_E_NOMEM (memory, an attribute nobody could make)
 */
TL_MUST_USE tl_status tl_result_write(const char *path, const tl_table *table, tl_err *err);

/**
 * Reads a file of tl_result_write into `arena`; its one group, where nothing stands at the
 * root. Writing it again gives the same bytes. A file from elsewhere is refused, as is one
 * whose dimensions claim more than it can hold, or which makes the library crash: it is
 * read by a child process first. \return TL_E_IO, TL_E_FORMAT (what is wrong), TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_result_read(const char *path, tl_arena *arena, tl_table **out,
                                     tl_err *err);

/** As tl_result_read, but in this process: bytes changed behind HDF5's checksums can crash
 * it. \return as tl_result_read */
TL_MUST_USE tl_status tl_result_load(const char *path, tl_arena *arena, tl_table **out,
                                     tl_err *err);

/**
 * The rows of table [tables] (>= 1) as one, in their order: replicates of one plan, run
 * apart. A metric or flag that a table lacks is missing (flag 0) there. Texts are borrowed
 * from the tables.
 * \return TL_E_ARG if plans differ or a replicate occurs in two, TL_E_FORMAT, TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_table_pool(const tl_table *const *table, int tables,
                                    tl_arena *arena, tl_table **out, tl_err *err);

/** The column called `name`, or NULL. */
const tl_column *tl_table_find(const tl_table *table, const char *name);

/** Whether any row of a REAL column has a value. */
bool tl_column_has_value(const tl_table *table, const tl_column *column);

/** Whether the column has the attribute `name` with the text `wanted`. */
bool tl_column_says(const tl_column *column, const char *name, const char *wanted);

/** The text of a global or column attribute, or NULL. */
const char *tl_table_attribute(const tl_table *table, const char *name);
const char *tl_column_attribute(const tl_column *column, const char *name);

#endif
