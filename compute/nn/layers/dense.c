#include "compute/core/blas.h"
#include "compute/nn/kernels/kernels.h"
#include "compute/nn/layers/layer.h"

static int lines_of(const tl_layer_run *run)
{
    return run->rows * run->layer->out.width;
}

static void forward(const tl_layer_run *run)
{
    const tl_layer *layer = run->layer;
    const int inputs = layer->in.channels, outputs = layer->out.channels;
    const int lines = lines_of(run);
    tl_gemm(tl_cmat_of(run->in, lines, inputs), false,
            tl_cmat_of(run->param + layer->weight, outputs, inputs), true, false,
            tl_mat_of(run->out, lines, outputs));
    if (layer->has_bias) tl_layer_add_bias(run, layer->has_relu);
}

static void add_gradients(const tl_layer_run *run, float *grad)
{
    const tl_layer *layer = run->layer;
    const int inputs = layer->in.channels, outputs = layer->out.channels;
    const int lines = lines_of(run);
    tl_gemm(tl_cmat_of(run->d_out, lines, outputs), true,
            tl_cmat_of(run->in, lines, inputs), false, !run->sets,
            tl_mat_of(grad + layer->weight, outputs, inputs));
    if (layer->has_bias) tl_layer_add_bias_gradient(run, grad);
}

static void backward(const tl_layer_run *run, float *grad)
{
    const tl_layer *layer = run->layer;
    const int inputs = layer->in.channels, outputs = layer->out.channels;
    const int lines = lines_of(run);
    if (layer->has_relu) {
        tl_kernels_get()->array->mask(run->out, run->d_out,
                                      (size_t)lines * (size_t)outputs);
    }
    if (grad) add_gradients(run, grad);
    if (!run->d_in) return;
    tl_gemm(tl_cmat_of(run->d_out, lines, outputs), false,
            tl_cmat_of(run->param + layer->weight, outputs, inputs), false, run->adds,
            tl_mat_of(run->d_in, lines, inputs));
}

/* --- squares -------------------------------------------------------------------------- */

static double square_of(const float *x, size_t n)
{
    double sum[4] = {0};
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        for (size_t j = 0; j < 4; j++) sum[j] += (double)x[i + j] * (double)x[i + j];
    }
    for (; i < n; i++) sum[0] += (double)x[i] * (double)x[i];
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* Whether products of positions are cheaper than the gradient itself. */
static bool is_ghost(const tl_layer *layer)
{
    const double positions = layer->in.width, inputs = layer->in.channels,
                 outputs = layer->out.channels;
    return positions * (inputs + outputs) <= inputs * outputs;
}

static size_t squares_scratch(const tl_layer *layer, int rows)
{
    (void)rows;
    const size_t positions = (size_t)layer->in.width;
    if (positions == 1) return 0;
    return is_ghost(layer) ? 2 * positions * positions
                           : (size_t)layer->in.channels * (size_t)layer->out.channels +
                                 (size_t)layer->out.channels;
}

/* |sum over t of d_t x_t^T|^2 = sum over t, u of (d_t d_u)(x_t x_u). */
static double ghost_square(tl_cmat d, tl_cmat x, bool has_bias, float *scratch)
{
    const size_t n = (size_t)x.rows * (size_t)x.rows;
    float *of_d = scratch, *of_x = scratch + n;
    tl_gemm(d, false, d, true, false, tl_mat_of(of_d, x.rows, x.rows));
    tl_gemm(x, false, x, true, false, tl_mat_of(of_x, x.rows, x.rows));
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)of_d[i] * ((double)of_x[i] + (has_bias ? 1.0 : 0.0));
    }
    return sum > 0.0 ? sum : 0.0;
}

static double gradient_square(tl_cmat d, tl_cmat x, bool has_bias, float *scratch)
{
    const size_t outputs = (size_t)d.columns, n = outputs * (size_t)x.columns;
    tl_gemm(d, true, x, false, false, tl_mat_of(scratch, d.columns, x.columns));
    if (!has_bias) return square_of(scratch, n);
    float *bias = scratch + n;
    for (size_t o = 0; o < outputs; o++) bias[o] = 0.0f;
    for (size_t t = 0; t < (size_t)d.rows; t++) {
        tl_kernels_get()->array->add(bias, d.at + t * outputs, outputs);
    }
    return square_of(scratch, n + outputs);
}

/* Sources: Goodfellow 2015, Efficient per-example gradient computations, section 4 (one
 * position); Li, Tramer, Liang, Hashimoto 2022, Large language models can be strong
 * differentially private learners, section 4 (many); Bu, Mao, Xu 2022, Scalable and
 * efficient training of large convolutional neural networks with differential privacy,
 * section 4 (the cheaper of the two for each layer). */
static void squares(const tl_layer_run *run, float *scratch, double *square)
{
    const tl_layer *layer = run->layer;
    const int inputs = layer->in.channels, outputs = layer->out.channels;
    const int positions = layer->out.width;
    if (layer->has_relu) {
        tl_kernels_get()->array->mask(run->out, run->d_out,
                                      (size_t)lines_of(run) * (size_t)outputs);
    }
    for (int r = 0; r < run->rows; r++) {
        const ptrdiff_t line = (ptrdiff_t)r * positions;
        const tl_cmat d = tl_cmat_of(run->d_out + line * outputs, positions, outputs);
        const tl_cmat x = tl_cmat_of(run->in + line * inputs, positions, inputs);
        if (positions == 1) {
            square[r] += square_of(d.at, (size_t)outputs) *
                         (square_of(x.at, (size_t)inputs) + (layer->has_bias ? 1.0 : 0.0));
        } else if (is_ghost(layer)) {
            square[r] += ghost_square(d, x, layer->has_bias, scratch);
        } else {
            square[r] += gradient_square(d, x, layer->has_bias, scratch);
        }
    }
}

static double flop(const tl_layer *layer)
{
    return 2.0 * layer->in.channels * tl_shape_size(layer->out);
}

const tl_layer_ops tl_dense_ops = {.name = "dense",
                                   .forward = forward,
                                   .backward = backward,
                                   .squares = squares,
                                   .squares_scratch = squares_scratch,
                                   .flop = flop};
