/*
 * The executor: runs one step of one trial on a team. Finds or remakes the parts that the
 * step reads, calls the stage, and saves the parts that it keeps.
 *
 * What is not kept is remade wherever it is needed, by each member alone, and cached. Kept
 * parts and samples are saved by member 0 (fsynced, renamed) before the step counts as
 * done; kept parts are read elsewhere.
 */
#ifndef TL_RUNNER_EXECUTE_EXECUTOR_H
#define TL_RUNNER_EXECUTE_EXECUTOR_H

#include "runner/execute/part_cache.h"
#include "runner/plan/trial.h"
#include "runner/store/run_dir.h"

/** What a rank needs to run steps. Plan and store are borrowed, the rest is owned. */
typedef struct tl_executor {
    const tl_plan *plan;
    const tl_store *store;
    tl_cache cache;
    double checkpoint_every; /**< seconds; may be set after tl_executor_open */
    tl_arena fixed, scratch;
    tl_trial *trial;
    const tl_team *team; /**< private: of the step that runs */
    double timeout;      /**< seconds to wait for a missing model: 10 */
    int missing;         /**< after TL_E_MISSING: position of the step to rerun */
} tl_executor;

/** Opens an executor whose cache holds `cache_bytes`. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_executor_open(const tl_plan *plan, const tl_store *store,
                                       size_t cache_bytes, tl_executor *out, tl_err *err);
void tl_executor_close(tl_executor *executor);

/**
 * Runs step `position` of trial `number`. Collective over `team`.
 *
 * \param measure   [TL_MAX_METRICS] result, the same on every member
 * \param measures  result: how many the step has
 * \return the stage's status, agreed by the team: TL_E_NUMERIC (diverged, or a metric is
 * not finite), TL_E_STOP, TL_E_PEER, or an error of its own; TL_E_MISSING if the model of
 * an earlier step is damaged, or still missing after `timeout` (a network file system shows
 * new files late): then that step must be rerun
 */
TL_MUST_USE tl_status tl_executor_run(tl_executor *executor, uint32_t number, int position,
                                      const tl_team *team, tl_measure *measure,
                                      int *measures, tl_err *err);

#endif
