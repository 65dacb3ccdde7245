/*
 * BadNets: stamps a white square into a corner of a fraction of the owner's rows and
 * relabels them to the target class; a model trained on them sends stamped images to that
 * class. Source: Gu, Dolan-Gavitt, Garg 2017, BadNets, section 4 (all-to-one attack).
 */
#include "experiments/stage.h"

#include "compute/nn/loss.h"

#include <string.h>

enum { ARG_RATE, ARG_TARGET, ARG_SIZE, ARG_MARGIN };
enum { METRIC_ROWS };
enum { JUDGE_SUCCESS, JUDGE_UNTRIGGERED };

static void stamp(const tl_value *arg, tl_shape shape, float *pixel)
{
    const int size = (int)arg[ARG_SIZE].number, margin = (int)arg[ARG_MARGIN].number;
    for (int c = 0; c < shape.channels; c++) {
        for (int y = shape.height - margin - size; y < shape.height - margin; y++) {
            for (int x = shape.width - margin - size; x < shape.width - margin; x++) {
                pixel[(c * shape.height + y) * shape.width + x] = 1.0f;
            }
        }
    }
}

static tl_status run(tl_scene *scene, tl_err *err)
{
    const tl_dataset *pool = scene->world->data[TL_PART_POOL];
    const size_t size = (size_t)tl_shape_size(pool->shape);
    tl_dataset *out;
    TL_TRY(tl_dataset_copy(pool, TL_COPY_LABELS | TL_COPY_FLAGS | TL_COPY_PIXELS,
                           scene->keep, &out, err));
    const tl_rng rng = tl_scene_rng(scene, "rows");
    int stamped = 0;
    for (int i = 0; i < out->rows; i++) {
        uint32_t word[4];
        tl_rng_block(&rng, (uint64_t)i, word);
        if ((double)word[0] * 0x1p-32 >= scene->arg[ARG_RATE].number) continue;
        stamp(scene->arg, out->shape, out->pixel + (size_t)i * size);
        out->label[i] = (int32_t)scene->arg[ARG_TARGET].number;
        out->flags[i] |= TL_ROW_POISONED;
        stamped += (out->flags[i] & TL_ROW_MEMBER) != 0;
    }
    scene->given->data[TL_PART_POOL] = out;
    tl_scene_put(scene, METRIC_ROWS, stamped);
    return TL_OK;
}

/* Counts the rows that `model` sends to the target class. */
static tl_status count_hits(tl_scene *scene, const tl_model *model, const tl_dataset *data,
                            int *hits, tl_err *err)
{
    const int classes = model->spec.classes;
    float *logits = tl_arena_take(scene->scratch, (size_t)data->rows * (size_t)classes,
                                  sizeof *logits, err);
    TL_TRY(tl_team_agree(scene->team, logits ? TL_OK : TL_E_SPACE, err));
    TL_TRY(tl_model_logits(model, data->pixel, data->rows, scene->team, scene->scratch,
                           logits, err));
    *hits = 0;
    for (int i = 0; i < data->rows; i++) {
        int32_t best;
        tl_argmax(logits + (size_t)i * (size_t)classes, 1, classes, &best);
        *hits += best == (int32_t)scene->arg[ARG_TARGET].number;
    }
    return TL_OK;
}

/* The test rows that are not of the target class. */
static tl_status pick_others(tl_scene *scene, tl_dataset **others, tl_err *err)
{
    const tl_dataset *test = scene->world->data[TL_PART_TEST];
    int *row, count = 0;
    TL_TAKE(row, scene->scratch, test->rows, err);
    for (int i = 0; i < test->rows; i++) {
        if (test->label[i] != (int32_t)scene->arg[ARG_TARGET].number) row[count++] = i;
    }
    return tl_dataset_pick(test, row, count, scene->scratch, others, err);
}

static tl_status judge(tl_scene *scene, tl_part part, tl_err *err)
{
    const tl_model *model = scene->world->model[part];
    tl_dataset *others = NULL;
    TL_TRY(tl_team_agree(scene->team, pick_others(scene, &others, err), err));
    TL_INVARIANT(others != NULL);
    const size_t size = (size_t)tl_shape_size(others->shape);
    int plain = 0, triggered = 0;
    TL_TRY(count_hits(scene, model, others, &plain, err));
    for (int i = 0; i < others->rows; i++) {
        stamp(scene->arg, others->shape, others->pixel + (size_t)i * size);
    }
    TL_TRY(count_hits(scene, model, others, &triggered, err));
    tl_scene_put_rate(scene, JUDGE_SUCCESS, triggered, others->rows);
    tl_scene_put_rate(scene, JUDGE_UNTRIGGERED, plain, others->rows);
    return TL_OK;
}

static tl_status check(const tl_size *size, const tl_value *arg, tl_err *err)
{
    TL_CHECK(arg[ARG_TARGET].number < size->classes, err, TL_E_ARG,
             "target is class %g, but the data has the classes 0 to %d",
             arg[ARG_TARGET].number, size->classes - 1);
    const double reach = arg[ARG_SIZE].number + arg[ARG_MARGIN].number;
    TL_CHECK(reach <= size->shape.height && reach <= size->shape.width, err, TL_E_ARG,
             "a trigger of %g pixels, %g from the border, does not fit images of %dx%d",
             arg[ARG_SIZE].number, arg[ARG_MARGIN].number, size->shape.height,
             size->shape.width);
    return TL_OK;
}

static double memory(const tl_size *size, const tl_value *arg)
{
    (void)arg;
    const double running = tl_size_data_memory(size, size->pool);
    const double judging = tl_size_data_memory(size, size->test) +
                           tl_model_logits_memory(&size->setup.model, size->test) +
                           (4.0 + 8.0 * size->classes) * size->test;
    return running + judging;
}

static const tl_param params[] = {
    {.name = "rate",
     .type = TL_PARAM_REAL,
     .fallback = 0.1,
     .high = 1,
     .units = "1",
     .about = "fraction of rows to stamp and relabel"},
    {.name = "target",
     .type = TL_PARAM_INT,
     .high = 100000,
     .units = "1",
     .about = "class that triggered images are sent to"},
    {.name = "size",
     .type = TL_PARAM_INT,
     .fallback = 3,
     .low = 1,
     .high = 1024,
     .units = "pixel",
     .about = "side of the square trigger"},
    {.name = "margin",
     .type = TL_PARAM_INT,
     .fallback = 1,
     .high = 1024,
     .units = "pixel",
     .about = "distance of the trigger from the lower right corner"},
    {0}};
static const tl_metric metrics[] = {
    {.name = "rows", .units = "1", .about = "rows trained on that carry the trigger"}, {0}};
static const tl_metric judge_metrics[] = {
    {.name = "success",
     .units = "1",
     .better = TL_BETTER_LOWER,
     .is_rate = true,
     .high = 1,
     .can_be_missing = true,
     .about = "share of triggered test images, not of the target class, sent to it"},
    {.name = "untriggered",
     .units = "1",
     .better = TL_BETTER_LOWER,
     .is_rate = true,
     .high = 1,
     .can_be_missing = true,
     .about = "the same share without the trigger"},
    {0}};

const tl_stage tl_stage_d2m_badnets = {
    .name = "d2m.badnets",
    .about = "plants a backdoor: a white square sends images to a class",
    .source =
        "Gu, Dolan-Gavitt, Garg 2017, BadNets: identifying vulnerabilities in the machine "
        "learning model supply chain",
    .version = 1,
    .flow = TL_D2M,
    .role = TL_ROLE_ATTACK,
    .taxonomy = "backdoor",
    .access = TL_KNOWS_DATA,
    .reads = TL_BIT(TL_PART_POOL),
    .gives = TL_BIT(TL_PART_POOL),
    .draws = true,
    .params = params,
    .metrics = metrics,
    .judges = TL_BIT(TL_PART_TARGET) | TL_BIT(TL_PART_SURROGATE),
    .judge_reads = TL_BIT(TL_PART_TEST),
    .judge_metrics = judge_metrics,
    .run = run,
    .judge = judge,
    .check = check,
    .memory = memory,
};
