/*
 * The loss on rows that are not trained on, for early stopping.
 */
#ifndef TL_COMPUTE_TRAIN_HOLDOUT_H
#define TL_COMPUTE_TRAIN_HOLDOUT_H

#include "compute/nn/model.h"

/**
 * Mean cross-entropy of the rows' labels, nat; the same bits on every member of any team.
 * Collective over `team`.
 *
 * \param logits [rows x classes] overwritten; borrowed
 * \param loss result
 * \return TL_E_NUMERIC if it is not finite, TL_E_NOMEM, TL_E_PEER
 */
TL_MUST_USE tl_status tl_holdout_loss(const tl_model *model, const tl_dataset *rows,
                                      const tl_team *team, tl_arena *scratch, float *logits,
                                      double *loss, tl_err *err);

#endif
