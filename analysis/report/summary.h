/*
 * What came out, in words and one table, for people.
 */
#ifndef TL_ANALYSIS_REPORT_SUMMARY_H
#define TL_ANALYSIS_REPORT_SUMMARY_H

#include "analysis/effect/effects.h"

#include <stdio.h>

/**
 * Prints a few sentences (trials, hypotheses, what could not be resolved), the claims, the
 * gains along the chain, a dozen at most, then the main metrics by combination of factor
 * levels, averaged over replicates.
 */
void tl_summary_print(FILE *file, const tl_table *table, const tl_effects *effects);

/** The main metrics by combination of factor levels; no row of it is longer than 100. */
void tl_summary_table(FILE *file, const tl_table *table);

/**
 * The verdict on an effect: "exploratory" where it answers no hypothesis; "supported" or
 * "refuted" (significant the other way) where q <= 0.05 and the interval excludes 0; else
 * "not resolved".
 */
const char *tl_summary_verdict(const tl_effect *effect);

/** One effect in one sentence, with its interval or its bound. */
void tl_summary_effect(FILE *file, const tl_effect *effect);

/**
 * The claims that hypotheses test as a table: verdict, effect with its interval, n, p, q,
 * the claim and what was compared. \return how many lines; nothing is printed for none
 */
int tl_summary_claims(FILE *file, const tl_effects *effects);

/**
 * What attacks gain by what stands before them in the chain: of each one_of, and of the
 * round before, the contrasts on the success of later attacks (metrics of attacks that end
 * in _auc or _gain, or name a success or leakage, and are worse for the owner when higher),
 * by the order of the chain, `most` lines and the number of the others (-1: all). Nothing
 * for none.
 */
void tl_summary_gains(FILE *file, const tl_table *table, const tl_effects *effects,
                      int most);

#endif
