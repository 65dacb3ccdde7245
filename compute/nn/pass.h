/*
 * A pass: a group of rows through all layers of a model, forward and backward, and the
 * memory for it.
 */
#ifndef TL_COMPUTE_NN_PASS_H
#define TL_COMPUTE_NN_PASS_H

#include "compute/nn/layers/dropout.h"
#include "compute/nn/model.h"

/** What a pass is for. */
typedef enum tl_pass_use {
    TL_PASS_FORWARD,
    TL_PASS_BACKWARD,
    /** Backward in less memory: blocks share memory for their inner activations, which are
     * recomputed on the way back. A block ends where no later layer reads anything before
     * it: at the sum of a skip connection, or at an embedding. The same bits. A model
     * without blocks keeps all. */
    TL_PASS_RECOMPUTE,
    TL_PASS_INPUTS /**< backward, with memory for the gradient of the pixels */
} tl_pass_use;

/** A pass; its memory is in the arena it was made in. */
typedef struct tl_pass {
    const tl_model *model; /**< borrowed */
    int most;              /**< rows, at most */
    int *start;     /**< [layers] the first layer of the layer's block; 0 if all is kept */
    tl_grid grid;   /**< of the input, if it is images */
    float *input;   /**< [grid.size] or [rows x input], as the first layer reads it */
    float *d_input; /**< its gradient; NULL unless TL_PASS_INPUTS */
    tl_dropout dropout; /**< set by the caller; drops nothing by default */
    tl_layer_run *run;  /**< [layers] */
    /** With a share (tensor_parallel.h): the team that has the others, borrowed, set by the
     * caller; passes are then collective. NULL: alone. */
    const tl_team *team;
    tl_status status; /**< if not TL_OK, results of the pass are invalid */
    tl_err err;
    /** Set by the caller, may be NULL: called after each layer on the way back, when the
     * gradients of all parameters from `from` on are complete. */
    void (*after)(void *self, size_t from);
    void *self; /**< of `after`, borrowed */
    /** Set by the caller, may be NULL: called before each layer on the way back, when the
     * gradient of its output is complete. */
    void (*before)(void *observer, const tl_layer_run *run);
    void *observer; /**< of `before`, borrowed */
} tl_pass;

/**
 * Makes a pass for groups of up to `rows` rows. Call tl_pass_refresh before the first
 * forward pass.
 * \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_pass_new(const tl_model *model, int rows, tl_pass_use use,
                                  tl_arena *arena, tl_pass *out, tl_err *err);

/** Blocks of a model whose activations TL_PASS_RECOMPUTE does not keep; 0 if the kind has
 * none or the spec is invalid. */
int tl_pass_blocks(const tl_model_spec *spec);

/** Packs the model's parameters: call after they were set and after every change. */
void tl_pass_refresh(tl_pass *pass);

/**
 * Logits [rows*positions x classes] of the rows `row` (NULL: 0 .. rows-1) of `input` [.. x
 * input]; borrowed from the pass until the next call of this or tl_pass_backward.
 */
const float *tl_pass_forward(tl_pass *pass, const float *input, const int *row, int rows);

/** The logits [rows*positions x classes] of the last tl_pass_forward, before backward. */
const float *tl_pass_logits(const tl_pass *pass);

/** Where the caller puts the gradient of the logits [rows*positions x classes] before
 * tl_pass_backward. */
float *tl_pass_d_logits(tl_pass *pass);

/** Adds the gradient of all parameters to `grad` [params], or sets it, which saves memory
 * traffic; after a forward pass of the same rows. */
void tl_pass_backward(tl_pass *pass, int rows, float *grad, bool adds);

/**
 * Gradient of the pixels of the first `wanted` of `rows` rows, without that of parameters;
 * after a forward pass of the same rows, on a pass of TL_PASS_INPUTS.
 * \param d_input [wanted x input] result
 */
void tl_pass_backward_inputs(tl_pass *pass, int rows, int wanted, float *d_input);

#endif
