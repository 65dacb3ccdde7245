/*
 * What the steps of a sweep stored, as groups of the result file: which lists there are,
 * and how their records are read from the side files of the run directory, a piece at a
 * time.
 */
#ifndef TL_RUNNER_RESULTS_SAMPLE_LISTS_H
#define TL_RUNNER_RESULTS_SAMPLE_LISTS_H

#include "analysis/table/sample_groups.h"
#include "runner/store/side_file.h"
#include "runner/sweep/sweep.h"

/** The lists of a sweep. */
typedef struct tl_sample_lists tl_sample_lists;

/**
 * Looks at the side file of every step that is done and stores anything, in the order of
 * the trials, and verifies it; waits for files that come late on a network file system, 10
 * s in all. Needs memory for each list and step, not for their records.
 *
 * \param sweep, store  borrowed
 * \param out           result, the caller's until tl_sample_lists_close
 * \return TL_E_IO (a file is missing or damaged), TL_E_NOMEM, TL_E_ARG (the path is too
 * long)
 */
TL_MUST_USE tl_status tl_sample_lists_open(const tl_sweep *sweep, const tl_store *store,
                                           tl_sample_lists **out, tl_err *err);

/** The groups that the plan asks for, borrowed from `lists`; *count is how many. */
const tl_sample_group *tl_sample_lists_groups(const tl_sample_lists *lists, int *count);

/** Frees the lists; NULL is allowed. */
void tl_sample_lists_close(tl_sample_lists *lists);

#endif
