/*
 * Utility against risk: accuracy and the success of an attack at each level of a factor.
 */
#ifndef TL_ANALYSIS_REPORT_TRADEOFF_H
#define TL_ANALYSIS_REPORT_TRADEOFF_H

#include "analysis/report/figure_list.h"

/** Adds to `figures`, the caller's, one figure for each factor and each attack's
 * success that it acts on, with the reference marked. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_tradeoff_make(const tl_findings *found, tl_figures *figures,
                                       tl_err *err);

#endif
