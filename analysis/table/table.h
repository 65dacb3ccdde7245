/*
 * Room analysis/table: tables in memory, and the result file that holds them
 * (result_file.h). Uses compute, and alone uses NetCDF; names in the file are in schema.h.
 */
#ifndef TL_ANALYSIS_TABLE_TABLE_H
#define TL_ANALYSIS_TABLE_TABLE_H

#include "compute/core/arena.h"
#include "compute/core/hash.h"

#include <stdbool.h>
#include <stdint.h>

/** The type of a column's values. */
typedef enum tl_column_type {
    TL_COLUMN_REAL,
    TL_COLUMN_INT,
    TL_COLUMN_TEXT,
    TL_COLUMN_FLAG,
    TL_COLUMN_KEY /**< text in the file, and read back as TEXT */
} tl_column_type;

/** A named text attribute; both texts are borrowed. */
typedef struct tl_attribute {
    const char *name, *text;
} tl_attribute;

/** Attributes of a column, at most. */
enum { TL_COLUMN_ATTRIBUTES = 24 };

/** A variable on `trial`. Values are borrowed; only those of its type are set. */
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
    const char *group;     /**< the group of dimension and columns; NULL: the root */
    uint32_t trials;
    int columns, room;
    tl_column *column; /**< [room], of which [columns] are in use */
    int attributes;
    const tl_attribute *attribute; /**< [attributes] global */
} tl_table;

/** Makes a table without columns, with space for `room`, in `arena`. \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_table_new(tl_arena *arena, uint32_t trials, int room,
                                   tl_table **out, tl_err *err);

/**
 * Adds a column to a table with space for it, and returns it for the caller to set its
 * values.
 * \param units may be NULL: no such attribute
 * \param about its long_name
 */
tl_column *tl_table_add(tl_table *table, const char *name, tl_column_type type,
                        const char *units, const char *about);

/** Adds an attribute to a column with space for it; nothing if `text` is NULL or empty. */
void tl_column_describe(tl_column *column, const char *name, const char *text);

/** Gives `table` a copy of `list` [count] as its global attributes. \return TL_E_NOMEM,
 * also if a text is NULL because its allocation failed */
TL_MUST_USE tl_status tl_table_describe(tl_table *table, const tl_attribute *list,
                                        int count, tl_arena *arena, tl_err *err);

/**
 * Joins the rows of table [tables] (>= 1): replicates of one plan from separate runs. A
 * trial that several tables have, by its `trial_key`, counts once, as in the table with
 * more of its values. A metric or flag that a table lacks is missing (flag 0) there. Texts
 * are borrowed from the tables. \return TL_E_ARG if plans differ, tables contradict one
 * another on a trial, or a replicate occurs in two as other trials; TL_E_FORMAT, TL_E_NOMEM
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
