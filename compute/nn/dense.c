#include "compute/nn/layer.h"

#include "compute/nn/blas.h"

void tl_dense_forward(const tl_layer *layer, const float *param, int rows, const float *in,
                      tl_layer_room *room)
{
    const int inputs = layer->in.channels, outputs = layer->out.channels;
    tl_gemm(tl_cmat_of(in, rows, inputs), false,
            tl_cmat_of(param + layer->weight, outputs, inputs), true, false,
            tl_mat_of(room->out, rows, outputs));
    tl_bias_relu(room->out, param + layer->bias, rows, outputs, false, layer->has_relu);
}

void tl_dense_backward(const tl_layer *layer, const float *param, int rows, const float *in,
                       tl_layer_room *room, float *grad, float *d_in)
{
    const int inputs = layer->in.channels, outputs = layer->out.channels;
    if (layer->has_relu) {
        tl_relu_backward(room->out, room->d_out, (size_t)rows * (size_t)outputs);
    }
    if (grad) {
        tl_gemm(tl_cmat_of(room->d_out, rows, outputs), true, tl_cmat_of(in, rows, inputs),
                false, true, tl_mat_of(grad + layer->weight, outputs, inputs));
    }
    for (int r = 0; grad && r < rows; r++) {
        const float *line = room->d_out + (size_t)r * (size_t)outputs;
        float *bias = grad + layer->bias;
        for (int i = 0; i < outputs; i++) bias[i] += line[i];
    }
    if (!d_in) return;
    tl_gemm(tl_cmat_of(room->d_out, rows, outputs), false,
            tl_cmat_of(param + layer->weight, outputs, inputs), false, false,
            tl_mat_of(d_in, rows, inputs));
}
