/*
 * Crossed replicates: several training seeds to each data draw. Data draws are independent,
 * so effects are means over them; seeds tell how much of the spread is due to training.
 */
#ifndef TL_ANALYSIS_EFFECT_COMPONENTS_H
#define TL_ANALYSIS_EFFECT_COMPONENTS_H

#include "analysis/effect/design.h"

/** Variance of the differences: of one data draw to the next, and among training seeds
 * of one; NaN where the design cannot tell. */
typedef struct tl_components {
    double data, training;
} tl_components;

/**
 * Components of d->difference by the one-way analysis of variance: mean squares within and
 * between draws, MSW and MSB, give `training` = MSW and `data` = (MSB - MSW) / n0, at least
 * 0, n0 the seeds per draw. Draws with a missing replicate are left out. Source: Searle,
 * Casella, McCulloch 1992, Variance components, section 3.6 (n0 of unequal draws there).
 * \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_components_of(const tl_design *design, const tl_differences *d,
                                       tl_arena *scratch, tl_components *out, tl_err *err);

/**
 * Averages over the training seeds of each draw: sets the arrays of `d` to [draws], NaN
 * where a replicate of the draw is missing. Nothing changes where no draw has several.
 * \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_differences_by_draw(const tl_design *design, tl_differences *d,
                                             tl_arena *scratch, tl_err *err);

#endif
