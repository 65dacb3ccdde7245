/*
 * Where a run puts its result, its account and its directory.
 */
#ifndef TL_RUNNER_EXECUTE_RUN_PATHS_H
#define TL_RUNNER_EXECUTE_RUN_PATHS_H

#include "runner/plan/plan.h"
#include "runner/results/output_file.h"

enum { TL_PATH = 4096 /**< bytes of room for a path */ };

/** The files of a run. */
typedef struct tl_run_paths {
    char out[TL_PATH];     /**< FILE.nc */
    char account[TL_PATH]; /**< FILE.run.nc */
    char dir[TL_PATH];     /**< the run directory: FILE.run, or --dir */
} tl_run_paths;

/**
 * Names the files of a run; the file system must take the names.
 *
 * \param file  the result, or NULL: <plan's name>.nc
 * \param dir   the run directory, or NULL: next to the result
 * \return TL_E_ARG for a name that is too long or empty
 */
TL_MUST_USE tl_status tl_run_paths_of(const char *file, const char *dir,
                                      const char *plan_name, tl_run_paths *out,
                                      tl_err *err);

/**
 * Checks that result and account can be written: their folder is writable, and each name
 * is free or that of an earlier one of this plan and seed (with --force, of any file), but
 * not of a file that the run reads.
 *
 * \param plan_file  the file of the plan; another word if it is shipped
 * \param data_dir   --data, or NULL
 * \param is_forced  --force
 * \return TL_E_ARG (the name), TL_E_IO (the folder)
 */
TL_MUST_USE tl_status tl_run_paths_check(const tl_run_paths *paths, const tl_plan *plan,
                                         const char *plan_file, const char *data_dir,
                                         bool is_forced, tl_err *err);

/** Locks the result for this run and removes what killed ones left beside it.
 * \param timeout seconds to wait for a run that is about to end
 * \return as tl_output_lock */
TL_MUST_USE tl_status tl_run_paths_lock(const tl_run_paths *paths, double timeout,
                                        tl_file_lock *out, tl_err *err);

#endif
