#include "runner/execute/build_id.h"

#include "compute/core/blas.h"
#include "compute/core/hash.h"
#include "compute/nn/kernels/kernels.h"

#include <jansson.h>
#include <stdlib.h>

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
