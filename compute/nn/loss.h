/*
 * From logits to probabilities and losses, in double precision where they are reported.
 */
#ifndef TL_COMPUTE_NN_LOSS_H
#define TL_COMPUTE_NN_LOSS_H

#include <stdint.h>

/** Softmax of each row.
 * \param logits [rows x classes]
 * \param probability [rows x classes] result; may be `logits` itself */
void tl_softmax(const float *logits, int rows, int classes, float *probability);

/** As tl_softmax, in double precision.
 * \param logits [rows x classes]
 * \param probability [rows x classes] result; may be `logits` itself */
void tl_softmax_double(const double *logits, int rows, int classes, double *probability);

/** -log p[label] of each row, nat, from logits [rows x classes] without overflow. \param
 * loss [rows] result */
void tl_cross_entropy(const float *logits, const int32_t *label, int rows, int classes,
                      double *loss);

/**
 * Mean squared error of one row of `output` [n] against `wanted` [n], and its gradient.
 * \param gradient [n] result, 2 (output - wanted) / n; may be NULL
 */
double tl_squared_error(const float *output, const float *wanted, int n, float *gradient);

/**
 * Logit-scaled confidence of each row, log(p / (1 - p)) of its label's probability p, from
 * logits without overflow: the label's logit minus the log-sum-exp of the others.
 * \param logits [rows x classes]
 * \param label [rows]
 * \param confidence [rows] result
 * Source: Carlini, Chien, Nasr, Song, Terzis, Tramer 2022, Membership inference attacks
 * from first principles, section IV-C.
 */
void tl_confidence(const float *logits, const int32_t *label, int rows, int classes,
                   double *confidence);

/**
 * Gradient of one row's logit-scaled confidence in class `label`: 1 there, minus the
 * softmax of the others elsewhere. It points the same way as the gradient of log p but does
 * not vanish when p is near 1.
 * \param logits [classes]
 * \param d [classes] result
 */
void tl_confidence_gradient(const float *logits, int label, int classes, float *d);

/** Class of the largest logit of each row, the first of equals.
 * \param logits [rows x classes]
 * \param best [rows] result */
void tl_argmax(const float *logits, int rows, int classes, int32_t *best);

#endif
