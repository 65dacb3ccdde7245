/*
 * Effects as text to read: hypotheses first, then everything by metric.
 */
#ifndef TL_ANALYSIS_REPORT_EFFECTS_LIST_H
#define TL_ANALYSIS_REPORT_EFFECTS_LIST_H

#include "analysis/effect/effects.h"
#include "analysis/effect/importance.h"

#include <stdio.h>

/** Whether an exploratory effect says nothing: it has no interval, or is exactly 0 in every
 * replicate, as of a metric that does not vary. */
bool tl_effect_is_idle(const tl_effect *effect);

/**
 * Prints the effects, an idle one only if `is_all`: how many are not shown is said at the
 * end. Under each metric stands what its factors account for, then a line or two an effect:
 * difference, ratio and odds ratio, spread of crossed replicates.
 * \param list [count] importances of the same table
 */
void tl_effects_list(FILE *file, const tl_table *table, const tl_effects *effects,
                     const tl_importance *list, int count, bool is_all);

#endif
