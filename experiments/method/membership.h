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
typedef struct tl_candidates {
    tl_dataset *rows;
    float *logits; /**< [rows x classes] room for the target's */
    double *score; /**< [rows] room for the test's; higher = taken for a member */
    bool *member;  /**< [rows] */
    int members, others;
} tl_candidates;

/** Gathers the candidates of a pool; everything is in `arena`. Not collective. \return
 * TL_E_NOMEM */
TL_MUST_USE tl_status tl_candidates_gather(const tl_dataset *pool, tl_arena *arena,
                                           tl_candidates *out, tl_err *err);

/**
 * Puts the AUC of those candidates whose flags have all bits of `flags` (0: of all);
 * missing as unresolvable where members or non-members are absent among them. Not
 * collective.
 */
TL_MUST_USE tl_status tl_candidates_put_auc(tl_scene *scene, int metric,
                                            const tl_candidates *candidates, unsigned flags,
                                            tl_err *err);

/**
 * Puts the true positive rate at a false positive rate of `limit`; missing as unresolvable
 * with fewer than 10 / limit non-members, since it would hang on fewer than ten of them.
 * Not collective.
 */
TL_MUST_USE tl_status tl_candidates_put_tpr(tl_scene *scene, int metric,
                                            const tl_candidates *candidates, double limit,
                                            tl_err *err);

#endif
