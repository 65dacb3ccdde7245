#include "compute/core/blas.h"
#include "compute/nn/kernels/kernels.h"
#include "runner/cli/commands.h"
#include "runner/datasets/download.h"

#include <stdio.h>

int tl_cmd_version(void)
{
    (void)printf(
        "threatloop %s\n%s, kernels for %s\nown kernels for %s\n%s\ncompiled by %s\n",
        TL_VERSION, tl_blas_version(), tl_blas_core(), tl_kernels_get()->name,
        tl_download_version(), __VERSION__);
    return TL_EXIT_DONE;
}
