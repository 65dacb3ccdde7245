/*
 * The room of reports: what came out, in words and one table, for people. May use effects,
 * tables and compute.
 */
#ifndef TL_ANALYSIS_REPORT_SUMMARY_H
#define TL_ANALYSIS_REPORT_SUMMARY_H

#include "analysis/effect/effects.h"

#include <stdio.h>

/**
 * Prints a few sentences (trials, hypotheses, what could not be resolved), the claims, the
 * gains along the chain, a dozen at most, then the main metrics by combination of factor
 * levels, averaged over replicates. Flushes `file`.
 */
void tl_summary_print(FILE *file, const tl_table *table, const tl_effects *effects);

/** Prints the main metrics by combination of factor levels, in rows of at most 100 letters.
 */
void tl_summary_table(FILE *file, const tl_table *table);

/**
 * Prints the claims that hypotheses test as a table: verdict, effect with its interval, n,
 * p, q, the claim and what was compared. \return how many lines; nothing is printed for
 * none
 */
int tl_summary_claims(FILE *file, const tl_effects *effects);

/**
 * Prints what attacks gain by what comes before them in the chain: of each one_of, and of
 * the round before, the contrasts on columns that are an attack's success (is_success), in
 * the order of the chain. Nothing for none.
 * \param most  lines, and then the number of the others; -1: all
 */
void tl_summary_gains(FILE *file, const tl_table *table, const tl_effects *effects,
                      int most);

#endif
