/*
 * threatloop bench: is this machine set up well, and how near do we come to its limit?
 */
#include "compute/core/log.h"
#include "compute/nn/kernels/kernels.h"
#include "runner/bench/bench.h"
#include "runner/cli/commands.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    STEPS = 50000,
    MOST_STEPS = 10000000,
    MOST_SETS = 64,
    MIB = 64,
    MOST_MIB = 4096,
    MOST_SIDE = 100000
};

static const char help[] =
    "usage: threatloop bench [gemm|train|reduce|schedule|linalg] [--json]\n"
    "       threatloop bench train [--model M] [--set NAME=VALUE]... [--layers] [--infer]\n"
    "       threatloop bench reduce [--mib N]\n"
    "       threatloop bench schedule [--steps N]\n"
    "       threatloop bench linalg [--size ROWSxCOLUMNS]\n\n"
    "  gemm      median rate of sgemm 1024x1024x1024 on one thread, GFLOP/s, before and\n"
    "            after products as small models have them\n"
    "  train     rows a second that a model is trained on, on one rank, with optimiser and\n"
    "            sums; GFLOP/s (2 a multiply-add, products alone, causal attention half) and\n"
    "            their fraction of sgemm 1024^3; running: the share of the time that the\n"
    "            program had a core; fraction_on_core: as if it had had one all the time;\n"
    "            time by kind of layer, or (--layers) by layer\n"
    "            --infer: the rates of inference and of the query service instead\n"
    "            over ranks (cluster/launch -n 2 bench train): by rank 0 alone and by all as\n"
    "            one team, by turns; speedup, the seconds of an update that rank 0 waits for\n"
    "            others' gradients and weights (exposed), and the memory that either takes\n"
    "  reduce    sums of 64 MiB (or --mib) of gradients over the ranks, in the fixed tree and\n"
    "            by MPI_Allreduce, by turns: medians of 11 rounds, and ratio, the median of\n"
    "            MPI_Allreduce's time over the tree's (above 1: the tree is faster)\n"
    "            run it on 2 ranks or more: cluster/launch -n 2 bench reduce\n"
    "  schedule  empty steps a second, without and with a journal (in the current folder);\n"
    "            the share of a core that rank 0's coordinator takes at 10,000 steps a second;\n"
    "            what the journal costs where steps last 10 ms, 0.05 meaning 5 %\n"
    "            run it on 2 ranks: cluster/launch -n 2 bench schedule\n"
    "  linalg    singular values, eigenvalues, Cholesky, least squares and Gram matrix, with\n"
    "            vectors and checks: seconds by ScaLAPACK on all ranks (2^k of them) and by\n"
    "            LAPACK on one thread of rank 0, medians of 3 in turn, their ratio; ratio_of_cpu:\n"
    "            of core seconds, the most of any rank, as if each had a core; residual and\n"
    "            orthogonality by ScaLAPACK in units of rounding, n eps; difference of\n"
    "            the results. run it on 2 ranks: cluster/launch -n 2 bench linalg\n\n"
    "models of train: mlp, cnn, resnet, gpt, llama, linear. What can be set, and is otherwise:\n";

typedef struct request {
    const char *model;
    const char *set[MOST_SETS];
    int sets;
    long steps;
    double mib;
    tl_bench_size size;
    tl_bench_train_options train;
} request;

static bool is_leader(void)
{
    const char *rank = getenv("OMPI_COMM_WORLD_RANK");
    if (!rank) rank = getenv("PMIX_RANK");
    return !rank || strcmp(rank, "0") == 0;
}

static bool has_mates(void)
{
    const char *size = getenv("OMPI_COMM_WORLD_SIZE");
    return size && strtol(size, NULL, 10) > 1;
}

static int complain(const char *text)
{
    if (is_leader()) tl_log(TL_LOG_ERROR, "%s", text);
    return TL_EXIT_USAGE;
}

static int train(const request *wanted)
{
    tl_err err = {0};
    tl_bench_job job;
    if (tl_kernels_check(&err) != TL_OK) return complain(err.text);
    if (tl_bench_job_read(wanted->model, wanted->set, wanted->sets, &job, &err) != TL_OK) {
        return complain(err.text);
    }
    if (has_mates() && !wanted->train.infers && !wanted->train.has_layers) {
        return tl_bench_team(&job, wanted->train.is_json);
    }
    return is_leader() ? tl_bench_train(&job, &wanted->train) : TL_EXIT_DONE;
}

static bool read_size(const char *text, tl_bench_size *out)
{
    char *middle, *end;
    const long rows = strtol(text, &middle, 10);
    const long columns = *middle == 'x' ? strtol(middle + 1, &end, 10) : 0;
    if (columns < 1 || *end != '\0' || rows < 1 || rows > MOST_SIDE || columns > MOST_SIDE)
        return complain("--size is ROWSxCOLUMNS, each 1 to 100000"), false;
    *out = (tl_bench_size){(int)rows, (int)columns};
    return true;
}

/* The options of argv; false where the program is to leave with `code`. */
static bool read_options(int argc, char **argv, request *out, int *code)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},       {"steps", required_argument, NULL, 'n'},
        {"size", required_argument, NULL, 'x'}, {"model", required_argument, NULL, 'm'},
        {"set", required_argument, NULL, 's'},  {"layers", no_argument, NULL, 'l'},
        {"infer", no_argument, NULL, 'i'},      {"mib", required_argument, NULL, 'M'},
        {"help", no_argument, NULL, 'h'},       {NULL, 0, NULL, 0}};
    int letter;
    *code = TL_EXIT_USAGE;
    while ((letter = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (letter == 'j') out->train.is_json = true;
        if (letter == 'n') out->steps = strtol(optarg, NULL, 10);
        if (letter == 'x' && !read_size(optarg, &out->size)) return false;
        if (letter == 'm') out->model = optarg;
        if (letter == 'M') out->mib = strtod(optarg, NULL);
        if (letter == 'l') out->train.has_layers = true;
        if (letter == 'i') out->train.infers = true;
        if (letter == 's') {
            if (out->sets == MOST_SETS) return complain("too many --set"), false;
            out->set[out->sets++] = optarg;
        }
        if (letter == 'h') {
            *code = TL_EXIT_DONE;
            if (!is_leader()) return false;
            (void)fputs(help, stdout);
            tl_bench_job_help();
            return false;
        }
        if (letter == '?') return false;
    }
    return true;
}

int tl_cmd_bench(int argc, char **argv)
{
    request wanted = {.model = "cnn", .steps = STEPS, .mib = MIB};
    int code;
    if (!read_options(argc, argv, &wanted, &code)) return code;
    const char *what = optind < argc ? argv[optind] : "gemm";
    if (strcmp(what, "gemm") == 0) {
        return is_leader() ? tl_bench_gemm(wanted.train.is_json) : TL_EXIT_DONE;
    }
    if (strcmp(what, "train") == 0) return train(&wanted);
    if (strcmp(what, "schedule") == 0) {
        return wanted.steps < 1 || wanted.steps > MOST_STEPS
                   ? complain("--steps is 1 to 10000000")
                   : tl_bench_schedule((uint32_t)wanted.steps, wanted.train.is_json);
    }
    if (strcmp(what, "reduce") == 0) {
        return wanted.mib > 0.0 && wanted.mib <= MOST_MIB
                   ? tl_bench_reduce(wanted.mib, wanted.train.is_json)
                   : complain("--mib is above 0, at most 4096");
    }
    if (strcmp(what, "linalg") == 0)
        return tl_bench_linalg(wanted.size, wanted.train.is_json);
    char text[120];
    (void)snprintf(text, sizeof text,
                   "bench has gemm, train, reduce, schedule and linalg, not '%.40s'", what);
    return complain(text);
}
