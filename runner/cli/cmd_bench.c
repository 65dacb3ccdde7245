/*
 * threatloop bench: how fast this machine is, and how close threatloop comes to its limit.
 */
#include "cluster/comm/launch_rank.h"
#include "compute/nn/kernels/kernels.h"
#include "runner/bench/bench.h"
#include "runner/cli/commands.h"
#include "runner/cli/options.h"
#include "runner/cli/text_page.h"
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
     .about = "print JSON, one record per line"},
    {"model", 0, TL_OPTION_TEXT, "KIND", offsetof(request, model),
     .about = "train: mlp, cnn, resnet, gpt, llama or linear (default cnn)",
     .only = "train"},
    {"set", 0, TL_OPTION_TEXTS, "NAME=VALUE", offsetof(request, set),
     .about = "train: a setting, listed below; repeatable", .high = MOST_SETS,
     .count = offsetof(request, sets), .only = "train"},
    {"layers", 0, TL_OPTION_FLAG, NULL, offsetof(request, train.has_layers),
     .about = "train: time by layer, not by kind of layer", .only = "train"},
    {"infer", 0, TL_OPTION_FLAG, NULL, offsetof(request, train.infers),
     .about = "train: rates of inference and of the query service instead of training",
     .only = "train"},
    {"mib", 0, TL_OPTION_REAL, "N", offsetof(request, mib),
     .about = "reduce: MiB of gradients to sum (default 64)", .high = 4096,
     .only = "reduce"},
    {"steps", 0, TL_OPTION_WHOLE, "N", offsetof(request, steps),
     .about = "schedule: empty steps to run (default 50000)", .low = 1, .high = 10000000,
     .only = "schedule"},
    {"size", 0, TL_OPTION_TEXT, "ROWSxCOLUMNS", offsetof(request, size),
     .about = "linalg: size of the matrices (default: large enough for ScaLAPACK)",
     .only = "linalg"},
    {0}};

static void print_setting(const char *name, const char *about)
{
    char left[48];
    (void)snprintf(left, sizeof left, "  %s", name);
    tl_page_row(stdout, TL_PAGE_INDENT, left, about);
}

static void print_settings(void)
{
    tl_bench_job_help(print_setting);
}

const tl_usage tl_usage_bench = {
    .command = "bench",
    .summary = "benchmark this machine",
    .forms = "[gemm] [--json]\n"
             "train [--model KIND] [--set NAME=VALUE]... [--layers] [--infer] [--json]\n"
             "reduce [--mib N] [--json]\n"
             "schedule [--steps N] [--json]\n"
             "linalg [--size ROWSxCOLUMNS] [--json]",
    .about =
        "Benchmarks this machine.\n\n"
        "gemm\tMedian rate of sgemm 1024x1024x1024 on one thread, GFLOP/s, before and after "
        "products of shapes that occur in small models.\n"
        "train\tTraining on one rank, optimiser and sums included: rows per second; GFLOP/s "
        "(2 per multiply-add, products alone, causal attention half) and their fraction of "
        "sgemm 1024^3; running: the share of the time in which the program had a core; "
        "fraction_on_core: the fraction while it had one; time by layer. On more ranks "
        "(cluster/launch -n 2 bench train): rank 0 alone and all ranks as one team, "
        "alternating: speedup; exposed: seconds per update that rank 0 waits for gradients "
        "and weights of others; memory.\n"
        "reduce\tSums of gradients over the ranks, in the fixed tree and by MPI_Allreduce, "
        "alternating: medians of 11 rounds, and ratio, the median of MPI_Allreduce's time "
        "over the tree's (above 1: the tree is faster). Needs 2 ranks or more: "
        "cluster/launch -n 2 bench reduce\n"
        "schedule\tEmpty steps per second, without and with a journal (in the current "
        "folder); the share of a core that rank 0's coordinator takes at 10,000 steps per "
        "second; the cost of the journal where steps take 10 ms (0.05: 5 %). Best on 2 ranks: "
        "cluster/launch -n 2 bench schedule\n"
        "linalg\tSingular values, eigenvalues, Cholesky, least squares and Gram matrix, with "
        "vectors and checks: seconds by ScaLAPACK on all ranks (2^k of them) and by LAPACK on "
        "one thread of rank 0, alternating, medians of 3, and their ratio; ratio_of_cpu: of "
        "core seconds on the busiest rank; residual and orthogonality of ScaLAPACK's solution "
        "in units of rounding, n eps; difference between the results. Best on 2 ranks: "
        "cluster/launch -n 2 bench linalg\n",
    .completes = "gemm train reduce schedule linalg",
    .options = options,
    .notes = "Settings of train:\n",
    .print_notes = print_settings,
    .most = 1,
    .wants = "bench needs one of gemm, train, reduce, schedule and linalg"};

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
    if (!tl_options_read(&tl_usage_bench, argc, argv, &wanted, &words, &code)) return code;
    const bool is_json = wanted.train.is_json;
    const char *what = words.count > 0 ? words.at[0] : "gemm";
    if (strcmp(what, "gemm") == 0)
        return tl_launch_is_leader() ? tl_bench_gemm(is_json) : TL_EXIT_DONE;
    if (strcmp(what, "train") == 0) return train(&wanted);
    if (strcmp(what, "schedule") == 0)
        return tl_bench_schedule((uint32_t)wanted.steps, is_json);
    if (strcmp(what, "reduce") == 0) return tl_bench_reduce(wanted.mib, is_json);
    if (strcmp(what, "linalg") == 0) return linalg(&wanted);
    return tl_options_refuse("bench", "%s, not '%s'", tl_usage_bench.wants, TL_BRIEF(what));
}
