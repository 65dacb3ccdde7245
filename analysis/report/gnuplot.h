/*
 * Runs gnuplot on a script of our own. No text of a plan or a file may be in a script:
 * where one belongs there is a placeholder (figure.h). There is no shell and no start-up
 * file, and the environment is empty but for the path.
 */
#ifndef TL_ANALYSIS_REPORT_GNUPLOT_H
#define TL_ANALYSIS_REPORT_GNUPLOT_H

#include "compute/core/text.h"

/** Whether there is a gnuplot on the path. */
bool tl_gnuplot_is_there(void);

/** Appends to `out` what gnuplot prints for `script`. \return TL_E_MISSING without gnuplot,
 * TL_E_FORMAT (what it complains of), TL_E_IO, TL_E_NOMEM */
TL_MUST_USE tl_status tl_gnuplot_run(const char *script, tl_text *out, tl_err *err);

/** Makes `svg` [bytes] a file in the `format` "pdf" or "png" by rsvg-convert, and appends
 * it to `out`. \return as tl_gnuplot_run */
TL_MUST_USE tl_status tl_gnuplot_convert(const char *svg, size_t bytes, const char *format,
                                         tl_text *out, tl_err *err);

#endif
