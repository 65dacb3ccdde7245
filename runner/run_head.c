#include "runner/run_head.h"

#include "cluster/world.h"
#include "compute/core/hash.h"
#include "compute/nn/blas.h"
#include "compute/nn/kernels/kernels.h"

#include <jansson.h>
#include <stdlib.h>
#include <time.h>

enum { BUILD_DIGITS = 16 };

char *tl_run_head(void)
{
    /* The program's own file tells builds of one version apart. */
    char build[TL_SHA256_TEXT] = "unknown";
    if (tl_hash_file("/proc/self/exe", build, NULL, NULL) == TL_OK)
        build[BUILD_DIGITS] = '\0';
    json_t *head =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "version", TL_VERSION, "build", build,
                  "compiler", __VERSION__, "blas", tl_blas_version(), "core",
                  tl_blas_core(), "kernels", tl_kernels_get()->name);
    char *text = head ? json_dumps(head, JSON_COMPACT) : NULL;
    json_decref(head);
    TL_INVARIANT(text != NULL);
    return text;
}

double tl_run_deadline(double walltime, double margin)
{
    double left = walltime;
    const char *end = getenv("SLURM_JOB_END_TIME");
    if (left <= 0.0 && end && *end) left = strtod(end, NULL) - (double)time(NULL);
    if (left <= 0.0) return 0.0;
    return tl_cluster_seconds() + (left > 2.0 * margin ? left - margin : 0.5 * left);
}
