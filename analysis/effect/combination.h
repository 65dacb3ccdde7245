/*
 * A combination of cells: what any effect is within one replicate, a weighted sum of the
 * metric over cells. Contrasts, interactions and trends differ in the weights alone.
 */
#ifndef TL_ANALYSIS_EFFECT_COMBINATION_H
#define TL_ANALYSIS_EFFECT_COMBINATION_H

#include "analysis/effect/design.h"

/** Weights by cell, arrays [cells] in the arena. */
typedef struct tl_combination {
    double *weight;    /**< of the metric in the effect */
    double *reference; /**< of the metric in the mean at the reference */
    bool *is_used;     /**< whether a replicate needs a value there */
    int used;          /**< cells that are; 0: there is nothing to compare */
} tl_combination;

/** Allocates the weights of `out`, zeroed. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_combination_take(const tl_design *design, tl_arena *arena,
                                          tl_combination *out, tl_err *err);

/**
 * Per replicate the weighted sum of the metric; NaN if the replicate lacks a value in any
 * of the cells in use, for a mean over the cells that it happens to have is another
 * quantity. The variance sums w^2 tl_target_variance over the distinct measurements, w
 * their weight. Allocates `out`. \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_combine(const tl_design *design, const tl_target *target,
                                 const tl_combination *cells, tl_arena *arena,
                                 tl_differences *out, tl_err *err);

#endif
