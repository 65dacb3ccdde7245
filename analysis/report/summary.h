/*
 * Room analysis/report: results for people: a summary on the terminal, a table, and a page
 * with figures. Uses effects, tables and compute.
 */
#ifndef TL_ANALYSIS_REPORT_SUMMARY_H
#define TL_ANALYSIS_REPORT_SUMMARY_H

#include "analysis/report/findings.h"
#include "analysis/report/screen.h"

#include <stdio.h>

/**
 * Prints what was asked and what came out, in at most 25 lines and one a hypothesis:
 * question and data, hypotheses with their verdicts, a plot of their intervals, the largest
 * other differences, what is not resolved and how many replicates would, what failed, and
 * what to type for more. Without any trial done it judges nothing. Flushes `file`.
 */
void tl_summary_print(FILE *file, const tl_findings *found, const tl_screen *screen);

/** Prints the main metrics by combination of factor levels, in rows as wide as the
 * terminal, or of at most 100 columns where there is none; wider only where levels could
 * not be told apart otherwise. */
void tl_summary_table(FILE *file, const tl_table *table);

/**
 * Prints the claims of hypotheses as a table: verdict, effect with its interval, n, p, q,
 * the claim and the comparison; nothing if there are none. \return how many
 */
int tl_summary_claims(FILE *file, const tl_effects *effects);

/**
 * Prints what attacks gain from what precedes them in the chain: the contrasts of each
 * one_of, and of the previous round, on attacks' success (is_success), in the order of the
 * chain; nothing if there are none.
 * \param most lines, then the number of the others; -1: all
 */
void tl_summary_gains(FILE *file, const tl_table *table, const tl_effects *effects,
                      int most);

#endif
