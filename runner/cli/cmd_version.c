#include "compute/core/blas.h"
#include "compute/core/print.h"
#include "compute/nn/kernels/kernels.h"
#include "runner/cli/commands.h"
#include "runner/cli/options.h"
#include "runner/datasets/download.h"
#include "runner/exit.h"

const tl_usage tl_usage_version = {
    .command = "version",
    .summary = "print versions of threatloop and of its libraries",
    .forms = "",
    .about = "Prints the versions of threatloop and of the libraries it is built on.\n",
    .options = (const tl_option[]){{0}},
    .wants = "version takes no words"};

int tl_cmd_version(int argc, char **argv)
{
    tl_words words;
    int code;
    if (!tl_options_read(&tl_usage_version, argc, argv, NULL, &words, &code)) return code;
    tl_print(stdout,
             "threatloop %s\n%s, kernels for %s\nown kernels for %s\n%s\ncompiled by %s\n",
             TL_VERSION, tl_blas_version(), tl_blas_core(), tl_kernels_get()->name,
             tl_download_version(), __VERSION__);
    return TL_EXIT_DONE;
}
