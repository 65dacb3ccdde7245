/*
 * What a report is made of: the page (page.h), and its figures (figures.h). Whatever it
 * says is in the effects and their verdicts (tl_effect_verdict), in the table or in the
 * account of the run: a report concludes nothing of its own.
 */
#ifndef TL_ANALYSIS_REPORT_FINDINGS_H
#define TL_ANALYSIS_REPORT_FINDINGS_H

#include "analysis/effect/effects.h"
#include "analysis/table/stored_lists.h"

#include <stdbool.h>

/** Display names that the plan gives, from the attribute `labels`; texts are in the arena.
 */
typedef struct tl_display_names {
    int count;
    const tl_attribute *one; /**< [count] a name and its text */
} tl_display_names;

/** What is reported; all is borrowed but what is made in the arena. */
typedef struct tl_findings {
    const char *file;            /**< name of the result file, for commands to type */
    const tl_table *table;       /**< its trials */
    const tl_effects *effects;   /**< of the table */
    const tl_table *account;     /**< what its steps cost, or NULL */
    tl_stored stored[TL_GROUPS]; /**< what the plan stored */
    tl_display_names labels;
    tl_arena *arena; /**< for what the report makes */
} tl_findings;

/** How many trials have the status `wanted`. */
uint32_t tl_findings_trials(const tl_findings *found, int wanted);

/** Whether trials are still to be run. */
bool tl_findings_is_partial(const tl_findings *found);

/** Whether test and interval both exclude 0: p <= 0.05, of a hypothesis q, and the interval
 * beyond it. Of an exploratory effect it is no verdict. */
bool tl_findings_excludes_zero(const tl_effect *effect);

/** The effect of the same comparison on another metric: under the same conditions if there
 * is one, else under none; NULL without either. */
const tl_effect *tl_findings_same(const tl_findings *found, const tl_effect *effect,
                                  const char *metric);

/** Whether a column is one of the main metrics: what a hypothesis is on, success of an
 * attack with any value, and accuracy. */
bool tl_findings_is_main(const tl_findings *found, const tl_column *column);

/** The column of the target's accuracy, NULL without. */
const tl_column *tl_findings_utility(const tl_findings *found);

/** The mean over trials of what a constant answer gets in place of that accuracy: the share
 * of the most frequent class. NaN if it is not known. */
double tl_findings_majority(const tl_findings *found);

#endif
