/*
 * The watchdog ends the process when an MPI call does not return: MPI_Init and what follows
 * hang when a rank dies before all have met, MPI_Finalize when one dies meanwhile. If the
 * caller is not back in time, a timer's thread says why and exits.
 */
#ifndef TL_CLUSTER_COMM_WATCHDOG_H
#define TL_CLUSTER_COMM_WATCHDOG_H

#include "compute/core/status.h"

#include <time.h>

/** One watch. The caller sets `timeout`, `why` and `code`; the rest is private. */
typedef struct tl_watchdog {
    double timeout;  /**< s, above 0 */
    const char *why; /**< borrowed; what rank 0 logs then; NULL: nothing */
    int code;        /**< to exit with, by tl_exit_code_report */

    timer_t timer;
} tl_watchdog;

/** Starts to wait. `watchdog` must not move until tl_watchdog_stop. \return TL_E_NOMEM if
 * there is no timer for it */
TL_MUST_USE tl_status tl_watchdog_start(tl_watchdog *watchdog, tl_err *err);

/** The caller is back in time. */
void tl_watchdog_stop(tl_watchdog *watchdog);

#endif
