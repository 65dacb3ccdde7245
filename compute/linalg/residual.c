#include "compute/linalg/residual.h"

#include "compute/core/rng.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { PROBES = 2 };

/* Vectors as long as the larger side. */
typedef struct room {
    double *w, *y, *z, *v;
    int largest;
} room;

static tl_status take_room(const tl_linalg_problem *p, tl_arena *scratch, room *out,
                           tl_err *err)
{
    const int rows = p->a.rows, columns = p->a.columns;
    int largest = rows > columns ? rows : columns;
    *out = (room){.largest = largest};
    if (p->b.columns > largest) largest = p->b.columns;
    TL_ALLOC(out->w, scratch, largest, err);
    TL_ALLOC(out->y, scratch, largest, err);
    TL_ALLOC(out->z, scratch, largest, err);
    TL_ALLOC(out->v, scratch, largest, err);
    return TL_OK;
}

/* Euclidean norm; squares neither overflow nor underflow, since a power of 2 near the
 * largest is factored out. */
static double norm(const double *x, size_t n)
{
    double largest = 0.0, sum[4] = {0.0}; /* independent chains of additions */
    for (size_t i = 0; i < n; i++) {
        const double size = fabs(x[i]);
        if (!(size <= largest)) largest = size; /* so that NaN propagates */
    }
    if (largest == 0.0 || !isfinite(largest)) return largest;
    int exponent;
    (void)frexp(largest, &exponent);
    const double half = ldexp(1.0, -exponent / 2),
                 rest = ldexp(1.0, -exponent + exponent / 2);
    for (size_t i = 0; i < n; i++) {
        const double part = x[i] * half * rest;
        sum[i % 4] += part * part;
    }
    return ldexp(sqrt((sum[0] + sum[1]) + (sum[2] + sum[3])), exponent);
}

/* |x - y|; x is overwritten. */
static double distance(double *x, const double *y, int n)
{
    for (int i = 0; i < n; i++) x[i] -= y[i];
    return norm(x, (size_t)n);
}

static double share(double part, double whole)
{
    return part == 0.0 ? 0.0 : part / whole;
}

/* y = a w */
static void multiply(tl_matrix a, const double *w, double *y)
{
    for (int i = 0; i < a.rows; i++) {
        const double *row = a.at + (size_t)i * (size_t)a.columns;
        double sum[4] = {0.0}; /* independent chains of additions */
        int j = 0;
        for (; j + 4 <= a.columns; j += 4)
            for (int k = 0; k < 4; k++) sum[k] += row[j + k] * w[j + k];
        for (; j < a.columns; j++) sum[0] += row[j] * w[j];
        y[i] = (sum[0] + sum[1]) + (sum[2] + sum[3]);
    }
}

/* y = a^T w */
static void multiply_across(tl_matrix a, const double *w, double *y)
{
    memset(y, 0, (size_t)a.columns * sizeof *y);
    for (int i = 0; i < a.rows; i++) {
        const double *row = a.at + (size_t)i * (size_t)a.columns, along = w[i];
        for (int j = 0; j < a.columns; j++) y[j] += along * row[j];
    }
}

/* y = a w of a symmetric matrix, of which the lower triangle is read. */
static void multiply_lower(tl_matrix a, const double *w, double *y)
{
    memset(y, 0, (size_t)a.rows * sizeof *y);
    for (int i = 0; i < a.rows; i++) {
        const double *row = a.at + (size_t)i * (size_t)a.columns, along = w[i];
        double sum = row[i] * along;
        for (int j = 0; j < i; j++) {
            sum += row[j] * w[j];
            y[j] += row[j] * along;
        }
        y[i] += sum;
    }
}

/* Of a symmetric matrix, by its lower triangle. */
static double norm_lower(tl_matrix a)
{
    double whole = 0.0;
    for (int i = 0; i < a.rows; i++) {
        const double *row = a.at + (size_t)i * (size_t)a.columns;
        const double left = norm(row, (size_t)i);
        whole = hypot(whole, hypot(sqrt(2.0) * left, row[i]));
    }
    return whole;
}

static double norm_of(const tl_linalg_problem *p)
{
    const bool is_symmetric =
        p->operation == TL_LINALG_EIGEN || p->operation == TL_LINALG_SOLVE_SPD;
    return is_symmetric ? norm_lower(p->a)
                        : norm(p->a.at, (size_t)p->a.rows * (size_t)p->a.columns);
}

static int vectors_of(const tl_linalg_problem *p)
{
    return p->a.rows < p->a.columns ? p->a.rows : p->a.columns;
}

/* --- one probe in r->w: its error ----------------------------------------------------
 */

/* |q q^T w - w| / |w|, q [r x n] with orthonormal rows, w [r]. */
static double lean_of_rows(tl_matrix q, const room *r)
{
    multiply_across(q, r->w, r->y);
    multiply(q, r->y, r->z);
    return share(distance(r->z, r->w, q.rows), norm(r->w, (size_t)q.rows));
}

/* |q^T q w - w| / |w|, q [n x r] with orthonormal columns. */
static double lean_of_columns(tl_matrix q, const room *r)
{
    multiply(q, r->w, r->y);
    multiply_across(q, r->y, r->z);
    return share(distance(r->z, r->w, q.columns), norm(r->w, (size_t)q.columns));
}

static double probe_svd(const tl_linalg_problem *p, double size, const room *r)
{
    const int few = vectors_of(p), columns = p->a.columns;
    multiply(p->a, r->w, r->y);
    if (!p->vt) { /* no vector grows by more than the largest value */
        const double grown = norm(r->y, (size_t)p->a.rows) / norm(r->w, (size_t)columns);
        return share(fmax(grown - p->value[0], 0.0), size);
    }
    multiply(tl_matrix_of(p->vt, few, columns), r->w, r->z);
    for (int i = 0; i < few; i++) r->z[i] *= p->value[i];
    multiply(tl_matrix_of(p->u, p->a.rows, few), r->z, r->v);
    return share(distance(r->v, r->y, p->a.rows), size * norm(r->w, (size_t)columns));
}

static double probe_eigen(const tl_linalg_problem *p, double size, const room *r)
{
    const int n = p->a.rows;
    const double length = norm(r->w, (size_t)n);
    multiply_lower(p->a, r->w, r->y);
    if (!p->vt) { /* Rayleigh's quotient is between the extreme values */
        double along = 0.0;
        for (int i = 0; i < n; i++) along += (r->w[i] / length) * (r->y[i] / length);
        return share(fmax(fmax(along - p->value[n - 1], p->value[0] - along), 0.0), size);
    }
    const tl_matrix vector = tl_matrix_of(p->vt, n, n);
    multiply(vector, r->w, r->z);
    for (int i = 0; i < n; i++) r->z[i] *= p->value[i];
    multiply_across(vector, r->z, r->v);
    return share(distance(r->v, r->y, n), size * length);
}

static double probe_solution(const tl_linalg_problem *p, double size, const room *r)
{
    const int n = p->a.columns, rows = p->a.rows;
    multiply(tl_matrix_of(p->x, n, p->b.columns), r->w, r->y);
    multiply(p->b, r->w, r->z);
    const double whole = size * norm(r->y, (size_t)n) + norm(r->z, (size_t)rows);
    if (p->operation == TL_LINALG_SOLVE_SPD) {
        multiply_lower(p->a, r->y, r->v);
        return share(distance(r->v, r->z, n), whole);
    }
    multiply(p->a, r->y, r->v);
    (void)distance(r->v, r->z, rows);
    multiply_across(p->a, r->v, r->y);
    return share(norm(r->y, (size_t)n), size * whole);
}

static double probe_gram(const tl_linalg_problem *p, double size, const room *r)
{
    const int n = p->a.columns;
    multiply(p->a, r->w, r->y);
    multiply_across(p->a, r->y, r->z);
    multiply(tl_matrix_of(p->x, n, n), r->w, r->v);
    return share(share(distance(r->v, r->z, n), size), size * norm(r->w, (size_t)n));
}

static double probe(const tl_linalg_problem *p, double size, const room *r)
{
    switch (p->operation) {
    case TL_LINALG_SVD:
        return probe_svd(p, size, r);
    case TL_LINALG_EIGEN:
        return probe_eigen(p, size, r);
    case TL_LINALG_GRAM:
        return probe_gram(p, size, r);
    default:
        return probe_solution(p, size, r);
    }
}

static double lean(const tl_linalg_problem *p, const room *r)
{
    const int few = vectors_of(p);
    if (!p->vt) return 0.0;
    const double right = lean_of_rows(tl_matrix_of(p->vt, few, p->a.columns), r);
    if (p->operation != TL_LINALG_SVD) return right;
    const double left = lean_of_columns(tl_matrix_of(p->u, p->a.rows, few), r);
    return left > right || isnan(left) ? left : right;
}

/* --- without probes ------------------------------------------------------------------- */

/* Error of the values: they must be sorted, with the matrix's norm and, if symmetric,
 * trace. */
static double check_values(const tl_linalg_problem *p, double size)
{
    const int count = vectors_of(p);
    const double direction = p->operation == TL_LINALG_SVD ? -1.0 : 1.0;
    double off = share(fabs(norm(p->value, (size_t)count) - size), size), sum = 0.0;
    for (int i = 1; i < count; i++)
        if (!(direction * (p->value[i] - p->value[i - 1]) >= 0.0)) return (double)INFINITY;
    if (p->operation == TL_LINALG_SVD)
        return p->value[count - 1] >= 0.0 ? off : (double)INFINITY;
    for (int i = 0; i < count; i++)
        sum += p->value[i] - p->a.at[(size_t)i * (size_t)count + (size_t)i];
    return fmax(off, share(fabs(sum), sqrt((double)count) * size));
}

static tl_status check_pivots(const tl_linalg_problem *p, tl_arena *scratch, tl_err *err)
{
    const size_t n = (size_t)p->a.columns;
    const bool is_root = p->operation == TL_LINALG_SOLVE_SPD;
    const double slack = (double)n * DBL_EPSILON;
    double *whole;
    TL_ALLOC(whole, scratch, n, err);
    if (tl_arena_counts(scratch)) return TL_OK;
    for (size_t i = 0; i < (size_t)p->a.rows; i++) {
        const double *row = p->a.at + i * n;
        if (is_root) whole[i] = sqrt(row[i]);
        for (size_t j = 0; j < n && !is_root; j++) whole[j] = hypot(whole[j], row[j]);
    }
    for (size_t j = 0; j < n; j++)
        TL_CHECK(fabs(p->pivot[j]) > (is_root ? sqrt(slack) : slack) * whole[j], err,
                 TL_E_NUMERIC,
                 "%s: the matrix of %dx%d is singular to working precision: column %zu "
                 "depends on those before it (pivot %g of %g)",
                 tl_linalg_name(p->operation), p->a.rows, p->a.columns, j, p->pivot[j],
                 whole[j]);
    return TL_OK;
}

static tl_status check(const tl_linalg_problem *p, tl_arena *scratch, tl_residual *out,
                       tl_err *err)
{
    room r;
    if (p->pivot) TL_TRY(check_pivots(p, scratch, err));
    TL_TRY(take_room(p, scratch, &r, err));
    if (tl_arena_counts(scratch)) return TL_OK;
    tl_rng rng = tl_rng_stream(0, 0, "linalg", 0, "probe");
    const double size = norm_of(p), unit = r.largest * DBL_EPSILON;
    out->residual = p->value ? check_values(p, size) : 0.0;
    out->orthogonality = 0.0;
    const int width = p->b.at ? p->b.columns : r.largest;
    for (int k = 0; k < PROBES; k++) {
        for (int i = 0; i < width; i++) r.w[i] = tl_rng_normal(&rng);
        const double off = probe(p, size, &r), leaning = lean(p, &r);
        if (!(off <= out->residual)) out->residual = off;
        if (!(leaning <= out->orthogonality)) out->orthogonality = leaning;
    }
    out->residual /= unit;
    out->orthogonality /= unit;
    TL_CHECK(out->residual <= TL_RESIDUAL_LIMIT && out->orthogonality <= TL_RESIDUAL_LIMIT,
             err, TL_E_NUMERIC,
             "%s of a %dx%d matrix failed its check: residual %g, orthogonality %g, in "
             "units of rounding, of which %d are allowed",
             tl_linalg_name(p->operation), p->a.rows, p->a.columns, out->residual,
             out->orthogonality, TL_RESIDUAL_LIMIT);
    return TL_OK;
}

tl_status tl_residual_check(const tl_linalg_problem *problem, tl_arena *scratch,
                            tl_residual *out, tl_err *err)
{
    tl_residual own;
    const size_t mark = tl_arena_mark(scratch);
    const tl_status status = check(problem, scratch, out ? out : &own, err);
    tl_arena_rewind(scratch, mark);
    return status;
}
