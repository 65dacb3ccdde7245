/*
 * The executor: runs one step of one trial on a team. Finds or remakes the versions of the
 * parts that the step reads, calls the stage, keeps what training made.
 *
 * What a data stage gives is a recipe: remade wherever it is needed, by each member alone,
 * and cached. What training gives is kept: written by member 0 (fsynced, renamed) before
 * the step counts as done, read back elsewhere.
 */
#ifndef TL_RUNNER_EXECUTE_EXECUTOR_H
#define TL_RUNNER_EXECUTE_EXECUTOR_H

#include "runner/execute/part_cache.h"
#include "runner/store/run_dir.h"
#include "runner/plan/trial.h"

/** What a rank needs to run steps. Plan and store are borrowed, the rest is its own. */
typedef struct tl_executor {
    const tl_plan *plan;
    const tl_store *store;
    tl_cache cache;
    double checkpoint_every; /**< seconds; may be set after tl_executor_open */
    tl_arena fixed, scratch;
    tl_trial *trial;
    const tl_team *team; /**< private: of the step that runs */
    double timeout;      /**< seconds that a model which is not there is waited for: 10 */
    int gone; /**< after TL_E_MISSING: position in the trial of the step that must run again
               */
} tl_executor;

/** Readies an executor; plan and store are borrowed. `cache_bytes` bounds what it keeps.
 * \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_executor_open(const tl_plan *plan, const tl_store *store,
                                       size_t cache_bytes, tl_executor *out, tl_err *err);
void tl_executor_close(tl_executor *executor);

/**
 * Runs step `position` of trial `number`. Collective over `team`.
 *
 * \param measure [TL_MAX_METRICS] result, the same on every member
 * \param measures result: how many the step has
 * \return what the stage returned, agreed by the team: TL_E_NUMERIC (diverged, also for a
 * metric that is not finite), TL_E_STOP, TL_E_PEER, or a failure of its own; TL_E_MISSING
 * if the model that an earlier step left is damaged, or is not there after `timeout`, in
 * which file systems of a network show a new name everywhere: then that step must run again
 */
TL_MUST_USE tl_status tl_executor_run(tl_executor *executor, uint32_t number, int position,
                                      const tl_team *team, tl_measure *measure,
                                      int *measures, tl_err *err);

#endif
