/*
 * What must be rerun because the model of a step is missing or damaged: the step itself,
 * and the steps whose data are remade from that model, so that what depends on them waits
 * for the model.
 */
#ifndef TL_RUNNER_EXECUTE_RERUN_H
#define TL_RUNNER_EXECUTE_RERUN_H

#include "runner/execute/protocol.h"
#include "runner/store/run_dir.h"
#include "runner/sweep/sweep.h"

/** How often each step was rerun. Zero is a new one. */
typedef struct tl_rerun {
    unsigned char *times; /**< [steps], owned; NULL until the first */
} tl_rerun;

/**
 * After a step returned TL_E_MISSING: makes sweep and scheduler forget that the step of the
 * model is done. Call it before tl_scheduler_returned for the step itself.
 *
 * \return TL_E_IO if a step was rerun three times already: the storage keeps nothing;
 *         TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_rerun_cancel(tl_rerun *rerun, tl_sweep *sweep,
                                      tl_scheduler *scheduler, const tl_report *report,
                                      double now, tl_err *err);
/** Frees its memory and leaves a new one. */
void tl_rerun_close(tl_rerun *rerun);

/**
 * Before a run resumes: looks for the models that unfinished steps need; where the file is
 * missing or empty, its step counts as not done. Damage is found when the file is read.
 *
 * \param count  result: steps that no longer count as done
 * \return TL_E_NOMEM, TL_E_ARG (the name of the run directory is too long)
 */
TL_MUST_USE tl_status tl_rerun_missing(tl_sweep *sweep, const tl_store *store,
                                       uint32_t *count, tl_err *err);

#endif
