/*
 * A small training on any team, with what it came to on each member: 90 rows whose class is
 * the third of the image that is bright, and a model of a few hundred parameters.
 */
#ifndef TL_TESTS_SUPPORT_TRAINING_H
#define TL_TESTS_SUPPORT_TRAINING_H

#include "compute/train/trainer.h"
#include "tests/support/team_threads.h"

enum {
    TRAINING_ROWS = 90, /* batches of 37, 37 and 16 by the recipes below */
    TRAINING_PIXELS = 64,
    TRAINING_CLASSES = 3,
    TRAINING_PARAMS = 4096, /* at most */
    TRAINING_STATE = 65536  /* bytes of a checkpoint, at most */
};

/** The rows. */
typedef struct training_data {
    float input[TRAINING_ROWS * TRAINING_PIXELS];
    int32_t label[TRAINING_ROWS];
    float target[TRAINING_ROWS * TRAINING_CLASSES]; /* one-hot */
    int32_t other[TRAINING_ROWS];                   /* of training_validate */
    int row[TRAINING_ROWS];                         /* from last to first */
} training_data;

typedef struct training {
    training_data data;
    tl_model_spec spec;
    tl_recipe recipe;
    tl_train_rows rows;
    tl_dataset validation; /* of no rows, until a test gives it some */
    bool is_kept;          /* has a checkpoint */
    unsigned char state[TRAINING_STATE];
    size_t state_size; /* 0: none */
    double every;
    int loads, saves;
    tl_status status[TEAM_THREADS_MOST];
    tl_err err[TEAM_THREADS_MOST];
    tl_train_report report[TEAM_THREADS_MOST];
    float param[TEAM_THREADS_MOST][TRAINING_PARAMS];
    size_t params;
} training;

/** Recipes of six epochs. */
extern const tl_recipe training_adamw, training_sgd;
/** One that does everything, but for early stopping. */
extern const tl_recipe training_rich;

/** A convolution network to be trained by `recipe`. Free it. */
training *training_open(const tl_recipe *recipe);

/** Lets the training rows be the validation rows, each with the label `hop` classes on: 0
 * for what is learned, other hops for what gets worse while it is. */
void training_validate(training *it, int hop);

/** Its checkpoint, on member 0; `self` is the training. */
tl_checkpoint training_checkpoint(training *it);

/** One member's part, for team_threads_run. */
void training_member(const tl_team *team, void *self);

/** Runs it on a team of one, which must succeed; returns it. */
training *training_run(training *it);

/** Asserts that every member of `size` came to what `wanted` did on its member 0. */
void training_assert_same(const training *it, int size, const training *wanted);

#endif
