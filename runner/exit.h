/*
 * The exit statuses of the program, as users and scripts see them.
 */
#ifndef TL_RUNNER_EXIT_H
#define TL_RUNNER_EXIT_H

#include "compute/core/status.h"

/** What the program returns. */
typedef enum tl_exit {
    TL_EXIT_DONE = 0,
    TL_EXIT_ERROR = 1,
    TL_EXIT_USAGE = 2,       /**< bad usage or a bad plan */
    TL_EXIT_SOME_FAILED = 3, /**< finished, but some steps failed */
    TL_EXIT_STOPPED = 75     /**< stopped early; can be resumed */
} tl_exit;

/** The exit status for a command that ended with `status`. */
static inline int tl_exit_of(tl_status status)
{
    if (status == TL_OK) return TL_EXIT_DONE;
    if (status == TL_E_ARG) return TL_EXIT_USAGE;
    return status == TL_E_STOP || status == TL_E_PEER ? TL_EXIT_STOPPED : TL_EXIT_ERROR;
}

#endif
