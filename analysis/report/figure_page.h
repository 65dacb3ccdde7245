/*
 * A figure in a page: drawn, with its numbers as a table and as a file to save; or, without
 * gnuplot, as that table alone.
 */
#ifndef TL_ANALYSIS_REPORT_FIGURE_PAGE_H
#define TL_ANALYSIS_REPORT_FIGURE_PAGE_H

#include "analysis/report/figure_list.h"
#include "analysis/report/html.h"

/** The figures of a page; all is borrowed. */
typedef struct tl_page_figures {
    const tl_figures *list;
    bool is_drawn; /**< whether there is a gnuplot */
} tl_page_figures;

/** Writes figure i of the list into `html`. \return as tl_figure_svg or tl_svg_write */
TL_MUST_USE tl_status tl_page_figure(const tl_page_figures *figures, int i, tl_html *html,
                                     tl_err *err);

/** Writes the figure called "KIND-WHAT" into `html`, if there is one. \return as
 * tl_page_figure */
TL_MUST_USE tl_status tl_page_figure_named(const tl_page_figures *figures, const char *kind,
                                           const char *what, tl_html *html, tl_err *err);

/** How many figures of a kind there are: called KIND or "KIND-WHAT". */
int tl_page_figures_count(const tl_page_figures *figures, const char *kind);

/** Writes all figures of a kind into `html`. \return as tl_page_figure */
TL_MUST_USE tl_status tl_page_figures_of(const tl_page_figures *figures, const char *kind,
                                         tl_html *html, tl_err *err);

#endif
