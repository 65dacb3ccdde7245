/*
 * Copies gnuplot's SVG into a page or a file, element by element: only shapes and text,
 * with the texts of the figure in place of its placeholders.
 */
#ifndef TL_ANALYSIS_REPORT_SVG_H
#define TL_ANALYSIS_REPORT_SVG_H

#include "analysis/report/figure.h"
#include "analysis/report/html.h"

/** Where a figure is shown. */
typedef enum tl_svg_place {
    TL_SVG_PAGE, /**< in a page: colours are variables of its style sheet */
    TL_SVG_FILE  /**< alone, on white */
} tl_svg_place;

/** Writes into `html` what tl_figure_svg drew, `svg` [bytes], with a title and a
 * description; `number` makes its ids unique. \return TL_E_FORMAT (gnuplot's output is no
 * SVG), TL_E_NOMEM */
TL_MUST_USE tl_status tl_svg_write(const tl_figure *figure, const char *svg, size_t bytes,
                                   tl_svg_place place, int number, tl_html *html,
                                   tl_err *err);

#endif
