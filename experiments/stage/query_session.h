/*
 * A session: one client's queries to a model behind a service. Who may only ask gets a
 * session and never sees the model. It counts the queries, keeps what links remember of the
 * client, and logs. Links see the queries in their order, one by one, whatever the blocks,
 * ranks and team: bits do not depend on them.
 */
#ifndef TL_EXPERIMENTS_STAGE_QUERY_SESSION_H
#define TL_EXPERIMENTS_STAGE_QUERY_SESSION_H

#include "compute/data/recorded.h"
#include "compute/nn/model.h"
#include "experiments/stage/query_log.h"
#include "experiments/stage/query_service.h"

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
    tl_precision precision; /**< for tl_session_ask_exactly */
} tl_question;

/** A client's session; its fields are private. */
typedef struct tl_session tl_session;

/** What a session is opened with. Pointers are borrowed. */
typedef struct tl_session_options {
    const tl_service *service;
    const tl_model *model;       /**< that answers; may be NULL with `recorded` */
    const tl_recorded *recorded; /**< answers in the model's place; NULL: the model's */
    uint64_t copy;               /**< as of tl_query: 0 for the target */
    uint64_t budget;             /**< most queries */
    tl_arena *log;               /**< where its queries are kept; NULL: they are not */
} tl_session_options;

/** Opens a session, in `arena`. Not collective. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_session_open(const tl_session_options *options, tl_arena *arena,
                                      tl_session **out, tl_err *err);

/**
 * Opens a session with a model of the attacker's own: behind the service rebuilt, by an
 * attacker who knows of the defence (`is_adaptive`), or plainly. What links remember begins
 * anew, their secrets are its own, nothing is logged or limited. Not collective.
 *
 * \param copy which of its models, from 1 on
 * \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_session_own(const tl_session *session, const tl_model *model,
                                     uint64_t copy, bool is_adaptive, tl_arena *arena,
                                     tl_session **out, tl_err *err);

/**
 * Asks. What a link withholds is answered in the nearest form: where it gives labels only,
 * scores are 1 for the label and 0 for the others. Collective over `team`.
 *
 * \param answer [rows x classes] result, on every member
 * \return TL_E_ARG for logits behind a link that withholds them, or that are not recorded,
 * for a row that has no recorded answer, or beyond the budget; TL_E_NOMEM, or as
 * tl_model_logits
 */
TL_MUST_USE tl_status tl_session_ask(tl_session *session, const tl_question *question,
                                     const tl_team *team, tl_arena *scratch, float *answer,
                                     tl_err *err);

/**
 * As tl_session_ask, for attacks that solve equations: scores or logits of a model whose
 * last layer is dense, in the question's precision. TL_PRECISION_SINGLE gives the answers
 * of tl_session_ask, TL_PRECISION_DOUBLE those of the same parameters without rounding in
 * the last layer and the softmax. Collective over `team`; bits do not depend on it.
 *
 * \param answer [rows x classes] result, on every member
 * \return as tl_session_ask
 */
TL_MUST_USE tl_status tl_session_ask_exactly(tl_session *session,
                                             const tl_question *question,
                                             const tl_team *team, tl_arena *scratch,
                                             double *answer, tl_err *err);

/**
 * Asks about rows of tokens for the loss of each token: of the next one, given those up to
 * it; of the last, the row's label. One query a row. Links change the scores that losses
 * are computed from, whatever the question's kind: each token's answers the question of the
 * row up to it, so that rows that begin alike get the same. One that keeps a state sees
 * whole rows alone, and is refused. Collective over `team`; bits do not depend on it.
 *
 * \param label [rows] the token after each row
 * \param loss  [rows x context] result, nat, on every member
 * \return TL_E_ARG for a model that reads no tokens or that is not there, behind a link
 * with a state, or beyond the budget; TL_E_NOMEM, TL_E_PEER
 */
TL_MUST_USE tl_status tl_session_ask_losses(tl_session *session,
                                            const tl_question *question,
                                            const int32_t *label, const tl_team *team,
                                            tl_arena *scratch, float *loss, tl_err *err);

/** Queries asked so far. */
uint64_t tl_session_asked(const tl_session *session);

/** Classes of the answers. */
int tl_session_classes(const tl_session *session);

/** Queries asked so far, for a tl_client_log; NULL if nothing is logged. Borrowed.
 * \param size result, numbers of a query */
const float *tl_session_log(const tl_session *session, int *size);

#endif
