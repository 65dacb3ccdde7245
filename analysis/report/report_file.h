/*
 * Files that a report writes for others to read.
 */
#ifndef TL_ANALYSIS_REPORT_REPORT_FILE_H
#define TL_ANALYSIS_REPORT_REPORT_FILE_H

#include "analysis/report/figure.h"

/** Makes `path` a file of `bytes` [n]. \return as tl_file_replace */
TL_MUST_USE tl_status tl_report_file_save(const char *path, const char *bytes, size_t n,
                                          tl_err *err);

/** Draws a figure into `path`, which ends in .svg, .pdf or .png. \return TL_E_ARG (another
 * ending), TL_E_IO, TL_E_MISSING (no gnuplot, or for .pdf and .png no rsvg-convert),
 * TL_E_FORMAT, TL_E_NOMEM */
TL_MUST_USE tl_status tl_report_file_figure(const char *path, const tl_figure *figure,
                                            tl_err *err);

#endif
