/*
 * The same effects of two result files, side by side: of one plan on two data sets, by two
 * versions, behind two defences.
 */
#ifndef TL_ANALYSIS_EFFECT_COMPARE_H
#define TL_ANALYSIS_EFFECT_COMPARE_H

#include "analysis/effect/effects.h"

/** How two effects are compared. */
typedef enum tl_pairing {
    TL_PAIRING_NONE,
    TL_PAIRING_PAIRED, /**< replicate by replicate: Student's t */
    TL_PAIRING_WELCH   /**< as independent samples: Welch's t */
} tl_pairing;

/** An effect in both files. Numbers that are missing are NaN. */
typedef struct tl_compared {
    const tl_effect *a; /**< borrowed */
    const tl_effect *b; /**< borrowed */
    tl_pairing pairing;
    int n;               /**< pairs; of Welch's t replicates of both */
    double difference;   /**< b - a */
    double low, high;    /**< its 95 % interval */
    double freedom;      /**< degrees of freedom of t */
    double p;            /**< sign flips over pairs; of Welch's t, by that */
    double q;            /**< false discovery rate, of answers to hypotheses */
    const char *missing; /**< why there is no interval, or NULL */
} tl_compared;

/** All of them, hypotheses first; then a mean of each metric and its exploratory effects.
 */
typedef struct tl_compared_list {
    int count;
    tl_compared *one;   /**< [count] in the arena */
    int only_a, only_b; /**< effects that the other file does not have */
    bool is_paired;
    const char *why; /**< why effects are paired or not, in words */
} tl_compared_list;

/**
 * Matches the effects of tables `a` and `b` by kind, factor, level, reference, conditions
 * and metric, and compares them. Paired where at least two replicates are in both tables
 * and every such has the same split_hash in both: the interval is Student's t of the
 * differences, replicates of one file alone are left out. Else Welch's t (Welch 1947, The
 * generalization of Student's problem when several different population variances are
 * involved). The family of q is the answers to hypotheses of both files.
 * \return as tl_effects_estimate
 */
TL_MUST_USE tl_status tl_compare(const tl_table *a, const tl_table *b, tl_arena *arena,
                                 tl_compared_list **out, tl_err *err);

/** As a table with the dimension `comparison`, for CSV or JSON. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_compared_table(const tl_compared_list *list, tl_arena *arena,
                                        tl_table **out, tl_err *err);

/**
 * Sets difference, low, high, freedom and p of mean y [m] - mean x [n] by Welch's t; what
 * cannot be is NaN, with `missing`.
 */
void tl_welch(const double *x, int n, const double *y, int m, tl_compared *out);

/** The same of pairs d [n], b - a of each, which it may overwrite: Student's t, sign flips.
 */
void tl_paired(double *d, int n, tl_compared *out);

#endif
