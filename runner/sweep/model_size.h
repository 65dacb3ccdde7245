/*
 * What a model takes in parameters, FLOP and memory, known before anything runs.
 */
#ifndef TL_RUNNER_SWEEP_MODEL_SIZE_H
#define TL_RUNNER_SWEEP_MODEL_SIZE_H

#include "runner/plan/plan.h"

#include <jansson.h>

/** What one model takes to run and to train. */
typedef struct tl_model_size {
    tl_setup setup;
    double params, flop, train_flop; /**< FLOP of one example, forward and in training */
    double memory;                   /**< bytes of the largest training, on a rank alone */
    double shared; /**< on each of `ranks`, as many as a training can have */
    int ranks;
} tl_model_size;

/** Whether two specs are of one model, number of splits included. */
bool tl_model_is_same(const tl_model_spec *a, const tl_model_spec *b);

/** "cnn of width 16: 29,066 parameters, ...", into `text`; returns it. */
char *tl_model_size_text(const tl_model_size *size, char text[256]);

/** The same as an object, owned by the caller. */
json_t *tl_model_size_json(const tl_model_size *size);

/** Sets size [most] to the different models of a plan, the first `most` of them.
 * \return how many */
int tl_model_sizes(const tl_plan *plan, tl_model_size *size, int most);

/** A model with what a plan has by default but for `width`, on images of 28x28 in 10
 * classes, or on 64 tokens of 256. */
tl_model_size tl_model_size_default(tl_model_kind kind, int width);

#endif
