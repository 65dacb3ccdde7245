/*
 * An attacker's queries and the models it trains on them: shared by attacks by queries and
 * the control models they are compared with.
 */
#ifndef TL_EXPERIMENTS_METHOD_QUERIES_H
#define TL_EXPERIMENTS_METHOD_QUERIES_H

#include "experiments/stage/stage.h"

/** What queries are made of. */
typedef enum tl_query_kind {
    TL_QUERY_NATURAL,   /**< the attacker's rows, each once */
    TL_QUERY_AUGMENTED, /**< then shifted or mirrored copies of them; of tokens, copies
                           with one in ten replaced */
    TL_QUERY_NOISE      /**< uniform in 0..1, or random tokens; without a class */
} tl_query_kind;

/** Choices of a parameter for it, in order; NULL-terminated. */
extern const char *const tl_query_kinds[];

/** Queries and the labels they came with; arrays are in scratch. */
typedef struct tl_queries {
    int count;
    float *input;   /**< [count x input] */
    int32_t *label; /**< [count] of the row it was made from; 0 for noise */
    int *row;       /**< [count] 0, 1, 2, ... */
} tl_queries;

/** Which queries to make. */
typedef struct tl_query_request {
    int count;
    tl_query_kind kind;
    /** Leaves out rows of TL_ROW_RECOVERED, which come from a model: for control models.
     * Without such rows the queries are the same, bit for bit. */
    bool without_access;
} tl_query_request;

/**
 * Makes queries from the attacker's rows, in scratch. Query i is the same for every budget:
 * rows are shuffled once (stream "rows"), rows left out are skipped, query i takes the i-th
 * of the others, cyclically, and draws from sub-stream i of "images". Streams are the
 * scene's: a bank that draws as m2m.model_extraction gets the queries of that stage. Not
 * collective. \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_queries_make(tl_scene *scene, const tl_query_request *request,
                                      tl_queries *out, tl_err *err);

/**
 * Trains a model of the plan's kind on the queries and gives it as the surrogate. All
 * models of one scene, or of one name, start from the same weights and see the same order
 * (streams "init", "order"). No early stopping, whatever the recipe's patience. Collective.
 *
 * \param answer [count x classes] targets; NULL: the true labels
 * \return as tl_stage_train
 */
TL_MUST_USE tl_status tl_queries_train(tl_scene *scene, const tl_queries *queries,
                                       const float *answer, const tl_recipe *recipe,
                                       tl_err *err);

/** Check of such a stage: the attacker has rows for `count` queries of this kind. \return
 * TL_E_ARG, with what would help */
TL_MUST_USE tl_status tl_queries_check(const tl_size *size, tl_query_kind kind, int count,
                                       tl_err *err);

#endif
