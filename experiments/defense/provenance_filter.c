/*
 * Provenance filter: the trainer drops images that outsiders hand in if they carry the mark
 * that the owner has put into its published images.
 *
 * Who hands in what. The owner sends its own rows to the trainer itself; those are not
 * examined. Everything else is handed in: what an attack made or altered; other people's
 * own images, which have no mark (`others` of defense.data_watermark); and a share `benign`
 * of the owner's clean rows, republished by people who mean no harm and marked like the
 * rest. The trainer knows which rows were handed in, as a server that takes submissions
 * does, and not by whom or why. It decides by the p-value of the mark alone, so it loses
 * clean rows: republished ones, and by chance a share p of those without a mark. A
 * poisoned row passes if it is not the owner's, or if its mark was removed; where removal
 * altered the whole collection, republished rows pass as well. That a row was poisoned is
 * used to know that it was handed in and to count, not to decide.
 *
 * Rows that are dropped stay in the pool, so that later stages see as many rows, as
 * non-members that are not judged. What the filter would drop of the non-members, were they
 * handed in, is not judged either, so that both sides of a membership test are treated
 * alike. Row i is republished by block i of the stream "benign": a larger share is a
 * superset.
 *
 * Source: the detector of watermark.h; marks that show where data came from: Cox, Miller,
 * Bloom, Fridrich, Kalker 2008, Digital watermarking and steganography, chapter 2 (proof of
 * ownership, transaction tracking).
 */
#include "experiments/stage/stage.h"

/* As `params` describes them. */
typedef struct arguments {
    double p;
    double benign;
} arguments;
enum { POISON_KEPT, CLEAN_LOST, DROPPED, FALSE_DROPS };

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

/* Whether row `i` of the pool comes from outside. */
static bool is_handed_in(const tl_dataset *pool, int i, const tl_rng *benign, double share)
{
    uint32_t word[4];
    if (pool->flags[i] & (TL_ROW_POISONED | TL_ROW_OTHERS)) return true;
    tl_rng_block(benign, (uint64_t)i, word);
    return (double)word[0] * 0x1p-32 < share;
}

/* Rows meant for training. */
typedef struct counts {
    int poisoned, poison_kept, clean, clean_lost, handed_in, dropped;
} counts;

static void count(counts *sum, unsigned flags, bool is_in, bool is_dropped)
{
    const bool is_poisoned = (flags & TL_ROW_POISONED) != 0;
    sum->poisoned += is_poisoned;
    sum->poison_kept += is_poisoned && !is_dropped;
    sum->clean += !is_poisoned;
    sum->clean_lost += !is_poisoned && is_dropped;
    sum->handed_in += is_in;
    sum->dropped += is_dropped;
}

/* Takes the rows that are dropped out of training and of what is judged. */
static counts drop_rows(const tl_scene *scene, const owners *marks, tl_dataset *out)
{
    const arguments *arg = scene->args;
    const size_t size = (size_t)tl_shape_size(out->shape);
    const tl_rng benign = tl_scene_rng(scene, "benign");
    counts sum = {0};
    for (int i = 0; i < out->rows; i++) {
        const unsigned flags = out->flags[i];
        const bool is_in = is_handed_in(out, i, &benign, arg->benign);
        const bool is_dropped = is_in && is_marked(marks, out->input + (size_t)i * size);
        if (flags & TL_ROW_MEMBER) count(&sum, flags, is_in, is_dropped);
        if (!is_dropped) continue;
        out->flags[i] = (uint8_t)((flags & ~(unsigned)TL_ROW_MEMBER) | TL_ROW_DROPPED);
    }
    return sum;
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
    const counts sum = drop_rows(scene, &marks, out);
    int alarms = 0;
    for (int i = 0; i < test->rows; i++) {
        alarms += is_marked(&marks, test->input + (size_t)i * size);
    }
    scene->given->data[TL_PART_POOL] = out;
    tl_scene_put_rate(scene, POISON_KEPT, sum.poison_kept, sum.poisoned);
    tl_scene_put_rate(scene, CLEAN_LOST, sum.clean_lost, sum.clean);
    tl_scene_put_rate(scene, DROPPED, sum.dropped, sum.handed_in);
    tl_scene_put_rate(scene, FALSE_DROPS, alarms, test->rows);
    return TL_OK;
}

static double cost(const tl_size *size, const void *args)
{
    (void)args;
    return tl_watermark_flop(size->shape, TL_WATERMARK_BITS) * (size->pool + size->test);
}

static const tl_param params[] = {
    {TL_ARG(arguments, p), .type = TL_PARAM_REAL, .fallback = 1e-3, .low_is_open = true,
     .high = 1,
     .about = "a row that was handed in is dropped when its mark has a p-value below this; "
              "a mark of 16 bits reaches 3e-5, of 10 bits 8e-4"},
    {TL_ARG(arguments, benign), .type = TL_PARAM_REAL, .fallback = 0.1, .high = 1,
     .about = "share of the owner's clean rows that outsiders republish and hand in"},
    {0}};
static const tl_metric metrics[] = {
    {.name = "poison_kept",
     .label = "poison kept",
     .better = TL_BETTER_LOWER,
     .is_rate = true,
     .can_be_missing = true,
     .about = "share of poisoned rows meant for training that stay"},
    {.name = "clean_lost",
     .label = "clean rows lost",
     .better = TL_BETTER_LOWER,
     .is_rate = true,
     .can_be_missing = true,
     .about = "share of clean rows meant for training that are dropped"},
    {.name = "dropped",
     .label = "rows dropped",
     .is_rate = true,
     .can_be_missing = true,
     .about = "share of rows handed in and meant for training that are dropped"},
    {.name = "false_drops",
     .label = "false drops",
     .better = TL_BETTER_LOWER,
     .is_rate = true,
     .can_be_missing = true,
     .about = "share of test rows, which carry no mark, that would be dropped"},
    {0}};

const tl_stage tl_stage_defense_provenance_filter = {
    .name = "defense.provenance_filter",
    .about = "drops rows that outsiders hand in if they carry the owner's watermark",
    .source = "Cox, Miller, Bloom, Fridrich, Kalker 2008, Digital watermarking and "
              "steganography, chapter 2",
    .variant = "Examines rows that were handed in: poisoned ones, other people's own "
               "(`others` of defense.data_watermark) and a share `benign` of the owner's, "
               "republished unaltered by anything but what altered the whole pool. The "
               "experiment knows who handed in what; the filter decides by the mark's p "
               "alone. Rows dropped, and non-members that would be, are in no membership "
               "set. The mark's key, band and length are known to it. An unmarked image "
               "has p < .05 with probability .056, p < .2 with .214.",
    .version = 2,
    .flow = TL_NO_FLOW,
    .role = TL_ROLE_DEFENSE,
    .taxonomy = "data sanitisation",
    .access = TL_KNOWS_DATA,
    .wants = TL_WANTS_IMAGES,
    .reads = TL_BIT(TL_PART_POOL) | TL_BIT(TL_PART_MARKS) | TL_BIT(TL_PART_TEST),
    .gives = TL_BIT(TL_PART_POOL),
    .draws = true,
    .params = params,
    .metrics = metrics,
    .run = run,
    .cost = cost,
};
