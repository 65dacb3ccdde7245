/*
 * Watermark of the data: before publishing, the owner marks every image of its own in the
 * pool, members and non-members alike, with a secret message by spread spectrum
 * (watermark.h has the method and its sources). The secret is given as TL_PART_MARKS. A
 * share of the pool may be other people's images, which carry no mark. The judge reads the
 * message in any later version of the pool, on the owner's rows that are not poisoned, and
 * looks for it in the test rows, which never carry it.
 */
#include "experiments/stage/stage.h"

#include "experiments/image/ssim.h"

/* As `params` describes them. */
typedef struct arguments {
    double psnr;
    int bits;
    double low;
    double high;
    double others;
} arguments;
enum { PSNR, EMBEDDED };
enum { BITS, DETECTION, FALSE_ALARM };
enum { LEAST_COEFFICIENTS = 4 /* of a bit */ };
static const double LEVEL = 0.01; /* p below which the mark counts as found */

extern const tl_stage tl_stage_defense_data_watermark;

static tl_watermark watermark_of(const tl_scene *scene)
{
    const arguments *arg = scene->args;
    const tl_rng key = tl_scene_rng(scene, "key");
    return tl_watermark_draw(&key, arg->bits, arg->low, arg->high);
}

static tl_status run(tl_scene *scene, tl_err *err)
{
    const arguments *arg = scene->args;
    const tl_dataset *pool = scene->world->data[TL_PART_POOL];
    const int size = tl_shape_size(pool->shape);
    tl_dataset *out;
    tl_marks *marks;
    tl_mark *mark;
    tl_carriers carriers;
    const unsigned copy = TL_COPY_INPUTS | (arg->others > 0.0 ? TL_COPY_FLAGS : 0);
    TL_TRY(tl_dataset_copy(pool, copy, scene->keep, &out, err));
    TL_ALLOC_RECORDS(marks, scene->keep, 1, err);
    TL_ALLOC_RECORDS(mark, scene->keep, 1, err);
    *mark = (tl_mark){tl_stage_defense_data_watermark.name, scene->occurrence,
                      watermark_of(scene)};
    *marks = (tl_marks){.count = 1, .mark = mark};
    TL_TRY(tl_carriers_new(&mark->watermark, pool->shape, scene->scratch, &carriers, err));
    if (tl_scene_counts(scene)) return TL_OK;
    const tl_rng rows = tl_scene_rng(scene, "others");
    double psnr = 0.0, right = 0.0;
    int marked = 0;
    for (int i = 0; i < pool->rows; i++) {
        uint32_t word[4];
        tl_rng_block(&rows, (uint64_t)i, word);
        if ((double)word[0] * 0x1p-32 < arg->others) {
            out->flags[i] |= TL_ROW_OTHERS;
            continue;
        }
        marked++;
        const float *from = pool->input + (size_t)i * (size_t)size;
        float *to = out->input + (size_t)i * (size_t)size;
        tl_watermark_embed(&carriers, arg->psnr, from, to);
        psnr += tl_psnr(tl_mean_square(from, to, size));
        right += tl_watermark_detect(&carriers, to).right;
    }
    scene->given->data[TL_PART_POOL] = out;
    scene->given->marks = marks;
    tl_scene_put_if(scene, PSNR, marked > 0, psnr / marked, TL_WHY_UNRESOLVABLE);
    tl_scene_put_rate(scene, EMBEDDED, right, (double)marked * mark->watermark.bits);
    return TL_OK;
}

/* Reads the rows of `data` that carry none of `flags`. */
static void read_rows(const tl_carriers *carriers, const tl_dataset *data, unsigned flags,
                      double *right, double *found, double *rows)
{
    const size_t size = (size_t)tl_shape_size(data->shape);
    *right = *found = *rows = 0.0;
    for (int i = 0; i < data->rows; i++) {
        if (data->flags[i] & flags) continue;
        const tl_detection seen =
            tl_watermark_detect(carriers, data->input + (size_t)i * size);
        *right += seen.right;
        *found += seen.p < LEVEL;
        *rows += 1.0;
    }
}

static tl_status judge(tl_scene *scene, tl_part part, tl_err *err)
{
    const tl_dataset *data = scene->world->data[part];
    const tl_watermark watermark = watermark_of(scene);
    tl_carriers carriers;
    TL_TRY(tl_carriers_new(&watermark, data->shape, scene->scratch, &carriers, err));
    if (tl_scene_counts(scene)) return TL_OK;
    double right, found, rows;
    read_rows(&carriers, data, TL_ROW_POISONED | TL_ROW_OTHERS, &right, &found, &rows);
    tl_scene_put_rate(scene, BITS, right, rows * watermark.bits);
    tl_scene_put_rate(scene, DETECTION, found, rows);
    read_rows(&carriers, scene->world->data[TL_PART_TEST], 0, &right, &found, &rows);
    tl_scene_put_rate(scene, FALSE_ALARM, found, rows);
    return TL_OK;
}

static tl_status check(const tl_size *size, const void *args, tl_err *err)
{
    const arguments *arg = args;
    const double low = arg->low, high = arg->high;
    const int band = tl_watermark_band(size->shape, low, high);
    TL_CHECK(band >= LEAST_COEFFICIENTS * arg->bits, err, TL_E_ARG,
             "%d bits need %d coefficients each, but the band from %g to %g has %d in "
             "images of %dx%d",
             arg->bits, LEAST_COEFFICIENTS, low, high, band, size->shape.height,
             size->shape.width);
    return TL_OK;
}

static double cost(const tl_size *size, const void *args)
{
    const arguments *arg = args;
    /* An embedding reads and writes all carriers, and the mark is read once after it. */
    return 3.0 * size->pool * tl_watermark_flop(size->shape, arg->bits);
}

static const tl_param params[] = {
    {TL_ARG(arguments, psnr), .type = TL_PARAM_REAL, .fallback = 34, .low = 20, .high = 60,
     .units = "dB",
     .about = "peak signal-to-noise ratio of each marked image: how faint the mark is"},
    {TL_ARG(arguments, bits), .type = TL_PARAM_INT, .fallback = 16, .low = 8,
     .high = TL_WATERMARK_BITS,
     .about = "length of the message; fewer than 10 never reach p < 0.001"},
    {TL_ARG(arguments, low), .type = TL_PARAM_REAL, .fallback = 0.4, .high = 2,
     .about = "coefficients (u, v) that carry it: least u/height + v/width"},
    {TL_ARG(arguments, high), .type = TL_PARAM_REAL, .fallback = 1.4, .high = 2,
     .about = "largest u/height + v/width"},
    {TL_ARG(arguments, others), .type = TL_PARAM_REAL, .high = 1,
     .about = "share of the pool that is not the owner's but other people's own images, "
              "which carry no mark; backdoors are planted in the owner's"},
    {0}};
static const tl_metric metrics[] = {
    {.name = "psnr",
     .label = "watermark PSNR",
     .units = "dB",
     .can_be_missing = true,
     .about = "mean peak signal-to-noise ratio of the marked images"},
    {.name = "embedded",
     .label = "marked rows read back",
     .better = TL_BETTER_HIGHER,
     .is_rate = true,
     .can_be_missing = true,
     .about = "share of bits read correctly right after marking"},
    {0}};
static const tl_metric judge_metrics[] = {
    {.name = "bits",
     .label = "watermark bits read",
     .better = TL_BETTER_HIGHER,
     .is_rate = true,
     .can_be_missing = true,
     .about = "share of bits read correctly in the owner's rows that are not poisoned; 0.5 "
              "by chance"},
    {.name = "detection",
     .label = "watermark detection",
     .better = TL_BETTER_HIGHER,
     .is_rate = true,
     .can_be_missing = true,
     .about = "share of those rows in which the message is found at p < 0.01"},
    {.name = "false_alarm",
     .label = "watermark false alarms",
     .better = TL_BETTER_LOWER,
     .is_rate = true,
     .can_be_missing = true,
     .about = "the same share of test rows, which carry no mark"},
    {0}};

const tl_stage tl_stage_defense_data_watermark = {
    .name = "defense.data_watermark",
    .about = "marks the owner's images with a secret message in their DCT",
    .source =
        "Cox, Kilian, Leighton, Shamoon 1997, Secure spread spectrum watermarking for "
        "multimedia; Malvar, Florencio 2003, Improved spread spectrum",
    .variant = "One message and key for all of the owner's rows, members and non-"
               "members alike; rows that an attack altered before it are marked too. p is "
               "by the normal approximation: an image without the mark has p < .05 with "
               "probability .056, p < .2 with .214; its least value depends on `bits`. "
               "Detection and false alarm are at p < .01. The attacker's and the test rows "
               "carry no mark.",
    .version = 1,
    .flow = TL_NO_FLOW,
    .role = TL_ROLE_DEFENSE,
    .taxonomy = "watermarking of data",
    .access = TL_KNOWS_DATA,
    .wants = TL_WANTS_IMAGES,
    .reads = TL_BIT(TL_PART_POOL),
    .gives = TL_BIT(TL_PART_POOL) | TL_BIT(TL_PART_MARKS),
    .draws = true,
    .params = params,
    .metrics = metrics,
    .judges = TL_BIT(TL_PART_POOL),
    .judge_reads = TL_BIT(TL_PART_TEST),
    .judge_metrics = judge_metrics,
    .run = run,
    .judge = judge,
    .check = check,
    .cost = cost,
};
