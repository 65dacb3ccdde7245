/*
 * The benchmarks of threatloop bench, one per file. Each prints records to stdout, as text
 * or JSON, and returns the program's exit status (runner/exit.h).
 */
#ifndef TL_RUNNER_BENCH_BENCH_H
#define TL_RUNNER_BENCH_BENCH_H

#include "cluster/comm/cluster.h"
#include "compute/nn/model.h"
#include "compute/train/train_timer.h"
#include "experiments/stage/setup.h"

#include <jansson.h>

/** Prints a record, which it takes over, to stdout: JSON on one line, or "key=value ..."
 * with a line of its own for every record inside. Numbers have 6 digits. */
void tl_bench_print(json_t *record, bool is_json);

/** What every rank does in a benchmark; rank 0 prints. Collective over all ranks.
 * \return as the operations it measures: TL_E_ARG is a wrong use of the benchmark */
typedef tl_status tl_bench_measure(tl_cluster *cluster, void *self, tl_err *err);

/** Starts MPI, calls `measure` on every rank, logs its error on rank 0, and stops MPI.
 * \return the program's exit status */
int tl_bench_on_ranks(tl_bench_measure *measure, void *self);

/** What every member of a team does in a benchmark; rank 0 prints. Collective over `team`.
 * \return as the operations it measures: TL_E_ARG is a wrong use of the benchmark */
typedef tl_status tl_bench_of_team(const tl_team *team, void *self, tl_err *err);

/** As tl_bench_on_ranks, on a team: the largest of 2^k ranks, at most `most`, from rank 0
 * on. The other ranks do nothing. */
int tl_bench_on_team(tl_bench_of_team *measure, void *self, int most);

/** Sets `out` to the largest of the members' values. Collective over `team`.
 * \return TL_E_PEER */
TL_MUST_USE tl_status tl_bench_most(const tl_team *team, double mine, double *out,
                                    tl_err *err);

enum {
    TL_BENCH_RANKS = 4096, /**< most ranks of a team */
    TL_GEMM_ROUNDS = 15    /**< products that are timed */
};

/**
 * Times TL_GEMM_ROUNDS products of [rows x inner] and [inner x columns] on one thread,
 * after one that is not timed.
 *
 * \param rate  result, GFLOP per core second of each
 * \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_bench_gemm_rates(int rows, int columns, int inner,
                                          double rate[TL_GEMM_ROUNDS], tl_err *err);

/** bench gemm, on this process alone. */
int tl_bench_gemm(bool is_json);

/** bench schedule: `steps` empty steps. Every rank calls it; it starts and stops MPI. */
int tl_bench_schedule(uint32_t steps, bool is_json);

/** bench reduce: sums of `mib` MiB. Every rank calls it; it starts and stops MPI. */
int tl_bench_reduce(double mib, bool is_json);

/** Size of the matrices of bench linalg. 0x0: a usual one for each problem. */
typedef struct tl_bench_size {
    int rows, columns;
} tl_bench_size;

/** bench linalg. Every rank calls it; it starts and stops MPI. */
int tl_bench_linalg(tl_bench_size size, bool is_json);

/** What bench train trains, as its options say. */
typedef struct tl_bench_job {
    tl_setup setup;
    int rows; /**< of the random data; an epoch is whole batches */
} tl_bench_job;

/**
 * Reads a job from the name of a model and `set` [sets], texts NAME=VALUE. Names are the
 * parameters of model and recipe (but kind, which is `model`, and epochs, since it trains
 * for as long as it measures) and the benchmark's own, of the random data.
 *
 * \return TL_E_ARG for an unknown name, a value out of bounds, or sizes that do not fit
 */
TL_MUST_USE tl_status tl_bench_job_read(const char *model, const char *const *set, int sets,
                                        tl_bench_job *out, tl_err *err);

/** Calls `print` with each setting of bench train, and its meaning and default. */
void tl_bench_job_help(void (*print)(const char *name, const char *about));

/** Core seconds of one layer for a batch. */
typedef struct tl_bench_layer {
    double forward, backward;
} tl_bench_layer;

/**
 * Times every layer of a training by itself, over the shards of one batch, with as many
 * rows per call as in the trainer; medians over at least a second. The rest of the trainer
 * (gathering rows, dropout, loss, sums, optimiser) is left out; packing of weights counts
 * as forward.
 *
 * \param layer  [model->layers] result
 * \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_bench_profile(const tl_model *model, const tl_bench_job *job,
                                       const tl_timer_data *data, tl_arena *scratch,
                                       tl_bench_layer *layer, tl_err *err);

/** The other options of bench train. */
typedef struct tl_bench_train_options {
    bool is_json;
    bool infers;     /**< times inference and the query service, not training */
    bool has_layers; /**< shows time by layer, not by kind of layer */
} tl_bench_train_options;

/** bench train on several ranks: a team of all against rank 0 alone, alternating. Every
 * rank calls it; it starts and stops MPI. */
int tl_bench_team(const tl_bench_job *job, bool is_json);

/** bench train on one rank. */
int tl_bench_train(const tl_bench_job *job, const tl_bench_train_options *options);

#endif
