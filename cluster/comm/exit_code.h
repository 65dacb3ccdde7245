/*
 * The exit status for the user. After a rank died mpirun reports its own status, and it
 * complains about any other than 0, so rank 0 writes the run's status to the file
 * THREATLOOP_EXIT_FILE, where cluster/launch reads it. Works without a cluster.
 */
#ifndef TL_CLUSTER_COMM_EXIT_CODE_H
#define TL_CLUSTER_COMM_EXIT_CODE_H

#include <stdbool.h>

/** Exit statuses of cluster/ itself. */
enum {
    TL_EXIT_CODE_RESUME = 75,  /**< stopped early: run again with --resume */
    TL_EXIT_CODE_SIGNAL = 128, /**< plus the signal's number */
};

/** Rank 0: notes in the file that it has begun, and locks the file until this process ends.
 */
void tl_exit_code_begin(void);

/**
 * Reports `code`, at the end of the process.
 * \param leads whether this is rank 0, which writes it
 * \return what to exit with: 0 where cluster/launch reads the file, else `code`
 */
int tl_exit_code_report(int code, bool leads);

#endif
