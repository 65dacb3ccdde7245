/*
 * A training whose gradient fills several buckets, for tests of how teams exchange it: on
 * any kind of team, by any recipe, from a state and to one.
 */
#ifndef TL_TESTS_SUPPORT_WIDE_H
#define TL_TESTS_SUPPORT_WIDE_H

#include "compute/train/trainer.h"

enum { WIDE_ROWS = 24, WIDE_KINDS = 6 };

/** Recipe `kind` of WIDE_KINDS; none is sharded. */
tl_recipe wide_recipe(int kind);

/** One training. Zero but for recipe: from the start to the end, and nothing is kept. */
typedef struct wide {
    tl_recipe recipe;
    unsigned char *state; /**< of a checkpoint, owned, or NULL: found, and left */
    size_t state_size;
    int saves;
    double every; /**< s, of the checkpoint */
} wide;

/** Numbers of the model. */
size_t wide_params(void);

/**
 * Trains on `team`. \param param [wide_params] result \return as tl_train
 */
tl_status wide_train(wide *it, const tl_team *team, float *param);

#endif
