/* A training that was stopped goes on from its checkpoint as if it had not been. */
#include "compute/core/blas.h"
#include "tests/support/training.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* With validation rows that are learned; the recipe says whether anybody looks at them. */
static training *open_kept(const tl_recipe *recipe)
{
    training *it = training_open(recipe);
    training_validate(it, 0);
    it->is_kept = true;
    return it;
}

/* Stops once on a team of `first`, goes on with one of `second`. A member hears of the stop
 * at its tick `tick`, a batch; all leave after the update that this is part of. */
static void check_resumed(const tl_recipe *recipe, int first, int second, long tick,
                          const char *where)
{
    training *wanted = training_run(open_kept(recipe)), *it = open_kept(recipe);
    team_threads_run_asked(first, first - 1, tick, training_member, it);
    for (int r = 0; r < first; r++) {
        assert_int_equal(it->status[r], TL_E_STOP);
        assert_string_equal(it->err[r].text, where);
    }
    assert_int_equal(it->loads, 1);
    assert_int_equal(it->saves, 1);
    team_threads_run(second, training_member, it);
    assert_int_equal(it->loads, 2);
    assert_int_equal(it->saves, 1);
    training_assert_same(it, second, wanted);
    free(it);
    free(wanted);
}

static void resumed_training_equals_a_whole_one(void **state)
{
    (void)state; /* three batches an epoch: 3 and 6 are the last of one */
    check_resumed(&training_adamw, 1, 4, 4, "stopped after update 4 of 18");
    check_resumed(&training_adamw, 4, 1, 5, "stopped after update 5 of 18");
    check_resumed(&training_sgd, 2, 8, 6, "stopped after update 6 of 18");
    check_resumed(&training_sgd, 8, 2, 1, "stopped after update 1 of 18");
    check_resumed(&training_sgd, 1, 1, 3, "stopped after update 3 of 18");
}

static void resumed_training_goes_on_with_all_a_recipe_says(void **state)
{
    (void)state;
    tl_recipe recipe = training_rich;
    check_resumed(&recipe, 1, 8, 4, "stopped after update 3 of 12");
    check_resumed(&recipe, 8, 2, 5, "stopped after update 3 of 12");
    recipe.patience = 4;
    check_resumed(&recipe, 2, 4, 6, "stopped after update 3 of 12");
    recipe.average = 0.0;
    check_resumed(&recipe, 4, 1, 4, "stopped after update 3 of 12");
}

static void best_epoch_before_the_stop_is_not_forgotten(void **state)
{
    (void)state; /* the first epoch is the best, the stop is after the second */
    tl_recipe recipe = training_adamw;
    recipe.patience = 3;
    training *wanted = open_kept(&recipe), *it = open_kept(&recipe);
    training_validate(wanted, 1);
    training_validate(it, 1);
    training_run(wanted);
    assert_int_equal(wanted->report[0].epochs, 1 + 3);
    team_threads_run_asked(2, 0, 4, training_member, it);
    assert_int_equal(it->status[0], TL_E_STOP);
    team_threads_run(4, training_member, it);
    training_assert_same(it, 4, wanted);
    free(it);
    free(wanted);
}

static void checkpoint_by_time_goes_on_from_there(void **state)
{
    (void)state;
    training *wanted = training_run(training_open(&training_adamw)),
             *it = training_open(&training_adamw);
    it->is_kept = true;
    it->every = 1e-9;
    team_threads_run(2, training_member, it);
    training_assert_same(it, 2, wanted);
    /* The end is not a checkpoint. */
    assert_int_equal(it->saves, 3 * training_adamw.epochs - 1);
    team_threads_run(4, training_member, it);
    training_assert_same(it, 4, wanted);
    assert_int_equal(it->saves, 3 * training_adamw.epochs - 1); /* one update was left */
    free(it);
    free(wanted);
}

static void state_of_another_training_is_left(void **state)
{
    (void)state;
    training *wanted = training_run(training_open(&training_adamw)),
             *it = training_open(&training_adamw);
    it->is_kept = true;
    it->state_size = 100;
    memset(it->state, 0x55, sizeof it->state);
    team_threads_run(2, training_member, it);
    training_assert_same(it, 2, wanted);
    it->state_size = 5000; /* whatever it holds */
    team_threads_run(2, training_member, it);
    training_assert_same(it, 2, wanted);
    it->every = 1e-9;
    it->recipe.lr = 0.02; /* leaves a state of the same size */
    team_threads_run(2, training_member, it);
    it->recipe.lr = training_adamw.lr;
    team_threads_run(2, training_member, it);
    training_assert_same(it, 2, wanted);
    free(it);
    free(wanted);
}

static void progress_that_no_training_can_have_is_left(void **state)
{
    (void)state;
    static const size_t place[] = {
        offsetof(tl_progress, epoch), offsetof(tl_progress, update),
        offsetof(tl_progress, row), offsetof(tl_progress, best_epoch)};
    training *wanted = training_run(training_open(&training_adamw)),
             *it = training_open(&training_adamw);
    it->is_kept = true;
    for (size_t k = 0; k < sizeof place / sizeof *place; k++) {
        it->state_size = 0;
        team_threads_run_asked(2, 0, 4, training_member, it);
        assert_int_equal(it->status[0], TL_E_STOP);
        const int64_t wrong = -5;
        memcpy(it->state + sizeof(tl_key) + place[k], &wrong, sizeof wrong);
        team_threads_run(2, training_member, it);
        training_assert_same(it, 2, wanted);
    }
    free(it);
    free(wanted);
}

static void stop_without_checkpoint_is_a_stop(void **state)
{
    (void)state;
    training *it = training_open(&training_adamw);
    team_threads_run_asked(4, 2, 1, training_member, it);
    for (int r = 0; r < 4; r++) assert_int_equal(it->status[r], TL_E_STOP);
    assert_int_equal(it->report[0].updates, 1);
    free(it);
}

int main(void)
{
    tl_blas_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resumed_training_equals_a_whole_one),
        cmocka_unit_test(resumed_training_goes_on_with_all_a_recipe_says),
        cmocka_unit_test(best_epoch_before_the_stop_is_not_forgotten),
        cmocka_unit_test(checkpoint_by_time_goes_on_from_there),
        cmocka_unit_test(state_of_another_training_is_left),
        cmocka_unit_test(progress_that_no_training_can_have_is_left),
        cmocka_unit_test(stop_without_checkpoint_is_a_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
