/*
 * The watchdog ends the process when an MPI call does not return: MPI_Init and what follows
 * hang if a rank dies before all have connected, MPI_Finalize if one dies meanwhile. On
 * timeout, a thread that waits beside the caller logs why and exits.
 */
#ifndef TL_CLUSTER_COMM_WATCHDOG_H
#define TL_CLUSTER_COMM_WATCHDOG_H

#include "compute/core/status.h"

#include <pthread.h>
#include <stdbool.h>

/** A watchdog. The caller sets `timeout`, `why` and `code`; the rest is private. */
typedef struct tl_watchdog {
    double timeout;  /**< s, above 0 */
    const char *why; /**< borrowed; logged by rank 0; NULL: nothing */
    int code;        /**< exit status, by tl_exit_code_report */

    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t stopped;
    bool is_stopped;
} tl_watchdog;

/** Starts the watchdog, which must not move until tl_watchdog_stop. \return TL_E_NOMEM if
 * no thread is available */
TL_MUST_USE tl_status tl_watchdog_start(tl_watchdog *watchdog, tl_err *err);

/** Stops the watchdog: the caller is back in time. */
void tl_watchdog_stop(tl_watchdog *watchdog);

#endif
