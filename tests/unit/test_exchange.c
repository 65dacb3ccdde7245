/*
 * Gradients of several buckets: the same weights on any team, sharded or not, beside the
 * backward pass or after it, and across stops.
 */
#include "compute/core/blas.h"
#include "tests/support/team_threads.h"
#include "tests/support/wide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { MOST = 8 };

/* What a team trains, and what its members came to. */
typedef struct work {
    wide member[MOST]; /* member 0's state is the one that counts */
    tl_status status[MOST];
    float *param[MOST];
} work;

static work *open_work(const tl_recipe *recipe)
{
    work *w = calloc(1, sizeof *w);
    assert_non_null(w);
    for (int r = 0; r < MOST; r++) {
        w->member[r].recipe = *recipe;
        w->param[r] = calloc(wide_params(), sizeof *w->param[r]);
        assert_non_null(w->param[r]);
    }
    return w;
}

static void close_work(work *w)
{
    for (int r = 0; r < MOST; r++) {
        free(w->param[r]);
        free(w->member[r].state);
    }
    free(w);
}

static void train(const tl_team *team, void *self)
{
    work *w = self;
    const int r = team->rank;
    w->status[r] = wide_train(&w->member[r], team, w->param[r]);
}

static work *train_alone(const tl_recipe *recipe)
{
    work *w = open_work(recipe);
    const tl_team alone = tl_team_alone();
    train(&alone, w);
    assert_int_equal(w->status[0], TL_OK);
    return w;
}

static void assert_same(const work *w, int size, const work *wanted)
{
    for (int r = 0; r < size; r++) {
        assert_int_equal(w->status[r], TL_OK);
        assert_memory_equal(w->param[r], wanted->param[0], wide_params() * sizeof(float));
    }
}

static void teams_come_to_the_same_weights(void **state)
{
    (void)state;
    assert_true(wide_params() > TL_BUCKET + TL_BUCKET / 8 &&
                wide_params() % TL_GRADIENT_CHUNK != 0);
    for (int kind = 0; kind < WIDE_KINDS; kind++) {
        tl_recipe recipe = wide_recipe(kind);
        work *wanted = train_alone(&recipe);
        for (int size = 2; size <= MOST; size *= 4) {
            for (int zero = 0; zero < 2; zero++) {
                recipe.zero = zero;
                work *w = open_work(&recipe);
                team_threads_run(size, train, w);
                assert_same(w, size, wanted);
                close_work(w);
            }
        }
        close_work(wanted);
    }
}

/* Stopped on a team of one kind and gone on with on another. */
static void check_stop(tl_recipe recipe, int size, bool zero, int later, bool later_zero,
                       const work *wanted)
{
    recipe.zero = zero;
    work *w = open_work(&recipe);
    team_threads_run_asked(size, size - 1, 3, train, w);
    for (int r = 0; r < size; r++) assert_int_equal(w->status[r], TL_E_STOP);
    assert_non_null(w->member[0].state);
    for (int r = 0; r < MOST; r++) w->member[r].recipe.zero = later_zero;
    team_threads_run(later, train, w);
    assert_same(w, later, wanted);
    close_work(w);
}

static void a_stopped_training_goes_on_on_any_team(void **state)
{
    (void)state;
    for (int kind = 2; kind < 4; kind++) {
        const tl_recipe recipe = wide_recipe(kind);
        work *wanted = train_alone(&recipe);
        check_stop(recipe, 4, true, 1, false, wanted);
        check_stop(recipe, 1, false, 8, true, wanted);
        check_stop(recipe, 8, true, 2, true, wanted);
        check_stop(recipe, 2, false, 4, true, wanted);
        close_work(wanted);
    }
}

static void a_sharded_training_saves_by_time(void **state)
{
    (void)state;
    tl_recipe recipe = wide_recipe(0);
    work *wanted = train_alone(&recipe);
    recipe.zero = true;
    work *w = open_work(&recipe);
    for (int r = 0; r < MOST; r++) w->member[r].every = 1e-9;
    team_threads_run(4, train, w);
    assert_same(w, 4, wanted);
    assert_true(w->member[0].saves > 1);
    close_work(w);
    close_work(wanted);
}

static void a_member_keeps_its_share_of_the_state(void **state)
{
    (void)state;
    tl_recipe recipe = wide_recipe(0);
    const size_t params = 124 * 1000 * 1000;
    for (int zero = 0; zero < 2; zero++) {
        recipe.zero = zero;
        for (int ranks = 2; ranks <= 64; ranks *= 2) {
            tl_arena arena = tl_arena_counter();
            const tl_team team = tl_team_counted(0, ranks);
            const double least = (double)params / (zero ? ranks : 1);
            tl_exchange exchange;
            assert_int_equal(
                tl_exchange_new(params, 0, &recipe, &team, &arena, &exchange, NULL), TL_OK);
            assert_true((double)exchange.kept >= least);
            assert_true((double)exchange.kept <= 1.001 * least + TL_GRADIENT_CHUNK);
            tl_arena_close(&arena);
        }
    }
}

static void what_is_not_finite_ends_on_all_members(void **state)
{
    (void)state;
    for (int zero = 0; zero < 2; zero++) {
        tl_recipe recipe = wide_recipe(1);
        recipe.zero = zero;
        recipe.lr = 1e30;
        work *w = open_work(&recipe);
        team_threads_run(4, train, w);
        for (int r = 0; r < 4; r++) assert_int_equal(w->status[r], TL_E_NUMERIC);
        close_work(w);
    }
}

int main(void)
{
    tl_blas_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(teams_come_to_the_same_weights),
        cmocka_unit_test(a_stopped_training_goes_on_on_any_team),
        cmocka_unit_test(a_sharded_training_saves_by_time),
        cmocka_unit_test(a_member_keeps_its_share_of_the_state),
        cmocka_unit_test(what_is_not_finite_ends_on_all_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
