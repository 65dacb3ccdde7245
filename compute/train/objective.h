/*
 * The training rows and the objective: the loss of a group of rows and its gradient with
 * respect to the outputs.
 */
#ifndef TL_COMPUTE_TRAIN_OBJECTIVE_H
#define TL_COMPUTE_TRAIN_OBJECTIVE_H

#include <stdint.h>

/** The loss to minimise, a mean over the rows. */
typedef enum tl_loss {
    TL_LOSS_CROSS_ENTROPY, /**< of softmax(outputs), nat */
    TL_LOSS_SQUARED        /**< mean over the outputs of their squared distance to target */
} tl_loss;

/** Training rows; all pointers are borrowed. Either `label` or `target` is given. */
typedef struct tl_train_rows {
    const float *input;   /**< [.. x input] */
    const int32_t *label; /**< [..] hard labels, or NULL */
    const float *target;  /**< [.. x classes] soft labels (rows sum to 1), or the desired
                             outputs for the squared loss, or NULL */
    const int *row; /**< [rows] indices into the above, in the order that epochs permute */
    int rows;
    tl_loss loss; /**< TL_LOSS_SQUARED needs `target` */
} tl_train_rows;

/** A model's outputs for a group of rows; pointers are borrowed. */
typedef struct tl_outputs {
    int positions, classes;
    const float *at; /**< [rows*positions x classes] */
    float *gradient; /**< [rows*positions x classes] result: gradient of the loss */
} tl_outputs;

/**
 * Sum of the losses of rows `row` [rows], and its gradient. A row with several positions is
 * one of tokens: each position's label is the next token, the last one's is the row's
 * label, and the row's loss is the mean over its positions.
 *
 * \param smoothing cross-entropy: the targets q, hard or soft, become (1 - smoothing) q +
 *                  smoothing / classes (Szegedy et al. 2016, Rethinking the Inception
 *                  architecture, section 7)
 */
double tl_objective(const tl_train_rows *data, const int *row, int rows, double smoothing,
                    const tl_outputs *outputs);

/** As tl_objective. \param each [rows] result: the loss of each row; may be NULL */
double tl_objective_each(const tl_train_rows *data, const int *row, int rows,
                         double smoothing, const tl_outputs *outputs, double *each);

#endif
