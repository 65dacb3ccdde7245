/*
 * An effect in words: its verdict, and one line.
 */
#ifndef TL_ANALYSIS_EFFECT_EFFECT_TEXT_H
#define TL_ANALYSIS_EFFECT_EFFECT_TEXT_H

#include "analysis/effect/effect.h"

#include <stdbool.h>
#include <stdio.h>

/**
 * The verdict on an effect, static; the first that holds:
 * - exploratory: it answers no hypothesis
 * - supported, refuted: q <= 0.05 and the 95 % interval is beyond 0, in the direction that
 *   the hypothesis names or against it (of a one-sided test, its one-sided limit)
 * - equivalent: two one-sided t tests say that it is within the margin, p <= 0.05 each
 * - unclear: test and interval disagree, one of the two excludes 0
 * - not resolved: else; the interval bounds it
 */
const char *tl_effect_verdict(const tl_effect *effect);

/** The number of its hypothesis in `out`, which it returns: "2", or "2a", "2b" if several
 * effects answer it. */
char *tl_effect_number(const tl_effect *effect, char out[24]);

/** Prints what is compared: factor, level, reference, conditions, and with `has_metric`
 * the metric and what is pooled. */
void tl_effect_print_name(FILE *file, const tl_effect *effect, bool has_metric);

/** Prints what the control of the metric says: its mean, and the effect on it; nothing
 * without one. */
void tl_effect_print_control(FILE *file, const tl_effect *effect);

/** Prints its numbers, with the interval or the bound, to the end of the line; with
 * `has_least` also the least p that the replicates can reach. */
void tl_effect_print_numbers(FILE *file, const tl_effect *effect, bool has_least);

/** Prints an effect as one line, with its interval or its bound. */
void tl_effect_print(FILE *file, const tl_effect *effect);

#endif
