/*
 * What a sweep varied, as effects see it: factors with their levels, which replicate each
 * row belongs to, and a metric with what is beside it.
 */
#ifndef TL_ANALYSIS_EFFECT_DESIGN_H
#define TL_ANALYSIS_EFFECT_DESIGN_H

#include "analysis/table/result_file.h"

/** A factor with more levels than this is a scale: its trend is estimated, no contrasts. */
enum { TL_MOST_LEVELS = 256 };

/** A factor of the sweep. Its arrays are in the arena, all else is borrowed from the
 * table. */
typedef struct tl_factor {
    const tl_column *column;
    const char *within; /**< the choice it exists inside, or NULL */
    const char *zip;    /**< the group of factors that it moves with, or NULL */
    int levels;
    const char **name; /**< [levels] as words, the reference first */
    double *value;     /**< [levels] as numbers, where `is_numeric` */
    bool is_numeric;   /**< an axis over numbers */
    int32_t *level;    /**< [trials] index, -1 = none */
} tl_factor;

/** What was varied: all factors, and which replicate each trial belongs to. The table is
 * borrowed. */
typedef struct tl_design {
    const tl_table *table;
    int factors;
    tl_factor *factor; /**< [factors] */
    int replicates;
    int32_t *replicate; /**< [trials] 0 .. replicates-1 */
} tl_design;

/** A metric and what is beside it. Columns are borrowed from the table. */
typedef struct tl_target {
    const tl_column *metric;
    const double *value;     /**< [trials] of the metric, on the scale that is compared */
    bool is_logit;           /**< values are log odds */
    const tl_column *n;      /**< cases of a rate, or NULL */
    const tl_column *reason; /**< why values are missing, or NULL */
    const char *above;       /**< names of the factors it depends on */
    uint32_t *same; /**< [trials] first trial that shares the measurement, where there is a
                       value */
} tl_target;

/** Numbers of the replicates, NaN where no rows can be compared: arrays [replicates] in the
 * arena. */
typedef struct tl_differences {
    double *difference, *reference;
    double *variance; /**< binomial, of `difference`; 0 for what is no rate */
} tl_differences;

/** A row under the key of what it must share with the rows it is compared with. */
typedef struct tl_keyed_row {
    uint64_t key;
    uint32_t row;
} tl_keyed_row;

/**
 * Reads factors and replicates of `table`, which is borrowed. Any number of trials in
 * n log n time. \return TL_E_FORMAT where there are too many factors or no replicates,
 * TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_design_open(const tl_table *table, tl_arena *arena, tl_design *out,
                                     tl_err *err);

/** Numbers the replicates of `table` from 0 in the order they turn up. \param of [trials]
 * result \param count result, how many \return TL_E_FORMAT where it has none, TL_E_NOMEM */
TL_MUST_USE tl_status tl_replicates_number(const tl_table *table, tl_arena *arena,
                                           int32_t **of, int *count, tl_err *err);

/** Whether levels of the factor are contrasted one by one. */
bool tl_factor_has_contrasts(const tl_factor *factor);

/** Whether factors `a` and `b` move together: both of one zip group, and not both of one
 * choice of it (a choice and what is within it are no mates). */
bool tl_factors_zipped(const tl_factor *a, const tl_factor *b);

/** What row `t` shares with those that differ from it in factor `own` alone: replicate and
 * the levels of all factors but `own`, those within it and its zip mates, as one number. */
uint64_t tl_design_key(const tl_design *design, int own, uint32_t t);

/** Sorts rows by key, then by row. */
void tl_design_sort(tl_keyed_row *list, size_t count);

/** Makes room for one number per replicate, zeroed. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_differences_take(const tl_design *design, tl_arena *arena,
                                          tl_differences *out, tl_err *err);

/** `sum`, or 0 where nothing but rounding is left of it: terms whose sizes add up to
 * `scale` cancelled. Ranks of |sum| must not tell rounding from rounding. */
double tl_without_rounding(double sum, double scale);

/** Whether `word` is among the words of `list` (separated by blanks; may be NULL). */
bool tl_word_listed(const char *list, const char *word);

/** Finds what is beside `metric`: its cases, reasons and shared measurements. \return
 * TL_E_NOMEM */
TL_MUST_USE tl_status tl_target_open(const tl_design *design, const tl_column *metric,
                                     tl_arena *arena, tl_target *out, tl_err *err);

/**
 * The same target as log odds. A rate of n cases becomes log((np + 1/2) / (n - np + 1/2)),
 * which is finite at 0 and 1 (Gart, Zweifel 1967); any other value x becomes
 * log(x / (1 - x)), infinite there. \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_target_logit(const tl_design *design, const tl_target *target,
                                      tl_arena *arena, tl_target *out, tl_err *err);

/**
 * Binomial variance of the value of row `t`; 0 for what is no rate. Of a share
 * p~(1-p~)/n with p~ = (np+1)/(n+2), so that 0 or 1 is not taken for certain (Agresti,
 * Coull 1998); of log odds 1/(np+1/2) + 1/(n-np+1/2) (Gart, Zweifel 1967).
 */
double tl_target_variance(const tl_target *target, uint32_t t);

#endif
