/*
 * The page: one file of HTML without scripts, which needs no network. It shows the answer,
 * the interaction matrix, figures with their numbers, methods and provenance.
 */
#ifndef TL_ANALYSIS_REPORT_PAGE_H
#define TL_ANALYSIS_REPORT_PAGE_H

#include "analysis/report/findings.h"

/**
 * Writes the page to `path` by rename; at any time it is the old file or the new one.
 * Without gnuplot the figures are tables, and the page says so.
 * \return TL_E_IO, TL_E_NOMEM, TL_E_FORMAT (gnuplot's complaint)
 */
TL_MUST_USE tl_status tl_page_write(const tl_findings *found, const char *path,
                                    tl_err *err);

#endif
