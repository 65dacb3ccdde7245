/*
 * All pairs, thinned by two bounds that no near pair exceeds. Both use sums over the cells
 * of a coarse grid, since |sum of differences| <= sum of |differences| in every cell, and
 * since cell indicators, scaled to length one, are orthonormal (Bessel's inequality):
 *
 * 1. rows are sorted by brightness; a near pair lies within 8/255 of each other there;
 * 2. images scaled to mean 0 and length 1 have |u - v|^2 = 2 - 2 r, which is below 0.04 for
 *    r > 0.98, and their projections on the cells are no farther apart.
 *
 * What passes (on MNIST one pair in a thousand) is computed in full.
 */
#include "compute/data/twins.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

enum { GRID = 7, CELLS = GRID * GRID };

static const double LEAST_CORRELATION = 0.98, LEAST_RESIDUAL = 0.93,
                    MOST_DIFFERENCE = 8.0 / 255.0;
/* Bounds are widened by more than single precision can err. */
static const float MOST_APART = 0.04f + 1e-4f, MOST_DARKER = 8.0f / 255.0f + 1e-4f;

/* What the bounds look at. */
typedef struct sketch {
    float brightness;
    float cell[CELLS]; /* projections of the image at mean 0 and length 1 */
    int32_t row;
} sketch;

typedef struct search {
    const tl_dataset *all;
    size_t size;
    double *sum; /* [size] over all rows */
    sketch *at;  /* [rows] by brightness */
    int count;   /* rows that are not plain, one of each group of exact duplicates */
    int32_t *twin;
} search;

static const float *pixels_of(const search *s, int32_t row)
{
    return s->all->pixel + (size_t)row * s->size;
}

/* False for a plain image. */
static bool make_sketch(const search *s, int32_t row, sketch *out)
{
    const tl_shape shape = s->all->shape;
    const float *pixel = pixels_of(s, row);
    double sum = 0.0, square = 0.0;
    for (size_t i = 0; i < s->size; i++) sum += (double)pixel[i];
    const double mean = sum / (double)s->size;
    double cell[CELLS] = {0}, pixels[CELLS] = {0};
    size_t at = 0;
    for (int c = 0; c < shape.channels; c++) {
        for (int y = 0; y < shape.height; y++) {
            const int line = y * GRID / shape.height * GRID;
            for (int x = 0; x < shape.width; x++) {
                const double value = (double)pixel[at++] - mean;
                const int k = line + x * GRID / shape.width;
                square += value * value;
                cell[k] += value;
                pixels[k] += 1.0;
            }
        }
    }
    if (square <= 1e-12 * (double)s->size) return false;
    for (int k = 0; k < CELLS; k++) {
        out->cell[k] = pixels[k] > 0.0 ? (float)(cell[k] / sqrt(pixels[k] * square)) : 0.0f;
    }
    out->brightness = (float)mean;
    out->row = row;
    return true;
}

/* The middle of an image tells most, so its lines come first. */
static bool may_be_near(const sketch *a, const sketch *b)
{
    static const int order[GRID] = {3, 2, 4, 1, 5, 0, 6};
    float apart = 0.0f;
    for (int line = 0; line < GRID && apart <= MOST_APART; line++) {
        const float *x = a->cell + order[line] * GRID, *y = b->cell + order[line] * GRID;
        for (int k = 0; k < GRID; k++) apart += (x[k] - y[k]) * (x[k] - y[k]);
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

/* -1 where one of the sides does not vary. */
static double correlation(const moments *m, double n)
{
    const double xx = m->xx - m->x * m->x / n, yy = m->yy - m->y * m->y / n;
    if (xx <= 1e-12 * n || yy <= 1e-12 * n) return -1.0;
    return (m->xy - m->x * m->y / n) / sqrt(xx * yy);
}

static bool is_near(const search *s, int32_t a, int32_t b)
{
    const float *x = pixels_of(s, a), *y = pixels_of(s, b);
    const double n = (double)s->size, others = (double)s->all->rows - 2.0;
    double apart = 0.0;
    for (size_t i = 0; i < s->size && apart <= MOST_DIFFERENCE * n; i++) {
        apart += fabs((double)x[i] - (double)y[i]);
    }
    if (apart > MOST_DIFFERENCE * n) return false;
    moments plain = {0}, residual = {0};
    for (size_t i = 0; i < s->size; i++) add(&plain, (double)x[i], (double)y[i]);
    if (correlation(&plain, n) <= LEAST_CORRELATION) return false;
    if (others < 1.0) return true;
    for (size_t i = 0; i < s->size; i++) {
        const double p = (double)x[i], q = (double)y[i];
        const double usual = (s->sum[i] - p - q) / others;
        add(&residual, p - usual, q - usual);
    }
    return correlation(&residual, n) > LEAST_RESIDUAL;
}

static int32_t head_of(int32_t *twin, int32_t row)
{
    while (twin[row] != row) {
        twin[row] = twin[twin[row]];
        row = twin[row];
    }
    return row;
}

/* The lower head stays, so that a group is named by its first row in any order of joining.
 */
static void join(int32_t *twin, int32_t a, int32_t b)
{
    const int32_t x = head_of(twin, a), y = head_of(twin, b);
    if (x < y) twin[y] = x;
    if (y < x) twin[x] = y;
}

static int by_brightness(const void *a, const void *b)
{
    const sketch *x = a, *y = b;
    if (x->brightness != y->brightness) return x->brightness < y->brightness ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static void search_pairs(search *s)
{
    qsort(s->at, (size_t)s->count, sizeof *s->at, by_brightness);
    for (int i = 0; i < s->count; i++) {
        const sketch *a = &s->at[i];
        for (int j = i + 1; j < s->count; j++) {
            const sketch *b = &s->at[j];
            if (b->brightness - a->brightness > MOST_DARKER) break;
            if (!may_be_near(a, b)) continue;
            /* Of pairs within one group nothing new is learnt. */
            if (head_of(s->twin, a->row) == head_of(s->twin, b->row)) continue;
            const int32_t low = a->row < b->row ? a->row : b->row;
            if (is_near(s, low, a->row + b->row - low)) join(s->twin, a->row, b->row);
        }
    }
}

tl_status tl_twins_find(const tl_dataset *all, const int32_t *group, int32_t *twin,
                        tl_err *err)
{
    search s = {.all = all, .size = (size_t)tl_shape_size(all->shape), .twin = twin};
    for (int i = 0; i < all->rows; i++) twin[i] = group[i];
    s.sum = calloc(s.size, sizeof *s.sum);
    s.at = malloc((size_t)(all->rows + 1) * sizeof *s.at);
    if (!s.sum || !s.at) {
        free(s.sum);
        free(s.at);
        return tl_fail(err, TL_E_SPACE, "no memory left to look for twins among %d images",
                       all->rows);
    }
    for (int i = 0; i < all->rows; i++) {
        const float *pixel = pixels_of(&s, i);
        for (size_t p = 0; p < s.size; p++) s.sum[p] += (double)pixel[p];
        if (group[i] == i && make_sketch(&s, i, &s.at[s.count])) s.count++;
    }
    search_pairs(&s);
    for (int i = 0; i < all->rows; i++) twin[i] = head_of(twin, i);
    free(s.sum);
    free(s.at);
    return TL_OK;
}
