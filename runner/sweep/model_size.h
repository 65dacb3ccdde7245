/*
 * Parameters, FLOP and memory of a model, predicted before anything runs.
 */
#ifndef TL_RUNNER_SWEEP_MODEL_SIZE_H
#define TL_RUNNER_SWEEP_MODEL_SIZE_H

#include "runner/plan/plan.h"

#include <jansson.h>

/** The size of one model, to run and to train. */
typedef struct tl_model_size {
    tl_setup setup;
    double params, flop, train_flop; /**< FLOP of one example, forward and in training */
    double memory;                   /**< bytes of the largest training, on a rank alone */
    double shared;                   /**< bytes on each of `ranks` */
    int ranks;                       /**< most ranks that its training can use */
} tl_model_size;

/** Whether two specs are of one model, number of splits included. */
bool tl_model_is_same(const tl_model_spec *a, const tl_model_spec *b);

/** "cnn of width 16: 29,066 parameters, ...", into `text`; returns it. */
char *tl_model_size_text(const tl_model_size *size, char text[256]);

/** The same as an object, owned by the caller. */
json_t *tl_model_size_json(const tl_model_size *size);

/** Sets `size` [most] to the first `most` different models of a plan.
 * \return how many there are, at most `most` */
int tl_model_sizes(const tl_plan *plan, tl_model_size *size, int most);

/** The size of a model with the defaults of a plan but for `width`, on images of 28x28 in
 * 10 classes, or on rows of 64 tokens with a vocabulary of 256. */
tl_model_size tl_model_size_default(tl_model_kind kind, int width);

#endif
