/*
 * Room experiments/method: machinery that attacks of one family share, and no stages. Uses
 * compute, experiments/stage, score and image.
 *
 * What tests of membership have in common: whom they judge, and how their scores are
 * reported. Clean members are judged against clean non-members that went through the same
 * data stages.
 */
#ifndef TL_EXPERIMENTS_METHOD_MEMBERSHIP_H
#define TL_EXPERIMENTS_METHOD_MEMBERSHIP_H

#include "experiments/stage/stage.h"

/** The clean rows of the pool, and what a test makes of them. */
typedef struct tl_suspects {
    tl_dataset *rows;
    float *logits; /**< [rows x classes] room for the target's */
    double *score; /**< [rows] room for the test's; higher = taken for a member */
    bool *member;  /**< [rows] */
    int members, others;
} tl_suspects;

/** Gathers the suspects of a pool; everything is in `arena`. Not collective. \return
 * TL_E_SPACE */
TL_MUST_USE tl_status tl_suspects_gather(const tl_dataset *pool, tl_arena *arena,
                                         tl_suspects *out, tl_err *err);

/**
 * Puts the AUC of those suspects whose flags have all bits of `flags` (0: of all); missing
 * as unresolvable where members or non-members are absent among them. Not collective.
 */
TL_MUST_USE tl_status tl_suspects_put_auc(tl_scene *scene, int metric,
                                          const tl_suspects *suspects, unsigned flags,
                                          tl_err *err);

/**
 * Puts the true positive rate at a false positive rate of `limit`; missing as unresolvable
 * with fewer than 10 / limit non-members, since it would hang on fewer than ten of them.
 * Not collective.
 */
TL_MUST_USE tl_status tl_suspects_put_tpr(tl_scene *scene, int metric,
                                          const tl_suspects *suspects, double limit,
                                          tl_err *err);

/** Largest useful team for inference over the pool. */
int tl_suspects_widest(const tl_size *size);

#endif
