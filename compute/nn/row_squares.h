/*
 * Norms of the gradients of single rows, without these gradients: from a layer's inputs and
 * the gradients of its outputs (ghost norms), on one way back through the pass.
 *
 * Sources: Goodfellow 2015, Efficient per-example gradient computations; Li, Tramer, Liang,
 * Hashimoto 2022, Large language models can be strong differentially private learners,
 * section 4 (sequences, shared weights). Convolutions sum over pixels in registers, a row
 * in each lane of a vector, and store no gradient.
 */
#ifndef TL_COMPUTE_NN_ROW_SQUARES_H
#define TL_COMPUTE_NN_ROW_SQUARES_H

#include "compute/nn/pass.h"

/** Memory for the squares of a pass. Fields are private. */
typedef struct tl_row_squares {
    double *square;            /* [lanes] */
    float *scratch;            /* of the layers' operations, and [positions x positions] */
    const tl_layer_run *first; /* of the pass that runs */
    /* Of a last layer with an embedding's weights: its input and the gradient of its
     * output, [rows*positions x ...]; copies if the pass recomputes. */
    const tl_layer_run *tied;
    const float *tied_in, *tied_d;
    float *copy_in, *copy_d;
    bool *skips; /* [layers] parameters do not count */
} tl_row_squares;

/** Memory for tl_row_squares_run on `pass`, a pass with backward whose model is no share.
 * Not collective. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_row_squares_new(const tl_pass *pass, tl_arena *arena,
                                         tl_row_squares *out, tl_err *err);

/**
 * Lets only parameters count where `mask` [params] is not 0, if it takes layers whole or
 * not at all. Not collective. \return false if it divides a layer: norms would be wrong
 */
bool tl_row_squares_mask(tl_row_squares *squares, const tl_pass *pass,
                         const unsigned char *mask);

/**
 * The squared L2 norm of each row's own gradient of all parameters, from the gradient of
 * the logits in tl_pass_d_logits; after a forward pass of the same rows, and as
 * tl_pass_backward without a gradient: before another backward pass, the caller puts the
 * gradient of the logits again, and with TL_PASS_RECOMPUTE runs forward again. Not
 * collective.
 * \param square [rows] result
 */
void tl_row_squares_run(tl_row_squares *squares, tl_pass *pass, int rows, double *square);

#endif
