/*
 * A pass: one group of rows through all layers of a model, forward and backward, with the
 * room that takes.
 */
#ifndef TL_COMPUTE_NN_PASS_H
#define TL_COMPUTE_NN_PASS_H

#include "compute/nn/layers/dropout.h"
#include "compute/nn/model.h"

/** What a pass is for. */
typedef enum tl_pass_use {
    TL_PASS_FORWARD,
    TL_PASS_BACKWARD,
    /** Backward too, in less memory: activations within a block share the memory of the
     * largest one's, and are computed again on the way back. A block ends where a later
     * layer reads nothing from before: at the sum that closes a way around, or at an
     * embedding. The same bits. A model without such blocks keeps all. */
    TL_PASS_RECOMPUTE,
    TL_PASS_INPUTS /**< backward, with room for the gradient of the pixels */
} tl_pass_use;

/** A pass; its memory is in the arena that it was made in. */
typedef struct tl_pass {
    const tl_model *model; /**< borrowed */
    int most;              /**< rows it has room for */
    int *start;         /**< [layers] the first of the layer's block; 0 where all is kept */
    tl_grid grid;       /**< of the input, where it is images */
    float *input;       /**< [grid.size] or [rows x input], as the first layer reads it */
    float *d_input;     /**< its gradient; NULL unless of TL_PASS_INPUTS */
    tl_dropout dropout; /**< what the next pass drops: nothing, unless the caller sets it */
    tl_layer_run *run;  /**< [layers] */
    /** Of a share (tensor_parallel.h): who holds the others, set by the caller; passes are
     * then collective. Alone, where there is none. */
    const tl_team *team;
    tl_status status; /**< once not TL_OK, what the pass left means nothing */
    tl_err err;
    /** Set by the caller, or NULL: called on the way back after each layer; the gradients
     * of all parameters from `from` on are then complete. */
    void (*after)(void *self, size_t from);
    void *self; /**< of `after`, borrowed */
} tl_pass;

/**
 * Room for groups of up to `rows` rows. The model's weights are taken up by
 * tl_pass_refresh, which the caller owes before the first forward pass.
 * \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_pass_new(const tl_model *model, int rows, tl_pass_use use,
                                  tl_arena *arena, tl_pass *out, tl_err *err);

/** Blocks of a model whose activations TL_PASS_RECOMPUTE does not keep; 0 of a kind that
 * has none, or of an impossible spec. */
int tl_pass_blocks(const tl_model_spec *spec);

/** Takes up the model's parameters: after they were set, and after every change. */
void tl_pass_refresh(tl_pass *pass);

/**
 * Logits [rows*positions x classes] of the rows `row` (NULL: 0 .. rows-1) of `input` [.. x
 * input]; they stay in the pass until the next call of this or of tl_pass_backward.
 */
const float *tl_pass_forward(tl_pass *pass, const float *input, const int *row, int rows);

/** The logits [rows*positions x classes] of the last tl_pass_forward, before backward. */
const float *tl_pass_logits(const tl_pass *pass);

/** Where the caller puts the gradient of the logits [rows*positions x classes] before
 * tl_pass_backward. */
float *tl_pass_d_logits(tl_pass *pass);

/** Adds the gradient of all parameters to `grad` [params], or sets it, which spares a long
 * way through memory; after a forward of the same rows. */
void tl_pass_backward(tl_pass *pass, int rows, float *grad, bool adds);

/**
 * Gradient of the pixels of the first `wanted` of `rows` rows, parameters left alone; after
 * a forward of the same rows, on a pass of TL_PASS_INPUTS. \param d_input [wanted x
 * input] result
 */
void tl_pass_backward_inputs(tl_pass *pass, int rows, int wanted, float *d_input);

#endif
