/*
 * Patience with MPI calls that may never return: MPI_Init and what follows it hang when a
 * rank dies before all have met, MPI_Finalize when one dies meanwhile. While watchdog is
 * being had, a thread waits beside the caller; if the caller is not back in time, it says
 * why and leaves the process.
 */
#ifndef TL_CLUSTER_COMM_WATCHDOG_H
#define TL_CLUSTER_COMM_WATCHDOG_H

#include "compute/core/status.h"

#include <pthread.h>
#include <stdbool.h>

typedef struct tl_watchdog {
    double seconds;
    const char *why; /**< borrowed; what rank 0 says then; NULL: nothing */
    int code;        /**< with which the process leaves, as tl_exit_code_report tells it */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t returned;
    bool is_over;
} tl_watchdog;

/** Begins to wait; the caller has set seconds, why and code. Stays where it is until
 * tl_watchdog_stop. \return TL_E_SPACE if there is no thread for it */
TL_MUST_USE tl_status tl_watchdog_start(tl_watchdog *watchdog, tl_err *err);

/** The caller is back. */
void tl_watchdog_stop(tl_watchdog *watchdog);

#endif
