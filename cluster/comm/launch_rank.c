#include "cluster/comm/launch_rank.h"

#include <stdlib.h>
#include <string.h>

/* OMPI_* is set by Open MPI's mpirun, PMIX_RANK also by srun --mpi=pmix. */
bool tl_launch_is_leader(void)
{
    const char *rank = getenv("OMPI_COMM_WORLD_RANK");
    if (!rank) rank = getenv("PMIX_RANK");
    return !rank || strcmp(rank, "0") == 0;
}

bool tl_launch_is_launched(void)
{
    return getenv("OMPI_COMM_WORLD_RANK") || getenv("PMIX_RANK");
}

bool tl_launch_has_peers(void)
{
    const char *size = getenv("OMPI_COMM_WORLD_SIZE");
    if (!size && getenv("PMIX_RANK")) size = getenv("SLURM_STEP_NUM_TASKS");
    return size && strtol(size, NULL, 10) > 1;
}
