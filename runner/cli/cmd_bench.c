/*
 * threatloop bench: is this machine set up well, and how near do we come to its limit?
 */
#include "cluster/comm/launch_rank.h"
#include "compute/nn/kernels/kernels.h"
#include "runner/bench/bench.h"
#include "runner/cli/commands.h"
#include "runner/cli/options.h"
#include "runner/exit.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_SETS = 64, MOST_SIDE = 100000 };

typedef struct request {
    const char *model, *size;
    const char *set[MOST_SETS];
    int sets, steps;
    double mib;
    tl_bench_train_options train;
} request;

static const tl_option options[] = {
    {"json", 0, TL_OPTION_FLAG, NULL, offsetof(request, train.is_json),
     .about = "records as JSON, one a line"},
    {"model", 0, TL_OPTION_TEXT, "KIND", offsetof(request, model),
     .about = "train: mlp, cnn, resnet, gpt, llama or linear (default cnn)",
     .only = "train"},
    {"set", 0, TL_OPTION_TEXTS, "NAME=VALUE", offsetof(request, set),
     .about = "train: a setting, listed below; repeatable", .high = MOST_SETS,
     .count = offsetof(request, sets), .only = "train"},
    {"layers", 0, TL_OPTION_FLAG, NULL, offsetof(request, train.has_layers),
     .about = "train: time by layer, not by kind of layer", .only = "train"},
    {"infer", 0, TL_OPTION_FLAG, NULL, offsetof(request, train.infers),
     .about = "train: rates of inference and of the query service instead",
     .only = "train"},
    {"mib", 0, TL_OPTION_REAL, "N", offsetof(request, mib),
     .about = "reduce: MiB of gradients to sum (default 64)", .high = 4096,
     .only = "reduce"},
    {"steps", 0, TL_OPTION_WHOLE, "N", offsetof(request, steps),
     .about = "schedule: empty steps to run (default 50000)", .low = 1, .high = 10000000,
     .only = "schedule"},
    {"size", 0, TL_OPTION_TEXT, "ROWSxCOLUMNS", offsetof(request, size),
     .about =
         "linalg: size of the matrices (default: above the size from which ScaLAPACK is "
         "used)",
     .only = "linalg"},
    {0}};

static const tl_usage usage = {
    .command = "bench",
    .forms = "[gemm] [--json]\n"
             "train [--model KIND] [--set NAME=VALUE]... [--layers] [--infer]\n"
             "reduce [--mib N]\n"
             "schedule [--steps N]\n"
             "linalg [--size ROWSxCOLUMNS]",
    .about =
        "Benchmarks this machine.\n\n"
        "gemm      Median rate of sgemm 1024x1024x1024 on one thread, GFLOP/s, before and after\n"
        "          products of the shapes that small models have.\n"
        "train     Rows a second that a model trains on, on one rank, with optimiser and sums;\n"
        "          GFLOP/s (2 per multiply-add, products alone, causal attention half) and their\n"
        "          fraction of sgemm 1024^3; running: the share of the time that the program had\n"
        "          a core; fraction_on_core: as if it had had one all the time; time by layer.\n"
        "          Over ranks (cluster/launch -n 2 bench train): rank 0 alone and all as one\n"
        "          team, alternating: speedup, the seconds of an update that rank 0 waits for\n"
        "          others' gradients and weights (exposed), and memory.\n"
        "reduce    Sums of gradients over the ranks, in the fixed tree and by MPI_Allreduce,\n"
        "          alternating: medians of 11 rounds, and ratio, the median of MPI_Allreduce's\n"
        "          time over the tree's (above 1: the tree is faster). Needs 2 ranks or more:\n"
        "          cluster/launch -n 2 bench reduce\n"
        "schedule  Empty steps a second, without and with a journal (in the current folder);\n"
        "          the share of a core that rank 0's coordinator takes at 10,000 steps a second;\n"
        "          what the journal costs where steps take 10 ms (0.05: 5 %). Best on 2 ranks:\n"
        "          cluster/launch -n 2 bench schedule\n"
        "linalg    Singular values, eigenvalues, Cholesky, least squares and Gram matrix, with\n"
        "          vectors and checks: seconds by ScaLAPACK on all ranks (2^k of them) and by\n"
        "          LAPACK on one thread of rank 0, alternating, medians of 3, and their ratio;\n"
        "          ratio_of_cpu: of core seconds, of the busiest rank; residual and\n"
        "          orthogonality by ScaLAPACK in units of rounding, n eps; difference of the\n"
        "          results. Best on 2 ranks: cluster/launch -n 2 bench linalg\n",
    .options = options,
    .notes = "Settings of train, and their defaults:\n",
    .print_notes = tl_bench_job_help,
    .most = 1,
    .wants = "bench takes one of gemm, train, reduce, schedule and linalg"};

static int train(const request *wanted)
{
    tl_err err = {0};
    tl_bench_job job;
    if (tl_kernels_check(&err) != TL_OK ||
        tl_bench_job_read(wanted->model, wanted->set, wanted->sets, &job, &err) != TL_OK)
        return tl_options_refuse("bench", "%s", err.text);
    if (tl_launch_has_peers() && !wanted->train.infers && !wanted->train.has_layers)
        return tl_bench_team(&job, wanted->train.is_json);
    return tl_launch_is_leader() ? tl_bench_train(&job, &wanted->train) : TL_EXIT_DONE;
}

static int linalg(const request *wanted)
{
    tl_bench_size size = {0};
    if (wanted->size) {
        char *middle, *end = NULL;
        const long rows = strtol(wanted->size, &middle, 10);
        const long columns = *middle == 'x' ? strtol(middle + 1, &end, 10) : 0;
        if (columns < 1 || *end || rows < 1 || rows > MOST_SIDE || columns > MOST_SIDE)
            return tl_options_refuse("bench",
                                     "--size %s: give ROWSxCOLUMNS, each from 1 to %d",
                                     wanted->size, MOST_SIDE);
        size = (tl_bench_size){(int)rows, (int)columns};
    }
    return tl_bench_linalg(size, wanted->train.is_json);
}

int tl_cmd_bench(int argc, char **argv)
{
    request wanted = {.model = "cnn", .steps = 50000, .mib = 64.0};
    tl_words words;
    int code;
    if (!tl_options_read(&usage, argc, argv, &wanted, &words, &code)) return code;
    const bool is_json = wanted.train.is_json;
    const char *what = words.count > 0 ? words.at[0] : "gemm";
    if (strcmp(what, "gemm") == 0)
        return tl_launch_is_leader() ? tl_bench_gemm(is_json) : TL_EXIT_DONE;
    if (strcmp(what, "train") == 0) return train(&wanted);
    if (strcmp(what, "schedule") == 0)
        return tl_bench_schedule((uint32_t)wanted.steps, is_json);
    if (strcmp(what, "reduce") == 0) return tl_bench_reduce(wanted.mib, is_json);
    if (strcmp(what, "linalg") == 0) return linalg(&wanted);
    return tl_options_refuse("bench", "%s, not '%.40s'", usage.wants, what);
}
