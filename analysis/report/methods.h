/*
 * What stands below the answers: how they were found, what they may not be taken for, and
 * where they come from.
 */
#ifndef TL_ANALYSIS_REPORT_METHODS_H
#define TL_ANALYSIS_REPORT_METHODS_H

#include "analysis/report/html.h"
#include "analysis/report/findings.h"

/** Writes into `html` the statistical methods in words: only what this table's effects
 * used. */
void tl_methods_write(const tl_findings *found, tl_html *html);

/** Writes into `html` what limits the answers: trials that failed, metrics without values
 * and why, notes on the data. */
void tl_methods_limits(const tl_findings *found, tl_html *html);

/** Writes into `html` attributes of the result file, the plan, and how to repeat the run.
 */
void tl_methods_provenance(const tl_findings *found, tl_html *html);

#endif
