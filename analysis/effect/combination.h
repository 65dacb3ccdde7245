/*
 * A combination of cells: what any effect is within one replicate, a weighted sum of the
 * metric over cells. Contrasts, interactions and trends differ in the weights alone.
 */
#ifndef TL_ANALYSIS_EFFECT_COMBINATION_H
#define TL_ANALYSIS_EFFECT_COMBINATION_H

#include "analysis/effect/target.h"

/** A cell in use: a replicate needs a value there. */
typedef struct tl_weighted_cell {
    uint32_t cell;
    double weight;    /**< of the metric in the effect */
    double reference; /**< of the metric in the mean at the reference */
} tl_weighted_cell;

/** The cells in use, ascending; none: there is nothing to compare. */
typedef struct tl_combination {
    int used;
    tl_weighted_cell *cell; /**< [used] in the arena */
} tl_combination;

/** Takes memory for `most` cells into `out`, none of them in use. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_combination_take(size_t most, tl_arena *arena, tl_combination *out,
                                          tl_err *err);

/** Sorts the cells in use, so that sums over them are in the order of the table. */
void tl_combination_sort(tl_combination *cells);

/** The cells of which a replicate has a value, all with equal weights that sum to 1, also
 * in the reference. Takes memory for them. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_combination_mean(const tl_design *design, const tl_target *target,
                                          tl_arena *arena, tl_combination *out,
                                          tl_err *err);

/**
 * Per replicate the weighted sum of the metric; NaN if the replicate lacks a value in any
 * of the cells in use, for a mean over the cells that it happens to have is another
 * quantity. The variance sums w^2 tl_target_variance over the distinct measurements, w
 * their weight. Takes memory for `out`. \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_combine(const tl_design *design, const tl_target *target,
                                 const tl_combination *cells, tl_arena *arena,
                                 tl_differences *out, tl_err *err);

#endif
