/*
 * The closed loop: what an attacker has recovered makes its next attack better.
 */
#include "tests/support/toy_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

/* An attacker with 4 rows of its own, against a model that is worth copying. */
static void poor_attacker(tl_setup_values *values)
{
    values->data[TL_DATA_POOL].number = 600;
    values->data[TL_DATA_ATTACKER].number = 4;
    values->data[TL_DATA_TEST].number = 600;
    values->recipe[TL_RECIPE_EPOCHS].number = 30;
    values->recipe[TL_RECIPE_LR].number = 3e-3;
}

/* Agreement with the target of a surrogate trained on 400 queries. */
static double agreement(toy_world *toy)
{
    tl_value arg[TL_MAX_PARAMS];
    tl_measure measure[TL_MAX_METRICS];
    const tl_stage *stage = tl_stage_find("m2m.model_extraction");
    toy_defaults(stage, arg);
    arg[tl_params_find(stage->params, "queries")].number = 400;
    toy_do(toy, stage->name, arg, measure);
    return measure[0].value;
}

/*
 * 400 queries about 4 rows and shifted copies of them say less of the target than 400 about
 * 4 and 396 other rows of its own kind; here the rows recovered are the pool's, as a
 * perfect M->D attack would find them. Binomial error of an agreement of 0.8 over 300 rows:
 * 0.023. Fails when the recovered rows are not copied behind the attacker's own.
 */
static void recovered_rows_make_a_better_copy(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, poor_attacker);
    toy_do(&toy, "train", NULL, NULL);
    assert_string_equal(tl_stage_find("m2m.model_extraction")->metrics[0].name,
                        "agreement");
    const double before = agreement(&toy);
    toy.world.data[TL_PART_RECOVERED] = toy.world.data[TL_PART_POOL];
    toy_do(&toy, "d2d.use_recovered", NULL, NULL);
    const double after = agreement(&toy);
    print_message("agreement %.3f with 4 rows, %.3f with those recovered\n", before, after);
    assert_true(after > before + 0.07);
    toy_world_close(&toy);
}

/*
 * Controls are what anybody has without the model: with its reconstructions among the
 * attacker's rows, evaluator, mean images, unseen images and starts are the same bits, and
 * with them every metric and image of an inversion of the same target. Fails when one of
 * them takes recovered rows (reconstruction.c, NOT_CONTROL).
 */
static void recovered_rows_are_no_controls(void **state)
{
    (void)state;
    static const char inversion[] = "m2d.inversion";
    toy_world toy;
    toy_world_open(&toy, NULL);
    toy_do(&toy, "train", NULL, NULL);
    tl_measure before[TL_MAX_METRICS], after[TL_MAX_METRICS];
    toy_do(&toy, inversion, NULL, before);
    const tl_dataset *found = toy.world.data[TL_PART_RECOVERED];
    for (int i = 0; i < found->rows; i++) {
        assert_int_equal(found->flags[i], TL_ROW_RECOVERED);
    }
    toy_do(&toy, "d2d.use_recovered", NULL, NULL);
    toy_do(&toy, inversion, NULL, after);
    for (int m = 0; tl_stage_find(inversion)->metrics[m].name; m++) {
        if (before[m].value != after[m].value) {
            fail_msg("%s: %g, then %g", tl_stage_find(inversion)->metrics[m].name,
                     before[m].value, after[m].value);
        }
    }
    assert_memory_equal(found->input, toy.world.data[TL_PART_RECOVERED]->input,
                        (size_t)found->rows * (size_t)tl_shape_size(found->shape) *
                            sizeof *found->input);
    toy_world_close(&toy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recovered_rows_make_a_better_copy),
        cmocka_unit_test(recovered_rows_are_no_controls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
