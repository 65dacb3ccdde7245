/*
 * The benches behind threatloop bench, one noun a file. What they find goes to stdout.
 */
#ifndef TL_RUNNER_BENCH_BENCH_H
#define TL_RUNNER_BENCH_BENCH_H

#include "cluster/comm/cluster.h"
#include "compute/nn/model.h"
#include "experiments/stage/setup.h"

#include <stdbool.h>

/** Seconds that a core has worked for this process: beside the clock on the wall, it says
 * how far other programs were in the way. */
double tl_bench_cpu_seconds(void);

/** The middle of `value` [n], which is put in rising order. */
double tl_bench_median(double *value, int n);

/** What every rank does in a bench, and rank 0 prints. Collective. */
typedef tl_status tl_bench_measure(tl_cluster *cluster, void *self, tl_err *err);

/** Starts MPI, has every rank measure, says on rank 0 what went wrong, and stops MPI.
 * \return the program's exit status */
int tl_bench_on_ranks(tl_bench_measure *measure, void *self);

enum { TL_GEMM_ROUNDS = 15 };

/**
 * Times TL_GEMM_ROUNDS products of [rows x inner] and [inner x columns], one thread, after
 * one that is not timed. \param rate GFLOP per second of a core's time, of each, result
 * \return TL_E_SPACE
 */
TL_MUST_USE tl_status tl_bench_gemm_rates(int rows, int columns, int inner,
                                          double rate[TL_GEMM_ROUNDS], tl_err *err);

/** bench gemm. \return the program's exit status, as the others */
int tl_bench_gemm(bool is_json);

/** bench schedule: `steps` empty steps. Every rank calls it; it starts and stops MPI. */
int tl_bench_schedule(uint32_t steps, bool is_json);

/** bench reduce: sums of `mib` MiB. Every rank calls it; it starts and stops MPI. */
int tl_bench_reduce(double mib, bool is_json);

/** The matrix of bench linalg. 0x0: those that each problem usually has. */
typedef struct tl_bench_size {
    int rows, columns;
} tl_bench_size;

/** bench linalg. Every rank calls it; it starts and stops MPI. */
int tl_bench_linalg(tl_bench_size size, bool is_json);

/** What is trained in bench train. */
typedef struct tl_bench_job {
    tl_setup setup;
    int rows; /**< of the random data: whole batches make an epoch */
} tl_bench_job;

/**
 * Reads a job from the name of a model and NAME=VALUE texts: names of the tables of model
 * and recipe (kind and epochs excepted: --model is the one, and the bench trains for as
 * long as it measures) and the bench's own, which are those of the data.
 *
 * \return TL_E_ARG (what is not known and what is allowed; what does not fit)
 */
TL_MUST_USE tl_status tl_bench_job_read(const char *model, const char *const *set, int sets,
                                        tl_bench_job *out, tl_err *err);

/** Prints the settings of bench train, with their defaults and meanings. */
void tl_bench_job_help(void);

enum { TL_BENCH_BLOCKS = 5 };

/** How fast something was: medians over TL_BENCH_BLOCKS blocks of a second or more. */
typedef struct tl_bench_rate {
    double rows;            /**< a second */
    double lowest, highest; /**< of the blocks */
    double row_cpu;         /**< seconds of a core's time for a row */
} tl_bench_rate;

/** Random rows: pixels in 0..1 or tokens, and labels, from streams. */
typedef struct tl_bench_data {
    float *pixel;   /**< [rows x input] */
    int32_t *label; /**< [rows] */
    int *row;       /**< [rows] 0, 1, ... */
    int rows;
} tl_bench_data;

/** Draws the job's data; in `arena`. \return TL_E_SPACE */
TL_MUST_USE tl_status tl_bench_draw(const tl_bench_job *job, tl_arena *arena,
                                    tl_bench_data *data, tl_err *err);

/** Rows and time of the block under way, and the rates of those that are over. */
typedef struct tl_bench_clock {
    double rate[TL_BENCH_BLOCKS]; /**< rows a second */
    double cpu[TL_BENCH_BLOCKS];  /**< seconds of a core for a row */
    int wanted, done;             /**< blocks; done is -1 while warming up */
    double begin, begin_cpu, rows;
    int updates;
} tl_bench_clock;

/** A clock for `blocks` blocks, at most TL_BENCH_BLOCKS, after one that is not counted. */
tl_bench_clock tl_bench_clock_start(int blocks);

/** `rows` more rows are through, in `updates` updates. Whether all blocks are done. */
bool tl_bench_clock_count(tl_bench_clock *clock, double rows, int updates);

/** Medians of the blocks, once all are done. */
tl_bench_rate tl_bench_clock_rate(tl_bench_clock *clock);

/** What is timed, and how. */
typedef struct tl_bench_lap {
    const tl_bench_job *job;
    const tl_bench_data *data;
    const tl_team *team;
    int blocks;  /**< at most TL_BENCH_BLOCKS */
    int watcher; /**< the member whose clock decides */
} tl_bench_lap;

/**
 * Trains `model` until the watcher's blocks are done. Collective over the team.
 *
 * What is timed is a training as any other, through tl_train: its team is one that looks at
 * the clock whenever the trainer begins a batch. A block is made of whole epochs, so
 * shuffling is in the time as optimiser and sums of shards are.
 *
 * \param rate   of all members together; result on the watcher
 * \param report of the whole training, may be NULL
 */
TL_MUST_USE tl_status tl_bench_time_training(tl_model *model, const tl_bench_lap *lap,
                                             tl_arena *scratch, tl_bench_rate *rate,
                                             tl_train_report *report, tl_err *err);

/** Seconds of a core's time that one layer takes in a batch. */
typedef struct tl_bench_layer {
    double forward, backward;
} tl_bench_layer;

/**
 * Times every layer of a training by itself, over the shards of one batch, with the
 * same rows in a call as the trainer has; medians over a second or more. What the trainer
 * does beside (gathering rows, dropout, loss, sums, optimiser) is not in it; packing of
 * weights counts as forward.
 *
 * \param layer [model->layers] result \return TL_E_SPACE
 */
TL_MUST_USE tl_status tl_bench_profile(const tl_model *model, const tl_bench_job *job,
                                       const tl_bench_data *data, tl_arena *scratch,
                                       tl_bench_layer *layer, tl_err *err);

/** What bench train is asked for beside the job. */
typedef struct tl_bench_train_options {
    bool is_json;
    bool infers;     /**< inference and the query service instead of training */
    bool has_layers; /**< time by layer, not by kind of layer */
} tl_bench_train_options;

/** bench train over ranks: the team beside rank 0 alone, by turns. Every rank calls it; it
 * starts and stops MPI. */
int tl_bench_team(const tl_bench_job *job, bool is_json);

/** bench train on one rank. */
int tl_bench_train(const tl_bench_job *job, const tl_bench_train_options *options);

#endif
