/*
 * What shadow models say of the rows that a membership test judges: one number a model and
 * row, and whether the model trained on the row. The tests of likelihood_ratio.h,
 * relative_membership.h and calibration.h read it.
 */
#ifndef TL_EXPERIMENTS_SCORE_SHADOW_VALUES_H
#define TL_EXPERIMENTS_SCORE_SHADOW_VALUES_H

#include "compute/core/arena.h"

#include <stdbool.h>

/** A view; all pointers are borrowed. */
typedef struct tl_shadow_values {
    int models, rows;
    const double *value; /**< [models x rows] */
    const bool *in;      /**< [models x rows] trained on it; NULL: none trained on any */
} tl_shadow_values;

/** Whether the model and row of entry `at` of the matrices belong together: the model
 * trained on the row. */
bool tl_shadow_is_in(const tl_shadow_values *shadows, size_t at);

/** Writes the values of the models that trained on `row` (in), or that did not, into
 * `value` [models], in the order of the models. \return how many there are */
int tl_shadow_gather(const tl_shadow_values *shadows, int row, bool in, double *value);

/** Mean of x [n], summed from the first on, and standard deviation about it, divided by n;
 * n > 0. */
double tl_shadow_mean(const double *x, int n);
double tl_shadow_deviation(const double *x, int n);

/**
 * Mean over the models that trained on a row (in), or that did not, of every row. A row
 * without such a model gets the mean of the other rows' means (TF-Privacy's rule:
 * tensorflow/privacy 03035d5d, privacy_tests/membership_inference_attack/advanced_mia.py,
 * replace_nan_with_column_mean).
 *
 * \param mean [rows] result
 * \return TL_E_NOMEM; TL_E_ARG if no row has such a model
 */
TL_MUST_USE tl_status tl_shadow_means(const tl_shadow_values *shadows, bool in,
                                      tl_arena *scratch, double *mean, tl_err *err);

/** Checks that each row has a model that trained on it (in), or one that did not, for a
 * test that has no rule for a row without. \return TL_E_ARG, naming the first such row */
TL_MUST_USE tl_status tl_shadow_check(const tl_shadow_values *shadows, bool in,
                                      tl_err *err);

#endif
