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
    const float *pixel;   /**< [.. x input] */
    const int32_t *label; /**< [..] hard labels, or NULL */
    const float *target;  /**< [.. x classes] soft labels (rows sum to 1), or what outputs
                             are to be under the squared loss, or NULL */
    const int *row;       /**< [rows] which of them, in the order epochs permute */
    int rows;
    tl_loss loss; /**< TL_LOSS_SQUARED wants `target` */
} tl_train_rows;

/**
 * Sum of the losses of rows `row` [rows], and its gradient.
 *
 * \param smoothing cross-entropy: the targets q, hard or soft, become (1 - smoothing) q +
 *                  smoothing / outputs (Szegedy et al. 2016, Rethinking the Inception
 *                  architecture, section 7)
 * \param output    [rows x outputs] of the model for these rows
 * \param d_output  [rows x outputs] result
 */
double tl_objective(const tl_train_rows *data, const int *row, int rows, double smoothing,
                    int outputs, const float *output, float *d_output);

#endif
