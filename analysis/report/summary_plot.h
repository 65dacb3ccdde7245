/*
 * A plot of letters: the intervals of hypotheses on one metric beside the line of no
 * effect.
 */
#ifndef TL_ANALYSIS_REPORT_SUMMARY_PLOT_H
#define TL_ANALYSIS_REPORT_SUMMARY_PLOT_H

#include "analysis/report/findings.h"
#include "analysis/report/screen.h"

/** Prints the intervals of the hypotheses on the metric that most of them ask about, each
 * in a line, at most `most` lines with the heading; nothing for fewer than 2 intervals.
 * \return lines printed */
int tl_summary_plot(FILE *file, const tl_findings *found, const tl_screen *screen,
                    int most);

#endif
