/*
 * Queries of a trained model, row by row: logits, the features that its last layer reads,
 * the gradient of a scalar of the logits with respect to the pixels. Rows are computed in
 * blocks of TL_INFER_ROWS of fixed shape, the last padded, divided among the team and
 * gathered, so the bits depend on neither the team nor the rows that follow. (For logits:
 * tl_model_logits.)
 */
#ifndef TL_COMPUTE_NN_PROBE_H
#define TL_COMPUTE_NN_PROBE_H

#include "compute/nn/pass.h"

/** Rows to query, and what to read from the pass of each group. */
typedef struct tl_probe {
    const float *input; /**< [rows x input] */
    int rows;
    int width;         /**< numbers read per row */
    bool wants_inputs; /**< the pass has memory for the gradient of the pixels */
    /**
     * Reads `rows` rows from row `first` on, from a pass that has just run forward (its
     * rows beyond `rows` are padding). \param out [rows x width]
     */
    void (*read)(const void *self, tl_pass *pass, int first, int rows, float *out);
    const void *self;
} tl_probe;

/**
 * Runs a probe. Collective over `team`.
 * \param out [rows x width] result, on every member
 * \return TL_E_NOMEM, TL_E_PEER
 */
TL_MUST_USE tl_status tl_probe_run(const tl_model *model, const tl_probe *probe,
                                   const tl_team *team, tl_arena *scratch, float *out,
                                   tl_err *err);

/** Size of an example's features, the input of the last dense layer. */
int tl_model_features_size(const tl_model_spec *spec);

/**
 * Features of `rows` examples: the input of the last dense layer. Collective over `team`.
 * \param input [rows x input]
 * \param feature [rows x tl_model_features_size] result, on every member
 * \return as tl_probe_run
 */
TL_MUST_USE tl_status tl_model_features(const tl_model *model, const float *input, int rows,
                                        const tl_team *team, tl_arena *scratch,
                                        float *feature, tl_err *err);

/** A scalar of each row's logits, by its gradient. */
typedef struct tl_objective_gradient {
    /** Gradient of row `row`'s scalar with respect to its logits. \param d [classes] */
    void (*of)(const void *self, int row, const float *logits, int classes, float *d);
    const void *self;
} tl_objective_gradient;

/**
 * Gradient of each row's scalar with respect to the row's pixels. Collective over `team`.
 * \param gradient [rows x input] result, on every member; must not overlap `input`
 * \return as tl_probe_run
 */
TL_MUST_USE tl_status tl_model_input_gradient(const tl_model *model,
                                              const tl_objective_gradient *objective,
                                              const tl_dataset *data, const tl_team *team,
                                              tl_arena *scratch, float *gradient,
                                              tl_err *err);

#endif
