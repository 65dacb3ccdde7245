#include "cluster/comm/launch_rank.h"

#include <stdlib.h>
#include <string.h>

/* OMPI_* is set by Open MPI's mpirun, PMIX_RANK also by srun --mpi=pmix, SLURM_STEP_* by
 * any srun. */
static const char *own_rank(void)
{
    const char *rank = getenv("OMPI_COMM_WORLD_RANK");
    return rank ? rank : getenv("PMIX_RANK");
}

/* The whole number in a variable, 0 if there is none. */
static int number(const char *name)
{
    const char *text = getenv(name);
    const long value = text ? strtol(text, NULL, 10) : 0;
    return value > 0 && value < 1 << 30 ? (int)value : 0;
}

static int ranks_in_all(void)
{
    const int size = number("OMPI_COMM_WORLD_SIZE");
    return size > 0 ? size : number("SLURM_STEP_NUM_TASKS");
}

bool tl_launch_is_leader(void)
{
    const char *rank = own_rank();
    return !rank || strcmp(rank, "0") == 0;
}

bool tl_launch_is_launched(void)
{
    return own_rank() != NULL;
}

bool tl_launch_has_peers(void)
{
    return own_rank() && ranks_in_all() > 1;
}

bool tl_launch_is_alone(void)
{
    const int ranks = ranks_in_all();
    return ranks == 1 || (ranks == 0 && !own_rank());
}

int tl_launch_ranks_here(void)
{
    const int here = number("OMPI_COMM_WORLD_LOCAL_SIZE");
    return here > 0 || number("SLURM_STEP_NUM_NODES") != 1 ? here : ranks_in_all();
}

bool tl_launch_is_on_one_host(void)
{
    return tl_launch_is_alone() ||
           (tl_launch_has_peers() && tl_launch_ranks_here() == ranks_in_all());
}

void tl_launch_forget(void)
{
    static const char *const name[] = {"PMIX_NAMESPACE",
                                       "PMIX_SERVER_URI2",
                                       "PMIX_SERVER_URI21",
                                       "PMIX_SERVER_URI3",
                                       "PMIX_SERVER_URI4",
                                       "PMIX_SERVER_URI41",
                                       "OMPI_MCA_ess",
                                       "OMPI_MCA_pmix",
                                       "OMPI_MCA_ess_base_jobid",
                                       "OMPI_MCA_ess_base_vpid",
                                       "OMPI_MCA_orte_launch",
                                       "OMPI_MCA_orte_hnp_uri",
                                       "OMPI_MCA_orte_local_daemon_uri"};
    if (!tl_launch_is_alone()) return;
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) (void)unsetenv(name[i]);
}
