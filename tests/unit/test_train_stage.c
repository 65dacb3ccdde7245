/* The stage train: whom it trains on, when it stops, and which recipes it refuses. */
#include "tests/support/toy_world.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void training_sees_members_alone(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, NULL);
    tl_measure measure[TL_MAX_METRICS];
    toy_do(&toy, "train", NULL, measure);
    assert_true(toy_metric("train", measure, "rows") == 100.0);
    const tl_model *first = toy.world.model[TL_PART_TARGET];
    tl_dataset *other;
    assert_int_equal(tl_dataset_copy(toy.world.data[TL_PART_POOL], TL_COPY_INPUTS,
                                     &toy.arena, &other, NULL),
                     TL_OK);
    const size_t size = (size_t)tl_shape_size(other->shape);
    for (int i = 0; i < other->rows; i++) {
        if (other->flags[i] & TL_ROW_MEMBER) continue;
        memset(other->input + (size_t)i * size, 0, size * sizeof(float));
    }
    toy.world.data[TL_PART_POOL] = other;
    toy_do(&toy, "train", NULL, NULL);
    assert_memory_equal(first->param, toy.world.model[TL_PART_TARGET]->param,
                        first->params * sizeof(float));
    toy_world_close(&toy);
}

static void no_epochs(tl_setup_values *values)
{
    values->recipe[TL_RECIPE_EPOCHS].number = 0;
}

static void no_epochs_leave_the_starting_weights_and_no_loss(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, no_epochs);
    tl_measure measure[TL_MAX_METRICS];
    toy_do(&toy, "train", NULL, measure);
    assert_true(isnan(toy_metric("train", measure, "loss")) != 0);
    assert_true(toy_metric("train", measure, "epochs") == 0.0);
    toy_world_close(&toy);
}

static void impatient(tl_setup_values *values)
{
    values->recipe[TL_RECIPE_EPOCHS].number = 20;
    values->recipe[TL_RECIPE_PATIENCE].number = 2;
}

/* Gives the validation rows labels of other classes: they get worse with every epoch. */
static void mislabel_validation(toy_world *toy)
{
    tl_dataset *other;
    assert_int_equal(tl_dataset_copy(toy->world.data[TL_PART_VALIDATION], TL_COPY_LABELS,
                                     &toy->arena, &other, NULL),
                     TL_OK);
    for (int i = 0; i < other->rows; i++) {
        other->label[i] = (other->label[i] + 1) % other->classes;
    }
    toy->world.data[TL_PART_VALIDATION] = other;
}

static void patience_stops_by_the_validation_rows_and_says_when(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, impatient);
    mislabel_validation(&toy);
    tl_measure measure[TL_MAX_METRICS];
    toy_do(&toy, "train", NULL, measure);
    const double epochs = toy_metric("train", measure, "epochs");
    assert_true(epochs >= 3.0 && epochs < 20.0);
    toy_world_close(&toy);
}

static void recipes_that_cannot_be_followed_are_refused(void **state)
{
    (void)state;
    static const struct {
        int patience, validation, shift, vocabulary;
        const char *wanted; /* NULL: passes */
    } cases[] = {{0, 0, 0, 0, NULL},
                 {2, 20, 2, 0, NULL},
                 {2, 0, 0, 0, "recipe.patience is 2"},
                 {0, 0, 2, 0, NULL},
                 {0, 0, 0, 256, NULL},
                 {0, 0, 2, 256, "recipe.shift and recipe.flip alter images"}};
    toy_world toy;
    toy_world_open(&toy, NULL);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        tl_size size = toy.size;
        size.validation = cases[c].validation;
        size.vocabulary = cases[c].vocabulary;
        size.setup.recipe.patience = cases[c].patience;
        size.setup.recipe.shift = cases[c].shift;
        tl_err err = {0};
        const tl_status status = tl_stage_find("train")->check(&size, NULL, &err);
        assert_int_equal(status, cases[c].wanted ? TL_E_ARG : TL_OK);
        if (cases[c].wanted) assert_non_null(strstr(err.text, cases[c].wanted));
    }
    toy_world_close(&toy);
}

static void recomputing_wants_blocks_with_a_way_around(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, NULL);
    tl_size size = toy.size;
    size.setup.recipe.recompute = true;
    tl_err err = {0};
    for (int kind = TL_MODEL_MLP; kind <= TL_MODEL_CNN; kind++) {
        size.setup.model.kind = (tl_model_kind)kind;
        assert_int_equal(tl_stage_find("train")->check(&size, NULL, &err), TL_E_ARG);
        assert_non_null(strstr(err.text, "resnet, gpt and llama do"));
    }
    size.setup.model.kind = TL_MODEL_RESNET;
    size.setup.model.depth = 1;
    assert_int_equal(tl_stage_find("train")->check(&size, NULL, &err), TL_OK);
    toy_world_close(&toy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_sees_members_alone),
        cmocka_unit_test(no_epochs_leave_the_starting_weights_and_no_loss),
        cmocka_unit_test(patience_stops_by_the_validation_rows_and_says_when),
        cmocka_unit_test(recipes_that_cannot_be_followed_are_refused),
        cmocka_unit_test(recomputing_wants_blocks_with_a_way_around),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
