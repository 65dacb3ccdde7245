/* Objectives: their values, their gradients, and what training by them comes to. */
#include "compute/train/objective.h"

#include "compute/core/blas.h"
#include "tests/support/training.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

enum { ROWS = 4, OUTPUTS = 5 };

/* Label-smoothed cross-entropy as it is written in the paper. */
static double entropy(const float *logit, const float *q, double smoothing)
{
    double sum = 0.0, loss = 0.0;
    for (int c = 0; c < OUTPUTS; c++) sum += exp((double)logit[c]);
    for (int c = 0; c < OUTPUTS; c++) {
        const double wanted = (1.0 - smoothing) * (double)q[c] + smoothing / OUTPUTS;
        loss -= wanted * log(exp((double)logit[c]) / sum);
    }
    return loss;
}

static void check_entropy(bool is_soft, double smoothing)
{
    float output[ROWS * OUTPUTS], d[ROWS * OUTPUTS], q[ROWS * OUTPUTS] = {0};
    int32_t label[ROWS];
    static const int row[ROWS] = {2, 0, 3, 1}; /* outputs are in this order, targets not */
    tl_rng rng = tl_rng_stream(1, 0, "test", 0, "outputs");
    for (int i = 0; i < ROWS * OUTPUTS; i++) output[i] = (float)tl_rng_normal(&rng);
    for (int r = 0; r < ROWS; r++) {
        label[r] = r;
        q[r * OUTPUTS + r] = is_soft ? 0.75f : 1.0f;
        if (is_soft) q[r * OUTPUTS + r + 1] = 0.25f;
    }
    const tl_train_rows data = {.label = is_soft ? NULL : label,
                                .target = is_soft ? q : NULL};
    double wanted = 0.0;
    for (int r = 0; r < ROWS; r++) {
        wanted += entropy(output + r * OUTPUTS, q + row[r] * OUTPUTS, smoothing);
    }
    const tl_outputs outputs = {1, OUTPUTS, output, d};
    const double loss = tl_objective(&data, row, ROWS, smoothing, &outputs);
    assert_true(fabs(loss - wanted) < 1e-6);
    for (int i = 0; i < ROWS * OUTPUTS; i++) { /* central differences, in the reference */
        const float *of = q + row[i / OUTPUTS] * OUTPUTS, h = 0x1p-6f;
        float *at = output + i / OUTPUTS * OUTPUTS;
        const float middle = output[i];
        output[i] = middle + h;
        const double up = entropy(at, of, smoothing);
        output[i] = middle - h;
        const double down = entropy(at, of, smoothing);
        output[i] = middle;
        assert_true(fabs((up - down) / (2.0 * (double)h) - (double)d[i]) < 1e-4);
    }
}

static void cross_entropy_is_that_of_smoothed_targets(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++) check_entropy(k % 2 == 1, k / 2 ? 0.3 : 0.0);
}

/* Two rows of three tokens are six rows whose labels are the tokens that follow. */
static void tokens_are_the_labels_of_the_positions_before(void **state)
{
    (void)state;
    enum { POSITIONS = 3, N = 2 * POSITIONS * OUTPUTS };
    static const float token[6] = {4, 1, 3, 0, 2, 2};
    static const int32_t follows[2] = {1, 0}, label[6] = {1, 3, 1, 2, 2, 0};
    static const int row[6] = {0, 1, 2, 3, 4, 5};
    float output[N], d[N], wanted[N];
    tl_rng rng = tl_rng_stream(2, 0, "test", 0, "outputs");
    for (int i = 0; i < N; i++) output[i] = (float)tl_rng_normal(&rng);
    const tl_outputs tokens = {POSITIONS, OUTPUTS, output, d};
    const tl_outputs plain = {1, OUTPUTS, output, wanted};
    const double loss = tl_objective(&(tl_train_rows){.input = token, .label = follows},
                                     row, 2, 0.1, &tokens);
    const double sum = tl_objective(&(tl_train_rows){.label = label}, row, 6, 0.1, &plain);
    assert_true(fabs(loss - sum / POSITIONS) < 1e-9);
    for (int i = 0; i < N; i++) {
        assert_true(fabsf(d[i] - wanted[i] / (float)POSITIONS) < 1e-6f);
    }
}

static void one_hot_targets_equal_labels(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        training *wanted = training_open(k ? &training_rich : &training_adamw),
                 *it = training_open(k ? &training_rich : &training_adamw);
        it->rows.label = NULL;
        it->rows.target = it->data.target;
        training_assert_same(training_run(it), 1, training_run(wanted));
        free(it);
        free(wanted);
    }
}

/* Cross-entropy is at least the entropy of the targets, reached when p equals them. */
static void check_reaches(training *it, double high, double low)
{
    const double least = -(high * log(high) + (1.0 - high) * log(low));
    it->recipe.epochs = 40;
    training_run(it);
    assert_true(it->report[0].last_loss > least - 1e-6);
    assert_true(it->report[0].last_loss < least + 0.02);
    free(it);
}

static void soft_targets_pull_to_their_own_probabilities(void **state)
{
    (void)state;
    training *it = training_open(&training_adamw);
    const int count = TRAINING_ROWS * TRAINING_CLASSES;
    for (int i = 0; i < count; i++) it->data.target[i] = 0.1f + 0.7f * it->data.target[i];
    it->rows.label = NULL;
    it->rows.target = it->data.target;
    check_reaches(it, 0.8, 0.1);
}

static void smoothed_labels_pull_to_smoothed_probabilities(void **state)
{
    (void)state;
    training *it = training_open(&training_adamw);
    it->recipe.label_smoothing = 0.3;
    check_reaches(it, 0.8, 0.1);
}

/* Images to be given back as they are. */
static training *open_autoencoder(void)
{
    training *it = training_open(&training_adamw);
    it->spec = (tl_model_spec){.kind = TL_MODEL_AUTOENCODER,
                               .width = 4,
                               .depth = 1,
                               .in = {1, 8, 8},
                               .classes = TRAINING_PIXELS};
    it->params = tl_model_count(&it->spec);
    assert_in_range(it->params, 1, TRAINING_PARAMS);
    it->recipe.epochs = 30;
    it->rows.label = NULL;
    it->rows.target = it->data.input;
    it->rows.loss = TL_LOSS_SQUARED;
    return it;
}

static void squared_loss_teaches_the_same_on_any_team(void **state)
{
    (void)state;
    training *wanted = training_run(open_autoencoder());
    /* The images' mean square is 1/3 + 0.09: an output of nothing at all costs that. */
    assert_true(wanted->report[0].last_loss < 0.1);
    for (int size = 2; size <= 8; size *= 4) {
        training *it = open_autoencoder();
        team_threads_run(size, training_member, it);
        training_assert_same(it, size, wanted);
        free(it);
    }
    free(wanted);
}

int main(void)
{
    tl_blas_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cross_entropy_is_that_of_smoothed_targets),
        cmocka_unit_test(tokens_are_the_labels_of_the_positions_before),
        cmocka_unit_test(one_hot_targets_equal_labels),
        cmocka_unit_test(soft_targets_pull_to_their_own_probabilities),
        cmocka_unit_test(smoothed_labels_pull_to_smoothed_probabilities),
        cmocka_unit_test(squared_loss_teaches_the_same_on_any_team),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
