/* Probes: features and pixel gradients row by row, alone and on teams. That the gradient
 * itself is right is tested on the pass (test_layers). */
#include "compute/nn/probe.h"

#include "compute/core/blas.h"
#include "compute/nn/loss.h"
#include "tests/support/team_threads.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

enum { MOST_ROWS = 200, PIXELS = 64, CLASSES = 3 };

static const tl_model_spec specs[3] = {
    {.kind = TL_MODEL_CNN, .width = 4, .depth = 2, .in = {1, 8, 8}, .classes = CLASSES},
    {.kind = TL_MODEL_MLP, .width = 20, .depth = 1, .in = {1, 8, 8}, .classes = CLASSES},
    {.kind = TL_MODEL_LINEAR, .width = 1, .depth = 1, .in = {1, 8, 8}, .classes = CLASSES}};

/* What one member found. */
typedef struct findings {
    tl_status status;
    float feature[MOST_ROWS * PIXELS];
    float gradient[MOST_ROWS * PIXELS];
} findings;

typedef struct probing {
    tl_model *model;
    tl_dataset data;
    int32_t label[MOST_ROWS];
    findings found[4];
} probing;

static probing *open_probing(tl_arena *arena, const tl_model_spec *spec, int rows)
{
    probing *it = tl_arena_take(arena, 1, sizeof *it, NULL);
    assert_non_null(it);
    assert_int_equal(tl_model_new(spec, arena, &it->model, NULL), TL_OK);
    tl_rng rng = tl_rng_stream(3, 0, "train", 0, "init");
    tl_model_init(it->model, &rng);
    it->data = (tl_dataset){.shape = spec->in, .classes = CLASSES, .rows = rows};
    it->data.input = tl_arena_take(arena, MOST_ROWS * PIXELS, sizeof(float), NULL);
    assert_non_null(it->data.input);
    for (int i = 0; i < MOST_ROWS * PIXELS; i++) {
        it->data.input[i] = (float)tl_rng_uniform(&rng);
    }
    for (int i = 0; i < MOST_ROWS; i++) it->label[i] = i % CLASSES;
    return it;
}

static void objective_gradient(const void *self, int row, const float *logits, int classes,
                               float *d)
{
    const probing *it = self;
    tl_confidence_gradient(logits, it->label[row], classes, d);
}

static void probe_member(const tl_team *team, void *self)
{
    probing *it = self;
    findings *found = &it->found[team->rank];
    tl_arena scratch = tl_arena_open(0);
    const tl_objective_gradient objective = {objective_gradient, it};
    found->status = tl_model_features(it->model, it->data.input, it->data.rows, team,
                                      &scratch, found->feature, NULL);
    if (found->status == TL_OK) {
        found->status = tl_model_input_gradient(it->model, &objective, &it->data, team,
                                                &scratch, found->gradient, NULL);
    }
    tl_arena_close(&scratch);
}

static void bits_do_not_depend_on_the_team(void **state)
{
    (void)state;
    static const int rows[] = {1, 64, 65, MOST_ROWS};
    for (int s = 0; s < 3; s++) {
        for (int i = 0; i < 4; i++) {
            tl_arena arena = tl_arena_open(0);
            probing *it = open_probing(&arena, &specs[s], rows[i]);
            const size_t width = (size_t)tl_model_features_size(&specs[s]);
            const size_t features = (size_t)rows[i] * width * sizeof(float);
            const size_t pixels = (size_t)rows[i] * PIXELS * sizeof(float);
            const tl_team one = tl_team_alone();
            probe_member(&one, it);
            findings *alone = tl_arena_take(&arena, 1, sizeof *alone, NULL);
            assert_non_null(alone);
            *alone = it->found[0];
            assert_int_equal(alone->status, TL_OK);
            for (int size = 2; size <= 4; size *= 2) {
                memset(it->found, 0, sizeof it->found);
                team_threads_run(size, probe_member, it);
                for (int r = 0; r < size; r++) {
                    assert_memory_equal(it->found[r].feature, alone->feature, features);
                    assert_memory_equal(it->found[r].gradient, alone->gradient, pixels);
                }
            }
            tl_arena_close(&arena);
        }
    }
}

static void the_last_layer_makes_logits_of_features(void **state)
{
    (void)state;
    for (int s = 0; s < 3; s++) {
        tl_arena arena = tl_arena_open(0);
        probing *it = open_probing(&arena, &specs[s], 5);
        const tl_team one = tl_team_alone();
        probe_member(&one, it);
        float logits[5 * CLASSES];
        assert_int_equal(
            tl_model_logits(it->model, it->data.input, 5, &one, &arena, logits, NULL),
            TL_OK);
        const int width = tl_model_features_size(&specs[s]);
        const float *bias = it->model->param + it->model->params - CLASSES;
        const float *weight = bias - CLASSES * width;
        for (int i = 0; i < 5 * CLASSES; i++) {
            const float *w = weight + i % CLASSES * width;
            const float *x = it->found[0].feature + i / CLASSES * width;
            double sum = (double)bias[i % CLASSES];
            for (int j = 0; j < width; j++) sum += (double)w[j] * (double)x[j];
            assert_true(fabs(sum - (double)logits[i]) < 1e-5);
        }
        tl_arena_close(&arena);
    }
}

/* One row moved along its gradient gains what its length squared foretells: rows are not
 * mixed up on the way through blocks, groups and padding. */
static void each_row_gets_its_own_gradient(void **state)
{
    (void)state;
    for (int s = 0; s < 3; s++) {
        tl_arena arena = tl_arena_open(0);
        probing *it = open_probing(&arena, &specs[s], 70);
        const tl_team one = tl_team_alone();
        probe_member(&one, it);
        float logits[70 * CLASSES];
        double before[70], after[70], squares[70] = {0};
        for (int pass = 0; pass < 2; pass++) {
            assert_int_equal(
                tl_model_logits(it->model, it->data.input, 70, &one, &arena, logits, NULL),
                TL_OK);
            tl_confidence(logits, it->label, 70, CLASSES, pass ? after : before);
            for (int i = 0; i < 70 * PIXELS; i++) {
                const double g = (double)it->found[0].gradient[i];
                it->data.input[i] += (float)(2e-4 * g);
                if (!pass) squares[i / PIXELS] += g * g;
            }
        }
        for (int r = 0; r < 70; r++) {
            /* A tenth for the kinks of ReLU and pooling that the step may cross. */
            const double gain = (after[r] - before[r]) / (2e-4 * squares[r]);
            assert_true(fabs(gain - 1.0) < 0.1);
        }
        tl_arena_close(&arena);
    }
}

static void full_arena_is_a_clean_failure(void **state)
{
    (void)state;
    tl_arena arena = tl_arena_open(0), tiny = tl_arena_open(1000);
    probing *it = open_probing(&arena, &specs[0], 5);
    const tl_team one = tl_team_alone();
    const tl_objective_gradient objective = {objective_gradient, it};
    tl_err err = {0};
    assert_int_equal(tl_model_input_gradient(it->model, &objective, &it->data, &one, &tiny,
                                             it->found[0].gradient, &err),
                     TL_E_NOMEM);
    assert_int_equal(tl_arena_mark(&tiny), 0);
    tl_arena_close(&tiny);
    tl_arena_close(&arena);
}

static void every_member_of_the_largest_team_has_a_block(void **state)
{
    (void)state;
    static const int cases[][3] = {/* rows, most, wanted */
                                   {0, 64, 1},      {127, 64, 1},      {128, 64, 2},
                                   {1000, 64, 8},   {1000000, 64, 64}, {1000000, 8, 8},
                                   {1000000, 1, 1}, {640, 6, 4}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        assert_int_equal(tl_infer_max_ranks(cases[c][0], cases[c][1]), cases[c][2]);
    }
}

int main(void)
{
    tl_blas_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_do_not_depend_on_the_team),
        cmocka_unit_test(the_last_layer_makes_logits_of_features),
        cmocka_unit_test(each_row_gets_its_own_gradient),
        cmocka_unit_test(full_arena_is_a_clean_failure),
        cmocka_unit_test(every_member_of_the_largest_team_has_a_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
