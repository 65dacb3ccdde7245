#include "compute/nn/tensor_parallel.h"

#include "compute/nn/architecture.h"

#include <string.h>

/* --- what is cut, and how ------------------------------------------------------------- */

/* Layers whose heads or units are independent of one another. */
static bool is_inner(tl_layer_kind kind)
{
    return kind == TL_LAYER_ATTENTION || kind == TL_LAYER_GELU || kind == TL_LAYER_SWIGLU;
}

static tl_cut cut_of(const tl_model *whole, int number)
{
    const tl_layer *layer = &whole->layer[number];
    if (is_inner(layer->kind)) return TL_CUT_PARTS;
    if (layer->kind != TL_LAYER_DENSE) return TL_CUT_NONE;
    if (is_inner(whole->layer[layer->from].kind)) return TL_CUT_JOINS;
    return number + 1 < whole->layers && is_inner(layer[1].kind) ? TL_CUT_FANS
                                                                 : TL_CUT_NONE;
}

enum { MOST_GROUPS = 3 };

/* Groups of outputs of a layer that fans out, each divided by itself: the next layer reads
 * them as queries, keys and values, or as gates and gated values. \return how many */
static int groups_of(const tl_layer *behind, int size[MOST_GROUPS])
{
    if (behind->kind == TL_LAYER_ATTENTION) {
        const int head = behind->out.channels / behind->heads;
        size[0] = behind->heads * head;
        size[1] = size[2] = behind->kv_heads * head;
        return 3;
    }
    const int groups = behind->kind == TL_LAYER_SWIGLU ? 2 : 1;
    for (int g = 0; g < groups; g++) size[g] = behind->in.channels / groups;
    return groups;
}

/* Numbers of a tensor that a part has: lines that are apart in the whole model's parameters
 * and contiguous in the part's. */
typedef struct strip {
    size_t whole, part;        /* places of the first */
    size_t lines, length, gap; /* gap: from line to line in the whole */
} strip;

typedef enum tensor { WEIGHT, BIAS, TENSORS } tensor;

/* Numbers of one part of a tensor; 0 if it is not cut. */
static size_t part_size(const tl_layer *own, tensor of)
{
    if (own->cut == TL_CUT_NONE) return 0;
    if (of == WEIGHT) return own->weights;
    return own->cut == TL_CUT_JOINS ? 0 : own->biases;
}

/* The strips of part `part` of a layer's tensor. \return how many */
static int strips_of(const tl_tensor_parallel *share, int number, tensor of, int part,
                     strip to[MOST_GROUPS])
{
    const tl_layer *whole = &share->whole->layer[number];
    const tl_layer *own = &share->model.layer[number];
    const size_t splits = (size_t)share->whole->spec.splits, p = (size_t)part;
    const size_t inputs = of == WEIGHT ? (size_t)whole->in.channels : 1;
    if (part_size(own, of) == 0) return 0;
    if (own->cut == TL_CUT_JOINS) {
        to[0] = (strip){.whole = whole->weight + p * inputs / splits,
                        .part = own->weight,
                        .lines = (size_t)whole->out.channels,
                        .length = inputs / splits,
                        .gap = inputs};
        return 1;
    }
    int size[MOST_GROUPS];
    const int groups = groups_of(whole + 1, size);
    size_t at = of == WEIGHT ? whole->weight : whole->bias;
    size_t place = of == WEIGHT ? own->weight : own->bias;
    for (int g = 0; g < groups; g++) {
        const size_t length = (size_t)size[g] / splits * inputs;
        to[g] = (strip){at + p * length, place, 1, length, 0};
        at += splits * length;
        place += length;
    }
    return groups;
}

/* --- a share -------------------------------------------------------------------------- */

/* A layer of `whole` as one of `splits` parts has it; its parameters are placed later.
 */
static tl_layer cut_layer(const tl_model *whole, int number, int splits)
{
    tl_layer layer = whole->layer[number];
    layer.cut = cut_of(whole, number);
    if (layer.cut == TL_CUT_NONE) return layer;
    layer.weights /= (size_t)splits;
    if (layer.cut != TL_CUT_FANS) layer.in.channels /= splits;
    if (layer.cut != TL_CUT_JOINS) {
        layer.out.channels /= splits;
        layer.biases /= (size_t)splits;
        layer.heads /= splits;
        layer.kv_heads /= splits;
    } else {
        layer.has_bias = false;
    }
    return layer;
}

static size_t place(size_t numbers, size_t *taken)
{
    const size_t at = *taken;
    *taken += numbers;
    return at;
}

/* Places the parameters. A tied layer comes after the one whose weights it has. */
static void place_layers(tl_tensor_parallel *share)
{
    size_t *const taken[] = {&share->shared, &share->each};
    for (int l = 0; l < share->model.layers; l++) {
        tl_layer *own = &share->model.layer[l];
        own->weight = place(own->weights, taken[own->cut != TL_CUT_NONE]);
        own->bias = place(own->biases, taken[part_size(own, BIAS) > 0]);
    }
    for (int l = 0; l < share->model.layers; l++) {
        tl_layer *own = &share->model.layer[l];
        const tl_layer *whole = &share->whole->layer[l];
        if (own->cut != TL_CUT_NONE) own->weight += share->shared;
        if (part_size(own, BIAS) > 0) own->bias += share->shared;
        own->parts = own->cut == TL_CUT_NONE ? 0 : share->parts;
        own->step = own->cut == TL_CUT_NONE ? 0 : share->each;
        const bool is_tied = own->kind == TL_LAYER_DENSE && own->weights == 0;
        for (int other = 0; is_tied && other < l; other++) {
            if (share->whole->layer[other].weights > 0 &&
                share->whole->layer[other].weight == whole->weight)
                own->weight = share->model.layer[other].weight;
        }
    }
}

static void copy(const strip *s, const float *from, bool is_to_whole, float *to)
{
    for (size_t i = 0; i < s->lines; i++) {
        const size_t whole = s->whole + i * s->gap, part = s->part + i * s->length;
        memcpy(to + (is_to_whole ? whole : part), from + (is_to_whole ? part : whole),
               s->length * sizeof *to);
    }
}

/* Copies the uncut tensors of a layer from one model to the other. */
static void copy_shared(const tl_layer *from, const float *param, const tl_layer *to,
                        float *out)
{
    const tl_layer *own = from->cut == TL_CUT_NONE ? to : from; /* the share's */
    if (part_size(own, WEIGHT) == 0)
        memcpy(out + to->weight, param + from->weight, from->weights * sizeof *out);
    if (part_size(own, BIAS) == 0)
        memcpy(out + to->bias, param + from->bias, from->biases * sizeof *out);
}

static void take_parameters(tl_tensor_parallel *share)
{
    strip strips[MOST_GROUPS];
    for (int l = 0; l < share->model.layers; l++) {
        copy_shared(&share->whole->layer[l], share->whole->param, &share->model.layer[l],
                    share->model.param);
        for (int p = 0; p < share->parts; p++) {
            float *own = share->model.param + (size_t)p * share->each;
            for (tensor of = WEIGHT; of < TENSORS; of++) {
                const int count = strips_of(share, l, of, share->first + p, strips);
                for (int i = 0; i < count; i++)
                    copy(&strips[i], share->whole->param, false, own);
            }
        }
    }
}

/* A share without parameters. */
static tl_status cut_model(const tl_model *whole, int rank, int members, tl_arena *arena,
                           tl_tensor_parallel *out, tl_err *err)
{
    const int splits = whole->spec.splits;
    TL_INVARIANT(splits > 1 && members <= splits);
    *out = (tl_tensor_parallel){.whole = whole, .model = *whole, .parts = splits / members};
    out->first = rank * out->parts;
    out->model.is_tensor_parallel = true;
    out->model.param = NULL;
    TL_ALLOC_RECORDS(out->model.layer, arena, whole->layers, err);
    for (int l = 0; l < whole->layers; l++) {
        out->model.layer[l] = cut_layer(whole, l, splits);
    }
    place_layers(out);
    out->model.params = out->shared + (size_t)out->parts * out->each;
    return TL_OK;
}

tl_status tl_tensor_parallel_new(const tl_model *whole, const tl_team *team,
                                 tl_arena *arena, tl_tensor_parallel *out, tl_err *err)
{
    TL_TRY(cut_model(whole, team->rank, team->size, arena, out, err));
    out->team = team;
    TL_ALLOC(out->model.param, arena, out->model.params, err);
    if (!tl_arena_counts(arena)) take_parameters(out);
    return TL_OK;
}

/* --- what is kept for each parameter -------------------------------------------------- */

enum { ROOM = 1 << 20 };

/* Numbers of each part that are moved at once. */
static size_t piece_of(const tl_tensor_parallel *share, size_t at)
{
    const size_t most = ROOM / (size_t)share->whole->spec.splits;
    return share->each - at < most ? share->each - at : most;
}

size_t tl_tensor_parallel_room(const tl_tensor_parallel *share)
{
    return piece_of(share, 0) * (size_t)share->whole->spec.splits;
}

tl_status tl_tensor_parallel_collect(const tl_tensor_parallel *share, const float *kept,
                                     float *room, float *all, tl_err *err)
{
    const size_t splits = (size_t)share->whole->spec.splits, parts = (size_t)share->parts;
    if (all) memcpy(all, kept, share->shared * sizeof *all);
    for (size_t at = 0, n; at < share->each; at += n) {
        n = piece_of(share, at);
        for (size_t p = 0; p < parts; p++) {
            memcpy(room + ((size_t)share->first + p) * n,
                   kept + share->shared + p * share->each + at, n * sizeof *room);
        }
        TL_TRY(tl_team_gather(share->team, room, parts * n * sizeof *room, err));
        for (size_t p = 0; all && p < splits; p++) {
            memcpy(all + share->shared + p * share->each + at, room + p * n,
                   n * sizeof *all);
        }
    }
    return TL_OK;
}

tl_status tl_tensor_parallel_deal(const tl_tensor_parallel *share, const float *all,
                                  float *room, float *kept, tl_err *err)
{
    const size_t splits = (size_t)share->whole->spec.splits, parts = (size_t)share->parts;
    if (all) memcpy(kept, all, share->shared * sizeof *kept);
    TL_TRY(tl_team_broadcast(share->team, kept, share->shared * sizeof *kept, err));
    for (size_t at = 0, n; at < share->each; at += n) {
        n = piece_of(share, at);
        for (size_t p = 0; all && p < splits; p++) {
            memcpy(room + p * n, all + share->shared + p * share->each + at,
                   n * sizeof *room);
        }
        TL_TRY(tl_team_broadcast(share->team, room, splits * n * sizeof *room, err));
        for (size_t p = 0; p < parts; p++) {
            memcpy(kept + share->shared + p * share->each + at,
                   room + ((size_t)share->first + p) * n, n * sizeof *kept);
        }
    }
    return TL_OK;
}

/* --- putting them together ------------------------------------------------------------ */

/* Numbers of the largest cut tensor, all its parts. */
static size_t put_room(const tl_tensor_parallel *share)
{
    size_t most = 0;
    for (int l = 0; l < share->model.layers; l++) {
        for (tensor of = WEIGHT; of < TENSORS; of++) {
            const size_t size = part_size(&share->model.layer[l], of);
            if (size > most) most = size;
        }
    }
    return (size_t)share->whole->spec.splits * most;
}

/* `room` [splits x numbers of a part] */
static tl_status put_tensor(const tl_tensor_parallel *share, int number, tensor of,
                            float *room, tl_model *whole, tl_err *err)
{
    const tl_layer *own = &share->model.layer[number];
    const size_t size = part_size(own, of), at = of == WEIGHT ? own->weight : own->bias;
    if (size == 0) return TL_OK;
    for (int p = 0; p < share->parts; p++) {
        memcpy(room + (size_t)(share->first + p) * size,
               share->model.param + (size_t)p * share->each + at, size * sizeof *room);
    }
    TL_TRY(
        tl_team_gather(share->team, room, (size_t)share->parts * size * sizeof *room, err));
    for (int p = 0; p < whole->spec.splits; p++) {
        strip strips[MOST_GROUPS];
        const int count = strips_of(share, number, of, p, strips);
        for (int i = 0; i < count; i++) {
            strips[i].part -= at;
            copy(&strips[i], room + (size_t)p * size, true, whole->param);
        }
    }
    return TL_OK;
}

tl_status tl_tensor_parallel_put(const tl_tensor_parallel *share, tl_arena *scratch,
                                 tl_model *whole, tl_err *err)
{
    const size_t mark = tl_arena_mark(scratch);
    const size_t n = put_room(share);
    float *room = tl_arena_take(scratch, n, sizeof *room, err);
    tl_status status = tl_team_agree(share->team, room ? TL_OK : TL_E_NOMEM, err);
    const int layers = tl_arena_counts(scratch) ? 0 : share->model.layers;
    for (int l = 0; status == TL_OK && l < layers; l++) {
        copy_shared(&share->model.layer[l], share->model.param, &whole->layer[l],
                    whole->param);
        for (tensor of = WEIGHT; status == TL_OK && of < TENSORS; of++) {
            status = put_tensor(share, l, of, room, whole, err);
        }
    }
    tl_arena_rewind(scratch, mark);
    return status;
}
