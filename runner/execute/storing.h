/*
 * Runs steps that may store samples, and finds those that should have and did not.
 */
#ifndef TL_RUNNER_EXECUTE_STORING_H
#define TL_RUNNER_EXECUTE_STORING_H

#include "runner/plan/trial.h"
#include "runner/store/run_dir.h"
#include "runner/sweep/sweep.h"

/**
 * Runs a step in `scene`, whose `samples` it sets, and puts its side file in place if the
 * plan stores anything of it: by member 0, before it returns. Collective over scene->team.
 * \return as tl_step_run; TL_E_IO if the samples cannot be stored
 */
TL_MUST_USE tl_status tl_storing_run(const tl_plan *plan, const tl_store *store,
                                     const tl_trial_step *step, tl_scene *scene,
                                     tl_err *err);

/**
 * Before a run begins or resumes: steps that are done, but whose side file is missing,
 * damaged or was written for less than the plan stores now, count as not done. Reads all of
 * these files. Not collective: on rank 0.
 *
 * \param count  result: steps that no longer count as done
 * \return TL_E_ARG (the name of the run directory is too long), TL_E_IO
 */
TL_MUST_USE tl_status tl_storing_check(tl_sweep *sweep, const tl_store *store,
                                       uint32_t *count, tl_err *err);

/** TL_STORE_* that the plan stores of step `id` of the sweep. */
unsigned tl_storing_wanted(const tl_sweep *sweep, uint32_t id);

#endif
