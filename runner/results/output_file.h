/*
 * Files that commands write: what stands there is replaced only if it is an earlier one of
 * the same origin, never if the command reads it, and by one command at a time.
 */
#ifndef TL_RUNNER_RESULTS_OUTPUT_FILE_H
#define TL_RUNNER_RESULTS_OUTPUT_FILE_H

#include "compute/core/file_lock.h"

/** A file to be written. Texts are borrowed. */
typedef struct tl_output {
    const char *path;
    const char *title,
        *seed; /**< of an earlier one, which may be replaced; NULL: none may */
    const char *const *input; /**< [inputs] files that are read; NULL ones are none */
    int inputs;
    bool is_forced; /**< --force: any file that is not read may be replaced */
} tl_output;

/**
 * Checks, before anything is computed, that a file may be written: it is absent, or a
 * regular file that is none of the inputs and an earlier output (or --force is given).
 * \return TL_E_ARG: which file it is, and what to do
 */
TL_MUST_USE tl_status tl_output_check(const tl_output *output, tl_err *err);

/** Whether both paths are the same existing file. */
bool tl_output_is(const char *path, const char *other);

/**
 * Locks PATH.lock, so that nothing else writes `path` until it is released, and removes
 * what killed writers left beside it.
 * \param also     another lock file that the same process holds, or NULL
 * \param timeout  seconds to wait for a process that is about to end
 * \return as tl_file_lock_take; TL_E_ARG if the path is too long
 */
TL_MUST_USE tl_status tl_output_lock(const char *path, const char *also, double timeout,
                                     tl_file_lock *out, tl_err *err);

#endif
