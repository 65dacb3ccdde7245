/*
 * Tissue is value noise in three octaves, brightness and contrast varying by example. A
 * lesion is a soft-edged ellipse: class c decides how many there are (1 to 3), how large,
 * how sharp the border, and whether it is bright or dark. A share of the examples, growing
 * with difficulty, show the lesion of a random class: these a model can only memorise.
 */
#include "compute/data/lesions.h"

#include "compute/core/rng.h"

#include <math.h>

enum { SIDE = TL_LESIONS_SIDE, GRID = 9 };

typedef struct lesion_kind {
    int count;
    double radius, sharpness, sign, stretch;
} lesion_kind;

static lesion_kind kind_of(int class)
{
    static const lesion_kind kinds[TL_LESIONS_CLASSES] = {
        {1, 3.0, 2.5, 1.0, 1.0}, {1, 6.0, 0.8, 1.0, 1.5},  {2, 2.6, 2.5, -1.0, 1.0},
        {3, 2.2, 2.5, 1.0, 1.0}, {1, 5.0, 2.0, -1.0, 1.0}, {1, 3.2, 1.0, -1.0, 2.6},
        {2, 4.2, 0.9, 1.0, 1.3}, {3, 2.2, 2.5, -1.0, 1.2}, {1, 8.0, 0.5, -1.0, 1.0},
        {2, 3.0, 1.6, 1.0, 2.4}};
    return kinds[class];
}

static double lerp(double a, double b, double t)
{
    return a + (b - a) * (t * t * (3.0 - 2.0 * t));
}

/* Adds one octave: random values on a grid of `cells` cells a side, smoothly joined. */
static void add_octave(tl_rng *rng, int cells, double weight, double *image)
{
    double value[GRID + 1][GRID + 1];
    for (int i = 0; i <= cells; i++) {
        for (int j = 0; j <= cells; j++) value[i][j] = tl_rng_uniform(rng) - 0.5;
    }
    for (int y = 0; y < SIDE; y++) {
        const double gy = (double)y * cells / SIDE;
        const int i = (int)gy;
        for (int x = 0; x < SIDE; x++) {
            const double gx = (double)x * cells / SIDE;
            const int j = (int)gx;
            const double top = lerp(value[i][j], value[i][j + 1], gx - j);
            const double bottom = lerp(value[i + 1][j], value[i + 1][j + 1], gx - j);
            image[y * SIDE + x] += weight * lerp(top, bottom, gy - i);
        }
    }
}

static void add_lesion(tl_rng *rng, const lesion_kind *kind, double contrast, double *image)
{
    const double reach = kind->radius * 0.8 + 2.0;
    const double cx = reach + (SIDE - 2.0 * reach) * tl_rng_uniform(rng);
    const double cy = reach + (SIDE - 2.0 * reach) * tl_rng_uniform(rng);
    const double radius = kind->radius * (0.85 + 0.3 * tl_rng_uniform(rng));
    const double angle = 3.14159265358979323846 * tl_rng_uniform(rng);
    const double c = cos(angle), s = sin(angle), stretch = sqrt(kind->stretch);
    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) {
            const double u = (c * (x - cx) + s * (y - cy)) / stretch;
            const double v = (c * (y - cy) - s * (x - cx)) * stretch;
            const double edge = (radius - sqrt(u * u + v * v)) * kind->sharpness;
            image[y * SIDE + x] += kind->sign * contrast / (1.0 + exp(-edge));
        }
    }
}

static void make_example(const tl_source_want *want, int index, float *pixel)
{
    const tl_rng all = tl_rng_stream(0, 0, "synthetic/lesions", 0, "example");
    tl_rng rng = tl_rng_sub(&all, (uint64_t)index);
    double image[SIDE * SIDE] = {0};
    const double brightness = 0.38 + 0.2 * tl_rng_uniform(&rng);
    const double texture = 0.15 + 0.25 * tl_rng_uniform(&rng);
    add_octave(&rng, 3, texture, image);
    add_octave(&rng, 5, texture * 0.6, image);
    add_octave(&rng, GRID, texture * 0.4, image);

    int class = index % want->classes;
    const double strength = 0.75 + 0.5 * tl_rng_uniform(&rng);
    if (tl_rng_uniform(&rng) <
        0.4 * want->difficulty * want->difficulty) { /* it looks like another class */
        class = (int)tl_rng_below(&rng, (uint32_t)want->classes);
    }
    const lesion_kind kind = kind_of(class);
    const double ease = 1.0 - want->difficulty;
    const double contrast = strength * (0.15 + 0.50 * ease * ease);
    for (int i = 0; i < kind.count; i++) add_lesion(&rng, &kind, contrast, image);
    const double noise = 0.01 + 0.12 * want->difficulty;
    for (int i = 0; i < SIDE * SIDE; i++) {
        double value = brightness + image[i] + noise * tl_rng_normal(&rng);
        value = value < 0.0 ? 0.0 : value;
        value = value > 1.0 ? 1.0 : value;
        pixel[i] = (float)(floor(value * 255.0 + 0.5) / 255.0);
    }
}

tl_status tl_lesions_make(const tl_source_want *want, tl_arena *arena, tl_dataset *out,
                          tl_err *err)
{
    TL_CHECK(want->classes >= 2 && want->classes <= TL_LESIONS_CLASSES, err, TL_E_ARG,
             "synthetic/lesions has 2 to %d classes, not %d", TL_LESIONS_CLASSES,
             want->classes);
    TL_CHECK(want->difficulty >= 0.0 && want->difficulty <= 1.0, err, TL_E_ARG,
             "the difficulty of synthetic/lesions is 0 to 1, not %g", want->difficulty);
    TL_CHECK(want->examples >= 1, err, TL_E_ARG,
             "synthetic/lesions needs at least 1 example");
    const tl_shape shape = {1, SIDE, SIDE};
    if (want->is_outline) {
        *out =
            (tl_dataset){.shape = shape, .classes = want->classes, .rows = want->examples};
        return TL_OK;
    }
    TL_TRY(tl_dataset_new(shape, want->classes, want->examples, arena, out, err));
    for (int i = 0; i < want->examples; i++) {
        make_example(want, i, out->input + (size_t)i * SIDE * SIDE);
        out->label[i] = i % want->classes;
    }
    return TL_OK;
}
