/*
 * Room experiments/method: what attacks of one family share; no stages. Uses compute,
 * experiments/stage, score and image.
 *
 * Membership tests: the candidates, and how their scores are reported. Clean members are
 * judged against clean non-members that went through the same data stages.
 */
#ifndef TL_EXPERIMENTS_METHOD_MEMBERSHIP_H
#define TL_EXPERIMENTS_METHOD_MEMBERSHIP_H

#include "experiments/stage/stage.h"

/** The clean rows of the pool and their scores; arrays are in the arena of
 * tl_candidates_gather. */
typedef struct tl_candidates {
    tl_dataset *rows;
    float *logits;       /**< [rows x classes] of the target, set by the test */
    double *score;       /**< [rows] set by the test; higher: more likely a member */
    bool *member;        /**< [rows] the truth */
    int members, others; /**< rows that are members, and that are not */
} tl_candidates;

/** Gathers the candidates of a pool. Not collective. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_candidates_gather(const tl_dataset *pool, tl_arena *arena,
                                           tl_candidates *out, tl_err *err);

/**
 * Puts the AUC over the candidates whose flags have all bits of `flags` (0: all); missing
 * as unresolvable without members or without non-members. Not collective.
 *
 * \return as tl_score_auc
 */
TL_MUST_USE tl_status tl_candidates_put_auc(tl_scene *scene, int metric,
                                            const tl_candidates *candidates, unsigned flags,
                                            tl_err *err);

/**
 * Puts the true positive rate at a false positive rate of `limit`; missing as unresolvable
 * with fewer than 10 / limit non-members, where it would rest on fewer than ten of them.
 * Not collective.
 *
 * \return as tl_score_tpr
 */
TL_MUST_USE tl_status tl_candidates_put_tpr(tl_scene *scene, int metric,
                                            const tl_candidates *candidates, double limit,
                                            tl_err *err);

/**
 * Hands over the candidates' scores and, with members and non-members among them, their ROC
 * curve "roc", where the plan stores them. Not collective; in scenes that count it takes
 * the memory.
 */
void tl_candidates_store(const tl_scene *scene, const tl_candidates *candidates);

#endif
