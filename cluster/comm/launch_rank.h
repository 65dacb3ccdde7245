/*
 * What mpirun or srun put into the environment of this process: for use before MPI starts,
 * and where MPI may be what hangs.
 */
#ifndef TL_CLUSTER_COMM_LAUNCH_RANK_H
#define TL_CLUSTER_COMM_LAUNCH_RANK_H

#include <stdbool.h>

/** Whether this is rank 0 or was not launched by MPI: the process that prints. */
bool tl_launch_is_leader(void);

/** Whether mpirun or srun started this process. Only before MPI_Init, which sets PMIX_RANK
 * in a process that nothing launched. */
bool tl_launch_is_launched(void);

/** Whether the launcher started more than one rank. Only before MPI_Init. */
bool tl_launch_has_peers(void);

#endif
