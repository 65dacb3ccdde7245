/*
 * Dose-response curves: a main metric along a numeric axis, as differences from the
 * reference level.
 */
#ifndef TL_ANALYSIS_REPORT_DOSE_H
#define TL_ANALYSIS_REPORT_DOSE_H

#include "analysis/report/figure_list.h"

/** Adds to `figures`, the caller's, a curve for each numeric axis with 3 levels or
 * more and each main metric, with intervals as a band, and the replicates of hypotheses.
 * \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_dose_make(const tl_findings *found, tl_figures *figures,
                                   tl_err *err);

#endif
