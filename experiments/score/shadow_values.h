/*
 * What models trained with and without rows say about them.
 */
#ifndef TL_EXPERIMENTS_SCORE_SHADOW_VALUES_H
#define TL_EXPERIMENTS_SCORE_SHADOW_VALUES_H

#include <stdbool.h>

/** A statistic of each model and row. Pointers are borrowed. */
typedef struct tl_shadow_values {
    int models, rows;
    const double *value; /**< [models x rows] */
    const bool *in;      /**< [models x rows] the model was trained on the row */
} tl_shadow_values;

#endif
