/*
 * The query service: how anybody but the owner reaches the target. Output defences and
 * monitors will stand here; the plain service answers truthfully and counts queries.
 */
#ifndef TL_EXPERIMENTS_STAGE_SERVICE_H
#define TL_EXPERIMENTS_STAGE_SERVICE_H

#include "compute/nn/model.h"

/** What the service tells of each image. */
typedef enum tl_answers {
    TL_ANSWER_SCORES, /**< class probabilities */
    TL_ANSWER_TOP1,   /**< 1 for the top class, 0 for the others */
    TL_ANSWER_LOGITS  /**< what the last layer gives, before the softmax */
} tl_answers;

/** How exactly answers are computed. */
typedef enum tl_precision {
    TL_PRECISION_DOUBLE, /**< the last layer, and what follows it, in double precision, from
                            the features that the model computes in single */
    TL_PRECISION_SINGLE  /**< as the model computes: all of it in single precision */
} tl_precision;

/** Images that somebody asks about. */
typedef struct tl_question {
    const float *input; /**< [rows x input] */
    int rows;
    tl_answers kind;        /**< what is to be told of each */
    tl_precision precision; /**< of tl_service_ask_exactly */
} tl_question;

/** What stands before a target. The plain service has no members that matter yet. */
typedef struct tl_service {
    const char *name; /**< "plain" */
} tl_service;

/** The service every world starts with. */
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
 * of a model whose last layer is dense, in the question's precision. In TL_PRECISION_SINGLE
 * the answers are those of tl_service_ask; in double they are what the same parameters give
 * without the rounding of the last layer and of the softmax. Collective over `team`; bits
 * do not depend on it.
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
