/*
 * The hypotheses of a summary: cards of three lines, and lines for those without a card.
 */
#ifndef TL_ANALYSIS_REPORT_SUMMARY_CARDS_H
#define TL_ANALYSIS_REPORT_SUMMARY_CARDS_H

#include "analysis/report/findings.h"
#include "analysis/report/screen.h"

enum { TL_MOST_CARDS = 5 /**< hypotheses that have a card */ };

/** Prints the first hypotheses as cards (the claim; what is compared, from, to, effect and
 * interval; what it costs accuracy) and each other in a line, none longer than the screen
 * is wide: words are shortened, with a sign, and numbers never. \return lines printed */
int tl_summary_cards(FILE *file, const tl_findings *found, const tl_screen *screen);

enum { TL_SUMMARY_NUMBERS = 96 /**< room for what tl_summary_numbers writes */ };

/** The effect with its interval in `out`, which it returns: "-0.031 [-0.040, -0.022]". */
char *tl_summary_numbers(const tl_effect *effect, char out[TL_SUMMARY_NUMBERS]);

/** What is compared, in few words: "backdoor against none", "median with filter". Borrowed
 * or in the findings' arena. */
const char *tl_summary_change(const tl_findings *found, const tl_effect *effect);

/** "metric: change" in `room` columns: the metric is shortened first, to 12. In the
 * findings' arena. */
const char *tl_summary_words(const tl_findings *found, const char *metric,
                             const char *change, int room);

/** How many answers of hypotheses there are: they come first in the effects. */
int tl_summary_answers(const tl_findings *found);

#endif
