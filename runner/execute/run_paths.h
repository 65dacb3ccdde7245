/*
 * Where a run puts its result, its account and its directory.
 */
#ifndef TL_RUNNER_EXECUTE_RUN_PATHS_H
#define TL_RUNNER_EXECUTE_RUN_PATHS_H

#include "compute/core/status.h"

enum { TL_PATH = 4096 /**< bytes of room for a path */ };

/** The files of a run. */
typedef struct tl_run_paths {
    char out[TL_PATH];     /**< FILE.nc */
    char account[TL_PATH]; /**< FILE.run.nc */
    char dir[TL_PATH];     /**< the run directory: FILE.run, or --dir */
} tl_run_paths;

/**
 * Names the files of a run.
 *
 * \param file  the result, or NULL: <plan's name>.nc
 * \param dir   the run directory, or NULL: next to the result
 * \return TL_E_ARG for a name that is too long or empty
 */
TL_MUST_USE tl_status tl_run_paths_of(const char *file, const char *dir,
                                      const char *plan_name, tl_run_paths *out,
                                      tl_err *err);

/** Checks that the result can be written: the file system takes the names, its folder is
 * writable, its name free or a regular file. \return TL_E_ARG (the name), TL_E_IO (the
 * folder) */
TL_MUST_USE tl_status tl_run_paths_check(const tl_run_paths *paths, tl_err *err);

#endif
