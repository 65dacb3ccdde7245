/*
 * Provenance filter: the trainer drops submitted rows that carry the owner's mark. The
 * owner has published its marked images. Outsiders submit rows, namely those that an attack
 * made or altered: a trainer knows which rows came from outside, not which are poisoned. A
 * submitted row with the owner's mark is published data, altered or not, and is left out of
 * training. An attacker who removes the mark before poisoning evades the filter. Dropped
 * rows stay in the pool as non-members, so that later stages see as many rows; being
 * poisoned they are in no membership set. Source: the detector of watermark.h; marks that
 * show where data came from: Cox, Miller, Bloom, Fridrich, Kalker 2008, Digital
 * watermarking and steganography, chapter 2 (proof of ownership, transaction tracking).
 */
#include "experiments/stage/stage.h"

/* As `params` describes them. */
typedef struct arguments {
    double p;
} arguments;
enum { DROPPED, FALSE_DROPS };

/* The marks of the owner, ready for images of one shape. */
typedef struct owners {
    int count;
    tl_carriers *carriers; /* [count] */
    double level;          /* p below which a mark counts as found */
} owners;

static tl_status take_marks(tl_scene *scene, tl_shape shape, owners *out, tl_err *err)
{
    const arguments *arg = scene->args;
    const tl_marks *marks = scene->world->marks;
    *out = (owners){.count = marks->count, .level = arg->p};
    TL_ALLOC_RECORDS(out->carriers, scene->scratch, marks->count, err);
    for (int i = 0; i < marks->count; i++) {
        TL_TRY(tl_carriers_new(&marks->mark[i].watermark, shape, scene->scratch,
                               &out->carriers[i], err));
    }
    return TL_OK;
}

/* Whether an image carries one of the marks. */
static bool is_marked(const owners *marks, const float *pixel)
{
    for (int i = 0; i < marks->count; i++) {
        if (tl_watermark_detect(&marks->carriers[i], pixel).p < marks->level) return true;
    }
    return false;
}

static tl_status run(tl_scene *scene, tl_err *err)
{
    const tl_dataset *pool = scene->world->data[TL_PART_POOL];
    const tl_dataset *test = scene->world->data[TL_PART_TEST];
    const size_t size = (size_t)tl_shape_size(pool->shape);
    tl_dataset *out;
    owners marks;
    TL_TRY(tl_dataset_copy(pool, TL_COPY_FLAGS, scene->keep, &out, err));
    TL_TRY(take_marks(scene, pool->shape, &marks, err));
    if (tl_scene_counts(scene)) return TL_OK;
    int submitted = 0, dropped = 0, alarms = 0;
    for (int i = 0; i < out->rows; i++) {
        const uint8_t outside = TL_ROW_POISONED | TL_ROW_MEMBER;
        if ((out->flags[i] & outside) != outside) continue;
        submitted++;
        if (!is_marked(&marks, out->input + (size_t)i * size)) continue;
        out->flags[i] &= (uint8_t)~TL_ROW_MEMBER;
        dropped++;
    }
    for (int i = 0; i < test->rows; i++) {
        alarms += is_marked(&marks, test->input + (size_t)i * size);
    }
    scene->given->data[TL_PART_POOL] = out;
    tl_scene_put_rate(scene, DROPPED, dropped, submitted);
    tl_scene_put_rate(scene, FALSE_DROPS, alarms, test->rows);
    return TL_OK;
}

static double cost(const tl_size *size, const void *args)
{
    (void)args;
    return tl_watermark_flop(size->shape, TL_WATERMARK_BITS) * (size->members + size->test);
}

static const tl_param params[] = {
    {TL_ARG(arguments, p), .type = TL_PARAM_REAL, .fallback = 1e-3, .low_is_open = true,
     .high = 1,
     .about =
         "a submitted row is dropped when its mark has a p-value below this; a mark of 16 "
         "bits reaches 3e-5, of 10 bits 8e-4"},
    {0}};
static const tl_metric metrics[] = {
    {.name = "dropped",
     .is_rate = true,
     .can_be_missing = true,
     .about = "share of submitted rows meant for training that are dropped"},
    {.name = "false_drops",
     .better = TL_BETTER_LOWER,
     .is_rate = true,
     .can_be_missing = true,
     .about = "share of test rows, which carry no mark, that would be dropped"},
    {0}};

const tl_stage tl_stage_defense_provenance_filter = {
    .name = "defense.provenance_filter",
    .about = "drops submitted rows that carry the owner's watermark",
    .source = "Cox, Miller, Bloom, Fridrich, Kalker 2008, Digital watermarking and "
              "steganography, chapter 2",
    .variant = "Tests only rows flagged as made or altered by an attack: it uses the "
               "experiment's truth about who handed a row in, and no benign row is handed "
               "in, so `dropped` has no cost in clean rows; false_drops, on test rows, is "
               "the rate at which unmarked images would be lost. The mark's key, band and "
               "length are known to it. An unmarked image has p < .05 with probability "
               ".056, p < .2 with .214.",
    .version = 1,
    .flow = TL_NO_FLOW,
    .role = TL_ROLE_DEFENSE,
    .taxonomy = "data sanitisation",
    .access = TL_KNOWS_DATA,
    .wants = TL_WANTS_IMAGES,
    .reads = TL_BIT(TL_PART_POOL) | TL_BIT(TL_PART_MARKS) | TL_BIT(TL_PART_TEST),
    .gives = TL_BIT(TL_PART_POOL),
    .params = params,
    .metrics = metrics,
    .run = run,
    .cost = cost,
};
