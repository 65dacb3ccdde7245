/*
 * All figures that findings have. Each kind is a file of its own, and looks whether the
 * result file has what it needs.
 */
#ifndef TL_ANALYSIS_REPORT_FIGURES_H
#define TL_ANALYSIS_REPORT_FIGURES_H

#include "analysis/report/figure_list.h"

/** Makes all figures. \return TL_E_NOMEM; tl_figures_close in any case */
TL_MUST_USE tl_status tl_figures_make(const tl_findings *found, tl_figures *out,
                                      tl_err *err);

#endif
