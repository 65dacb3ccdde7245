/*
 * Models of images in the plainest way, in double precision, one row at a time: what the
 * fast layers are held against.
 */
#ifndef TL_TESTS_SUPPORT_PLAIN_MODEL_H
#define TL_TESTS_SUPPORT_PLAIN_MODEL_H

#include "compute/nn/model.h"

enum { TL_PLAIN_SIZE = 1 << 12 /* numbers of one layer's output, at most */ };

/** One layer of one row. \param in, with [layer->in] \param out [layer->out] */
void tl_plain_layer(const tl_layer *layer, const double *param, const double *in,
                    const double *with, double *out);

/** All layers. \param in [input] \param logits [classes] result */
void tl_plain_run(const tl_model *model, const double *param, const double *in,
                  double *logits);

#endif
