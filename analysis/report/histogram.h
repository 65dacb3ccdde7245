/*
 * Histograms of stored scores, of members against non-members.
 */
#ifndef TL_ANALYSIS_REPORT_HISTOGRAM_H
#define TL_ANALYSIS_REPORT_HISTOGRAM_H

#include "analysis/report/figure_list.h"

/** Adds to `figures`, the caller's, a figure for each test whose scores the plan stored,
 * of the trials at the reference of the choice that it depends on. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_histogram_make(const tl_findings *found, tl_figures *figures,
                                        tl_err *err);

#endif
