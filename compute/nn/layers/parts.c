#include "compute/nn/layers/parts.h"

#include "compute/nn/kernels/kernels.h"

static size_t numbers(tl_shape shape, int rows)
{
    return (size_t)rows * (size_t)tl_shape_size(shape);
}

/* Numbers of one sum; 0 if nothing is summed. */
static size_t sum_size(const tl_layer *layer, int rows)
{
    if (layer->cut == TL_CUT_FANS) return numbers(layer->in, rows);
    return layer->cut == TL_CUT_JOINS ? numbers(layer->out, rows) : 0;
}

/* Partial sums that wait at the same time besides the first, at most. */
static size_t deepest(int parts)
{
    size_t depth = 0;
    for (; parts > 1; parts /= 2) depth++;
    return depth;
}

size_t tl_parts_scratch(const tl_layer *layer, int rows)
{
    return sum_size(layer, rows) * deepest(layer->parts);
}

static tl_layer_run part_of(const tl_layer_run *run, int part)
{
    const size_t p = (size_t)part;
    tl_layer_run one = *run;
    one.param += p * run->layer->step;
    one.in += p * run->in_part;
    one.out += p * run->out_part;
    if (one.d_out) one.d_out += p * run->out_part;
    if (one.d_in) one.d_in += p * run->in_part;
    one.saved += p * run->saved_part;
    return one;
}

/* --- sums ----------------------------------------------------------------------------- */

/* A tree sum over parts that arrive in order, with memory for one sum per level, as when
 * counting in binary. */
typedef struct tree {
    float *first, *others; /* partial sums [size]: in the result, and in scratch */
    size_t size;
    int waiting, added;
} tree;

static tree tree_of(const tl_layer_run *run, float *result)
{
    const tl_layer *layer = run->layer;
    const tl_layer_ops *ops = tl_layer_ops_of(layer->kind);
    return (tree){.first = result,
                  .others =
                      run->scratch + (ops->scratch ? ops->scratch(layer, run->rows) : 0),
                  .size = sum_size(layer, run->rows)};
}

static float *place_of(const tree *t, int number)
{
    return number == 0 ? t->first : t->others + (size_t)(number - 1) * t->size;
}

/* Adds the part that was written to the first free place. */
static void add_part(tree *t)
{
    const tl_array_kernels *kernels = tl_kernels_get()->array;
    for (int bit = 1; t->added & bit; bit *= 2, t->waiting--) {
        kernels->add(place_of(t, t->waiting - 1), place_of(t, t->waiting), t->size);
    }
    t->waiting++;
    t->added++;
}

static tl_status sum_over_team(const tree *t, const tl_team *team, tl_err *err)
{
    TL_INVARIANT(t->waiting == 1);
    return tl_team_sum(team, t->first, t->size, err);
}

/* --- passes --------------------------------------------------------------------------- */

tl_status tl_parts_forward(const tl_layer_run *run, const tl_team *team, tl_err *err)
{
    const tl_layer *layer = run->layer;
    const tl_layer_ops *ops = tl_layer_ops_of(layer->kind);
    tree t = tree_of(run, run->out);
    for (int p = 0; p < layer->parts; p++) {
        tl_layer_run one = part_of(run, p);
        if (layer->cut == TL_CUT_JOINS) one.out = place_of(&t, t.waiting);
        ops->forward(&one);
        if (layer->cut == TL_CUT_JOINS) add_part(&t);
    }
    if (layer->cut != TL_CUT_JOINS) return TL_OK;
    TL_TRY(sum_over_team(&t, team, err));
    if (layer->biases) tl_layer_add_bias(run, false);
    return TL_OK;
}

tl_status tl_parts_backward(const tl_layer_run *run, float *grad, const tl_team *team,
                            tl_err *err)
{
    const tl_layer *layer = run->layer;
    const tl_layer_ops *ops = tl_layer_ops_of(layer->kind);
    const bool fans = layer->cut == TL_CUT_FANS;
    tree t = tree_of(run, run->d_in);
    TL_INVARIANT(run->d_in && !(fans && run->adds)); /* no other layer reads that input */
    if (grad && layer->cut == TL_CUT_JOINS && layer->biases)
        tl_layer_add_bias_gradient(run, grad);
    for (int p = 0; p < layer->parts; p++) {
        tl_layer_run one = part_of(run, p);
        if (fans) one.d_in = place_of(&t, t.waiting);
        ops->backward(&one, grad ? grad + (size_t)p * layer->step : NULL);
        if (fans) add_part(&t);
    }
    return fans ? sum_over_team(&t, team, err) : TL_OK;
}
