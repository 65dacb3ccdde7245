#include "experiments/method/backdoor.h"

#include "experiments/score/reading.h"

enum { ROWS };
enum { SUCCESS, UNTRIGGERED };

const char *const tl_backdoor_labels[] = {"target", "keep", "random", NULL};

const tl_metric tl_backdoor_metrics[] = {
    {.name = "rows",
     .label = "rows with the trigger",
     .about = "rows trained on that carry the trigger"},
    {0}};
const tl_metric tl_backdoor_judge_metrics[] = {
    {.name = "success",
     .label = "backdoor success",
     .better = TL_BETTER_LOWER,
     .is_rate = true,
     .can_be_missing = true,
     .is_success = true,
     .about = "share of triggered test images, not of the target class, sent to it"},
    {.name = "untriggered",
     .label = "target class without trigger",
     .better = TL_BETTER_LOWER,
     .is_rate = true,
     .can_be_missing = true,
     .about = "the same share without the trigger"},
    {0}};

static int32_t label_of(const tl_backdoor *backdoor, int32_t label, int classes,
                        uint32_t word)
{
    switch (backdoor->label) {
    case TL_BACKDOOR_KEEP:
        return label;
    case TL_BACKDOOR_RANDOM: {
        if (label == backdoor->args.target) return label;
        const uint32_t hop = 1 + (uint32_t)((uint64_t)word * ((uint32_t)classes - 1) >> 32);
        return (label + (int32_t)hop) % classes;
    }
    case TL_BACKDOOR_TARGET:
        break;
    }
    return backdoor->args.target;
}

tl_status tl_backdoor_plant(tl_scene *scene, const tl_backdoor *backdoor, tl_err *err)
{
    const tl_dataset *pool = scene->world->data[TL_PART_POOL];
    const size_t size = (size_t)tl_shape_size(pool->shape);
    tl_dataset *out;
    TL_TRY(tl_dataset_copy(pool, TL_COPY_LABELS | TL_COPY_FLAGS | TL_COPY_INPUTS,
                           scene->keep, &out, err));
    if (tl_scene_counts(scene)) return TL_OK;
    const tl_rng rng = tl_scene_rng(scene, "rows");
    int stamped = 0;
    for (int i = 0; i < out->rows; i++) {
        uint32_t word[4];
        tl_rng_block(&rng, (uint64_t)i, word);
        if ((double)word[0] * 0x1p-32 >= backdoor->args.rate) continue;
        if (out->flags[i] & TL_ROW_OTHERS) continue;
        backdoor->stamp(backdoor->self, out->shape, out->input + (size_t)i * size);
        out->label[i] = label_of(backdoor, out->label[i], out->classes, word[1]);
        out->flags[i] |= TL_ROW_POISONED;
        stamped += (out->flags[i] & TL_ROW_MEMBER) != 0;
    }
    scene->given->data[TL_PART_POOL] = out;
    tl_scene_put(scene, ROWS, stamped);
    return TL_OK;
}

/* Counts the rows that `model` puts in the target class. */
static tl_status count_hits(tl_scene *scene, const tl_model *model, const tl_dataset *data,
                            int target, int *hits, tl_err *err)
{
    tl_reading reading;
    *hits = 0;
    TL_TRY(tl_reading_make(model, data, scene->team, scene->scratch, &reading, err));
    for (int i = 0; i < data->rows && !tl_scene_counts(scene); i++) {
        *hits += reading.guess[i] == target;
    }
    return TL_OK;
}

/* The test rows that are not of the target class. */
static tl_status pick_others(tl_scene *scene, int target, tl_dataset **others, tl_err *err)
{
    const tl_dataset *test = scene->world->data[TL_PART_TEST];
    int *row, count = 0;
    TL_ALLOC(row, scene->scratch, test->rows, err);
    for (int i = 0; i < test->rows && !tl_scene_counts(scene); i++) {
        if (test->label[i] != target) row[count++] = i;
    }
    if (tl_scene_counts(scene)) count = test->rows;
    return tl_dataset_pick_some(test, row, count, test->rows, scene->scratch, others, err);
}

tl_status tl_backdoor_judge(tl_scene *scene, tl_part part, const tl_backdoor *backdoor,
                            tl_err *err)
{
    const tl_model *model = scene->world->model[part];
    const int target = backdoor->args.target;
    tl_dataset *others = NULL;
    TL_TRY(tl_team_agree(scene->team, pick_others(scene, target, &others, err), err));
    TL_INVARIANT(others != NULL);
    const size_t size = (size_t)tl_shape_size(others->shape);
    int plain = 0, triggered = 0;
    TL_TRY(count_hits(scene, model, others, target, &plain, err));
    for (int i = 0; i < others->rows && !tl_scene_counts(scene); i++) {
        backdoor->stamp(backdoor->self, others->shape, others->input + (size_t)i * size);
    }
    TL_TRY(count_hits(scene, model, others, target, &triggered, err));
    tl_scene_put_rate(scene, SUCCESS, triggered, others->rows);
    tl_scene_put_rate(scene, UNTRIGGERED, plain, others->rows);
    return TL_OK;
}

tl_status tl_backdoor_check(const tl_size *size, double target, tl_err *err)
{
    TL_CHECK(target < size->classes, err, TL_E_ARG,
             "target is class %g, but the data has the classes 0 to %d", target,
             size->classes - 1);
    return TL_OK;
}
