/*
 * The benchmarks behind threatloop bench, one noun a file. Each prints a record or several
 * to stdout, as text or JSON, and returns the program's exit status (runner/exit.h).
 */
#ifndef TL_RUNNER_BENCH_BENCH_H
#define TL_RUNNER_BENCH_BENCH_H

#include "cluster/comm/cluster.h"
#include "compute/nn/model.h"
#include "compute/train/train_timer.h"
#include "experiments/stage/setup.h"

#include <jansson.h>

/**
 * Prints a record, which it takes over, to stdout: JSON on one line, or "key=value
 * key=value" and then a line for every record inside. Numbers have 6 digits.
 */
void tl_bench_print(json_t *record, bool is_json);

/** What every rank does in a benchmark; rank 0 prints. Collective. */
typedef tl_status tl_bench_measure(tl_cluster *cluster, void *self, tl_err *err);

/** Starts MPI, lets every rank measure, logs on rank 0 what went wrong, and stops MPI.
 * \return the program's exit status */
int tl_bench_on_ranks(tl_bench_measure *measure, void *self);

/** What every member of the team does in a benchmark; rank 0 prints. Collective. */
typedef tl_status tl_bench_of_team(const tl_team *team, void *self, tl_err *err);

/** The same on a team: the largest with 2^k ranks, at most `most`, from rank 0 on. Ranks
 * beyond it do nothing. */
int tl_bench_on_team(tl_bench_of_team *measure, void *self, int most);

/** Sets `out` to the largest of all members' values. Collective. \return TL_E_PEER */
TL_MUST_USE tl_status tl_bench_most(const tl_team *team, double mine, double *out,
                                    tl_err *err);

enum { TL_BENCH_RANKS = 4096 /**< of a team at most */ };

enum { TL_GEMM_ROUNDS = 15 };

/**
 * Times TL_GEMM_ROUNDS products of [rows x inner] and [inner x columns], one thread, after
 * one that is not timed. \param rate GFLOP per core second of each, result
 * \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_bench_gemm_rates(int rows, int columns, int inner,
                                          double rate[TL_GEMM_ROUNDS], tl_err *err);

/** bench gemm. */
int tl_bench_gemm(bool is_json);

/** bench schedule: `steps` empty steps. Every rank calls it; it starts and stops MPI. */
int tl_bench_schedule(uint32_t steps, bool is_json);

/** bench reduce: sums of `mib` MiB. Every rank calls it; it starts and stops MPI. */
int tl_bench_reduce(double mib, bool is_json);

/** The matrix of bench linalg. 0x0: a usual one for each problem. */
typedef struct tl_bench_size {
    int rows, columns;
} tl_bench_size;

/** bench linalg. Every rank calls it; it starts and stops MPI. */
int tl_bench_linalg(tl_bench_size size, bool is_json);

/** What bench train trains. */
typedef struct tl_bench_job {
    tl_setup setup;
    int rows; /**< of the random data: whole batches make an epoch */
} tl_bench_job;

/**
 * Reads a job from the name of a model and NAME=VALUE texts: names of the tables of model
 * and recipe (except kind and epochs: --model is the one, and the benchmark trains for as
 * long as it measures) and the benchmark's own, which are those of the data.
 *
 * \return TL_E_ARG (what is unknown and what is allowed; what does not fit)
 */
TL_MUST_USE tl_status tl_bench_job_read(const char *model, const char *const *set, int sets,
                                        tl_bench_job *out, tl_err *err);

/** Prints the settings of bench train, with their meanings and defaults. */
void tl_bench_job_help(void);

/** Core seconds that one layer takes for a batch. */
typedef struct tl_bench_layer {
    double forward, backward;
} tl_bench_layer;

/**
 * Times every layer of a training by itself, over the shards of one batch, with as many
 * rows in a call as the trainer has; medians over a second or more. What the trainer does
 * besides (gathering rows, dropout, loss, sums, optimiser) is not in it; packing of weights
 * counts as forward.
 *
 * \param layer [model->layers] result \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_bench_profile(const tl_model *model, const tl_bench_job *job,
                                       const tl_timer_data *data, tl_arena *scratch,
                                       tl_bench_layer *layer, tl_err *err);

/** What bench train is asked for besides the job. */
typedef struct tl_bench_train_options {
    bool is_json;
    bool infers;     /**< inference and the query service instead of training */
    bool has_layers; /**< time by layer, not by kind of layer */
} tl_bench_train_options;

/** bench train over ranks: the team against rank 0 alone, alternating. Every rank calls it;
 * it starts and stops MPI. */
int tl_bench_team(const tl_bench_job *job, bool is_json);

/** bench train on one rank. */
int tl_bench_train(const tl_bench_job *job, const tl_bench_train_options *options);

#endif
