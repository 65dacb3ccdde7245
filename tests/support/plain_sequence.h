/*
 * Layers on sequences in the plainest way, in double precision, one row at a time: what the
 * fast ones are held against.
 */
#ifndef TL_TESTS_SUPPORT_PLAIN_SEQUENCE_H
#define TL_TESTS_SUPPORT_PLAIN_SEQUENCE_H

#include "compute/nn/model.h"

/** One layer (EMBED, LAYERNORM, RMSNORM, ATTENTION, GELU or SWIGLU) of one row.
 * \param in [positions x features] \param out [positions x features] result */
void tl_plain_sequence(const tl_layer *layer, const double *param, const double *in,
                       double *out);

/** x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))). */
double tl_plain_gelu(double x);

/** x / (1 + exp(-x)). */
double tl_plain_silu(double x);

#endif
