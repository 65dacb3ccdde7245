/*
 * What must be done again since the model that a step left is missing or damaged: the step
 * itself, and those steps whose data are remade from that model wherever they are needed,
 * so that what rests on them waits until the model is there.
 */
#ifndef TL_RUNNER_EXECUTE_RERUN_H
#define TL_RUNNER_EXECUTE_RERUN_H

#include "runner/execute/protocol.h"
#include "runner/store/run_dir.h"
#include "runner/sweep/sweep.h"

/** How often each step was called back. Zero is a new one. */
typedef struct tl_rerun {
    unsigned char *times; /**< [steps], owned; NULL until the first */
} tl_rerun;

/**
 * A step came back with TL_E_MISSING: makes sweep and scheduler forget that what made the
 * model is done. Call it before the scheduler is told that the step itself has come back.
 * \return TL_E_IO if a step was called back three times already: its storage keeps nothing;
 * TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_rerun_cancel(tl_rerun *rerun, tl_sweep *sweep,
                                      tl_scheduler *scheduler, const tl_report *report,
                                      double now, tl_err *err);
void tl_rerun_close(tl_rerun *rerun);

/**
 * Before a run goes on: looks for the models of steps that are done and that steps not done
 * rest on; where there is no file, or an empty one, the step counts as not done. Whether a
 * file is whole is seen when it is read.
 * \param count result: steps that count as not done now
 * \return TL_E_NOMEM, TL_E_ARG (the name of the run directory is too long)
 */
TL_MUST_USE tl_status tl_rerun_missing(tl_sweep *sweep, const tl_store *store,
                                       uint32_t *count, tl_err *err);

#endif
