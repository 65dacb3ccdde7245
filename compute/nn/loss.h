/*
 * From logits to what is measured: probabilities and cross-entropy, in double precision
 * where they are reported.
 */
#ifndef TL_COMPUTE_NN_LOSS_H
#define TL_COMPUTE_NN_LOSS_H

#include <stdint.h>

/** Softmax of each row. \param probability [rows x classes]; may be `logits` itself */
void tl_softmax(const float *logits, int rows, int classes, float *probability);

/** -log p[label] of each row, nat, from logits without overflow. \param loss [rows] */
void tl_cross_entropy(const float *logits, const int32_t *label, int rows, int classes,
                      double *loss);

/**
 * Mean squared distance of one row of outputs from what was wanted, and its gradient.
 * \param gradient [n] result, 2 (output - wanted) / n; may be NULL
 */
double tl_squared_error(const float *output, const float *wanted, int n, float *gradient);

/** Class of the largest logit of each row, the first of equals. \param best [rows] */
void tl_argmax(const float *logits, int rows, int classes, int32_t *best);

#endif
