/*
 * The design of a sweep: factors with their levels, the replicate of each row, and the
 * cells in which the rows are.
 */
#ifndef TL_ANALYSIS_EFFECT_DESIGN_H
#define TL_ANALYSIS_EFFECT_DESIGN_H

#include "analysis/table/table.h"

/** A factor with more levels than this gets a trend but no contrasts. */
enum { TL_MOST_LEVELS = 256 };

/** A factor of the sweep. Its arrays are in the arena, all else is borrowed from the
 * table. */
typedef struct tl_factor {
    const tl_column *column;
    const char *within; /**< the choice it exists inside, or NULL */
    const char *zip;    /**< its group of factors that vary together, or NULL */
    int levels;
    const char **name; /**< [levels] as text, the reference first */
    double *value;     /**< [levels] as numbers, if `is_numeric` */
    bool is_numeric;   /**< a numeric axis */
    int32_t *level;    /**< [trials] index, -1 = none */
} tl_factor;

/** All factors, and the replicate of each trial. The table is borrowed; arrays are in the
 * arena. */
typedef struct tl_design {
    const tl_table *table;
    int factors;
    tl_factor *factor; /**< [factors] */
    int replicates;
    int32_t *replicate; /**< [trials] 0 .. replicates-1 */
    int draws;          /**< data draws: of crossed replicates fewer than replicates */
    int32_t *draw;      /**< [replicates] the data draw of each, 0 .. draws-1 */
    int32_t *draw_name; /**< [draws] its number in the table */
    int cells;          /**< combinations of the levels of all factors */
    int32_t *cell;      /**< [trials] 0 .. cells-1; a replicate has one trial in a cell */
    uint32_t *trial;    /**< [trials] those of cell 0, of cell 1, ..., each ascending */
    uint32_t *begin;    /**< [cells + 1] where those of a cell begin in `trial` */
} tl_design;

/** Differences by replicate, NaN if one of its cells lacks a value: arrays [replicates] in
 * the arena. */
typedef struct tl_differences {
    double *difference, *reference;
    double *variance; /**< of `difference` by tl_target_variance; 0 unless a rate */
} tl_differences;

/** A row, with a key shared by all rows it is compared with. */
typedef struct tl_keyed_row {
    uint64_t key;
    uint32_t row;
} tl_keyed_row;

/**
 * Reads factors, replicates and cells of `table`, which is borrowed. A second trial of one
 * replicate at the same levels is in a cell of its own. Takes n log n time. \return
 * TL_E_FORMAT for too many factors or no replicates, TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_design_open(const tl_table *table, tl_arena *arena, tl_design *out,
                                     tl_err *err);

/** Whether the factor's levels are contrasted one by one. */
bool tl_factor_has_contrasts(const tl_factor *factor);

/** A trial of the cell. */
uint32_t tl_design_first(const tl_design *design, uint32_t cell);

/** Whether factors `a` and `b` vary together: in one zip group, but not a choice and a
 * factor within it. */
bool tl_factors_zipped(const tl_factor *a, const tl_factor *b);

/** A key shared by the trials, of any replicate, that differ from trial `t` in factors
 * `own` [2] alone (-1: none): of the levels of all factors except these, those within them
 * and those zipped with them. */
uint64_t tl_design_key(const tl_design *design, const int own[2], uint32_t t);

/** `key` mixed with a word: equal words in equal order make equal keys. */
uint64_t tl_design_mix(uint64_t key, int32_t word);

/** Sorts rows by key, then by row. */
void tl_design_sort(tl_keyed_row *list, size_t count);

/** Allocates the arrays of `out`, zeroed. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_differences_take(const tl_design *design, tl_arena *arena,
                                          tl_differences *out, tl_err *err);

/** `sum`, or 0 if only rounding errors remain of it after terms of total size `scale`
 * cancelled: these must not affect ranks of |sum|. */
double tl_without_rounding(double sum, double scale);

/** Whether `word` is in `list`, words separated by blanks (may be NULL). */
bool tl_word_listed(const char *list, const char *word);

#endif
