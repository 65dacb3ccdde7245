/*
 * Spectral signatures: the owner, suspecting poison, looks at the features of each class in
 * the trained target and removes the rows that stand out most along the direction of
 * largest variance: poisoned rows share a trigger, also in the features. The chain then
 * trains again on the rest.
 *
 * Mean, direction and scores come from the rows trained on, as the owner has no others. The
 * same share of the pool's non-members is removed from each class, by their own scores, so
 * that membership is still judged on rows that were treated alike.
 *
 * The largest share over the classes of the variance along this axis is a metric. For wide
 * features the distributed solver computes it again, as a check of the two solvers; nothing
 * depends on it.
 *
 * It assumes that poison is a minority of its class: the analysis has eps below 1/2, and
 * the poisoned rows as the smaller of two groups, far from the larger. A backdoor planted
 * in a share r of all rows of K equal classes makes r K / (1 + r (K - 1)) of the target
 * class poison: 0.53 for d2m.badnets at its default of 0.1 and 10 classes, where this stage
 * is at chance and leaves out clean rows as well as poisoned ones; 0.17 at a rate of 0.02.
 *
 * Source: Tran, Li, Madry 2018, Spectral signatures in backdoor attacks, algorithm 1 (the
 * top 1.5 eps of each class) and section 3 (the assumption).
 */
#include "experiments/stage/stage.h"

#include "compute/core/sort.h"
#include "compute/linalg/gram.h"
#include "compute/linalg/lapack.h"
#include "compute/linalg/linalg.h"
#include "compute/nn/probe.h"

#include <math.h>
#include <string.h>

/* As `params` describes them. */
typedef struct arguments {
    double eps;
} arguments;
enum { REMOVED, PRECISION, SENSITIVITY, TOP_EIGENVALUE, TOP_EIGENVALUE_SCALAPACK };
enum { WIDE = 128 /* features: from here on the distributed solver runs too */ };

typedef struct spectrum {
    const tl_dataset *pool;
    int width;           /* of the features */
    float *feature;      /* [pool rows x width] */
    float *centred;      /* [rows of a class x width] */
    float *gram;         /* [width x width] */
    double *matrix;      /* [width x width] */
    double *mean, *axis; /* [width] */
    double *value;       /* [width] eigenvalues by the distributed solver */
    tl_ranked *order;    /* [pool rows] by falling score */
    bool *is_out;        /* [pool rows] */
} spectrum;

static tl_status take_room(const tl_dataset *pool, int width, tl_arena *scratch,
                           spectrum *out, tl_err *err)
{
    const size_t rows = (size_t)pool->rows, size = (size_t)width;
    *out = (spectrum){.pool = pool, .width = width};
    TL_ALLOC(out->feature, scratch, rows * size, err);
    TL_ALLOC(out->centred, scratch, rows * size, err);
    TL_ALLOC(out->gram, scratch, size * size, err);
    TL_ALLOC(out->matrix, scratch, size * size, err);
    TL_ALLOC(out->mean, scratch, size, err);
    TL_ALLOC(out->axis, scratch, size, err);
    TL_ALLOC(out->value, scratch, size, err);
    TL_ALLOC(out->order, scratch, rows, err);
    TL_ALLOC(out->is_out, scratch, rows, err);
    return TL_OK;
}

static bool is_of(const tl_dataset *pool, int row, int class, bool member)
{
    return pool->label[row] == class && ((pool->flags[row] & TL_ROW_MEMBER) != 0) == member;
}

/* Sets the mean of the class's members and their centred features. \return how many */
static int centre(spectrum *s, int class)
{
    const size_t width = (size_t)s->width;
    int rows = 0;
    memset(s->mean, 0, width * sizeof *s->mean);
    for (int r = 0; r < s->pool->rows; r++) {
        if (!is_of(s->pool, r, class, true)) continue;
        const float *x = s->feature + (size_t)r * width;
        for (size_t i = 0; i < width; i++) s->mean[i] += (double)x[i];
        rows++;
    }
    for (size_t i = 0; i < width && rows > 0; i++) s->mean[i] /= rows;
    float *to = s->centred;
    for (int r = 0; r < s->pool->rows; r++) {
        if (!is_of(s->pool, r, class, true)) continue;
        const float *x = s->feature + (size_t)r * width;
        for (size_t i = 0; i < width; i++) *to++ = (float)((double)x[i] - s->mean[i]);
    }
    return rows;
}

/* Sets the scatter matrix of the centred features. \param trace result */
static tl_status multiply(tl_scene *scene, spectrum *s, int rows, double *trace,
                          tl_err *err)
{
    const size_t width = (size_t)s->width;
    TL_TRY(tl_gram(s->centred, rows, s->width, scene->team, scene->scratch, s->gram, err));
    *trace = 0.0;
    if (tl_scene_counts(scene)) return TL_OK;
    for (size_t i = 0; i < width * width; i++) s->matrix[i] = (double)s->gram[i];
    for (size_t i = 0; i < width; i++) *trace += s->matrix[i * width + i];
    return TL_OK;
}

/* Every member finds the same axis, from the same bits. \param share result, of the
 * variance along it; 0 without any */
static tl_status find_axis(tl_scene *scene, spectrum *s, int rows, double *share,
                           tl_err *err)
{
    double value, trace;
    TL_TRY(multiply(scene, s, rows, &trace, err));
    const tl_status mine =
        tl_symmetric_top(s->matrix, s->width, scene->scratch, &value, s->axis, err);
    TL_TRY(tl_team_agree(scene->team, mine, err));
    if (tl_scene_counts(scene)) return TL_OK;
    *share = trace > 0.0 ? fmin(value / trace, 1.0) : 0.0;
    return TL_OK;
}

/* Puts the share of `class` by the distributed solver. Whether it runs depends on the width
 * and the kind of team alone. */
static tl_status check_share(tl_scene *scene, spectrum *s, int class, tl_err *err)
{
    double trace;
    if (s->width < WIDE || !tl_linalg_has_scalapack(scene->team)) {
        tl_scene_put_missing(scene, TOP_EIGENVALUE_SCALAPACK, TL_WHY_NOT_APPLICABLE);
        return TL_OK;
    }
    const int rows = tl_scene_counts(scene) ? s->pool->rows : centre(s, class);
    TL_TRY(multiply(scene, s, rows, &trace, err));
    const tl_linalg_problem problem = {.operation = TL_LINALG_EIGEN,
                                       .a = tl_matrix_of(s->matrix, s->width, s->width),
                                       .value = s->value};
    TL_TRY(tl_linalg_solve(scene->team, problem, TL_LINALG_BY_SCALAPACK, scene->scratch,
                           NULL, err));
    if (tl_scene_counts(scene)) return TL_OK;
    const double share = fmin(s->value[s->width - 1] / trace, 1.0);
    tl_scene_put(scene, TOP_EIGENVALUE_SCALAPACK, tl_linalg_six_digits(share));
    return TL_OK;
}

static double score_of(const spectrum *s, int row)
{
    const float *x = s->feature + (size_t)row * (size_t)s->width;
    double along = 0.0;
    for (int i = 0; i < s->width; i++) along += ((double)x[i] - s->mean[i]) * s->axis[i];
    return along * along;
}

/* Marks the top 1.5 eps of the class's members, or of its non-members. */
static void mark(spectrum *s, int class, bool member, double eps)
{
    int count = 0;
    for (int r = 0; r < s->pool->rows; r++) {
        if (!is_of(s->pool, r, class, member)) continue;
        s->order[count++] = (tl_ranked){score_of(s, r), (uint32_t)r};
    }
    tl_sort_descending(s->order, (size_t)count);
    const int leaving = (int)floor(1.5 * eps * count);
    for (int i = 0; i < leaving; i++) s->is_out[s->order[i].number] = true;
}

static tl_status leave_out(tl_scene *scene, const spectrum *s, tl_err *err)
{
    const tl_dataset *pool = s->pool;
    double removed = 0.0, caught = 0.0, poisoned = 0.0;
    int *row, rows = 0;
    tl_dataset *out;
    TL_ALLOC(row, scene->scratch, pool->rows, err);
    if (tl_scene_counts(scene))
        return tl_dataset_pick(pool, row, pool->rows, scene->keep, &out, err);
    for (int r = 0; r < pool->rows; r++) {
        if (!s->is_out[r]) row[rows++] = r;
        if (!(pool->flags[r] & TL_ROW_MEMBER)) continue;
        const bool is_poisoned = (pool->flags[r] & TL_ROW_POISONED) != 0;
        removed += s->is_out[r];
        poisoned += is_poisoned;
        caught += s->is_out[r] && is_poisoned;
    }
    TL_TRY(tl_dataset_pick_some(pool, row, rows, pool->rows, scene->keep, &out, err));
    scene->given->data[TL_PART_POOL] = out;
    tl_scene_put(scene, REMOVED, removed);
    tl_scene_put_rate(scene, PRECISION, caught, removed);
    tl_scene_put_rate(scene, SENSITIVITY, caught, poisoned);
    return TL_OK;
}

/* The rest of run in a scene that counts: every class takes the same. */
static tl_status count_rest(tl_scene *scene, spectrum *s, tl_err *err)
{
    double share;
    TL_TRY(find_axis(scene, s, s->pool->rows, &share, err));
    TL_TRY(check_share(scene, s, 0, err));
    return leave_out(scene, s, err);
}

static tl_status run(tl_scene *scene, tl_err *err)
{
    const arguments *arg = scene->args;
    const tl_dataset *pool = scene->world->data[TL_PART_POOL];
    const tl_model *target = scene->world->model[TL_PART_TARGET];
    const double eps = arg->eps;
    const int width = tl_model_features_size(&target->spec);
    double largest = 0.0;
    int largest_class = -1; /* the class with the largest share */
    spectrum s = {0};
    TL_TRY(
        tl_team_agree(scene->team, take_room(pool, width, scene->scratch, &s, err), err));
    TL_INVARIANT(s.is_out != NULL);
    TL_TRY(tl_model_features(target, pool->input, pool->rows, scene->team, scene->scratch,
                             s.feature, err));
    if (tl_scene_counts(scene)) return count_rest(scene, &s, err);
    for (int class = 0; class < pool->classes; class ++) {
        double share;
        const int rows = centre(&s, class);
        if (rows < 2) continue; /* nothing to stand out from */
        TL_TRY(find_axis(scene, &s, rows, &share, err));
        if (share > largest) {
            largest = share;
            largest_class = class;
        }
        mark(&s, class, true, eps);
        mark(&s, class, false, eps);
    }
    if (largest_class >= 0) {
        tl_scene_put(scene, TOP_EIGENVALUE, largest);
        TL_TRY(check_share(scene, &s, largest_class, err));
    } else { /* no class has any variance */
        tl_scene_put_missing(scene, TOP_EIGENVALUE, TL_WHY_UNRESOLVABLE);
        tl_scene_put_missing(scene, TOP_EIGENVALUE_SCALAPACK, TL_WHY_UNRESOLVABLE);
    }
    return tl_team_agree(scene->team, leave_out(scene, &s, err), err);
}

static double cost(const tl_size *size, const void *args)
{
    (void)args;
    const double width = tl_model_features_size(&size->setup.model);
    const double again = width < WIDE ? 0.0 : 1.0; /* at most all rows in one class */
    return tl_model_flop(&size->setup.model) * size->pool +
           2.0 * width * width * size->members * (1.0 + again) +
           4.0 / 3.0 * width * width * width * (size->classes + again);
}

static int max_ranks(const tl_size *size, const void *args)
{
    (void)args;
    return tl_infer_max_ranks(size->pool, TL_GRAM_CHUNKS);
}

static const tl_param params[] = {
    {TL_ARG(arguments, eps), .type = TL_PARAM_REAL, .fallback = 0.1, .high = 0.5,
     .about =
         "share of a class that may be poisoned; 1.5 times that share is left out. "
         "Must be a minority: a backdoor in a share r of K equal classes makes "
         "r K / (1 + r (K - 1)) of its target class poison, at r = 0.1 and K = 10 more "
         "than half"},
    {0}};
static const tl_metric metrics[] = {
    {.name = "removed",
     .label = "rows removed",
     .about = "rows trained on that were left out"},
    {.name = "precision",
     .label = "precision of removal",
     .better = TL_BETTER_HIGHER,
     .is_rate = true,
     .can_be_missing = true,
     .about = "share of poisoned rows among those left out"},
    {.name = "recall",
     .label = "recall of removal",
     .better = TL_BETTER_HIGHER,
     .is_rate = true,
     .can_be_missing = true,
     .about = "share of the poisoned rows trained on that were left out"},
    {.name = "top_eigenvalue",
     .label = "top eigenvalue",
     .high = 1,
     .can_be_missing = true,
     .about = "largest eigenvalue over trace of a class's feature covariance, its largest "
              "over the classes"},
    {.name = "top_eigenvalue_scalapack",
     .label = "top eigenvalue (ScaLAPACK)",
     .high = 1,
     .can_be_missing = true,
     .about =
         "top_eigenvalue by ScaLAPACK, to 6 digits, where features number 128 or more"},
    {0}};

const tl_stage tl_stage_defense_spectral_signatures = {
    .name = "defense.spectral_signatures",
    .about = "leaves out rows that stand out in the features of the trained target",
    .source = "Tran, Li, Madry 2018, Spectral signatures in backdoor attacks",
    .variant = "The top 1.5 eps of every class goes, poisoned or not, with eps given in "
               "advance and the same for all classes; the features are those before the "
               "last layer, from a target trained with the poison; one pass. The same "
               "share of non-members goes, by the same direction, so that membership is "
               "still judged on rows treated alike. It supposes poison to be a small "
               "part of its class: where half of the target class is poison, as with "
               "d2m.badnets at its default rate on 10 equal classes, it is at chance.",
    .version = 2,
    .flow = TL_NO_FLOW,
    .role = TL_ROLE_DEFENSE,
    .taxonomy = "data sanitisation",
    .access = TL_KNOWS_DATA | TL_KNOWS_WEIGHTS,
    .reads = TL_BIT(TL_PART_TARGET) | TL_BIT(TL_PART_POOL),
    .gives = TL_BIT(TL_PART_POOL),
    .params = params,
    .metrics = metrics,
    .run = run,
    .cost = cost,
    .max_ranks = max_ranks,
};
