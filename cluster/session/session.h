/*
 * Room cluster/session: the start and the end of a run. Uses every other room of cluster/.
 *
 * Order of a run: tl_session_start, tl_heartbeat_start, tl_cluster_agree and
 * tl_cluster_broadcast, orders and steps, tl_session_stop.
 */
#ifndef TL_CLUSTER_SESSION_SESSION_H
#define TL_CLUSTER_SESSION_SESSION_H

#include "cluster/comm/cluster.h"

/**
 * Starts MPI, opens the cluster and makes the process grids. Collective over all ranks,
 * once in a process, before any other thread exists: the signals of heartbeat.h are blocked
 * from here on. Works without mpirun (one rank).
 *
 * If the ranks do not connect within tl_cluster_start_timeout, as when one dies early, the
 * process exits with 75: MPI itself would wait for ever.
 *
 * \param argc, argv of main, borrowed; may be NULL
 * \param out owned; ended by tl_session_stop
 * \return TL_E_IO if MPI fails or offers no threads, TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_session_start(tl_cluster **out, int *argc, char ***argv,
                                       tl_err *err);

/**
 * Ends the run. Collective over all live ranks, once no other thread uses the cluster.
 * Flushes stdio and stops the heartbeat. Rank 0 decides whether MPI can be finalised (no
 * rank failed, `was_lost` false); the others wait for its decision if the heartbeat runs.
 * If MPI_Finalize takes longer than 30 s, the process exits with `code`.
 *
 * \return `code`, with the cluster freed, if MPI was finalised; otherwise it reports `code`
 *         (tl_exit_code_report) and exits without returning
 */
int tl_session_stop(tl_cluster *cluster, bool was_lost, int code);

/**
 * Rank 0, while another thread computes or hangs: ends the run at once. Not collective: the
 * other ranks are told to exit with 75. Reports `code`.
 */
_Noreturn void tl_session_abandon(tl_cluster *cluster, int code);

#endif
