/*
 * Forest plots: effects with their intervals in lines, one plot a metric.
 */
#ifndef TL_ANALYSIS_REPORT_FOREST_H
#define TL_ANALYSIS_REPORT_FOREST_H

#include "analysis/report/figure_list.h"

/** Adds to `figures`, the caller's, a forest plot for each metric of a hypothesis, of all
 * hypotheses on it and of its control model; without hypotheses, one of the contrasts for
 * each attack's success and the accuracy. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_forest_make(const tl_findings *found, tl_figures *figures,
                                     tl_err *err);

#endif
