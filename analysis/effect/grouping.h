/*
 * Cells sorted for comparisons of one factor, or of two: by the levels of these, and
 * within them by group, the cells that agree in everything else. Made once, it finds the
 * cells of any two levels without a look at the others.
 */
#ifndef TL_ANALYSIS_EFFECT_GROUPING_H
#define TL_ANALYSIS_EFFECT_GROUPING_H

#include "analysis/effect/design.h"

/** A cell and its group (tl_design_key). */
typedef struct tl_grouped_cell {
    uint32_t group, cell;
} tl_grouped_cell;

/** The cells where the factors have levels; arrays are in the arena. */
typedef struct tl_grouping {
    int factor[2];         /**< the second: -1 for none */
    int levels[2];         /**< of the second 1 if there is none */
    uint32_t *begin;       /**< [levels[0] * levels[1] + 1] into `cell` */
    tl_grouped_cell *cell; /**< ascending within one pair of levels */
} tl_grouping;

/** A range of grouped cells. */
typedef struct tl_grouped_range {
    const tl_grouped_cell *at;  /**< borrowed from the grouping */
    const tl_grouped_cell *end; /**< borrowed; behind the last */
} tl_grouped_range;

/** Groups the cells of the design for factors with contrasts (tl_factor_has_contrasts).
 * \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_grouping_open(const tl_design *design, const int factor[2],
                                       tl_arena *arena, tl_grouping *out, tl_err *err);

/** The cells at a level of each factor (of the second, if there is none, 0). */
tl_grouped_range tl_grouping_at(const tl_grouping *grouping, const int level[2]);

#endif
