/*
 * What is trained on, and what is made small: the loss of a group of rows and its gradient
 * at the outputs.
 */
#ifndef TL_COMPUTE_TRAIN_OBJECTIVE_H
#define TL_COMPUTE_TRAIN_OBJECTIVE_H

#include <stdint.h>

/** What is made small, as a mean over the rows. */
typedef enum tl_loss {
    TL_LOSS_CROSS_ENTROPY, /**< of softmax(outputs), nat */
    TL_LOSS_SQUARED        /**< mean over the outputs of their squared distance to target */
} tl_loss;

/** What is trained on. Either `label` or `target` is given. */
typedef struct tl_train_rows {
    const float *input;   /**< [.. x input] */
    const int32_t *label; /**< [..] hard labels, or NULL */
    const float *target;  /**< [.. x classes] soft labels (rows sum to 1), or what outputs
                             are to be under the squared loss, or NULL */
    const int *row;       /**< [rows] which of them, in the order epochs permute */
    int rows;
    tl_loss loss; /**< TL_LOSS_SQUARED wants `target` */
} tl_train_rows;

/** What a model made of a group of rows. */
typedef struct tl_outputs {
    int positions, classes;
    const float *at; /**< [rows*positions x classes] */
    float *gradient; /**< [rows*positions x classes] the gradient of the loss, a result */
} tl_outputs;

/**
 * Sum of the losses of rows `row` [rows], and its gradient. With several positions a row is
 * one of tokens: each position's label is the next token, the last one's that of the row,
 * and the loss of the row is the mean over its positions.
 *
 * \param smoothing cross-entropy: the targets q, hard or soft, become (1 - smoothing) q +
 *                  smoothing / classes (Szegedy et al. 2016, Rethinking the Inception
 *                  architecture, section 7)
 */
double tl_objective(const tl_train_rows *data, const int *row, int rows, double smoothing,
                    const tl_outputs *outputs);

#endif
