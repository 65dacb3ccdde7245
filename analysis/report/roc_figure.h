/*
 * ROC curves of stored membership tests, on log axes.
 */
#ifndef TL_ANALYSIS_REPORT_ROC_FIGURE_H
#define TL_ANALYSIS_REPORT_ROC_FIGURE_H

#include "analysis/report/figure_list.h"

/** Adds to `figures`, the caller's, a figure for each test whose curves the plan stored,
 * with a line for each level of the choice that it depends on. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_roc_figure_make(const tl_findings *found, tl_figures *figures,
                                         tl_err *err);

#endif
