/*
 * The query service: how anybody but the owner reaches the target. An immutable chain of
 * links, each of which may change an answer: output defences and monitors. A stage that
 * places one gives the service with one more link. Clients ask through sessions, see
 * query_session.h.
 */
#ifndef TL_EXPERIMENTS_STAGE_QUERY_SERVICE_H
#define TL_EXPERIMENTS_STAGE_QUERY_SERVICE_H

#include "compute/core/arena.h"
#include "compute/core/hash.h"
#include "compute/core/rng.h"

#include <stdbool.h>

/** What a client asks for: a row of numbers, one a class. */
typedef enum tl_answers {
    TL_ANSWER_SCORES, /**< class probabilities */
    TL_ANSWER_LABELS, /**< 1 for the top class, 0 for the others */
    TL_ANSWER_LOGITS  /**< output of the last layer, before the softmax */
} tl_answers;

/** One query, as a link sees it. Pointers are borrowed. */
typedef struct tl_query {
    uint64_t number;    /**< of the client's session, from 0 */
    const float *input; /**< [size] the question; of tokens, those up to the answered one */
    size_t size;
    int classes;
    tl_answers kind; /**< what was asked: `row` holds logits for them, else scores, of which
                        a client that asks for labels gets the largest */
    uint64_t copy;   /**< 0: asked of the target; else of that model of the attacker's own,
                        behind a service that it has rebuilt without the owner's secrets */
} tl_query;

/** A link of a service. */
typedef struct tl_service_link tl_service_link;
/** What a link is made of; all that it points to is borrowed. */
struct tl_service_link {
    const char *name;  /**< of the stage that placed it */
    bool gives_logits; /**< lets logits through; else an attack on them is refused */
    size_t state;      /**< bytes that a session keeps for it, zero at first; 0: none */
    tl_rng stream;     /**< its secret randomness */
    const void *self;  /**< its settings */
    /** Changes the answer row [classes], logits or scores. A pure function of
     * link, query, state and row; the state advances query by query, in their order. */
    void (*answer)(const tl_service_link *link, const tl_query *query, void *state,
                   double *row);
};

/** A service. Zero is the plain one: the model's own answers. */
typedef struct tl_service {
    int links;
    const tl_service_link *const *link; /**< [links] nearest to the target first */
} tl_service;

/** The service that every world starts with. */
const tl_service *tl_service_plain(void);

/** Sets *out to `service` with `link`, borrowed, behind its others. Not collective.
 * \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_service_add(const tl_service *service, const tl_service_link *link,
                                     tl_arena *arena, const tl_service **out, tl_err *err);

/** The first link that withholds logits, or NULL. */
const tl_service_link *tl_service_withholds_logits(const tl_service *service);

/** The place of the largest of row [classes], the first of equal ones. */
int tl_answer_top(const double *row, int classes);

/** Leaves of row [classes] the label alone: 1 at tl_answer_top, 0 elsewhere. */
void tl_answer_keep_label(double *row, int classes);

/** A stream that depends on the link's, the query's input and its `copy`, so that equal
 * questions get equal answers. */
tl_rng tl_link_rng(const tl_service_link *link, const tl_query *query);

/** Adds names, settings' sizes and streams of the links to `hash`. */
void tl_service_hash(const tl_service *service, tl_hash *hash);

#endif
