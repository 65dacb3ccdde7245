/* Early stopping: when, with which weights, and on any team. */
#include "compute/core/blas.h"
#include "tests/support/training.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Validated on rows with labels `hop` classes on. */
static training *open_patient(int patience, int hop)
{
    training *it = training_open(&training_adamw);
    it->recipe.patience = patience;
    training_validate(it, hop);
    return it;
}

static void what_gets_worse_stops_after_the_patience_with_the_best_weights(void **state)
{
    (void)state; /* wrong labels: the longer it trains, the surer it is of other classes */
    training *wanted = training_open(&training_adamw);
    wanted->recipe.epochs = 1;
    training_run(wanted);
    for (int patience = 1; patience <= 3; patience++) {
        training *it = training_run(open_patient(patience, 1));
        assert_int_equal(it->report[0].epochs, 1 + patience);
        assert_int_equal(it->report[0].updates, 3 * (1 + patience));
        assert_memory_equal(it->param[0], wanted->param[0], it->params * sizeof(float));
        free(it);
    }
    free(wanted);
}

static void what_gets_better_runs_all_epochs(void **state)
{
    (void)state;
    training *wanted = training_run(training_open(&training_adamw));
    training *it = training_run(open_patient(1, 0));
    training_assert_same(it, 1, wanted);
    free(it);
    free(wanted);
}

static void without_patience_or_rows_nobody_looks(void **state)
{
    (void)state;
    training *wanted = training_run(training_open(&training_adamw));
    training *unasked = training_run(open_patient(0, 1)), *blind = open_patient(1, 1);
    blind->validation.rows = 0;
    training_run(blind);
    training_assert_same(unasked, 1, wanted);
    training_assert_same(blind, 1, wanted);
    free(blind);
    free(unasked);
    free(wanted);
}

static void averaged_weights_are_what_is_looked_at(void **state)
{
    (void)state;
    training *wanted = training_open(&training_adamw), *it = open_patient(2, 1);
    wanted->recipe.average = it->recipe.average = 0.9;
    wanted->recipe.epochs = 1;
    training_run(wanted);
    training_run(it);
    assert_int_equal(it->report[0].epochs, 3);
    assert_memory_equal(it->param[0], wanted->param[0], it->params * sizeof(float));
    free(it);
    free(wanted);
}

static void no_epochs_leave_the_starting_weights(void **state)
{
    (void)state;
    training *wanted = training_open(&training_adamw), *it = open_patient(2, 1);
    wanted->recipe.epochs = it->recipe.epochs = 0;
    it->recipe.average = 0.9;
    training_run(wanted);
    training_assert_same(training_run(it), 1, wanted);
    free(it);
    free(wanted);
}

static void every_team_stops_at_the_same_epoch(void **state)
{
    (void)state;
    training *wanted = training_run(open_patient(2, 2));
    assert_int_equal(wanted->report[0].epochs, 3);
    for (int size = 1; size <= 8; size *= 2) {
        training *it = open_patient(2, 2);
        team_threads_run(size, training_member, it);
        training_assert_same(it, size, wanted);
        free(it);
    }
    free(wanted);
}

static void validation_loss_that_is_not_finite_names_the_epoch(void **state)
{
    (void)state;
    float pixel[TRAINING_PIXELS] = {INFINITY}; /* units of either sign: inf - inf */
    training *it = open_patient(2, 0);
    it->spec = (tl_model_spec){.kind = TL_MODEL_MLP,
                               .width = 16,
                               .depth = 1,
                               .in = {1, 8, 8},
                               .classes = TRAINING_CLASSES};
    it->validation.input = pixel;
    it->validation.rows = 1;
    team_threads_run(2, training_member, it);
    for (int r = 0; r < 2; r++) {
        assert_int_equal(it->status[r], TL_E_NUMERIC);
        assert_string_equal(it->err[r].text, "validation loss is not finite after epoch 1");
    }
    free(it);
}

int main(void)
{
    tl_blas_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_gets_worse_stops_after_the_patience_with_the_best_weights),
        cmocka_unit_test(what_gets_better_runs_all_epochs),
        cmocka_unit_test(without_patience_or_rows_nobody_looks),
        cmocka_unit_test(averaged_weights_are_what_is_looked_at),
        cmocka_unit_test(no_epochs_leave_the_starting_weights),
        cmocka_unit_test(every_team_stops_at_the_same_epoch),
        cmocka_unit_test(validation_loss_that_is_not_finite_names_the_epoch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
