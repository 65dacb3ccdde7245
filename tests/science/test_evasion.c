/*
 * Adversarial examples, made on the target and carried over to it: effects of known
 * direction on generated images; each bound stands beside its reason.
 */
#include "experiments/method/pgd_attack.h"
#include "tests/support/toy_world.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

static const char pgd[] = "d2d.pgd", transfer[] = "d2d.transfer_pgd";

static void learn(tl_setup_values *values)
{
    values->data[TL_DATA_POOL].number = 1200;
    values->data[TL_DATA_DIFFICULTY].number = 0.0;
    values->data[TL_DATA_TEST].number = 200;
    values->model[TL_MODEL_WIDTH].number = 8;
    values->recipe[TL_RECIPE_EPOCHS].number = 10;
    values->recipe[TL_RECIPE_LR].number = 3e-3;
}

static void attack(toy_world *toy, double eps, double steps, tl_measure *measure)
{
    tl_value arg[TL_MAX_PARAMS];
    toy_defaults(tl_stage_find(pgd), arg);
    toy_set(pgd, arg, "eps", eps);
    toy_set(pgd, arg, "steps", steps);
    toy_do(toy, pgd, arg, measure);
}

static double success(toy_world *toy, double eps, double steps)
{
    tl_measure measure[TL_MAX_METRICS];
    attack(toy, eps, steps, measure);
    return toy_metric(pgd, measure, "success");
}

static void no_room_to_move_fools_nobody(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, learn);
    toy_do(&toy, "train", NULL, NULL);
    tl_measure plain[TL_MAX_METRICS], measure[TL_MAX_METRICS];
    toy_do(&toy, "measure.utility", NULL, plain);
    for (int steps = 0; steps <= 3; steps += 3) {
        attack(&toy, 0.0, steps, measure);
        assert_true(toy_metric(pgd, measure, "success") == 0.0);
        assert_true(toy_metric(pgd, measure, "robust_accuracy") ==
                    toy_metric("measure.utility", plain, "accuracy"));
    }
    toy_world_close(&toy);
}

/*
 * Fails when steps go up the confidence instead of down (pgd_attack.c, descend), or when
 * the box is not kept: then the smallest eps fools as many as the largest.
 */
static void gradients_fool_more_than_noise_and_more_with_more_room(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, learn);
    toy_do(&toy, "train", NULL, NULL);
    const double noise = success(&toy, 0.05, 0), one = success(&toy, 0.05, 1);
    const double ten = success(&toy, 0.05, 10), little = success(&toy, 0.005, 10);
    printf("noise %.3f, one step %.3f, ten %.3f; a tenth of the room %.3f\n", noise, one,
           ten, little);
    assert_true(noise < 0.2);
    assert_true(ten > noise + 0.4);
    assert_true(ten >= one);
    assert_true(little < 0.5 * ten);
    toy_world_close(&toy);
}

static void moved_images_stay_in_their_box_and_in_range(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, NULL);
    toy_do(&toy, "train", NULL, NULL);
    const tl_dataset *test = toy.world.data[TL_PART_TEST];
    const size_t count = (size_t)test->rows * (size_t)tl_shape_size(test->shape);
    float *moved = tl_arena_take(&toy.arena, count, sizeof *moved, NULL);
    assert_non_null(moved);
    const tl_team alone = tl_team_alone();
    const tl_pgd how = {.eps = 0.3,
                        .steps = 5,
                        .step = 0.2,
                        .start = tl_rng_stream(1, 0, "test", 0, "start")};
    assert_int_equal(tl_pgd_attack(&how, toy.world.model[TL_PART_TARGET], test, &alone,
                                   &toy.arena, moved, NULL),
                     TL_OK);
    float most = 0.0f;
    for (size_t i = 0; i < count; i++) {
        const float off = fabsf(moved[i] - test->input[i]);
        most = off > most ? off : most;
        assert_true(moved[i] >= 0.0f && moved[i] <= 1.0f);
    }
    assert_true(fabsf(most - 0.3f) < 1e-6f);
    toy_world_close(&toy);
}

/*
 * A surrogate that is the target is the best there can be: its examples fool the target as
 * they fool itself, and more than those of a control model trained on 50 rows of its own.
 * Fails when the examples are made on another model than the one named (transfer_pgd's
 * run).
 */
static void a_perfect_copy_transfers_and_beats_a_control(void **state)
{
    (void)state;
    tl_value arg[TL_MAX_PARAMS];
    tl_measure measure[TL_MAX_METRICS];
    toy_world toy;
    toy_world_open(&toy, learn);
    toy_do(&toy, "train", NULL, NULL);
    toy.world.model[TL_PART_SURROGATE] = toy.world.model[TL_PART_TARGET];
    toy_defaults(tl_stage_find(transfer), arg);
    toy_set(transfer, arg, "eps", 0.05);
    toy_set(transfer, arg, "queries", 50);
    toy_do(&toy, transfer, arg, measure);
    const double copied = toy_metric(transfer, measure, "success");
    const double control = toy_metric(transfer, measure, "twin_success");
    printf("copy %.3f, control %.3f\n", copied, control);
    assert_true(copied == toy_metric(transfer, measure, "own_success"));
    assert_true(copied > control + 0.2);
    assert_true(fabs(toy_metric(transfer, measure, "gain") - (copied - control)) < 1e-12);
    toy_world_close(&toy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_room_to_move_fools_nobody),
        cmocka_unit_test(gradients_fool_more_than_noise_and_more_with_more_room),
        cmocka_unit_test(moved_images_stay_in_their_box_and_in_range),
        cmocka_unit_test(a_perfect_copy_transfers_and_beats_a_control),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
