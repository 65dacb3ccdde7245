/*
 * Metrics by the names of their columns in result files.
 */
#ifndef TL_RUNNER_CLI_METRIC_NAMES_H
#define TL_RUNNER_CLI_METRIC_NAMES_H

#include <jansson.h>

/** All metrics by the names that they have without `as:`, a list of records {name, about,
 * units, better_for_owner, ...}; owned by the caller. Aborts when out of memory. */
json_t *tl_metric_records(void);

/**
 * The records of what `name` may be, a list, empty if it is no metric; owned by the caller:
 * the column of a metric, also with what a file adds (a part that it was judged on,
 * _round2, _judge1, _n, _reason); the same without the flow (global_threshold_auc) or with
 * an `as` name in place of the stage (theft_agreement); or the metric alone (auc), of any
 * stage.
 */
json_t *tl_metric_find(const char *name);

/** Prints what tl_metric_find found for `name`. */
void tl_metric_print(const char *name, const json_t *found);

#endif
