/*
 * Paired differences: every replicate of a hypothesis as a dot, above mean and interval.
 */
#ifndef TL_ANALYSIS_REPORT_PAIRED_H
#define TL_ANALYSIS_REPORT_PAIRED_H

#include "analysis/report/figure_list.h"

/** Adds to `figures`, the caller's, one figure for each hypothesis that has an interval,
 * called by its number. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_paired_make(const tl_findings *found, tl_figures *figures,
                                     tl_err *err);

#endif
