#include "experiments/score/self_influence.h"

#include "compute/core/blas.h"
#include "compute/linalg/linalg.h"

#include <math.h>
#include <string.h>

enum { GROUP = 64 /* rows processed together */ };

typedef struct curvature {
    const tl_influence *of;
    double *matrix;   /* [params x params], params = classes * width */
    double *inverse;  /* [params x params] of it */
    double *weighted; /* [trained x width] features times the root of a weight */
    double *block;    /* [width x width] */
} curvature;

static size_t params_of(const tl_influence *of)
{
    return (size_t)of->classes * (size_t)of->width;
}

static tl_status take_sums(const tl_influence *of, tl_arena *scratch, curvature *c,
                           tl_err *err)
{
    const size_t width = (size_t)of->width, params = params_of(of);
    *c = (curvature){.of = of};
    TL_ALLOC(c->matrix, scratch, params * params, err);
    TL_ALLOC(c->inverse, scratch, params * params, err);
    TL_ALLOC(c->weighted, scratch, (size_t)of->trained * width, err);
    TL_ALLOC(c->block, scratch, width * width, err);
    return TL_OK;
}

/* --- the curvature -------------------------------------------------------------------- */

/* The block of classes a and b: features weighted by p_a (1 - p_a), or by -p_a p_b. */
static tl_status add_block(curvature *c, int a, int b, const tl_team *alone,
                           tl_arena *scratch, tl_err *err)
{
    const tl_influence *of = c->of;
    const size_t width = (size_t)of->width, params = params_of(of);
    double *to = c->weighted;
    const int rows = tl_arena_counts(scratch) ? 0 : of->rows;
    for (int i = 0; i < rows; i++) {
        if (!of->is_trained[i]) continue;
        const double *p = of->probability + (size_t)i * (size_t)of->classes;
        const double *f = of->feature + (size_t)i * width;
        const double root = sqrt(p[a] * (a == b ? 1.0 - p[a] : p[b]));
        for (size_t j = 0; j < width; j++) *to++ = root * f[j];
    }
    TL_TRY(tl_linalg_gram(alone, tl_matrix_of(c->weighted, of->trained, of->width),
                          c->block, scratch, err));
    if (tl_arena_counts(scratch)) return TL_OK;
    for (size_t j = 0; j < width; j++) {
        double *line = c->matrix + ((size_t)a * width + j) * params + (size_t)b * width;
        double *mirror = c->matrix + ((size_t)b * width + j) * params + (size_t)a * width;
        for (size_t k = 0; k < width; k++) {
            const double x = c->block[j * width + k];
            line[k] = mirror[k] = a == b ? x : 0.0 - x; /* a block is symmetric */
        }
    }
    return TL_OK;
}

/* This member's share of the blocks; the others stay 0. */
static tl_status add_blocks(curvature *c, const tl_team *team, tl_arena *scratch,
                            tl_err *err)
{
    const tl_team alone = tl_team_alone_within(team);
    int number = 0;
    for (int a = 0; a < c->of->classes && c->of->trained > 0; a++) {
        for (int b = 0; b <= a; b++, number++) {
            if (number % team->size != team->rank) continue;
            TL_TRY(add_block(c, a, b, &alone, scratch, err));
            if (tl_arena_counts(scratch)) return TL_OK; /* every block takes the same */
            (void)tl_team_tick(team);
        }
    }
    return TL_OK;
}

/* Adds lambda to the diagonal. \return it; 0 where there is no curvature */
static double damp(curvature *c)
{
    const size_t params = params_of(c->of);
    double trace = 0.0;
    for (size_t i = 0; i < params; i++) trace += c->matrix[i * params + i];
    const double lambda = c->of->damping * trace / (double)params;
    for (size_t i = 0; i < params; i++) c->matrix[i * params + i] += lambda;
    return lambda;
}

static tl_status invert(curvature *c, const tl_team *team, tl_arena *scratch, tl_err *err)
{
    const size_t mark = tl_arena_mark(scratch), params = params_of(c->of);
    const int side = (int)params;
    double *unit = tl_arena_take(scratch, params * params, sizeof *unit, err);
    TL_TRY(tl_team_agree(team, unit ? TL_OK : TL_E_NOMEM, err));
    TL_INVARIANT(unit != NULL);
    for (size_t i = 0; i < params && !tl_arena_counts(scratch); i++) {
        unit[i * params + i] = 1.0;
    }
    TL_TRY(tl_linalg_solve_spd(team, tl_matrix_of(c->matrix, side, side),
                               tl_matrix_of(unit, side, side), c->inverse, scratch, err));
    tl_arena_rewind(scratch, mark);
    return TL_OK;
}

/* --- the rows ------------------------------------------------------------------------- */

/* Scratch for one group of rows. Entry (a, b) of a row's `form` is f^T (block a, b of the
 * inverse) f, with its features f. */
typedef struct group {
    double *product;       /* [GROUP x params] */
    double *form;          /* [GROUP x classes x classes] */
    double *own;           /* [classes x classes] see set_own; then its Cholesky factor */
    double *slope, *along; /* [classes] */
    double *root, *mean;   /* [classes] */
} group;

static tl_status take_group(const tl_influence *of, tl_arena *scratch, group *g,
                            tl_err *err)
{
    const size_t classes = (size_t)of->classes;
    TL_ALLOC(g->product, scratch, GROUP * params_of(of), err);
    TL_ALLOC(g->form, scratch, GROUP * classes * classes, err);
    TL_ALLOC(g->own, scratch, classes * classes, err);
    TL_ALLOC(g->slope, scratch, classes, err);
    TL_ALLOC(g->along, scratch, classes, err);
    TL_ALLOC(g->root, scratch, classes, err);
    TL_ALLOC(g->mean, scratch, classes, err);
    return TL_OK;
}

/* Sets the forms of `count` rows from row `first` on. */
static void set_forms(const curvature *c, int first, int count, group *g)
{
    const tl_influence *of = c->of;
    const size_t width = (size_t)of->width, classes = (size_t)of->classes;
    const size_t params = params_of(of);
    const double *feature = of->feature + (size_t)first * width;
    for (size_t a = 0; a < classes; a++) {
        const int columns = (int)((a + 1) * width); /* the others follow by symmetry */
        tl_blas_multiply(count, columns, of->width, feature,
                         c->inverse + a * width * params, (int)params, g->product);
        for (size_t i = 0; i < (size_t)count; i++) {
            const double *f = feature + i * width;
            double *form = g->form + i * classes * classes;
            for (size_t b = 0; b <= a; b++) {
                const double *x = g->product + i * (size_t)columns + b * width;
                double sum = 0.0;
                for (size_t j = 0; j < width; j++) sum += x[j] * f[j];
                form[a * classes + b] = form[b * classes + a] = sum;
            }
        }
    }
}

/*
 * With U = B kron f, where B = diag(sqrt p) - p sqrt(p)^T, so that B B^T = diag(p) - p p^T
 * and U U^T is the row's curvature: sets own = I - U^T (G + lambda I)^-1 U = I - B^T form
 * B.
 */
static void set_own(const double *form, const double *p, int classes, group *g)
{
    const size_t n = (size_t)classes;
    double all = 0.0;
    for (size_t a = 0; a < n; a++) {
        g->root[a] = sqrt(p[a]);
        g->mean[a] = 0.0;
        for (size_t b = 0; b < n; b++) g->mean[a] += form[a * n + b] * p[b];
        all += p[a] * g->mean[a];
    }
    for (size_t a = 0; a < n; a++) {
        for (size_t b = 0; b < n; b++) {
            const double middle = form[a * n + b] - g->mean[a] - g->mean[b] + all;
            g->own[a * n + b] = (a == b ? 1.0 : 0.0) - g->root[a] * middle * g->root[b];
        }
    }
}

/* |L^-1 v|^2 with L L^T = own, which is overwritten as v is. \return NaN unless own is
 * positive definite */
static double solve_own(double *own, double *v, int classes)
{
    const size_t n = (size_t)classes;
    double square = 0.0;
    for (size_t a = 0; a < n; a++) {
        double *line = own + a * n;
        for (size_t b = 0; b <= a; b++) {
            const double *other = own + b * n;
            double sum = line[b];
            for (size_t k = 0; k < b; k++) sum -= line[k] * other[k];
            line[b] = a == b ? sqrt(sum) : sum / other[b];
        }
        for (size_t k = 0; k < a; k++) v[a] -= line[k] * v[k];
        v[a] /= line[a];
        square += v[a] * v[a];
    }
    return square;
}

/* Of one row by its form M: r^T M r, r = p - y; of a row trained on, by the inverse without
 * its own curvature (Sherman, Morrison, Woodbury), v^T (I - U^T inverse U)^-1 v more, where
 * v = B^T M r. */
static double influence_of(const tl_influence *of, int row, const double *form, group *g)
{
    const size_t n = (size_t)of->classes;
    const double *p = of->probability + (size_t)row * n;
    double with = 0.0, mean = 0.0;
    for (size_t a = 0; a < n; a++) g->slope[a] = p[a];
    g->slope[of->label[row]] -= 1.0;
    for (size_t a = 0; a < n; a++) {
        g->along[a] = 0.0;
        for (size_t b = 0; b < n; b++) g->along[a] += form[a * n + b] * g->slope[b];
        with += g->slope[a] * g->along[a];
        mean += p[a] * g->along[a];
    }
    if (!of->is_trained[row]) return with;
    set_own(form, p, of->classes, g);
    for (size_t a = 0; a < n; a++) g->along[a] = g->root[a] * (g->along[a] - mean);
    return with + solve_own(g->own, g->along, of->classes);
}

/* This member's share of the groups; other rows stay 0. */
static tl_status look(const curvature *c, const tl_team *team, group *g, double *self,
                      tl_err *err)
{
    const tl_influence *of = c->of;
    const size_t square = (size_t)of->classes * (size_t)of->classes;
    memset(self, 0, (size_t)of->rows * sizeof *self);
    tl_blas_start();
    for (int first = team->rank * GROUP; first < of->rows; first += team->size * GROUP) {
        const int left = of->rows - first, count = left < GROUP ? left : GROUP;
        set_forms(c, first, count, g);
        for (int i = 0; i < count; i++) {
            const int row = first + i;
            self[row] = influence_of(of, row, g->form + (size_t)i * square, g);
            TL_CHECK(
                isfinite(self[row]), err, TL_E_NUMERIC,
                "row %d alone makes up the curvature along its gradient; raise damping "
                "above %g",
                row, of->damping);
        }
        (void)tl_team_tick(team);
    }
    return TL_OK;
}

static tl_status compute_rows(const curvature *c, const tl_team *team, tl_arena *scratch,
                              double *self, tl_err *err)
{
    const int side = (int)params_of(c->of), rows = c->of->rows;
    group g = {0};
    tl_status mine = take_group(c->of, scratch, &g, err);
    if (mine == TL_OK && !tl_arena_counts(scratch)) mine = look(c, team, &g, self, err);
    TL_TRY(tl_team_agree(team, mine, err));
    if (tl_arena_counts(scratch)) return TL_OK;
    TL_TRY(tl_team_sum_double(team, self, (size_t)rows, err));
    if (tl_linalg_path(TL_LINALG_SOLVE_SPD, side, side) == TL_LINALG_BY_SCALAPACK) {
        for (int i = 0; i < rows; i++) self[i] = tl_linalg_six_digits(self[i]);
    }
    return TL_OK;
}

tl_status tl_influence_self(const tl_influence *of, const tl_team *team, tl_arena *scratch,
                            double *self, double *lambda, tl_err *err)
{
    const size_t mark = tl_arena_mark(scratch), params = params_of(of);
    curvature c = {0};
    *lambda = 0.0;
    TL_TRY(tl_team_agree(team, take_sums(of, scratch, &c, err), err));
    TL_INVARIANT(c.of && c.matrix && c.weighted && c.block);
    TL_TRY(tl_team_agree(team, add_blocks(&c, team, scratch, err), err));
    TL_TRY(tl_team_sum_double(team, c.matrix, params * params, err));
    *lambda = tl_arena_counts(scratch) ? 1.0 : damp(&c);
    if (*lambda > 0.0) {
        TL_TRY(invert(&c, team, scratch, err));
        TL_TRY(compute_rows(&c, team, scratch, self, err));
    }
    tl_arena_rewind(scratch, mark);
    return TL_OK;
}

double tl_influence_cost(int rows, int trained, int width, int classes)
{
    const double params = (double)width * classes;
    const int side = (int)params;
    return 0.5 * classes * (classes + 1.0) *
               tl_linalg_cost(TL_LINALG_GRAM, trained, width, 0) +
           tl_linalg_cost(TL_LINALG_SOLVE_SPD, side, side, side) +
           rows * params * (params + width);
}
