/*
 * The exit status that the user sees. After a loss mpirun reports a status of its own, and
 * it complains of any that is not 0, so rank 0 writes the run's status to the file named by
 * THREATLOOP_EXIT_FILE, where cluster/launch reads it. Works without a cluster.
 */
#ifndef TL_CLUSTER_COMM_EXIT_CODE_H
#define TL_CLUSTER_COMM_EXIT_CODE_H

#include <stdbool.h>

/** Statuses that cluster/ itself exits with. */
enum {
    TL_EXIT_CODE_RESUME = 75,  /**< stopped early: run again with --resume */
    TL_EXIT_CODE_SIGNAL = 128, /**< plus the signal's number */
};

/** Rank 0: notes in the file that it has begun, and locks the file for as long as this
 * process lives. */
void tl_exit_code_begin(void);

/**
 * Reports `code`, at the end of the process.
 * \param leads whether this is rank 0, which writes it
 * \return what to exit with: 0 where cluster/launch reads the file, else `code`
 */
int tl_exit_code_report(int code, bool leads);

#endif
