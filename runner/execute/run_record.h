/*
 * How a run was called, as its directory holds it (run.json beside plan.yaml): what
 * `run --resume DIR` goes on with. A result in the folder of the run directory is kept by
 * its name alone, so that both may be moved together.
 */
#ifndef TL_RUNNER_EXECUTE_RUN_RECORD_H
#define TL_RUNNER_EXECUTE_RUN_RECORD_H

#include "runner/execute/run_options.h"
#include "runner/execute/run_paths.h"
#include "runner/store/run_dir.h"

/** What a run directory holds. */
typedef struct tl_run_record {
    char plan[TL_PATH];   /**< DIR/plan.yaml */
    char dir[TL_PATH];    /**< DIR, absolute */
    char out[TL_PATH];    /**< the result file, absolute; "": unknown */
    char data[TL_PATH];   /**< the data folder, absolute; "": none was named */
    char folder[TL_PATH]; /**< where the run was started: plans may name data from there;
                             "": unknown */
    char beside[TL_PATH]; /**< the folder of the plan that was given: what the plan names
                             relative to itself is there; "": unknown */
    double memory;        /**< as tl_run_options */
    int max_ranks;
    bool no_sharing;
} tl_run_record;

/** Writes how the run with `options`, its data folder and its `paths`, of a plan in folder
 * `beside`, was called to its directory. \return TL_E_IO, TL_E_ARG (a path is too long) */
TL_MUST_USE tl_status tl_run_record_write(const tl_store *store,
                                          const tl_run_options *options,
                                          const tl_run_paths *paths, const char *beside,
                                          tl_err *err);

/** Reads the record of run directory `dir`; `trusts_group` as of tl_store_check. One
 * without (of an earlier version) has the result FILE.nc of FILE.run. \return TL_E_ARG: not
 * a run directory, not private, or a path is too long; TL_E_FORMAT: the record is damaged;
 * TL_E_IO, TL_E_NOMEM */
TL_MUST_USE tl_status tl_run_record_read(const char *dir, bool trusts_group,
                                         tl_run_record *out, tl_err *err);

/** Fills the options that were not given from `record`, makes the paths that were given
 * absolute, and goes to the folder where the run was started. `record` is borrowed by
 * `options`; so is `given`, which is overwritten. \return TL_E_ARG: options that contradict
 * the directory; a path is too long */
TL_MUST_USE tl_status tl_run_record_apply(tl_run_record *record, tl_run_options *options,
                                          tl_err *err);

#endif
