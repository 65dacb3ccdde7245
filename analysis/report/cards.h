/*
 * The answer: one card a hypothesis. Words of effect stand only where the verdict is
 * supported or refuted; a claim that is not is quoted as what was tested.
 */
#ifndef TL_ANALYSIS_REPORT_CARDS_H
#define TL_ANALYSIS_REPORT_CARDS_H

#include "analysis/report/figure_page.h"

/** Writes into `html` how many hypotheses have which verdict, then the cards, each with its
 * figure; a sentence without any. \return as tl_page_figure */
TL_MUST_USE tl_status tl_cards_write(const tl_findings *found,
                                     const tl_page_figures *figures, tl_html *html,
                                     tl_err *err);

/** Notes in the element of `html` just begun which effect it is about: its number in the
 * list, from 0, as in the output of threatloop effects. */
void tl_cards_mark(const tl_findings *found, const tl_effect *effect, tl_html *html);

/** Writes a verdict into `html` with its sign, which does not need colour. */
void tl_cards_badge(const char *verdict, tl_html *html);

/** Writes into `html` the claims of hypotheses with their verdicts as a table, if there are
 * any. */
void tl_cards_claims(const tl_findings *found, tl_html *html);

#endif
