/*
 * A list of figures, to which each kind of figure adds its own.
 */
#ifndef TL_ANALYSIS_REPORT_FIGURE_LIST_H
#define TL_ANALYSIS_REPORT_FIGURE_LIST_H

#include "analysis/report/figure.h"
#include "analysis/report/findings.h"

/** A list of figures that grows in the arena of the findings. */
typedef struct tl_figures {
    int count, room;
    tl_figure *figure; /**< [room] in the arena, of which [count] are made */
} tl_figures;

/** Adds a figure called "KIND-WHAT", or KIND without `what`, to `figures`, the caller's.
 * \param out result, valid until the next is added
 * \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_figures_add(const tl_findings *found, tl_figures *figures,
                                     const char *kind, const char *what, tl_figure **out,
                                     tl_err *err);

/** Frees the scripts of all figures. */
void tl_figures_close(tl_figures *figures);

#endif
