/*
 * Two files' effects as text to read, side by side.
 */
#ifndef TL_ANALYSIS_REPORT_COMPARED_LIST_H
#define TL_ANALYSIS_REPORT_COMPARED_LIST_H

#include "analysis/effect/compare.h"

#include <stdio.h>

/**
 * Prints what the files are and in what they differ, how they are compared, then hypotheses
 * and, by metric, means and effects of both with their difference. Without `is_all` effects
 * that say nothing in either (tl_effect_is_idle) are only counted.
 * \param name [2] of the files
 */
void tl_compared_print(FILE *file, const char *const name[2],
                       const tl_table *const table[2], const tl_compared_list *list,
                       bool is_all);

#endif
