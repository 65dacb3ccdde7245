#include "compute/nn/pass.h"

#include <string.h>

tl_status tl_pass_new(const tl_model *model, int rows, bool has_backward, tl_arena *arena,
                      tl_pass *out, tl_err *err)
{
    *out = (tl_pass){.model = model, .most = rows};
    const size_t n = (size_t)rows;
    TL_TAKE(out->input, arena, n * (size_t)tl_shape_size(model->spec.in), err);
    TL_TAKE(out->room, arena, model->layers, err);
    for (int l = 0; l < model->layers; l++) {
        const tl_layer *layer = &model->layer[l];
        tl_layer_room *room = &out->room[l];
        const size_t size = n * (size_t)tl_shape_size(layer->out);
        TL_TAKE(room->out, arena, size, err);
        if (has_backward) TL_TAKE(room->d_out, arena, size, err);
        if (layer->kind == TL_LAYER_CONV) {
            TL_TAKE(room->column, arena, 9 * n * (size_t)tl_shape_size(layer->in), err);
        }
        if (layer->kind == TL_LAYER_POOL) TL_TAKE(room->which, arena, size, err);
    }
    return TL_OK;
}

tl_status tl_pass_new_pixels(const tl_model *model, int rows, tl_arena *arena, tl_pass *out,
                             tl_err *err)
{
    TL_TRY(tl_pass_new(model, rows, true, arena, out, err));
    TL_TAKE(out->d_input, arena, (size_t)rows * (size_t)tl_shape_size(model->spec.in), err);
    return TL_OK;
}

/* The rows of the group: flat for a dense first layer, planes across the group else. */
static void gather(tl_pass *pass, const float *pixel, const int *row, int rows)
{
    const tl_shape in = pass->model->spec.in;
    const size_t area = (size_t)in.height * (size_t)in.width;
    const size_t size = area * (size_t)in.channels;
    const bool is_flat = pass->model->layer[0].kind == TL_LAYER_DENSE;
    for (int r = 0; r < rows; r++) {
        const float *from = pixel + (size_t)(row ? row[r] : r) * size;
        if (is_flat) {
            memcpy(pass->input + (size_t)r * size, from, size * sizeof *from);
            continue;
        }
        for (int c = 0; c < in.channels; c++) {
            memcpy(pass->input + ((size_t)c * (size_t)rows + (size_t)r) * area,
                   from + (size_t)c * area, area * sizeof *from);
        }
    }
}

const float *tl_pass_forward(tl_pass *pass, const float *pixel, const int *row, int rows)
{
    TL_INVARIANT(rows <= pass->most);
    gather(pass, pixel, row, rows);
    const float *in = pass->input, *param = pass->model->param;
    for (int l = 0; l < pass->model->layers; l++) {
        const tl_layer *layer = &pass->model->layer[l];
        tl_layer_room *room = &pass->room[l];
        switch (layer->kind) {
        case TL_LAYER_CONV:
            tl_conv_forward(layer, param, rows, in, room);
            break;
        case TL_LAYER_POOL:
            tl_pool_forward(layer, rows, in, room);
            break;
        case TL_LAYER_FLATTEN:
            tl_flatten_forward(layer, rows, in, room->out);
            break;
        case TL_LAYER_DENSE:
            tl_dense_forward(layer, param, rows, in, room);
            break;
        }
        in = room->out;
    }
    return in;
}

const float *tl_pass_logits(const tl_pass *pass)
{
    return pass->room[pass->model->layers - 1].out;
}

float *tl_pass_d_logits(tl_pass *pass)
{
    return pass->room[pass->model->layers - 1].d_out;
}

/* From the logits' gradient to that of the parameters (`grad`) or of the input (`d_input`);
 * whichever is NULL is not computed. */
static void go_back(tl_pass *pass, int rows, float *grad, float *d_input)
{
    const float *param = pass->model->param;
    for (int l = pass->model->layers - 1; l >= 0; l--) {
        const tl_layer *layer = &pass->model->layer[l];
        tl_layer_room *room = &pass->room[l];
        const float *in = l > 0 ? pass->room[l - 1].out : pass->input;
        float *d_in = l > 0 ? pass->room[l - 1].d_out : d_input;
        switch (layer->kind) {
        case TL_LAYER_CONV:
            tl_conv_backward(layer, param, rows, room, grad, d_in);
            break;
        case TL_LAYER_POOL:
            tl_pool_backward(layer, rows, room, d_in);
            break;
        case TL_LAYER_FLATTEN:
            tl_flatten_backward(layer, rows, room->d_out, d_in);
            break;
        case TL_LAYER_DENSE:
            tl_dense_backward(layer, param, rows, in, room, grad, d_in);
            break;
        }
    }
}

void tl_pass_backward(tl_pass *pass, int rows, float *grad)
{
    go_back(pass, rows, grad, NULL);
}

void tl_pass_backward_pixels(tl_pass *pass, int rows, int wanted, float *d_pixel)
{
    TL_INVARIANT(pass->d_input && wanted <= rows);
    go_back(pass, rows, NULL, pass->d_input);
    const tl_shape in = pass->model->spec.in;
    const size_t area = (size_t)in.height * (size_t)in.width;
    const size_t size = area * (size_t)in.channels;
    if (pass->model->layer[0].kind == TL_LAYER_DENSE) {
        memcpy(d_pixel, pass->d_input, (size_t)wanted * size * sizeof *d_pixel);
        return;
    }
    for (int r = 0; r < wanted; r++) {
        for (int c = 0; c < in.channels; c++) {
            memcpy(d_pixel + (size_t)r * size + (size_t)c * area,
                   pass->d_input + ((size_t)c * (size_t)rows + (size_t)r) * area,
                   area * sizeof *d_pixel);
        }
    }
}

double tl_pass_memory(const tl_model_spec *spec, int rows, bool has_backward)
{
    tl_arena arena = tl_arena_open(0);
    tl_model *model;
    double bytes = 0.0;
    if (tl_model_new(spec, &arena, &model, NULL) == TL_OK) {
        bytes = tl_shape_size(spec->in);
        for (int l = 0; l < model->layers; l++) {
            const tl_layer *layer = &model->layer[l];
            bytes += (has_backward ? 2.0 : 1.0) * tl_shape_size(layer->out);
            if (layer->kind == TL_LAYER_CONV) bytes += 9.0 * tl_shape_size(layer->in);
            if (layer->kind == TL_LAYER_POOL) bytes += 0.25 * tl_shape_size(layer->out);
        }
        bytes *= rows * (double)sizeof(float);
    }
    tl_arena_close(&arena);
    return bytes;
}
