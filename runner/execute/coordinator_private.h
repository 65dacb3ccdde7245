/*
 * What the files of the coordinator share; nobody else includes this.
 */
#ifndef TL_RUNNER_EXECUTE_COORDINATOR_PRIVATE_H
#define TL_RUNNER_EXECUTE_COORDINATOR_PRIVATE_H

#include "runner/execute/coordinator.h"
#include "runner/execute/protocol.h"

/** A step that is done and the seconds it took. */
typedef struct tl_done_step {
    uint32_t step;
    double seconds;
} tl_done_step;

/** A wide order that may have to be cancelled. */
typedef struct tl_wide_order {
    uint32_t epoch;
    int width;
} tl_wide_order;

/* --- coordinator_results.c: results, and the journal -------------- */

/** Name of a step's stage; "empty" where the sweep has no plan. */
const char *tl_coordinator_stage_name(const tl_coordinator *c, uint32_t step);

/** Puts a record of a step in the journal and, unless it is a start, in the sweep.
 * \param report may be NULL */
void tl_coordinator_write(tl_coordinator *c, tl_record_kind kind, uint32_t step,
                          const tl_report *report, int first, int width);

/** Takes all results that have arrived, journals them in one sync, and counts them.
 * \return whether there were any */
bool tl_coordinator_take_results(tl_coordinator *c);

/** Syncs the journal; where that fails, stops the run and returns false. */
bool tl_coordinator_sync(tl_coordinator *c);

/** Stops the run if its directory was moved or removed. */
void tl_coordinator_look_at_journal(tl_coordinator *c);

/** Begins no more steps and tells all ranks to stop. */
void tl_coordinator_begin_stop(tl_coordinator *c, const char *why);

/* --- coordinator_ranks.c: ranks that die or hang ------------------------------------ */

/** Gives up the ranks that have died and those that hang. */
void tl_coordinator_look_at_ranks(tl_coordinator *c, double now);

/** Journals the steps that the scheduler has set aside since their ranks died too often. */
void tl_coordinator_record_set_aside(tl_coordinator *c);

#endif
