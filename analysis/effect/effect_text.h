/*
 * An effect in words: its verdict, and one line.
 */
#ifndef TL_ANALYSIS_EFFECT_EFFECT_TEXT_H
#define TL_ANALYSIS_EFFECT_EFFECT_TEXT_H

#include "analysis/effect/effect.h"

#include <stdio.h>

/**
 * The verdict on an effect, static; the first that holds:
 * - exploratory: it answers no hypothesis
 * - supported, refuted: q <= 0.05 and the 95 % interval is beyond 0, in the direction that
 *   the hypothesis names or against it
 * - unclear: test and interval disagree, one of the two excludes 0
 * - not resolved: else; the interval bounds it
 */
const char *tl_effect_verdict(const tl_effect *effect);

/** Prints an effect as one line, with its interval or its bound. */
void tl_effect_print(FILE *file, const tl_effect *effect);

#endif
