/*
 * The head of a model: its last layer, which is dense, in double precision. For users of
 * the model's features that need more digits than the model's logits have.
 */
#ifndef TL_COMPUTE_NN_HEAD_H
#define TL_COMPUTE_NN_HEAD_H

#include "compute/nn/model.h"

/** logits = feature * weight^T + bias. */
typedef struct tl_head {
    int classes, width; /**< width: of the features */
    bool has_bias;
    double *weight; /**< [classes x width] */
    double *bias;   /**< [classes]; zeros where the layer has none */
} tl_head;

/** The head of a model, of any kind but the autoencoder, whose last layer is not dense. Not
 * collective. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_head_of(const tl_model *model, tl_arena *arena, tl_head *out,
                                 tl_err *err);

/**
 * Logits of features, summed in the order of the features: the bits depend on neither the
 * other rows nor the team. Not collective.
 *
 * \param feature [rows x width] of tl_model_features
 * \param logits [rows x classes] result
 */
void tl_head_logits(const tl_head *head, const float *feature, int rows, double *logits);

#endif
