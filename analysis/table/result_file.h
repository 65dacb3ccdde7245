/*
 * The result file: NetCDF-4, one row a trial, placed by number, every variable
 * self-describing. The same table gives the same bytes: no date, host, path or rank count
 * is in it.
 */
#ifndef TL_ANALYSIS_TABLE_RESULT_FILE_H
#define TL_ANALYSIS_TABLE_RESULT_FILE_H

#include "compute/core/arena.h"
#include "compute/core/hash.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum tl_column_type {
    TL_COLUMN_REAL,
    TL_COLUMN_INT,
    TL_COLUMN_TEXT,
    TL_COLUMN_FLAG,
    TL_COLUMN_KEY /**< only written: it is text in the file, and read back as TEXT */
} tl_column_type;

/** A named text attribute. */
typedef struct tl_attribute {
    const char *name, *text;
} tl_attribute;

enum { TL_COLUMN_ATTRIBUTES = 24 };

/** One variable on `trial`. */
typedef struct tl_column {
    const char *name;
    tl_column_type type;
    bool is_coordinate; /**< named in the `coordinates` attribute of every other variable */
    const double *real; /**< REAL: [trials], NaN = missing */
    const int32_t *integer;    /**< INT, FLAG: [trials] */
    const char *const *text;   /**< TEXT: [trials] */
    const tl_key *key;         /**< KEY: [trials] */
    double low, high;          /**< REAL: valid range; equal: none */
    const char *flag_meanings; /**< FLAG: words for 0, 1, 2, ... separated by blanks */
    int attributes;
    tl_attribute
        attribute[TL_COLUMN_ATTRIBUTES]; /**< units, long_name, ... in writing order */
} tl_column;

/** A whole table with its global attributes. */
typedef struct tl_table {
    const char *dimension; /**< NULL: "trial" */
    const char *group; /**< the group that holds dimension and columns; NULL: the root */
    uint32_t trials;
    int columns;
    tl_column *column; /**< [columns] */
    int attributes;
    const tl_attribute *attribute; /**< global */
} tl_table;

/**
 * Writes PATH.tmp, fsyncs it, renames it to PATH and fsyncs the folder; on failure PATH is
 * as it was and PATH.tmp is gone. At most 64 flag meanings.
 * \return TL_E_IO with path and reason, TL_E_SPACE
 */
TL_MUST_USE tl_status tl_result_write(const char *path, const tl_table *table, tl_err *err);

/**
 * Reads a file of tl_result_write into `arena`; its one group, where nothing stands at the
 * root. Writing it again gives the same bytes. A file from elsewhere is refused, as is one
 * whose dimensions claim more than it can hold, or which makes the library crash: it is
 * read by a child process first. \return TL_E_IO, TL_E_FORMAT (what is wrong)
 */
TL_MUST_USE tl_status tl_result_read(const char *path, tl_arena *arena, tl_table **out,
                                     tl_err *err);

/** As tl_result_read, but at once: bytes changed behind HDF5's checksums can crash it. */
TL_MUST_USE tl_status tl_result_load(const char *path, tl_arena *arena, tl_table **out,
                                     tl_err *err);

/**
 * The rows of `tables` (>= 1) tables as one, in their order: replicates of one plan, run
 * apart. A metric or flag that a table lacks is missing (flag 0) there. Strings are
 * borrowed from the tables.
 * \return TL_E_ARG if plans differ or a replicate occurs in two, TL_E_FORMAT, TL_E_SPACE
 */
TL_MUST_USE tl_status tl_table_pool(const tl_table *const *table, int tables,
                                    tl_arena *arena, tl_table **out, tl_err *err);

/** The column called `name`, or NULL. */
const tl_column *tl_table_find(const tl_table *table, const char *name);

/** The text of a global or column attribute, or NULL. */
const char *tl_table_attribute(const tl_table *table, const char *name);
const char *tl_column_attribute(const tl_column *column, const char *name);

#endif
