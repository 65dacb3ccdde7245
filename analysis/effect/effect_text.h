/*
 * An effect in words: its verdict, and one line.
 */
#ifndef TL_ANALYSIS_EFFECT_EFFECT_TEXT_H
#define TL_ANALYSIS_EFFECT_EFFECT_TEXT_H

#include "analysis/effect/effect.h"

#include <stdio.h>

/**
 * The verdict on an effect, static: "exploratory" if it answers no hypothesis; "supported"
 * or "refuted" (significant the other way) if q <= 0.05 and the interval excludes 0; else
 * "not resolved".
 */
const char *tl_effect_verdict(const tl_effect *effect);

/** Prints an effect as one line, with its interval or its bound. */
void tl_effect_print(FILE *file, const tl_effect *effect);

#endif
