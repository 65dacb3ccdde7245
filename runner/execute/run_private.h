/*
 * A run in progress, private to run*.c.
 */
#ifndef TL_RUNNER_EXECUTE_RUN_PRIVATE_H
#define TL_RUNNER_EXECUTE_RUN_PRIVATE_H

#include "cluster/node/node_blocks.h"
#include "runner/execute/coordinator.h"
#include "runner/execute/deadline.h"
#include "runner/execute/run_record.h"

/** A run on one rank. */
typedef struct tl_run_state {
    tl_run_options options; /**< as given, or as the run directory has them */
    tl_run_record record;   /**< what `run --resume DIR` goes on with; else zero */
    tl_run_paths paths;
    tl_cluster *cluster;
    tl_node_blocks *memory; /**< of the sources; NULL: this rank's own */
    tl_plan *plan;
    tl_file_lock lock; /**< of the result, on rank 0 */
    tl_store store;
    tl_sweep sweep;
    tl_journal *journal;
    tl_coordinator coordinator;
    tl_run_deadline deadline; /**< on rank 0 */
    double begun;             /**< on the clock of tl_seconds */
    char *head;               /**< JSON of the build */
    uint32_t build;           /**< CRC-32 of it, as the journal has it */
    bool has_tables;          /**< they are written */
    bool is_mixed;            /**< resumed under another build, which was accepted */
    tl_text resume; /**< the command line that goes on with it: as it was called, with
                       --resume */
    tl_arena arena;
    int code; /**< exit status so far */
} tl_run_state;

/**
 * On rank 0, not collective: reads the plan, checks where results go and what the run
 * directory holds, locks it and restores what was done. With --dry-run, prints what would
 * be done instead and changes nothing. \return TL_E_ARG, TL_E_IO, TL_E_FORMAT, TL_E_NOMEM;
 * TL_E_STOP after a dry run
 */
TL_MUST_USE tl_status tl_run_open(tl_run_state *run, tl_err *err);

#endif
