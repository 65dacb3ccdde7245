/*
 * The factors that an effect is a mean over.
 */
#ifndef TL_ANALYSIS_EFFECT_POOLED_H
#define TL_ANALYSIS_EFFECT_POOLED_H

#include "analysis/effect/combination.h"

/**
 * Names the factors above the metric that vary among the cells in use, with the number of
 * their levels: what is averaged over them depends on which levels the plan has. Those in
 * `own` [2] (-1: none) and those zipped with them are left out.
 * \param out result, "p (3 levels), q (2 levels)" in `arena`, or NULL for none
 * \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_pooled_name(const tl_design *design, const tl_target *target,
                                     const int own[2], const tl_combination *cells,
                                     tl_arena *arena, const char **out, tl_err *err);

#endif
