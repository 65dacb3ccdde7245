/*
 * How a model classifies the rows of a dataset.
 */
#ifndef TL_EXPERIMENTS_SCORE_READING_H
#define TL_EXPERIMENTS_SCORE_READING_H

#include "compute/data/recorded.h"
#include "compute/nn/model.h"

/** What a model says of `rows` rows; all arrays are in scratch. */
typedef struct tl_reading {
    float *logits;  /**< [rows x classes] */
    int32_t *guess; /**< [rows] top class */
    double *loss;   /**< [rows] cross-entropy of the label, nat */
} tl_reading;

/**
 * Reads `data` by `model`. Collective over `team`; bits do not depend on it. Where scratch
 * counts, the arrays are taken and not filled.
 *
 * \return TL_E_NOMEM, TL_E_PEER
 */
TL_MUST_USE tl_status tl_reading_make(const tl_model *model, const tl_dataset *data,
                                      const tl_team *team, tl_arena *scratch,
                                      tl_reading *out, tl_err *err);

/**
 * The same off recorded answers; of scores, logits are their logarithms. Collective over
 * `team`. \return TL_E_NOMEM, TL_E_PEER; TL_E_ARG for a row without an answer
 */
TL_MUST_USE tl_status tl_reading_recorded(const tl_recorded *recorded,
                                          const tl_dataset *data, const tl_team *team,
                                          tl_arena *scratch, tl_reading *out, tl_err *err);

#endif
