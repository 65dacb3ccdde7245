/*
 * Display names: of metrics and factors (as the plan says, else the
 * attribute `label`, else the name in words), factors, levels and
 * comparisons. Texts are borrowed, or in the report's arena; without memory they are "?".
 */
#ifndef TL_ANALYSIS_REPORT_LABEL_H
#define TL_ANALYSIS_REPORT_LABEL_H

#include "analysis/report/findings.h"

/** Reads the display names that the plan of a table gives; none if they cannot be read.
 * \param out result, in the arena
 * \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_label_read(const tl_table *table, tl_arena *arena,
                                    tl_display_names *out, tl_err *err);

/** A name without the folder of a stage, in words: "global threshold" for
 * "m2d_global_threshold"; in the arena. */
const char *tl_label_in_words(tl_arena *arena, const char *name);

/** A metric: "attack AUC"; with `has_direction` and what its owner wants of it, "attack AUC
 * (lower is safer)". */
const char *tl_label_metric(const tl_findings *found, const char *metric,
                            bool has_direction);

/** A factor, or two of an interaction: "poison", "poison x shift". */
const char *tl_label_factor(const tl_findings *found, const char *factor);

/** A level: as the plan calls it, else without the folder of a stage, "badnets" for
 * "d2m.badnets". */
const char *tl_label_level(const tl_findings *found, const char *level);

/** What is compared: "poison: backdoor against none, at shift=0". */
const char *tl_label_change(const tl_findings *found, const tl_effect *effect);

/** The number and the text of a hypothesis: its claim, or "poison raises attack AUC". */
const char *tl_label_hypothesis(const tl_findings *found, const tl_effect *effect);

#endif
