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

/** Whether this is the only rank: not launched, or launched as one. Only before MPI_Init.
 */
bool tl_launch_is_alone(void);

/** Ranks that the launcher started on this host; 0 if it does not say. Only before
 * MPI_Init.
 */
int tl_launch_ranks_here(void);

/** Whether all ranks are known to be on this host. Only before MPI_Init. */
bool tl_launch_is_on_one_host(void);

/**
 * Where this is the only rank: removes from the environment what would make MPI look for
 * its launcher, which serves one program only; a script that mpirun runs may call several.
 * tl_launch_is_leader and tl_launch_is_launched answer as before.
 */
void tl_launch_forget(void);

#endif
