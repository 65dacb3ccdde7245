/*
 * All pairs, thinned by two bounds that no near pair exceeds. Both use sums over the cells
 * of a coarse grid, since |sum of differences| <= sum of |differences| in every cell, and
 * since cell indicators, scaled to length one, are orthonormal (Bessel's inequality):
 *
 * 1. rows are sorted by brightness; near pairs differ there by at most 8/255;
 * 2. images scaled to mean 0 and length 1 have |u - v|^2 = 2 - 2 r, which is below 0.04 for
 *    r > 0.98, and their projections on the cells are no farther apart.
 *
 * What passes (on MNIST one pair in a thousand, on volumes one in two hundred) is computed
 * in full.
 */
#include "compute/data/near_duplicates.h"

#include <math.h>
#include <stdlib.h>

enum { GRID = 7, FLAT = GRID * GRID };

static const double LEAST_CORRELATION = 0.98, LEAST_RESIDUAL = 0.93,
                    MOST_DIFFERENCE = 8.0 / 255.0;
/* Bounds are widened by more than single precision can err. */
static const float MOST_APART = 0.04f + 1e-4f;
static const double MOST_DARKER = 8.0 / 255.0 + 1e-9;

/* What the bounds look at. */
typedef struct sketch {
    double mean, square; /* brightness; sum of squares about it */
    int32_t row;
} sketch;

typedef struct search {
    const tl_dataset *all;
    size_t size;
    int layers; /* of the grid: GRID for volumes, 1 for the planes of a colour image */
    tl_mean_image mean_image; /* of all rows */
    sketch *at;               /* [rows] by brightness */
    float *cell; /* [rows x layers*FLAT] projections of the images at mean 0, length 1 */
    int count;   /* rows that are not plain, one of each group of exact duplicates */
    int32_t *duplicate_of;
} search;

static const float *pixels_of(const search *s, int32_t row)
{
    return s->all->input + (size_t)row * s->size;
}

/* False for a plain image. */
static bool make_sketch(const search *s, int32_t row, sketch *out)
{
    const float *pixel = pixels_of(s, row);
    double sum = 0.0;
    *out = (sketch){.row = row};
    for (size_t i = 0; i < s->size; i++) sum += (double)pixel[i];
    out->mean = sum / (double)s->size;
    for (size_t i = 0; i < s->size; i++) {
        const double off = (double)pixel[i] - out->mean;
        out->square += off * off;
    }
    return out->square > 1e-12 * (double)s->size;
}

/* Projects the image of `of` onto the cells; `sum` and `pixels` [layers*FLAT] are room. */
static void project(const search *s, const sketch *of, double *sum, double *pixels,
                    float *cell)
{
    const tl_shape shape = s->all->shape;
    const float *pixel = pixels_of(s, of->row);
    const int cells = s->layers * FLAT;
    for (int k = 0; k < cells; k++) sum[k] = pixels[k] = 0.0;
    size_t at = 0;
    for (int c = 0; c < shape.channels; c++) {
        const int layer = c * s->layers / shape.channels * FLAT;
        for (int y = 0; y < shape.height; y++) {
            const int line = layer + y * GRID / shape.height * GRID;
            for (int x = 0; x < shape.width; x++) {
                const int k = line + x * GRID / shape.width;
                sum[k] += (double)pixel[at++] - of->mean;
                pixels[k] += 1.0;
            }
        }
    }
    for (int k = 0; k < cells; k++) {
        cell[k] = pixels[k] > 0.0 ? (float)(sum[k] / sqrt(pixels[k] * of->square)) : 0.0f;
    }
}

/* The middle of an image differs most, so its lines come first. */
static bool may_be_near(const search *s, int i, int j)
{
    static const int order[GRID] = {3, 2, 4, 1, 5, 0, 6};
    const size_t cells = (size_t)s->layers * FLAT;
    const float *a = s->cell + (size_t)i * cells, *b = s->cell + (size_t)j * cells;
    float apart = 0.0f;
    for (int z = 0; z < s->layers; z++) {
        const int layer = s->layers > 1 ? order[z] * FLAT : 0;
        for (int line = 0; line < GRID && apart <= MOST_APART; line++) {
            const int at = layer + order[line] * GRID;
            const float *x = a + at, *y = b + at;
            for (int k = 0; k < GRID; k++) apart += (x[k] - y[k]) * (x[k] - y[k]);
        }
    }
    return apart <= MOST_APART;
}

/* Sums over the pixels of a pair, gathered in pixel order. */
typedef struct moments {
    double x, y, xx, yy, xy;
} moments;

static void add(moments *m, double x, double y)
{
    m->x += x;
    m->y += y;
    m->xx += x * x;
    m->yy += y * y;
    m->xy += x * y;
}

/* -1 if one of the images does not vary. */
static double correlation(const moments *m, double n)
{
    const double xx = m->xx - m->x * m->x / n, yy = m->yy - m->y * m->y / n;
    if (xx <= 1e-12 * n || yy <= 1e-12 * n) return -1.0;
    return (m->xy - m->x * m->y / n) / sqrt(xx * yy);
}

tl_status tl_mean_image_new(tl_shape shape, tl_arena *arena, tl_mean_image *out,
                            tl_err *err)
{
    *out = (tl_mean_image){.size = (size_t)tl_shape_size(shape)};
    TL_ALLOC(out->sum, arena, out->size, err);
    return TL_OK;
}

void tl_mean_image_add(tl_mean_image *mean_image, const float *pixel)
{
    for (size_t i = 0; i < mean_image->size; i++) mean_image->sum[i] += (double)pixel[i];
    mean_image->rows++;
}

bool tl_images_are_near(const tl_mean_image *mean_image, const float *a, const float *b)
{
    const size_t size = mean_image->size;
    const double n = (double)size, others = (double)mean_image->rows - 2.0;
    double apart = 0.0;
    for (size_t i = 0; i < size && apart <= MOST_DIFFERENCE * n; i++) {
        apart += fabs((double)a[i] - (double)b[i]);
    }
    if (apart > MOST_DIFFERENCE * n) return false;
    moments plain = {0}, residual = {0};
    for (size_t i = 0; i < size; i++) add(&plain, (double)a[i], (double)b[i]);
    if (correlation(&plain, n) <= LEAST_CORRELATION) return false;
    if (others < 1.0) return true;
    for (size_t i = 0; i < size; i++) {
        const double p = (double)a[i], q = (double)b[i];
        const double mean = (mean_image->sum[i] - p - q) / others;
        add(&residual, p - mean, q - mean);
    }
    return correlation(&residual, n) > LEAST_RESIDUAL;
}

static int32_t head_of(int32_t *duplicate_of, int32_t row)
{
    while (duplicate_of[row] != row) {
        duplicate_of[row] = duplicate_of[duplicate_of[row]];
        row = duplicate_of[row];
    }
    return row;
}

/* The lower head wins, so a group is named by its first row whatever the order of joins.
 */
static void join(int32_t *duplicate_of, int32_t a, int32_t b)
{
    const int32_t x = head_of(duplicate_of, a), y = head_of(duplicate_of, b);
    if (x < y) duplicate_of[y] = x;
    if (y < x) duplicate_of[x] = y;
}

static int by_brightness(const void *a, const void *b)
{
    const sketch *x = a, *y = b;
    if (x->mean != y->mean) return x->mean < y->mean ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static void search_pairs(search *s)
{
    for (int i = 0; i < s->count; i++) {
        const sketch *a = &s->at[i];
        for (int j = i + 1; j < s->count; j++) {
            const sketch *b = &s->at[j];
            if (b->mean - a->mean > MOST_DARKER) break;
            if (!may_be_near(s, i, j)) continue;
            /* Pairs within one group add nothing. */
            if (head_of(s->duplicate_of, a->row) == head_of(s->duplicate_of, b->row))
                continue;
            const int32_t low = a->row < b->row ? a->row : b->row;
            const int32_t high = a->row + b->row - low;
            if (tl_images_are_near(&s->mean_image, pixels_of(s, low), pixels_of(s, high))) {
                join(s->duplicate_of, low, high);
            }
        }
    }
}

static tl_status take_room(search *s, tl_arena *room, tl_err *err)
{
    TL_TRY(tl_mean_image_new(s->all->shape, room, &s->mean_image, err));
    TL_ALLOC(s->at, room, s->all->rows, err);
    TL_ALLOC(s->cell, room, (size_t)s->all->rows * (size_t)s->layers * FLAT, err);
    return TL_OK;
}

static tl_status make_sketches(search *s, const int32_t *group, tl_arena *room, tl_err *err)
{
    const tl_dataset *all = s->all;
    const size_t cells = (size_t)s->layers * FLAT;
    double *sum, *pixels;
    TL_ALLOC(sum, room, cells, err);
    TL_ALLOC(pixels, room, cells, err);
    for (int i = 0; i < all->rows; i++) {
        tl_mean_image_add(&s->mean_image, pixels_of(s, i));
        if (group[i] == i && make_sketch(s, i, &s->at[s->count])) s->count++;
    }
    qsort(s->at, (size_t)s->count, sizeof *s->at, by_brightness);
    for (int i = 0; i < s->count; i++) {
        project(s, &s->at[i], sum, pixels, s->cell + (size_t)i * cells);
    }
    return TL_OK;
}

tl_status tl_near_duplicates_find(const tl_dataset *all, const int32_t *group,
                                  int32_t *duplicate_of, size_t memory, tl_err *err)
{
    search s = {.all = all,
                .size = (size_t)tl_shape_size(all->shape),
                .layers = all->shape.channels >= GRID ? GRID : 1,
                .duplicate_of = duplicate_of};
    for (int i = 0; i < all->rows; i++) duplicate_of[i] = group[i];
    if (all->vocabulary > 0) return TL_OK;
    tl_arena room = tl_arena_open(memory);
    tl_status status = take_room(&s, &room, err);
    if (status == TL_OK) status = make_sketches(&s, group, &room, err);
    if (status == TL_OK) search_pairs(&s);
    for (int i = 0; i < all->rows; i++) duplicate_of[i] = head_of(duplicate_of, i);
    tl_arena_close(&room);
    return status;
}
