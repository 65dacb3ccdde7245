/*
 * The query service: how anybody but the owner reaches the target, and the place for output
 * defences and monitors. The plain service gives the model's own answers.
 */
#ifndef TL_EXPERIMENTS_STAGE_SERVICE_H
#define TL_EXPERIMENTS_STAGE_SERVICE_H

#include "compute/nn/model.h"

/** What the service answers for each row. */
typedef enum tl_answers {
    TL_ANSWER_SCORES, /**< class probabilities */
    TL_ANSWER_TOP1,   /**< 1 for the top class, 0 for the others */
    TL_ANSWER_LOGITS  /**< output of the last layer, before the softmax */
} tl_answers;

/** Precision in which answers are computed. */
typedef enum tl_precision {
    TL_PRECISION_DOUBLE, /**< last layer and softmax in double precision, from features in
                            single */
    TL_PRECISION_SINGLE  /**< all in single precision, as the model computes */
} tl_precision;

/** Queries, and how to answer them. */
typedef struct tl_question {
    const float *input; /**< [rows x input], borrowed */
    int rows;
    tl_answers kind;        /**< what to answer for each */
    tl_precision precision; /**< for tl_service_ask_exactly */
} tl_question;

/** A service in front of a target; so far a name. */
typedef struct tl_service {
    const char *name; /**< "plain" */
} tl_service;

/** The service that every world starts with. */
const tl_service *tl_service_plain(void);

/**
 * Asks `target` through `service`. Collective over `team`.
 *
 * \param answer [rows x classes] result, on every member
 * \return as tl_model_logits
 */
TL_MUST_USE tl_status tl_service_ask(const tl_service *service, const tl_model *target,
                                     const tl_question *question, const tl_team *team,
                                     tl_arena *scratch, float *answer, tl_err *err);

/**
 * As tl_service_ask, for attacks that solve equations: TL_ANSWER_SCORES or TL_ANSWER_LOGITS
 * of a model whose last layer is dense, in the question's precision. TL_PRECISION_SINGLE
 * gives the answers of tl_service_ask, TL_PRECISION_DOUBLE those of the same parameters
 * without rounding in the last layer and the softmax. Collective over `team`; bits do not
 * depend on it.
 *
 * \param answer [rows x classes] result, on every member
 * \return TL_E_NOMEM, or as tl_model_logits
 */
TL_MUST_USE tl_status tl_service_ask_exactly(const tl_service *service,
                                             const tl_model *target,
                                             const tl_question *question,
                                             const tl_team *team, tl_arena *scratch,
                                             double *answer, tl_err *err);

#endif
