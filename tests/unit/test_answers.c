/* Statistics of membership tests from answered scores, beside those from logits. */
#include "experiments/score/answers.h"

#include "compute/core/rng.h"
#include "compute/core/sort.h"
#include "compute/nn/loss.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { ROWS = 400, CLASSES = 10 };

/* Logits from all alike to those of a label that is certain: its probability is 1, or 0, in
 * single precision for many rows. */
static void draw(float *logits, int32_t *label)
{
    tl_rng rng = tl_rng_stream(5, 0, "logits", 0, "");
    for (int r = 0; r < ROWS; r++) {
        const double width = 1.0 + 0.2 * r;
        label[r] = (int32_t)tl_rng_below(&rng, CLASSES);
        for (int c = 0; c < CLASSES; c++) {
            const double lift = c == label[r] && r % 2 == 0 ? 0.5 : 0.0;
            const double place = tl_rng_uniform(&rng) - 0.5 + lift;
            logits[r * CLASSES + c] = (float)(place * width);
        }
    }
}

/* Whether two statistics order the rows alike, or in reverse. */
static bool ranks_alike(const double *a, const double *b, double sign)
{
    tl_ranked x[ROWS], y[ROWS];
    for (int r = 0; r < ROWS; r++) {
        x[r] = (tl_ranked){a[r], (uint32_t)r};
        y[r] = (tl_ranked){sign * b[r], (uint32_t)r};
    }
    tl_sort_ascending(x, ROWS);
    tl_sort_ascending(y, ROWS);
    for (int r = 0; r < ROWS; r++) {
        if (x[r].number != y[r].number) return false;
    }
    return true;
}

static void scores_give_what_logits_give(void **state)
{
    (void)state;
    float logits[ROWS * CLASSES], score[ROWS * CLASSES];
    int32_t label[ROWS];
    double confidence[ROWS], loss[ROWS], of_logits[ROWS], loss_of_logits[ROWS];
    draw(logits, label);
    tl_softmax(logits, ROWS, CLASSES, score);
    tl_answers_confidence(score, label, ROWS, CLASSES, confidence);
    tl_answers_loss(score, label, ROWS, CLASSES, loss);
    tl_confidence(logits, label, ROWS, CLASSES, of_logits);
    tl_cross_entropy(logits, label, ROWS, CLASSES, loss_of_logits);
    int certain = 0;
    for (int r = 0; r < ROWS; r++) {
        certain += score[r * CLASSES + label[r]] == 1.0f;
        /* a relative error of 6e-8 of each score is an absolute one of a logarithm */
        assert_true(fabs(confidence[r] - of_logits[r]) <= 1e-6 + 1e-5 * fabs(of_logits[r]));
        /* logits of 40 give no loss to less than their rounding */
        assert_true(fabs(loss[r] - loss_of_logits[r]) <=
                    1e-13 + 1e-5 * fabs(loss_of_logits[r]));
    }
    assert_true(certain >= 10);
    assert_true(ranks_alike(confidence, of_logits, 1.0));
}

static void the_three_order_rows_alike(void **state)
{
    (void)state;
    float logits[ROWS * CLASSES], score[ROWS * CLASSES];
    int32_t label[ROWS];
    double confidence[ROWS], loss[ROWS], probability[ROWS];
    draw(logits, label);
    tl_softmax(logits, ROWS, CLASSES, score);
    tl_answers_confidence(score, label, ROWS, CLASSES, confidence);
    tl_answers_loss(score, label, ROWS, CLASSES, loss);
    tl_answers_probability(score, label, ROWS, CLASSES, probability);
    assert_true(ranks_alike(confidence, loss, -1.0));
    for (int r = 0; r < ROWS; r++) {
        assert_true(fabs(probability[r] - exp(-loss[r])) <= 1e-15);
        assert_true(fabs(probability[r] - (double)score[r * CLASSES + label[r]]) <= 1e-6);
    }
}

static void what_a_link_left_of_the_scores_still_counts(void **state)
{
    (void)state;
    static const struct {
        float score[4];
        double confidence, loss, probability;
    } cases[] = {
        {{0.5f, 0.25f, 0.125f, 0.125f}, 0.0, 0.69314718055994531, 0.5},
        {{0.5f, 0.25f, 0.0f, 0.0f}, 0.69314718055994531, 0.40546510810816438, 2.0 / 3.0},
        {{0.0f, 0.5f, 0.5f, 0.0f}, -103.61632918473206, 103.61632918473206, 1e-45},
        {{1.0f, 0.0f, 0.0f, 0.0f}, 103.61632918473206, 1e-45, 1.0},
        {{0.0f, 0.0f, 0.0f, 0.0f}, 0.0, 0.69314718055994531, 0.5},
        {{0.5f, -0.25f, 0.5f, 0.0f}, 0.0, 0.69314718055994531, 0.5},
        {{-0.1f, 1.0f, 0.0f, 0.0f}, -103.61632918473206, 103.61632918473206, 1e-45},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        const int32_t label = 0;
        double confidence, loss, probability;
        tl_answers_confidence(cases[c].score, &label, 1, 4, &confidence);
        tl_answers_loss(cases[c].score, &label, 1, 4, &loss);
        tl_answers_probability(cases[c].score, &label, 1, 4, &probability);
        assert_true(fabs(confidence - cases[c].confidence) <= 1e-12);
        assert_true(fabs(loss - cases[c].loss) <= 1e-12 * cases[c].loss);
        assert_true(fabs(probability - cases[c].probability) <=
                    1e-12 * cases[c].probability);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_give_what_logits_give),
        cmocka_unit_test(the_three_order_rows_alike),
        cmocka_unit_test(what_a_link_left_of_the_scores_still_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
