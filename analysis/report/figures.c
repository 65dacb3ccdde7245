#include "analysis/report/figures.h"

#include "analysis/report/chain_graph.h"
#include "analysis/report/cost.h"
#include "analysis/report/dose.h"
#include "analysis/report/forest.h"
#include "analysis/report/histogram.h"
#include "analysis/report/paired.h"
#include "analysis/report/roc_figure.h"
#include "analysis/report/tradeoff.h"

tl_status tl_figures_make(const tl_findings *found, tl_figures *out, tl_err *err)
{
    static tl_status (*const kind[])(const tl_findings *, tl_figures *, tl_err *) = {
        tl_forest_make, tl_chain_graph_make, tl_dose_make,       tl_tradeoff_make,
        tl_paired_make, tl_cost_make,        tl_roc_figure_make, tl_histogram_make};
    *out = (tl_figures){0};
    for (size_t i = 0; i < sizeof kind / sizeof *kind; i++)
        TL_TRY(kind[i](found, out, err));
    return TL_OK;
}
