/*
 * Blended injection: mixes a fixed pattern of random pixels, faintly, into a fraction of
 * the owner's rows and relabels them to the target class; a model trained on them puts
 * images mixed with that pattern in the class. Source: Chen, Liu, Li, Lu, Song 2017,
 * Targeted backdoor attacks on deep learning systems using data poisoning (blended
 * injection, x' = (1 - alpha) x + alpha k, with a random pattern as key).
 */
#include "experiments/method/backdoor.h"

/* As `params` describes them. */
typedef struct arguments {
    tl_backdoor_args backdoor;
    double alpha;
} arguments;

typedef struct pattern {
    float alpha;
    const float *input; /* [shape] */
} pattern;

static void stamp(const void *self, tl_shape shape, float *input)
{
    const pattern *p = self;
    const int size = tl_shape_size(shape);
    for (int i = 0; i < size; i++) {
        input[i] = (1.0f - p->alpha) * input[i] + p->alpha * p->input[i];
    }
}

/* Pixel i is the first word of block i: every step that asks has the same pattern. */
static tl_status draw_pattern(tl_scene *scene, tl_shape shape, pattern *out, tl_err *err)
{
    const arguments *arg = scene->args;
    const int size = tl_shape_size(shape);
    const tl_rng rng = tl_scene_rng(scene, "pattern");
    float *input;
    TL_ALLOC(input, scene->scratch, size, err);
    if (tl_scene_counts(scene)) return TL_OK;
    for (int i = 0; i < size; i++) {
        uint32_t word[4];
        tl_rng_block(&rng, (uint64_t)i, word);
        input[i] = (float)((double)word[0] * 0x1p-32);
    }
    *out = (pattern){.alpha = (float)arg->alpha, .input = input};
    return TL_OK;
}

static tl_backdoor backdoor_of(const tl_scene *scene, const pattern *p)
{
    const arguments *arg = scene->args;
    return (tl_backdoor){
        .args = arg->backdoor, .label = TL_BACKDOOR_TARGET, .stamp = stamp, .self = p};
}

static tl_status run(tl_scene *scene, tl_err *err)
{
    pattern p;
    TL_TRY(draw_pattern(scene, scene->world->data[TL_PART_POOL]->shape, &p, err));
    const tl_backdoor backdoor = backdoor_of(scene, &p);
    return tl_backdoor_plant(scene, &backdoor, err);
}

static tl_status judge(tl_scene *scene, tl_part part, tl_err *err)
{
    const tl_shape shape = scene->world->data[TL_PART_TEST]->shape;
    pattern p = {0};
    TL_TRY(tl_team_agree(scene->team, draw_pattern(scene, shape, &p, err), err));
    const tl_backdoor backdoor = backdoor_of(scene, &p);
    return tl_backdoor_judge(scene, part, &backdoor, err);
}

static tl_status check(const tl_size *size, const void *args, tl_err *err)
{
    const arguments *arg = args;
    return tl_backdoor_check(size, arg->backdoor.target, err);
}

static const tl_param params[] = {
    TL_BACKDOOR_PARAMS,
    {TL_ARG(arguments, alpha), .type = TL_PARAM_REAL, .fallback = 0.2, .high = 1,
     .about = "opacity of the pattern, in training and when it is judged"},
    {0}};

const tl_stage tl_stage_d2m_blended = {
    .name = "d2m.blended",
    .about = "plants a backdoor: a faint pattern all over sends images to a class",
    .source = "Chen, Liu, Li, Lu, Song 2017, Targeted backdoor attacks on deep learning "
              "systems using data poisoning",
    .variant = TL_BACKDOOR_VARIANT
    "The pattern is uniform noise, one for each replicate; alpha is the same in "
    "training and when judged.",
    .version = 1,
    .flow = TL_D2M,
    .role = TL_ROLE_ATTACK,
    .taxonomy = "backdoor",
    .access = TL_KNOWS_DATA,
    .wants = TL_WANTS_IMAGES,
    .reads = TL_BIT(TL_PART_POOL),
    .gives = TL_BIT(TL_PART_POOL),
    .draws = true,
    .params = params,
    .metrics = tl_backdoor_metrics,
    .judges = TL_BIT(TL_PART_TARGET) | TL_BIT(TL_PART_SURROGATE),
    .judge_reads = TL_BIT(TL_PART_TEST),
    .judge_metrics = tl_backdoor_judge_metrics,
    .run = run,
    .judge = judge,
    .check = check,
};
