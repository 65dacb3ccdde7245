/*
 * What the steps of a run cost: time by stage.
 */
#ifndef TL_ANALYSIS_REPORT_COST_H
#define TL_ANALYSIS_REPORT_COST_H

#include "analysis/report/figure_list.h"

/** Adds to `figures`, the caller's, one figure, if there is an account of the run. \return
 * TL_E_NOMEM */
TL_MUST_USE tl_status tl_cost_make(const tl_findings *found, tl_figures *figures,
                                   tl_err *err);

#endif
