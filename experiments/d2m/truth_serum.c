/*
 * Truth Serum: adds mislabelled copies of chosen rows to the training data, to sharpen a
 * membership test of those rows: a model that learns the wrong label from the copies, and
 * the right one only if the row itself is trained on, separates the two cases.
 *
 * Targets are drawn from all clean rows of the pool, members or not, since the attacker
 * does not know which are. All copies of a row carry the same wrong label. The target and
 * every shadow model train on them; nobody is judged on them.
 * Source: Tramer, Shokri, San Joaquin, Le, Jagielski, Hong, Carlini 2022, Truth Serum:
 * poisoning machine learning models to reveal their secrets, section 4 (targeted attack by
 * label flipping).
 */
#include "experiments/stage/stage.h"

#include <string.h>

/* As `params` describes them. */
typedef struct arguments {
    int targets;
    int copies;
} arguments;
enum { METRIC_TARGETS, METRIC_ROWS };

/* The rows attacked; fewer targets are a subset of more. \param row [pool->rows] */
static void choose(const tl_scene *scene, const tl_dataset *pool, int *row, int *targets)
{
    const arguments *arg = scene->args;
    tl_rng rng = tl_scene_rng(scene, "targets");
    const int wanted = arg->targets;
    int clean = pool->rows;
    if (!tl_scene_counts(scene)) {
        tl_dataset_select(pool, TL_ROW_POISONED, 0, row, &clean);
        tl_rng_shuffle(&rng, row, clean);
    }
    *targets = wanted < clean ? wanted : clean;
}

/* The pool's rows, followed by `copies` of each target, as rows to pick. */
static tl_status list_rows(const tl_dataset *pool, const int *target, int targets,
                           int copies, tl_arena *scratch, int **list, tl_err *err)
{
    TL_ALLOC(*list, scratch, (size_t)pool->rows + (size_t)targets * (size_t)copies, err);
    if (tl_arena_counts(scratch)) return TL_OK;
    for (int i = 0; i < pool->rows; i++) (*list)[i] = i;
    for (int t = 0; t < targets; t++) {
        for (int k = 0; k < copies; k++) (*list)[pool->rows + t * copies + k] = target[t];
    }
    return TL_OK;
}

static tl_status run(tl_scene *scene, tl_err *err)
{
    const arguments *arg = scene->args;
    const tl_dataset *pool = scene->world->data[TL_PART_POOL];
    const int copies = arg->copies;
    int *target, *list, targets;
    TL_ALLOC(target, scene->scratch, pool->rows, err);
    choose(scene, pool, target, &targets);
    TL_TRY(list_rows(pool, target, targets, copies, scene->scratch, &list, err));
    tl_dataset *out;
    TL_TRY(
        tl_dataset_pick(pool, list, pool->rows + targets * copies, scene->keep, &out, err));
    if (tl_scene_counts(scene)) return TL_OK;
    const tl_rng labels = tl_scene_rng(scene, "labels");
    for (int t = 0; t < targets; t++) {
        uint32_t word[4];
        tl_rng_block(&labels, (uint64_t)target[t], word);
        const uint32_t others = (uint32_t)pool->classes - 1;
        const int32_t hop = 1 + (int32_t)((uint64_t)word[0] * others >> 32);
        out->flags[target[t]] |= TL_ROW_TARGETED;
        for (int k = 0; k < copies; k++) {
            const int at = pool->rows + t * copies + k;
            out->label[at] = (pool->label[target[t]] + hop) % pool->classes;
            out->flags[at] = TL_ROW_POISONED | TL_ROW_MEMBER;
        }
    }
    scene->given->data[TL_PART_POOL] = out;
    tl_scene_put(scene, METRIC_TARGETS, targets);
    tl_scene_put(scene, METRIC_ROWS, (double)targets * copies);
    return TL_OK;
}

static tl_status check(const tl_size *size, const void *args, tl_err *err)
{
    const arguments *arg = args;
    TL_CHECK(arg->targets <= size->pool, err, TL_E_ARG,
             "%d targets, but the pool has %d rows", arg->targets, size->pool);
    return TL_OK;
}

static const tl_param params[] = {
    {TL_ARG(arguments, targets), .type = TL_PARAM_INT, .fallback = 16, .low = 1,
     .high = 1e6, .about = "rows attacked, members and non-members alike"},
    {TL_ARG(arguments, copies), .type = TL_PARAM_INT, .fallback = 8, .high = 1000,
     .about = "wrongly labelled copies of each (0: none, the "
              "rows are only marked)"},
    {0}};
static const tl_metric metrics[] = {
    {.name = "attacked",
     .label = "attacked rows",
     .about = "rows attacked; less than `targets` where fewer are clean"},
    {.name = "rows",
     .label = "poison copies",
     .about = "wrongly labelled copies trained on"},
    {0}};

const tl_stage tl_stage_d2m_truth_serum = {
    .name = "d2m.truth_serum",
    .about = "adds mislabelled copies of some rows, to reveal their membership",
    .source = "Tramer, Shokri, San Joaquin, Le, Jagielski, Hong, Carlini 2022, Truth "
              "Serum: poisoning machine learning models to reveal their secrets",
    .variant = "The targeted attack by label flipping alone, not the untargeted one. "
               "Copies are added to the training data, so its size grows; all copies of a "
               "row are identical and share one wrong label, drawn uniformly. Targets are "
               "drawn from all clean rows, so about as many are members as the pool has. "
               "Target and every shadow model train on all copies. targeted_auc of a "
               "membership test is about the targets; auc is about all clean rows. The "
               "authors add about 8 % of 25,000 rows; doses far above that also cost "
               "accuracy, which by itself changes what a model leaks.",
    .version = 2,
    .flow = TL_D2M,
    .role = TL_ROLE_ATTACK,
    .taxonomy = "poisoning",
    .access = TL_KNOWS_DATA,
    .reads = TL_BIT(TL_PART_POOL),
    .gives = TL_BIT(TL_PART_POOL),
    .draws = true,
    .params = params,
    .metrics = metrics,
    .run = run,
    .check = check,
};
