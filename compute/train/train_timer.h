/*
 * Times trainings: random data, medians over blocks of a second, and a real training that
 * ends when all blocks are measured.
 */
#ifndef TL_COMPUTE_TRAIN_TRAIN_TIMER_H
#define TL_COMPUTE_TRAIN_TRAIN_TIMER_H

#include "compute/train/trainer.h"

/** Random rows: pixels in 0..1 or tokens, and labels; all in the arena. */
typedef struct tl_timer_data {
    float *input;   /**< [rows x input] */
    int32_t *label; /**< [rows] */
    int *row;       /**< [rows] 0, 1, ... */
    int rows;
} tl_timer_data;

/** Draws `rows` rows for the model into `data`, always the same; in `arena`. \return
 * TL_E_NOMEM */
TL_MUST_USE tl_status tl_timer_draw(const tl_model_spec *spec, int rows, tl_arena *arena,
                                    tl_timer_data *data, tl_err *err);

/** A model with random weights, always the same; in `arena`. \return TL_E_ARG, TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_timer_model(const tl_model_spec *spec, tl_arena *arena,
                                     tl_model **model, tl_err *err);

enum { TL_TIMER_BLOCKS = 5 /**< of a stopwatch, at most */ };

/** A rate: medians over blocks of a second or more. */
typedef struct tl_rate {
    double rows;            /**< a second */
    double lowest, highest; /**< of the blocks */
    double row_cpu;         /**< core seconds a row */
} tl_rate;

/** A stopwatch: rows and time of the current block, and the rates of earlier ones. */
typedef struct tl_timer {
    double rate[TL_TIMER_BLOCKS]; /**< rows a second */
    double cpu[TL_TIMER_BLOCKS];  /**< core seconds a row */
    int wanted, done;             /**< blocks; done is -1 while warming up */
    double begin, begin_cpu, rows;
    int updates;
} tl_timer;

/** Starts a stopwatch for `blocks` blocks, 1 to TL_TIMER_BLOCKS; a warm-up first is not
 * counted. */
tl_timer tl_timer_start(int blocks);

/** Counts `rows` more rows, done in `updates` updates. \return whether all blocks are done
 */
bool tl_timer_count(tl_timer *timer, double rows, int updates);

/** Medians of the blocks, once all are done. */
tl_rate tl_timer_rate(tl_timer *timer);

/** A training to time. All pointers are borrowed. */
typedef struct tl_timed_training {
    const tl_recipe *recipe; /**< its epochs are not used */
    const tl_timer_data *data;
    const tl_team *team;
    int blocks;  /**< 1 to TL_TIMER_BLOCKS */
    int watcher; /**< the member whose clock decides */
} tl_timed_training;

/**
 * Trains `model` until the watcher's blocks are done. Collective over the team.
 *
 * This is an ordinary tl_train, with a team that looks at the clock whenever the trainer
 * begins a batch. A block consists of whole epochs, so shuffling, optimiser and sums of
 * shards are all included.
 *
 * \param rate of all members together; result on the watcher
 * \param report result, of the whole training; may be NULL
 * \return TL_E_ARG for data too small to measure, or as tl_train
 */
TL_MUST_USE tl_status tl_train_time(tl_model *model, const tl_timed_training *timed,
                                    tl_arena *scratch, tl_rate *rate,
                                    tl_train_report *report, tl_err *err);

#endif
