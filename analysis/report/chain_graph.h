/*
 * The attack chain as a graph, from what was done to what was measured.
 */
#ifndef TL_ANALYSIS_REPORT_CHAIN_GRAPH_H
#define TL_ANALYSIS_REPORT_CHAIN_GRAPH_H

#include "analysis/report/figure_list.h"

/** Adds to `figures`, the caller's, a figure with a line for each contrast of a choice
 * on the success of an attack or on accuracy, if there is any. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_chain_graph_make(const tl_findings *found, tl_figures *figures,
                                          tl_err *err);

#endif
