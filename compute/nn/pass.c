#include "compute/nn/pass.h"

#include "compute/nn/architecture.h"
#include "compute/nn/layers/parts.h"

#include <string.h>

/* --- room ----------------------------------------------------------------------------- */

/* Whether a layer's output is on a grid. A sum is like its inputs. */
static bool leaves_images(const tl_model *model, int number)
{
    if (number == TL_LAYER_INPUT)
        return tl_layer_ops_of(model->layer[0].kind)->reads_images;
    const tl_layer *layer = &model->layer[number];
    if (layer->kind == TL_LAYER_ADD) return leaves_images(model, layer->from);
    return tl_layer_ops_of(layer->kind)->leaves_images;
}

static tl_shape shape_of(const tl_model *model, int number)
{
    return number == TL_LAYER_INPUT ? model->spec.in : model->layer[number].out;
}

static tl_grid grid_of(const tl_model *model, int number, int rows)
{
    return leaves_images(model, number)
               ? tl_grid_of(shape_of(model, number), rows, model->halo)
               : (tl_grid){0};
}

/* Parts side by side in a layer's output, or in its input. */
static size_t parts_left(const tl_layer *layer)
{
    const bool are_many = layer->cut == TL_CUT_FANS || layer->cut == TL_CUT_PARTS;
    return are_many ? (size_t)layer->parts : 1;
}

static size_t parts_read(const tl_layer *layer)
{
    const bool are_many = layer->cut == TL_CUT_PARTS || layer->cut == TL_CUT_JOINS;
    return are_many ? (size_t)layer->parts : 1;
}

/* Floats of the output of a layer, or of the input. */
static size_t output_size(const tl_model *model, int number, int rows)
{
    const tl_grid grid = grid_of(model, number, rows);
    const size_t flat = (size_t)rows * (size_t)tl_shape_size(shape_of(model, number));
    if (grid.size) return grid.size;
    return number == TL_LAYER_INPUT ? flat : flat * parts_left(&model->layer[number]);
}

/* Floats that a layer saves, all parts. */
static size_t saved_size(const tl_layer *layer, int rows)
{
    const tl_layer_ops *ops = tl_layer_ops_of(layer->kind);
    const size_t one = ops->saved ? ops->saved(layer, rows) : 0;
    return layer->cut ? one * (size_t)layer->parts : one;
}

/* The most scratch that any layer needs. */
static size_t scratch_size(const tl_model *model, int rows)
{
    size_t most = 0;
    for (int l = 0; l < model->layers; l++) {
        const tl_layer *layer = &model->layer[l];
        const tl_layer_ops *ops = tl_layer_ops_of(layer->kind);
        const size_t size =
            (ops->scratch ? ops->scratch(layer, rows) : 0) + tl_parts_scratch(layer, rows);
        if (size > most) most = size;
    }
    return most;
}

/* --- blocks --------------------------------------------------------------------------- */

/* Whether a block may end here: no later layer reads anything before it. */
static bool may_end(const tl_model *model, int number)
{
    const tl_layer *layer = &model->layer[number];
    if (layer->kind != TL_LAYER_ADD && layer->kind != TL_LAYER_EMBED) return false;
    for (int later = number + 1; later < model->layers; later++) {
        const tl_layer *other = &model->layer[later];
        if (other->from < number) return false;
        if (other->kind == TL_LAYER_ADD && other->with < number) return false;
    }
    return number + 1 < model->layers;
}

/* Fills start [layers]. \return blocks that end before the last layer */
static int find_blocks(const tl_model *model, tl_pass_use use, int *start)
{
    int first = 0, blocks = 0;
    for (int l = 0; l < model->layers; l++) {
        start[l] = first;
        if (use != TL_PASS_RECOMPUTE || !may_end(model, l)) continue;
        blocks += first < l;
        first = l + 1;
    }
    return blocks;
}

static bool has_blocks(const tl_pass *pass)
{
    return pass->start[pass->model->layers - 1] > 0;
}

static bool ends_block(const tl_pass *pass, int number)
{
    return number + 1 < pass->model->layers && pass->start[number + 1] == number + 1;
}

/* Whether the output of a layer within a block is read on the way back: not if only the
 * block's sum reads it. */
static bool is_read_back(const tl_pass *pass, int number)
{
    const tl_layer *layer = &pass->model->layer[number];
    if (layer->has_relu || tl_layer_ops_of(layer->kind)->saved) return true;
    for (int later = number + 1; pass->start[later] == pass->start[number]; later++) {
        const tl_layer *other = &pass->model->layer[later];
        const bool reads =
            other->from == number || (other->kind == TL_LAYER_ADD && other->with == number);
        if (ends_block(pass, later)) return reads && other->kind != TL_LAYER_ADD;
        if (reads) return true;
    }
    return false;
}

/* --- memory --------------------------------------------------------------------------- */

/* Floats of a layer's output, padded to whole cache lines, and of what it saves. */
typedef struct needs {
    size_t out, saved;
} needs;

static needs needs_of(const tl_pass *pass, int number)
{
    const tl_layer *layer = &pass->model->layer[number];
    const size_t out = output_size(pass->model, number, pass->most);
    const size_t saved = saved_size(layer, pass->most);
    return (needs){(out + 15) / 16 * 16, (saved + 15) / 16 * 16};
}

/* Memory that blocks share: for the inside of one, and for the gradients of the outputs of
 * two, used in turn. */
typedef struct common {
    size_t within, gradient; /* floats */
    float *start, *next, *turn[2];
} common;

static common common_of(const tl_pass *pass)
{
    common c = {0};
    size_t block = 0;
    for (int l = 0; l < pass->model->layers && has_blocks(pass); l++) {
        const needs need = needs_of(pass, l);
        if (ends_block(pass, l)) {
            if (need.out > c.gradient) c.gradient = need.out;
            block = 0;
        } else {
            block += 2 * need.out + need.saved;
            if (block > c.within) c.within = block;
        }
    }
    return c;
}

static tl_status take_room(tl_pass *pass, int number, bool has_backward, common *shared,
                           tl_arena *arena, tl_err *err)
{
    tl_layer_run *run = &pass->run[number];
    const needs need = needs_of(pass, number);
    const tl_layer_ops *ops = tl_layer_ops_of(run->layer->kind);
    TL_ALLOC(run->packed, arena, ops->packed ? ops->packed(run->layer) : 0, err);
    if (has_blocks(pass) && !ends_block(pass, number)) {
        if (pass->start[number] == number) shared->next = shared->start;
        run->out = shared->next;
        run->d_out = run->out + need.out;
        run->saved = run->d_out + need.out;
        shared->next = run->saved + need.saved;
        return TL_OK;
    }
    TL_ALLOC(run->out, arena, need.out, err);
    TL_ALLOC(run->saved, arena, need.saved, err);
    if (!has_blocks(pass)) {
        if (has_backward) TL_ALLOC(run->d_out, arena, need.out, err);
        return TL_OK;
    }
    run->d_out = shared->turn[0];
    shared->turn[0] = shared->turn[1];
    shared->turn[1] = run->d_out;
    return TL_OK;
}

/* Connects layers: the last to read an output sets its gradient, as it is the first on the
 * way back, and the others add. The same holds for weights that two layers share. */
static void join(tl_pass *pass)
{
    const tl_model *model = pass->model;
    for (int l = 0; l < model->layers; l++) {
        tl_layer_run *run = &pass->run[l];
        const int from = run->layer->from, with = run->layer->with;
        run->in = from == TL_LAYER_INPUT ? pass->input : pass->run[from].out;
        run->d_in = from == TL_LAYER_INPUT ? pass->d_input : pass->run[from].d_out;
        if (run->layer->kind == TL_LAYER_ADD) {
            run->with = pass->run[with].out;
            run->d_with = pass->run[with].d_out;
        }
        run->leads = true;
        for (int later = l + 1; later < model->layers; later++) {
            const tl_layer *other = &model->layer[later];
            if (other->from == from || (other->kind == TL_LAYER_ADD && other->with == from))
                run->adds = true;
            if (other->kind == TL_LAYER_DENSE && other->weights == 0 &&
                other->weight == run->layer->weight)
                run->leads = false;
        }
    }
}

static void set_parts(tl_layer_run *run)
{
    const tl_layer *layer = run->layer;
    if (!layer->cut) return;
    const size_t rows = (size_t)run->rows;
    if (parts_read(layer) > 1) run->in_part = rows * (size_t)tl_shape_size(layer->in);
    if (parts_left(layer) > 1) run->out_part = rows * (size_t)tl_shape_size(layer->out);
    run->saved_part = saved_size(layer, run->rows) / (size_t)layer->parts;
}

static tl_status open_pass(tl_pass *pass, tl_pass_use use, tl_arena *arena, tl_err *err)
{
    const tl_model *model = pass->model;
    const size_t input = output_size(model, TL_LAYER_INPUT, pass->most);
    TL_ALLOC_RECORDS(pass->start, arena, model->layers, err);
    (void)find_blocks(model, use, pass->start);
    pass->grid = grid_of(model, TL_LAYER_INPUT, pass->most);
    TL_ALLOC(pass->input, arena, input, err);
    if (use == TL_PASS_INPUTS) TL_ALLOC(pass->d_input, arena, input, err);
    TL_ALLOC_RECORDS(pass->run, arena, model->layers, err);
    float *scratch;
    TL_ALLOC(scratch, arena, scratch_size(model, pass->most), err);
    common shared = common_of(pass);
    TL_ALLOC(shared.start, arena, shared.within, err);
    for (int i = 0; i < 2; i++) TL_ALLOC(shared.turn[i], arena, shared.gradient, err);
    for (int l = 0; l < model->layers; l++) {
        tl_layer_run *run = &pass->run[l];
        run->layer = &model->layer[l];
        run->param = model->param;
        run->rows = pass->most;
        run->in_grid = grid_of(model, run->layer->from, pass->most);
        run->out_grid = grid_of(model, l, pass->most);
        run->scratch = scratch;
        set_parts(run);
        TL_TRY(take_room(pass, l, use != TL_PASS_FORWARD, &shared, arena, err));
    }
    join(pass);
    return TL_OK;
}

tl_status tl_pass_new(const tl_model *model, int rows, tl_pass_use use, tl_arena *arena,
                      tl_pass *out, tl_err *err)
{
    *out = (tl_pass){.model = model, .most = rows};
    return open_pass(out, use, arena, err);
}

int tl_pass_blocks(const tl_model_spec *spec)
{
    tl_arena arena = tl_arena_open(0);
    tl_model *model;
    int start[TL_MODEL_LAYERS];
    const int blocks = tl_model_outline(spec, &arena, &model, NULL) == TL_OK
                           ? find_blocks(model, TL_PASS_RECOMPUTE, start)
                           : 0;
    tl_arena_close(&arena);
    return blocks;
}

/* --- passes --------------------------------------------------------------------------- */

void tl_pass_refresh(tl_pass *pass)
{
    for (int l = 0; l < pass->model->layers; l++) {
        const tl_layer_ops *ops = tl_layer_ops_of(pass->run[l].layer->kind);
        if (ops->pack) ops->pack(&pass->run[l]);
    }
}

static const float *row_of(const float *input, const int *row, int number, size_t size)
{
    return input + (size_t)(row ? row[number] : number) * size;
}

/* Images onto the grid; lanes without a row are 0. */
static void gather_images(tl_pass *pass, const float *input, const int *row, int rows)
{
    const tl_shape in = pass->model->spec.in;
    const tl_grid *grid = &pass->grid;
    const size_t size = (size_t)tl_shape_size(in);
    for (int lane = 0; lane < grid->lanes; lane++) {
        const float *from = lane < rows ? row_of(input, row, lane, size) : NULL;
        for (int line = 0; line < in.channels * in.height; line++) {
            float *to = pass->input + grid->origin + line / in.height * grid->plane +
                        line % in.height * grid->line + lane;
            for (int x = 0; x < in.width; x++, to += grid->lanes)
                *to = from ? *from++ : 0.0f;
        }
    }
}

static void drop(const tl_pass *pass, int number, float *x)
{
    const tl_layer_run *run = &pass->run[number];
    tl_dropout_apply(&pass->dropout, number, run->rows,
                     (size_t)tl_shape_size(run->layer->out), x);
}

/* A cut layer sums over the team, unless an earlier sum has failed: the team must not be
 * used again then. */
static void run_forward(tl_pass *pass, const tl_layer_run *run)
{
    const tl_team alone = tl_team_alone();
    if (!run->layer->cut) {
        tl_layer_ops_of(run->layer->kind)->forward(run);
    } else if (pass->status == TL_OK) {
        pass->status = tl_parts_forward(run, pass->team ? pass->team : &alone, &pass->err);
    }
}

static void run_backward(tl_pass *pass, const tl_layer_run *run, float *grad)
{
    const tl_team alone = tl_team_alone();
    if (!run->layer->cut) {
        tl_layer_ops_of(run->layer->kind)->backward(run, grad);
    } else if (pass->status == TL_OK) {
        pass->status =
            tl_parts_backward(run, grad, pass->team ? pass->team : &alone, &pass->err);
    }
}

/* Shared memory holds another block's data: the halo is cleared. */
static void run_layer(tl_pass *pass, int number)
{
    const tl_layer_run *run = &pass->run[number];
    if (has_blocks(pass)) memset(run->out, 0, run->out_grid.size * sizeof *run->out);
    run_forward(pass, run);
    if (run->layer->drops) drop(pass, number, run->out);
}

const float *tl_pass_forward(tl_pass *pass, const float *input, const int *row, int rows)
{
    TL_INVARIANT(rows <= pass->most);
    const size_t size = (size_t)tl_shape_size(pass->model->spec.in);
    if (pass->grid.size) {
        gather_images(pass, input, row, rows);
    } else {
        for (int r = 0; r < rows; r++) {
            memcpy(pass->input + (size_t)r * size, row_of(input, row, r, size),
                   size * sizeof *input);
        }
    }
    for (int l = 0; l < pass->model->layers; l++) {
        pass->run[l].rows = rows;
        run_layer(pass, l);
    }
    return tl_pass_logits(pass);
}

const float *tl_pass_logits(const tl_pass *pass)
{
    return pass->run[pass->model->layers - 1].out;
}

float *tl_pass_d_logits(tl_pass *pass)
{
    return pass->run[pass->model->layers - 1].d_out;
}

/* Before a gradient is set: zeroes what layers add to. */
static void clear(const tl_layer_run *run, float *grad)
{
    const tl_layer *layer = run->layer;
    if (run->leads && layer->kind != TL_LAYER_DENSE) {
        memset(grad + layer->weight, 0, layer->weights * sizeof *grad);
    }
    const size_t parts = parts_left(layer);
    for (size_t p = 0; p < parts; p++) {
        memset(grad + layer->bias + p * layer->step, 0, layer->biases * sizeof *grad);
    }
}

/* The start of the layer's parameters, or `from` if lower. Parameters are in the order of
 * the layers. */
static size_t first_of(const tl_layer *layer, size_t from)
{
    if (layer->biases && layer->bias < from) from = layer->bias;
    if (layer->weights && layer->weight < from) from = layer->weight;
    return from;
}

/* Recomputes the inside of the block that layer `end` ends. */
static void run_again(tl_pass *pass, int end)
{
    for (int l = pass->start[end]; l < end; l++) {
        if (is_read_back(pass, l)) run_layer(pass, l);
    }
}

void tl_pass_backward(tl_pass *pass, int rows, float *grad, bool adds)
{
    size_t from = pass->model->params;
    for (int l = pass->model->layers - 1; l >= 0; l--) {
        tl_layer_run *run = &pass->run[l];
        TL_INVARIANT(run->rows == rows);
        run->sets = !adds && run->leads;
        if (!adds) clear(run, grad);
        if (ends_block(pass, l)) run_again(pass, l);
        if (run->layer->drops) drop(pass, l, run->d_out);
        if (has_blocks(pass) && run->d_in && !run->adds) {
            memset(run->d_in, 0, run->in_grid.size * sizeof *run->d_in);
        }
        if (pass->before) pass->before(pass->observer, run);
        run_backward(pass, run, grad);
        from = first_of(run->layer, from);
        if (grad && pass->after) pass->after(pass->self, from);
    }
}

void tl_pass_backward_inputs(tl_pass *pass, int rows, int wanted, float *d_input)
{
    TL_INVARIANT(pass->d_input && wanted <= rows);
    tl_pass_backward(pass, rows, NULL, true);
    const tl_shape in = pass->model->spec.in;
    const tl_grid *grid = &pass->grid;
    const size_t size = (size_t)tl_shape_size(in);
    if (!grid->size) {
        memcpy(d_input, pass->d_input, (size_t)wanted * size * sizeof *d_input);
        return;
    }
    for (int r = 0; r < wanted; r++) {
        for (int line = 0; line < in.channels * in.height; line++) {
            const float *from = pass->d_input + grid->origin +
                                line / in.height * grid->plane +
                                line % in.height * grid->line + r;
            for (int x = 0; x < in.width; x++, from += grid->lanes) *d_input++ = *from;
        }
    }
}
