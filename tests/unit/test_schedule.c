/* Recipes: shards, budgets of updates, and the step size over them. */
#include "compute/train/lr_schedule.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void shards_are_a_power_of_two(void **state)
{
    (void)state;
    static const int cases[][3] = {{64, 8, 8},   {64, 7, 4},  {31, 8, 4}, {32, 8, 8},
                                   {4, 8, 1},    {7, 8, 1},   {8, 8, 2},  {1, 8, 1},
                                   {64, 16, 16}, {63, 16, 8}, {64, 1, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const tl_recipe recipe = {.batch = cases[i][0], .shards = cases[i][1]};
        assert_int_equal(tl_recipe_shards(&recipe), cases[i][2]);
    }
}

static void budget_counts_groups_of_batches(void **state)
{
    (void)state;
    static const struct {
        int epochs, batch, accumulate, rows, updates;
    } cases[] = {{6, 37, 0, 90, 18},  {6, 37, 1, 90, 18},       {6, 37, 2, 90, 12},
                 {6, 37, 3, 90, 6},   {2, 10, 1, 100, 20},      {2, 10, 5, 100, 4},
                 {1, 10, 1, 101, 11}, {3, 1000000, 1024, 1, 3}, {0, 10, 1, 100, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const tl_recipe recipe = {.epochs = cases[i].epochs,
                                  .batch = cases[i].batch,
                                  .accumulate = cases[i].accumulate};
        assert_int_equal(tl_recipe_updates(&recipe, cases[i].rows), cases[i].updates);
    }
}

static void rate_is_that_of_the_formula(void **state)
{
    (void)state;
    static const struct {
        tl_schedule schedule;
        double warmup, end;
        long update, updates;
        double rate;
    } cases[] = {
        {TL_SCHEDULE_CONSTANT, 0.0, 0.0, 1, 10, 0.5},
        {TL_SCHEDULE_CONSTANT, 0.0, 0.0, 10, 10, 0.5},
        {TL_SCHEDULE_CONSTANT, 0.4, 0.0, 1, 10, 0.125},
        {TL_SCHEDULE_CONSTANT, 0.4, 0.0, 4, 10, 0.5},
        {TL_SCHEDULE_CONSTANT, 0.4, 0.0, 5, 10, 0.5},
        {TL_SCHEDULE_CONSTANT, 1.0, 0.0, 10, 10, 0.5},
        {TL_SCHEDULE_LINEAR, 0.0, 0.0, 1, 10, 0.5},
        {TL_SCHEDULE_LINEAR, 0.0, 0.0, 6, 10, 0.25},
        {TL_SCHEDULE_LINEAR, 0.0, 0.0, 10, 10, 0.05},
        {TL_SCHEDULE_LINEAR, 0.0, 0.5, 6, 10, 0.375},
        {TL_SCHEDULE_LINEAR, 0.0, 1.0, 6, 10, 0.5},
        {TL_SCHEDULE_LINEAR, 0.2, 0.0, 3, 10, 0.5},
        {TL_SCHEDULE_LINEAR, 0.2, 0.0, 7, 10, 0.25},
        {TL_SCHEDULE_COSINE, 0.0, 0.0, 1, 12, 0.5},
        {TL_SCHEDULE_COSINE, 0.0, 0.0, 5, 12, 0.375}, /* cos(pi / 3) = 1/2 */
        {TL_SCHEDULE_COSINE, 0.0, 0.0, 7, 12, 0.25},
        {TL_SCHEDULE_COSINE, 0.0, 0.2, 7, 12, 0.3},
        {TL_SCHEDULE_COSINE, 0.25, 0.0, 2, 12, 0.5 * 2.0 / 3.0},
        {TL_SCHEDULE_COSINE, 0.25, 0.0, 7, 12, 0.375},
        {TL_SCHEDULE_COSINE, 1.0, 0.0, 1, 1, 0.5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const tl_recipe recipe = {.lr = 0.5,
                                  .schedule = cases[i].schedule,
                                  .warmup = cases[i].warmup,
                                  .lr_end = cases[i].end};
        const double rate = tl_schedule_rate(&recipe, cases[i].update, cases[i].updates);
        assert_true(fabs(rate - cases[i].rate) < 1e-12);
    }
}

static void rate_rises_then_falls_towards_its_end(void **state)
{
    (void)state;
    const long updates = 1000;
    for (int k = TL_SCHEDULE_COSINE; k < TL_SCHEDULES; k++) {
        const tl_recipe recipe = {
            .lr = 2.0, .schedule = (tl_schedule)k, .warmup = 0.1, .lr_end = 0.05};
        double before = 0.0;
        for (long u = 1; u <= updates; u++) {
            const double rate = tl_schedule_rate(&recipe, u, updates);
            assert_true(u <= 100 ? rate > before : rate <= before);
            assert_true(rate > (u <= 100 ? 0.0 : 0.1) && rate <= 2.0);
            before = rate;
        }
        assert_true(before < 0.1 + 2.0 / 900.0);
    }
}

static void every_member_of_a_recipe_is_in_its_hash(void **state)
{
    (void)state;
    const tl_recipe other[] = {
        {0},
        {.epochs = 1},
        {.batch = 1},
        {.shards = 1},
        {.optimizer = TL_ADAMW},
        {.lr = 1.0},
        {.momentum = 1.0},
        {.weight_decay = 1.0},
        {.schedule = TL_SCHEDULE_COSINE},
        {.warmup = 1.0},
        {.lr_end = 1.0},
        {.accumulate = 1},
        {.clip = 1.0},
        {.label_smoothing = 1.0},
        {.decay = TL_DECAY_MATRICES},
        {.average = 1.0},
        {.patience = 1},
        {.shift = 1},
        {.flip = true},
    };
    enum { RECIPES = sizeof other / sizeof *other };
    tl_key key[RECIPES];
    for (int i = 0; i < RECIPES; i++) {
        tl_hash hash = {0};
        tl_recipe_hash(&other[i], &hash);
        key[i] = tl_hash_end(&hash);
        for (int j = 0; j < i; j++) assert_false(tl_key_equal(&key[i], &key[j]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shards_are_a_power_of_two),
        cmocka_unit_test(budget_counts_groups_of_batches),
        cmocka_unit_test(rate_is_that_of_the_formula),
        cmocka_unit_test(rate_rises_then_falls_towards_its_end),
        cmocka_unit_test(every_member_of_a_recipe_is_in_its_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
