/*
 * What an attacker asks a model about, and the models it trains on that: shared by the
 * extraction and by every control model that an extraction is compared with.
 */
#ifndef TL_EXPERIMENTS_METHOD_QUERIES_H
#define TL_EXPERIMENTS_METHOD_QUERIES_H

#include "experiments/stage/stage.h"

typedef enum tl_query_kind {
    TL_QUERY_NATURAL, /**< the attacker's rows as they are; at most as many as there are */
    TL_QUERY_AUGMENTED, /**< beyond them, shifted or mirrored copies of them; of tokens,
                           copies with one in ten replaced */
    TL_QUERY_NOISE      /**< uniform in 0..1, or random tokens; of no class */
} tl_query_kind;

/** Images, and the labels they came with. */
typedef struct tl_queries {
    int count;
    float *input;   /**< [count x input] */
    int32_t *label; /**< [count] of the row an image was made from; 0 for noise */
    int *row;       /**< [count] 0, 1, 2, ... */
} tl_queries;

/** What is asked for. */
typedef struct tl_query_request {
    int count;
    tl_query_kind kind;
    /** Leaves out rows of TL_ROW_RECOVERED, which are answers of a model already: for
     * control models. Where there are none the images are the same bits. */
    bool without_access;
} tl_query_request;

/**
 * Makes queries from the attacker's rows, in scratch. Query i is the same for every budget:
 * the order of the rows is drawn once (stream "rows"), rows left out are passed over in
 * that order, query i takes the i-th of the others, round and round, and sub-stream i of
 * "images" for all else. Streams are the scene's: who is to have the images of
 * m2m.model_extraction draws as that stage (tl_bank.draws_as). Not collective.
 * \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_queries_make(tl_scene *scene, const tl_query_request *request,
                                      tl_queries *out, tl_err *err);

/**
 * Trains a model of the plan's kind on the queries, in keep. Equal streams ("init",
 * "order") start all models of one scene, or of one name, alike. No early stopping,
 * whatever the recipe's patience. Collective.
 * \param answer  [count x classes] what to learn; NULL: the true labels
 * \return TL_E_NOMEM, TL_E_PEER
 */
TL_MUST_USE tl_status tl_queries_train(tl_scene *scene, const tl_queries *queries,
                                       const float *answer, const tl_recipe *recipe,
                                       tl_err *err);

/**
 * Run of a bank's control model: one without access, trained on so many queries by their
 * true labels. Collective. \return TL_E_NOMEM, TL_E_PEER
 */
TL_MUST_USE tl_status tl_queries_train_control(tl_scene *scene, int count,
                                               tl_query_kind kind, const tl_recipe *recipe,
                                               tl_err *err);

/** Whether an attacker has the rows for so many queries of this kind. Used before running.
 * \return TL_E_ARG, with what would help */
TL_MUST_USE tl_status tl_queries_check(const tl_size *size, tl_query_kind kind, int count,
                                       tl_err *err);

#endif
