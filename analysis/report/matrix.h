/*
 * The interaction matrix: what was done by what was measured, grouped by flow. A cell is an
 * effect with its interval, or the reason why there is none.
 */
#ifndef TL_ANALYSIS_REPORT_MATRIX_H
#define TL_ANALYSIS_REPORT_MATRIX_H

#include "analysis/report/html.h"
#include "analysis/report/findings.h"

/** Writes into `html` the matrix of the main metrics: what hypotheses are on, success of
 * attacks, and accuracy; without such, of all with a wanted direction. */
void tl_matrix_write(const tl_findings *found, tl_html *html);

#endif
