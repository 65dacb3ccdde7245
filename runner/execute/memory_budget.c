#include "runner/execute/memory_budget.h"

#include "compute/core/memory.h"
#include "compute/core/text.h"

static int ranks_here(const tl_cluster *cluster)
{
    int here = 0;
    for (int rank = 0; rank < tl_cluster_size(cluster); rank++) {
        here += tl_cluster_is_local(cluster, rank) ? 1 : 0;
    }
    return here;
}

double tl_run_memory_share(const tl_cluster *cluster, const tl_run_options *options)
{
    const double most = tl_memory_allowed(), wanted = options->memory;
    return (wanted > 0.0 && wanted < most ? wanted : most) / ranks_here(cluster);
}

tl_status tl_run_memory_check(const tl_sweep *sweep, const tl_cluster *cluster,
                              const tl_run_options *options, tl_err *err)
{
    char need[32], have[32];
    const tl_lacking *lacking = &sweep->lacking;
    TL_CHECK(lacking->width == 0, err, TL_E_ARG,
             "the largest step needs %s of memory on each of %d ranks, and %s is the share "
             "of one of the %d ranks here: start fewer on this machine%s",
             tl_text_size(lacking->each, need), lacking->width,
             tl_text_size(sweep->plan->rank_memory, have), ranks_here(cluster),
             options->memory > 0.0 ? ", or raise --memory" : "");
    return TL_OK;
}
