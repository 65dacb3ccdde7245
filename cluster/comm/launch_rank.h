/*
 * What mpirun or srun says of this process in its environment: for the time before MPI is
 * started, and where MPI cannot be asked since it may be what hangs.
 */
#ifndef TL_CLUSTER_COMM_LAUNCH_RANK_H
#define TL_CLUSTER_COMM_LAUNCH_RANK_H

#include <stdbool.h>

/** Whether this is rank 0, or a process that nothing launched: the one that prints. */
bool tl_launch_is_leader(void);

/** Whether the launcher started more ranks than one. */
bool tl_launch_has_peers(void);

#endif
