#include "experiments/method/queries.h"

#include "experiments/image/filters.h"
#include "experiments/stage/stage_training.h"

#include <string.h>

const char *const tl_query_kinds[] = {"natural", "augmented", "noise", NULL};

/* Shifts an image by up to 2 pixels each way and mirrors half of them; borders repeat. */
static void augment(tl_rng *rng, tl_shape shape, const float *from, float *to)
{
    const int dy = (int)tl_rng_below(rng, 5) - 2, dx = (int)tl_rng_below(rng, 5) - 2;
    const bool mirrors = tl_rng_below(rng, 2) == 1;
    for (int c = 0; c < shape.channels; c++) {
        for (int y = 0; y < shape.height; y++) {
            const int v = tl_filter_within(y + dy, shape.height);
            for (int x = 0; x < shape.width; x++) {
                const int straight = (mirrors ? shape.width - 1 - x : x) + dx;
                const int u = tl_filter_within(straight, shape.width);
                *to++ = from[(c * shape.height + v) * shape.width + u];
            }
        }
    }
}

/* Replaces one token in ten by a random one. */
static void replace_tokens(tl_rng *rng, int vocabulary, const float *from, int context,
                           float *to)
{
    for (int i = 0; i < context; i++) {
        const bool is_replaced = tl_rng_below(rng, 10) == 0;
        to[i] = is_replaced ? (float)tl_rng_below(rng, (uint32_t)vocabulary) : from[i];
    }
}

/* Random pixels, or random tokens. */
static void make_noise(tl_rng *rng, int vocabulary, size_t size, float *to)
{
    for (size_t j = 0; j < size; j++) {
        to[j] = vocabulary > 0 ? (float)tl_rng_below(rng, (uint32_t)vocabulary)
                               : (float)tl_rng_uniform(rng);
    }
}

static tl_status take_queries(tl_scene *scene, const tl_query_request *request,
                              tl_queries *q, int **order, tl_err *err)
{
    const tl_dataset *own = scene->world->data[TL_PART_ATTACKER];
    const size_t size = (size_t)tl_shape_size(scene->world->setup->model.in);
    q->count = request->count;
    TL_ALLOC(q->input, scene->scratch, (size_t)q->count * size, err);
    TL_ALLOC(q->label, scene->scratch, q->count, err);
    TL_ALLOC(q->row, scene->scratch, q->count, err);
    TL_ALLOC(*order, scene->scratch, own->rows, err);
    return TL_OK;
}

/* Rows in the order of the queries. \return how many there are */
static int draw_order(tl_scene *scene, const tl_dataset *own, bool without_access,
                      int *order)
{
    tl_rng shuffle = tl_scene_rng(scene, "rows");
    int kept = 0;
    for (int i = 0; i < own->rows; i++) order[i] = i;
    tl_rng_shuffle(&shuffle, order, own->rows);
    for (int i = 0; i < own->rows; i++) {
        const bool is_recovered = (own->flags[order[i]] & TL_ROW_RECOVERED) != 0;
        if (!without_access || !is_recovered) order[kept++] = order[i];
    }
    return kept;
}

tl_status tl_queries_make(tl_scene *scene, const tl_query_request *request, tl_queries *out,
                          tl_err *err)
{
    const tl_dataset *own = scene->world->data[TL_PART_ATTACKER];
    const size_t size = (size_t)tl_shape_size(scene->world->setup->model.in);
    int *order;
    TL_TRY(take_queries(scene, request, out, &order, err));
    if (tl_scene_counts(scene)) return TL_OK;
    const int rows = draw_order(scene, own, request->without_access, order);
    const tl_rng images = tl_scene_rng(scene, "images");
    TL_INVARIANT(rows > 0 || request->kind == TL_QUERY_NOISE);
    for (int i = 0; i < out->count; i++) {
        float *to = out->input + (size_t)i * size;
        tl_rng rng = tl_rng_sub(&images, (uint64_t)i);
        out->row[i] = i;
        if (request->kind == TL_QUERY_NOISE) {
            make_noise(&rng, own->vocabulary, size, to);
            continue;
        }
        const size_t row = (size_t)order[i % rows];
        out->label[i] = own->label[row];
        if (i < rows) { /* each row is unchanged the first time */
            memcpy(to, own->input + row * size, size * sizeof *to);
        } else if (own->vocabulary > 0) {
            replace_tokens(&rng, own->vocabulary, own->input + row * size, (int)size, to);
        } else {
            augment(&rng, own->shape, own->input + row * size, to);
        }
    }
    return TL_OK;
}

tl_status tl_queries_train(tl_scene *scene, const tl_queries *queries, const float *answer,
                           const tl_recipe *recipe, tl_err *err)
{
    /* No early stopping: the validation rows are the owner's, and queries held out would be
     * missing from training. */
    const tl_stage_training training = {.spec = &scene->world->setup->model,
                                        .recipe = recipe,
                                        .rows = {.input = queries->input,
                                                 .label = answer ? NULL : queries->label,
                                                 .target = answer,
                                                 .row = queries->row,
                                                 .rows = queries->count}};
    return tl_stage_train(scene, &training, TL_OK, TL_PART_SURROGATE, NULL, err);
}

tl_status tl_queries_check(const tl_size *size, tl_query_kind kind, int count, tl_err *err)
{
    TL_CHECK(
        kind == TL_QUERY_NOISE || size->attacker > 0, err, TL_E_ARG,
        "the attacker has no rows: set data.split.attacker, or attacker_from_pool with "
        "official splits, or kind: noise");
    TL_CHECK(kind != TL_QUERY_NATURAL || count <= size->attacker, err, TL_E_ARG,
             "%d natural queries, but the attacker has %d rows; give it more, or use kind: "
             "augmented or noise",
             count, size->attacker);
    return TL_OK;
}
