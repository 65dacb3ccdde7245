/* Self-influence against what it foretells: retraining without the row. The model is
 * softmax regression with a ridge, whose optimum Newton's method finds to the last digit,
 * so that leaving a row out is done and not approximated. */
#include "experiments/score/self_influence.h"
#include "experiments/score/score.h"
#include "tests/support/team_threads.h"

#include "compute/linalg/linalg.h"
#include "compute/core/rng.h"
#include "compute/nn/loss.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { ROWS = 90, WIDTH = 7, CLASSES = 3, PARAMS = CLASSES * WIDTH, NEWTON = 30 };
static const double RIDGE = 0.5;

typedef struct problem {
    double feature[ROWS * WIDTH]; /* the last one is 1 */
    double weight[ROWS];          /* of each row's loss */
    int32_t label[ROWS];
    double param[PARAMS]; /* [CLASSES x WIDTH] */
    double probability[ROWS * CLASSES];
} problem;

/* Three clouds that overlap; every tenth label is wrong. */
static void draw(problem *it)
{
    tl_rng rng = tl_rng_stream(2, 0, "test", 0, "rows");
    memset(it, 0, sizeof *it);
    for (int i = 0; i < ROWS; i++) {
        const int class = i % CLASSES;
        it->label[i] = i % 10 == 9 ? (class + 1) % CLASSES : class;
        it->weight[i] = 1.0;
        for (int j = 0; j < WIDTH; j++) {
            it->feature[i * WIDTH + j] = tl_rng_normal(&rng) + (j == class ? 1.5 : 0.0);
        }
        it->feature[i * WIDTH + WIDTH - 1] = 1.0;
    }
}

static void predict(problem *it)
{
    for (int i = 0; i < ROWS; i++) {
        for (int c = 0; c < CLASSES; c++) {
            double sum = 0.0;
            for (int j = 0; j < WIDTH; j++) {
                sum += it->param[c * WIDTH + j] * it->feature[i * WIDTH + j];
            }
            it->probability[i * CLASSES + c] = sum;
        }
    }
    tl_softmax_double(it->probability, ROWS, CLASSES, it->probability);
}

static double loss(const problem *it, int row)
{
    return -log(it->probability[row * CLASSES + it->label[row]]);
}

/* Gradient and Hessian of the weighted sum of losses and RIDGE/2 |param|^2. */
static void differentiate(const problem *it, double *gradient, double *hessian)
{
    memset(hessian, 0, PARAMS * PARAMS * sizeof *hessian);
    for (int a = 0; a < PARAMS; a++) {
        gradient[a] = RIDGE * it->param[a];
        hessian[a * PARAMS + a] = RIDGE;
    }
    for (int i = 0; i < ROWS; i++) {
        const double *p = it->probability + i * CLASSES, *f = it->feature + i * WIDTH;
        for (int a = 0; a < PARAMS; a++) {
            const int c = a / WIDTH;
            const double wanted = it->label[i] == c ? 1.0 : 0.0;
            gradient[a] += it->weight[i] * (p[c] - wanted) * f[a % WIDTH];
            for (int b = 0; b < PARAMS; b++) {
                const int d = b / WIDTH;
                const double second = p[c] * ((c == d ? 1.0 : 0.0) - p[d]);
                hessian[a * PARAMS + b] +=
                    it->weight[i] * second * f[a % WIDTH] * f[b % WIDTH];
            }
        }
    }
}

/* The optimum, from where the parameters stand. */
static void fit(problem *it, tl_arena *arena)
{
    const tl_team alone = tl_team_alone();
    double gradient[PARAMS], hessian[PARAMS * PARAMS], step[PARAMS], length = 1.0;
    for (int turn = 0; turn < NEWTON && length > 1e-13; turn++) {
        predict(it);
        differentiate(it, gradient, hessian);
        assert_int_equal(tl_linalg_solve_spd(&alone, tl_matrix_of(hessian, PARAMS, PARAMS),
                                             tl_matrix_of(gradient, PARAMS, 1), step, arena,
                                             NULL),
                         TL_OK);
        length = 0.0;
        for (int a = 0; a < PARAMS; a++) {
            it->param[a] -= step[a];
            length += fabs(step[a]);
        }
    }
    assert_true(length <= 1e-12);
    predict(it);
}

/* The damping that makes lambda the ridge. */
static double damping_of(const problem *it)
{
    double trace = 0.0;
    for (int i = 0; i < ROWS; i++) {
        double square = 0.0;
        for (int j = 0; j < WIDTH; j++) {
            square += it->feature[i * WIDTH + j] * it->feature[i * WIDTH + j];
        }
        for (int c = 0; c < CLASSES; c++) {
            const double p = it->probability[i * CLASSES + c];
            if (it->weight[i] > 0.0) trace += p * (1.0 - p) * square;
        }
    }
    return RIDGE * PARAMS / trace;
}

static void predict_loss(const problem *it, const tl_team *team, tl_arena *arena,
                         double *self, double *lambda)
{
    bool is_trained[ROWS];
    int trained = 0;
    for (int i = 0; i < ROWS; i++) {
        is_trained[i] = it->weight[i] > 0.0;
        trained += is_trained[i];
    }
    const tl_influence of = {.rows = ROWS,
                             .width = WIDTH,
                             .classes = CLASSES,
                             .feature = it->feature,
                             .probability = it->probability,
                             .label = it->label,
                             .is_trained = is_trained,
                             .trained = trained,
                             .damping = damping_of(it)};
    assert_int_equal(tl_influence_self(&of, team, arena, self, lambda, NULL), TL_OK);
}

static double correlation(const double *x, const double *y)
{
    double mx = 0.0, my = 0.0, xx = 0.0, yy = 0.0, xy = 0.0;
    for (int i = 0; i < ROWS; i++) {
        mx += x[i] / ROWS;
        my += y[i] / ROWS;
    }
    for (int i = 0; i < ROWS; i++) {
        xx += (x[i] - mx) * (x[i] - mx);
        yy += (y[i] - my) * (y[i] - my);
        xy += (x[i] - mx) * (y[i] - my);
    }
    return xy / sqrt(xx * yy);
}

/* The fall of the loss of a row that was left out, for each bit of weight that it gets, is
 * its self-influence, exactly: differences of first order at two steps. Fails when the
 * curvature, the gradient or the damping is another. */
static void influence_is_the_slope_of_retraining(void **state)
{
    (void)state;
    const tl_team alone = tl_team_alone();
    const double step = 1e-4;
    tl_arena arena = tl_arena_open(0);
    static problem it, once, twice;
    double self[ROWS], lambda;
    for (int i = 0; i < ROWS; i += 7) {
        draw(&it);
        it.weight[i] = 0.0;
        fit(&it, &arena);
        predict_loss(&it, &alone, &arena, self, &lambda);
        once = twice = it;
        once.weight[i] = step;
        twice.weight[i] = 2.0 * step;
        fit(&once, &arena);
        fit(&twice, &arena);
        const double near = (loss(&it, i) - loss(&once, i)) / step;
        const double far = (loss(&it, i) - loss(&twice, i)) / (2.0 * step);
        assert_true(fabs((2.0 * near - far) / self[i] - 1.0) < 1e-5);
    }
    tl_arena_close(&arena);
}

/* Leaving a row out of the curvature is the same as not having summed it in the first
 * place. Fails when the row's own curvature is wrong. */
static void a_row_is_no_part_of_its_own_curvature(void **state)
{
    (void)state;
    const tl_team alone = tl_team_alone();
    tl_arena arena = tl_arena_open(0);
    static problem it;
    double all[ROWS], without[ROWS], lambda;
    draw(&it);
    fit(&it, &arena);
    predict_loss(&it, &alone, &arena, all, &lambda);
    assert_true(fabs(lambda / RIDGE - 1.0) < 1e-12);
    for (int i = 0; i < ROWS; i++) {
        it.weight[i] = 0.0; /* of the same parameters */
        predict_loss(&it, &alone, &arena, without, &lambda);
        it.weight[i] = 1.0;
        assert_true(fabs(lambda / RIDGE - 1.0) < 1e-12);
        assert_true(fabs(without[i] / all[i] - 1.0) < 1e-9);
    }
    tl_arena_close(&arena);
}

/* All of the weight taken away: first order still foretells it, and in the same order. */
static void influence_predicts_leaving_out(void **state)
{
    (void)state;
    const tl_team alone = tl_team_alone();
    tl_arena arena = tl_arena_open(0);
    static problem it;
    double self[ROWS], truth[ROWS], lambda, ranks, foretold = 0.0, risen = 0.0;
    draw(&it);
    fit(&it, &arena);
    predict_loss(&it, &alone, &arena, self, &lambda);
    for (int i = 0; i < ROWS; i++) {
        static problem without;
        without = it;
        without.weight[i] = 0.0;
        fit(&without, &arena);
        truth[i] = loss(&without, i) - loss(&it, i);
        foretold += self[i];
        risen += truth[i];
        assert_true(truth[i] > 0.0);
    }
    assert_int_equal(tl_score_rank_correlation(self, truth, ROWS, &arena, &ranks, NULL),
                     TL_OK);
    const double linear = correlation(self, truth);
    printf("leave-one-out: correlation %.4f, of ranks %.4f, foretold %.4f of what it is\n",
           linear, ranks, foretold / risen);
    assert_true(linear > 0.99 && ranks > 0.99);
    /* The loss is convex along the step, so it rises by more than its slope foretells. */
    assert_true(foretold / risen > 0.75 && foretold / risen < 1.0);
    tl_arena_close(&arena);
}

typedef struct sharing {
    problem it;
    double self[8][ROWS], lambda[8];
} sharing;

static void predict_member(const tl_team *team, void *self)
{
    sharing *all = self;
    tl_arena arena = tl_arena_open(0);
    predict_loss(&all->it, team, &arena, all->self[team->rank], &all->lambda[team->rank]);
    tl_arena_close(&arena);
}

static void bits_do_not_depend_on_the_team(void **state)
{
    (void)state;
    static sharing all;
    tl_arena arena = tl_arena_open(0);
    const tl_team one = tl_team_alone();
    double alone[ROWS], lambda;
    draw(&all.it);
    fit(&all.it, &arena);
    predict_loss(&all.it, &one, &arena, alone, &lambda);
    for (int size = 2; size <= 8; size *= 2) {
        team_threads_run(size, predict_member, &all);
        for (int r = 0; r < size; r++) {
            assert_memory_equal(all.self[r], alone, sizeof alone);
            assert_true(all.lambda[r] == lambda);
        }
    }
    tl_arena_close(&arena);
}

/* A model without doubt has no curvature, and nothing is foretold. */
static void certainty_has_no_curvature(void **state)
{
    (void)state;
    const tl_team alone = tl_team_alone();
    const double feature[] = {1.0, 2.0}, probability[] = {1.0, 0.0, 0.0, 1.0};
    const int32_t label[] = {0, 0};
    const bool is_trained[] = {true, true};
    const tl_influence of = {.rows = 2,
                             .width = 1,
                             .classes = 2,
                             .feature = feature,
                             .probability = probability,
                             .label = label,
                             .is_trained = is_trained,
                             .trained = 2,
                             .damping = 0.1};
    tl_arena arena = tl_arena_open(0);
    double self[2], lambda = 1.0;
    assert_int_equal(tl_influence_self(&of, &alone, &arena, self, &lambda, NULL), TL_OK);
    assert_true(lambda == 0.0);
    tl_arena_close(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(influence_is_the_slope_of_retraining),
        cmocka_unit_test(a_row_is_no_part_of_its_own_curvature),
        cmocka_unit_test(influence_predicts_leaving_out),
        cmocka_unit_test(bits_do_not_depend_on_the_team),
        cmocka_unit_test(certainty_has_no_curvature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
