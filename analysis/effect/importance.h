/*
 * How much of a metric's variation each factor accounts for.
 */
#ifndef TL_ANALYSIS_EFFECT_IMPORTANCE_H
#define TL_ANALYSIS_EFFECT_IMPORTANCE_H

#include "analysis/table/table.h"

/** The importance of a factor, or of an interaction of two, for one metric. */
typedef struct tl_importance {
    const char *metric, *factor; /**< "a:b" for an interaction */
    double share;                /**< of the sum of squares within replicates */
    double chance;               /**< the share expected of a factor without effect */
    bool is_alone; /**< what it varies with has no part in its share: shares can be added */
} tl_importance;

/**
 * The shares of every factor that a metric depends on and of every pair of them, in the
 * order of metrics, then factors, then pairs: the sum of squares between levels by the
 * analysis of variance, over the total sum of squares, both of distances from the mean of
 * the trial's replicate (eta squared; Fisher 1925, Statistical methods for research
 * workers, section 45). A factor within a choice counts inside that choice's levels, an
 * interaction beyond its two factors. `chance` is the degrees of freedom over those of the
 * total. Where levels are not met equally often, a share holds a part of the factors that
 * vary along, and no pair has one. A factor of more than TL_MOST_LEVELS levels or a metric
 * that does not vary has none. \param list [count] result, in `arena`; texts are the
 * table's or in `arena` \return TL_E_FORMAT (as tl_design_open), TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_importance_estimate(const tl_table *table, tl_arena *arena,
                                             tl_importance **list, int *count, tl_err *err);

/** As a table with the dimension `importance`, for CSV or JSON. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_importance_table(const tl_importance *list, int count,
                                          tl_arena *arena, tl_table **out, tl_err *err);

#endif
