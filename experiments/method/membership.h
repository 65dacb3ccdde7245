/*
 * Room experiments/method: what attacks of one family share; no stages. Uses compute,
 * experiments/stage, score and image.
 *
 * Membership tests: the candidates, what the target answers about them, and how scores are
 * reported. Clean members are judged against clean non-members that went through the same
 * data stages.
 */
#ifndef TL_EXPERIMENTS_METHOD_MEMBERSHIP_H
#define TL_EXPERIMENTS_METHOD_MEMBERSHIP_H

#include "experiments/stage/stage.h"

/** The clean rows of the pool and their scores; arrays are in the arena of
 * tl_candidates_gather. */
typedef struct tl_candidates {
    tl_dataset *rows;
    float *answer;         /**< [rows x classes] room for answers */
    double *plain;         /**< [rows] the target's answer alone, as a score */
    double *score;         /**< [rows] set by the test; higher: more likely a member */
    bool is_scored;        /**< the test has a score for every row */
    bool has_control;      /**< the control was asked: the next two are set */
    double *control;       /**< [rows] its answer alone, as a score */
    double *control_score; /**< [rows] by the test, with the control as its target */
    bool *member;          /**< [rows] the truth */
    int members, others;   /**< rows that are members, and that are not */
} tl_candidates;

/** What is read off an answer about a row with a label (experiments/score/answers.h);
 * higher: more likely a member. */
typedef enum tl_statistic {
    TL_STATISTIC_CONFIDENCE,
    TL_STATISTIC_MINUS_LOSS,
    TL_STATISTIC_PROBABILITY
} tl_statistic;

/**
 * The control of every membership test: a model trained as the target is, from the same
 * initial weights, but on the attacker's own clean rows, so that it saw neither members nor
 * non-members. A test that separates them by it finds how the two sets differ, not what the
 * target leaks. Rows recovered from models are left out; where the recipe has patience, it
 * stops on the owner's validation rows, as the target does.
 */
extern const tl_bank tl_bank_membership_controls;

/** Gathers the candidates of a pool, in `arena`. Not collective. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_candidates_gather(const tl_dataset *pool, tl_arena *arena,
                                           tl_candidates **out, tl_err *err);

/**
 * Asks about rows for their scores and reads a statistic off each answer. Collective.
 *
 * \param session with the target, or with a model of the attacker's own; borrowed
 * \param answer [rows x classes] overwritten
 * \param out    [rows] result
 * \return as tl_session_ask
 */
TL_MUST_USE tl_status tl_membership_ask(tl_scene *scene, tl_session *session,
                                        const tl_dataset *rows, tl_statistic statistic,
                                        float *answer, double *out, tl_err *err);

/**
 * The same with the stage's control in the target's place: behind the target's service,
 * whose memory begins anew. Collective; in `run` of a stage that has its control.
 *
 * \param answer [rows x classes] overwritten
 * \param out    [rows] result
 * \return TL_E_NOMEM, TL_E_MISSING, or as tl_session_ask
 */
TL_MUST_USE tl_status tl_membership_ask_control(tl_scene *scene, const tl_dataset *rows,
                                                tl_statistic statistic, float *answer,
                                                double *out, tl_err *err);

/**
 * Asks target and, where there is one, control about the candidates, after the target's
 * session: sets `plain`, `has_control` and `control`. Collective. \return as
 * tl_session_ask
 */
TL_MUST_USE tl_status tl_candidates_ask(tl_scene *scene, tl_candidates *candidates,
                                        tl_statistic statistic, tl_err *err);

/** Notes whether a test could score the candidates, from the status of its arithmetic:
 * TL_E_ARG, as where a row lacks a model, means that its metrics are missing, and no error.
 * \return `status`, TL_OK in place of TL_E_ARG */
TL_MUST_USE tl_status tl_membership_scored(tl_candidates *candidates, tl_status status,
                                           tl_err *err);

/** What every membership test says of itself, the beginning of tl_stage.variant. */
#define TL_MEMBERSHIP_VARIANT                                                             \
    "Judged are the pool's clean rows without near-duplicates on the other side, with "   \
    "their true labels. Each is asked about once, as it is: no mirrored or shifted "      \
    "queries of it. auc_without_access is that of the same test against a model that "    \
    "saw neither set, trained as the target on the attacker's rows: as far as it is off " \
    "0.5, members and non-members differ without any leak, as on official splits. "

/** Places of the first metrics of membership tests, TL_MEMBERSHIP_METRICS. */
enum {
    TL_MEMBERSHIP_AUC,
    TL_MEMBERSHIP_TPR_1PCT,
    TL_MEMBERSHIP_TPR_0P1PCT,
    TL_MEMBERSHIP_TARGETED_AUC,
    TL_MEMBERSHIP_WITHOUT_ACCESS,
    TL_MEMBERSHIP_OWN /**< first of the test's own */
};

/** Whether a true positive rate at 1 % or 0.1 % false positives can be told: by 10 false
 * positives, so by 1,000 or 10,000 non-members. */
bool tl_membership_tells_1pct(const tl_size *size);
bool tl_membership_tells_0p1pct(const tl_size *size);

/** Whether the attacker has rows to train the control of membership tests on. */
bool tl_membership_has_control(const tl_size *size);

/** The first rows of a table of tl_metric, which tl_membership_put sets. */
#define TL_MEMBERSHIP_METRICS                                                              \
    {.name = "auc",                                                                        \
     .label = "attack AUC",                                                                \
     .better = TL_BETTER_LOWER,                                                            \
     .high = 1,                                                                            \
     .can_be_missing = true,                                                               \
     .is_success = true,                                                                   \
     .control = "auc_without_access",                                                      \
     .about = "area under the ROC curve of members against non-members"},                  \
        {.name = "tpr_at_1pct",                                                            \
         .label = "TPR at 1 % FPR",                                                        \
         .better = TL_BETTER_LOWER,                                                        \
         .is_rate = true,                                                                  \
         .can_be_missing = true,                                                           \
         .has_rows_enough = tl_membership_tells_1pct,                                      \
         .about = "true positive rate at 1 % false positives; needs 1000 non-members"},    \
        {.name = "tpr_at_0p1pct",                                                          \
         .label = "TPR at 0.1 % FPR",                                                      \
         .better = TL_BETTER_LOWER,                                                        \
         .is_rate = true,                                                                  \
         .can_be_missing = true,                                                           \
         .has_rows_enough = tl_membership_tells_0p1pct,                                    \
         .about = "true positive rate at 0.1 % false positives; needs 10000 non-members"}, \
        {.name = "targeted_auc",                                                           \
         .label = "attack AUC, targeted rows",                                             \
         .better = TL_BETTER_LOWER,                                                        \
         .high = 1,                                                                        \
         .can_be_missing = true,                                                           \
         .is_success = true,                                                               \
         .about = "AUC over the rows that a poisoner targeted"},                           \
    {                                                                                      \
        .name = "auc_without_access", .label = "attack AUC without access", .high = 1,     \
        .can_be_missing = true, .has_rows_enough = tl_membership_has_control,              \
        .about = "auc of the same test of a model trained on the attacker's rows, on "     \
                 "neither members nor non-members: what of it is no leak"                  \
    }

/** A row of a table of tl_metric: advantage of a test at a threshold of its own. */
#define TL_ADVANTAGE_METRIC(at_threshold)                                            \
    {                                                                                \
        .name = "advantage", .label = "attack advantage", .better = TL_BETTER_LOWER, \
        .low = -1, .high = 1, .can_be_missing = true,                                \
        .about = "true minus false positive rate " at_threshold                      \
    }

/**
 * Puts the metrics of TL_MEMBERSHIP_METRICS, and stores scores and their ROC curve where
 * the plan wants them. Missing as unresolvable unless the candidates are scored. An AUC is
 * missing as unresolvable without members or without non-members; a rate at a false
 * positive rate f with fewer than 10 / f non-members, where it would rest on fewer than ten
 * of them. The AUC without access is not applicable without a control. Not collective.
 *
 * \return as tl_score_auc
 */
TL_MUST_USE tl_status tl_membership_put(tl_scene *scene, const tl_candidates *candidates,
                                        tl_err *err);

/** Puts the AUC minus that of the scores `plain`, one threshold for all rows; after
 * tl_membership_put. Not collective. \return as tl_score_auc */
TL_MUST_USE tl_status tl_membership_put_gain(tl_scene *scene, int metric,
                                             const tl_candidates *candidates, tl_err *err);

/** A row of a table of tl_metric, for tl_membership_put_gain. */
#define TL_MEMBERSHIP_GAIN_METRIC                                                    \
    {                                                                                \
        .name = "auc_gain", .label = "attack AUC over one threshold",                \
        .better = TL_BETTER_LOWER, .low = -1, .high = 1, .can_be_missing = true,     \
        .is_success = true,                                                          \
        .about = "AUC minus that of one threshold on the target's loss for all rows" \
    }

/** Puts true minus false positive rate of the test "score > threshold". */
void tl_membership_put_advantage(tl_scene *scene, int metric,
                                 const tl_candidates *candidates, double threshold);

/** Queries of a test that asks once about every candidate, for tl_stage.queries; `args`,
 * borrowed, are not read. */
double tl_membership_queries(const tl_size *size, const void *args);

#endif
