/*
 * Arms: which stored lists of a source are of which level of the factor that they depend
 * on.
 */
#ifndef TL_ANALYSIS_REPORT_ARMS_H
#define TL_ANALYSIS_REPORT_ARMS_H

#include "analysis/report/findings.h"

/** Arms of a source, at most. */
enum { TL_MOST_ARMS = 6 };

/** The arms of a source. Without a factor there is one arm, of all lists. */
typedef struct tl_arms {
    const tl_column *factor; /**< borrowed; NULL: none that has levels in words */
    int count;               /**< at most TL_MOST_ARMS; the reference is the first */
    const char *level[TL_MOST_ARMS]; /**< borrowed from the factor */
    const int *arm; /**< [lists] in the arena; -1: of another source or level */
} tl_arms;

/** Finds the arms of a source: of the first choice that its metrics are downstream of.
 * \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_arms_find(const tl_findings *found, const tl_stored *stored,
                                   int source, tl_arms *out, tl_err *err);

/** What an arm is, "poison = badnets", or "all trials", in the arena. */
const char *tl_arms_name(const tl_findings *found, const tl_arms *arms, int arm);

/** A source in words: its instance and, from the second on, its round; in the arena. */
const char *tl_arms_source(const tl_findings *found, const tl_stored *stored, int source);

#endif
