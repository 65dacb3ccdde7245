/* The stages of experiments/: what each does to data and which plans it refuses. */
#include "tests/support/toy_world.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

/* Arguments of a stage: defaults, with one changed. */
typedef struct args {
    tl_value value[TL_MAX_PARAMS];
} args;

static args with(const char *stage, const char *name, double number)
{
    args out;
    const tl_stage *found = tl_stage_find(stage);
    toy_defaults(found, out.value);
    out.value[tl_params_find(found->params, name)].number = number;
    return out;
}

static int metric_at(const char *stage, const char *name)
{
    const tl_metric *metrics = tl_stage_find(stage)->metrics;
    int at = 0;
    while (strcmp(metrics[at].name, name) != 0) at++;
    return at;
}

/* --- poisoning ------------------------------------------------------------------------ */

static void a_larger_rate_poisons_a_superset(void **state)
{
    (void)state;
    static const char *const names[] = {"d2m.label_flip", "d2m.badnets", "d2m.blended"};
    for (int s = 0; s < 3; s++) {
        toy_world few, many;
        toy_world_open(&few, NULL);
        toy_world_open(&many, NULL);
        const tl_dataset *clean = few.world.data[TL_PART_POOL];
        toy_do(&few, names[s], with(names[s], "rate", 0.1).value, NULL);
        toy_do(&many, names[s], with(names[s], "rate", 0.4).value, NULL);
        const tl_dataset *a = few.world.data[TL_PART_POOL];
        const tl_dataset *b = many.world.data[TL_PART_POOL];
        int poisoned[2] = {0, 0};
        for (int i = 0; i < a->rows; i++) {
            const bool in_a = a->flags[i] & TL_ROW_POISONED;
            const bool in_b = b->flags[i] & TL_ROW_POISONED;
            poisoned[0] += in_a;
            poisoned[1] += in_b;
            assert_true(!in_a || in_b);
            if (in_a) assert_int_equal(a->label[i], b->label[i]);
            if (!in_a) assert_int_equal(a->label[i], clean->label[i]);
            assert_int_equal(a->flags[i] & TL_ROW_MEMBER, clean->flags[i] & TL_ROW_MEMBER);
        }
        /* 4 standard deviations of a binomial of 200 */
        assert_in_range(poisoned[0], 20 - 17, 20 + 17);
        assert_in_range(poisoned[1], 80 - 28, 80 + 28);
        toy_world_close(&few);
        toy_world_close(&many);
    }
}

static void flipped_rows_have_another_label_and_members_are_not_preferred(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, NULL);
    const tl_dataset *clean = toy.world.data[TL_PART_POOL];
    tl_measure measure[TL_MAX_METRICS];
    toy_do(&toy, "d2m.label_flip", with("d2m.label_flip", "rate", 0.5).value, measure);
    const tl_dataset *pool = toy.world.data[TL_PART_POOL];
    int by_member[2] = {0, 0};
    for (int i = 0; i < pool->rows; i++) {
        const bool is_flipped = pool->flags[i] & TL_ROW_POISONED;
        assert_true((pool->label[i] != clean->label[i]) == is_flipped);
        assert_in_range(pool->label[i], 0, pool->classes - 1);
        by_member[(pool->flags[i] & TL_ROW_MEMBER) != 0] += is_flipped;
    }
    assert_in_range(by_member[0], 30, 70); /* of 100, 4 standard deviations */
    assert_in_range(by_member[1], 30, 70);
    assert_true(measure[0].value == by_member[1]);
    assert_ptr_equal(pool->input, clean->input); /* images are shared */
    toy_world_close(&toy);
}

static void rate_zero_poisons_nothing_and_one_everything(void **state)
{
    (void)state;
    for (int rate = 0; rate <= 1; rate++) {
        toy_world toy;
        toy_world_open(&toy, NULL);
        toy_do(&toy, "d2m.badnets", with("d2m.badnets", "rate", rate).value, NULL);
        const tl_dataset *pool = toy.world.data[TL_PART_POOL];
        for (int i = 0; i < pool->rows; i++) {
            assert_int_equal((pool->flags[i] & TL_ROW_POISONED) != 0, rate);
        }
        toy_world_close(&toy);
    }
}

static void the_trigger_is_a_white_square_in_the_lower_right_corner(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, NULL);
    const tl_dataset *clean = toy.world.data[TL_PART_POOL];
    args arg = with("d2m.badnets", "rate", 1.0);
    arg.value[tl_params_find(tl_stage_find("d2m.badnets")->params, "target")].number = 2;
    toy_do(&toy, "d2m.badnets", arg.value, NULL);
    const tl_dataset *pool = toy.world.data[TL_PART_POOL];
    for (int at = 0; at < 28 * 28; at++) {
        const int y = at / 28, x = at % 28;
        const bool is_inside = y >= 24 && y <= 26 && x >= 24 && x <= 26;
        assert_true(pool->input[at] == (is_inside ? 1.0f : clean->input[at]));
    }
    for (int i = 0; i < pool->rows; i++) assert_int_equal(pool->label[i], 2);
    toy_world_close(&toy);
}

/* --- membership ----------------------------------------------------------------------- */

static void membership_is_judged_on_clean_rows(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, NULL);
    toy_do(&toy, "d2m.badnets", with("d2m.badnets", "rate", 0.3).value, NULL);
    toy_do(&toy, "train", NULL, NULL);
    const tl_dataset *pool = toy.world.data[TL_PART_POOL];
    double clean = 0.0;
    for (int i = 0; i < pool->rows; i++) clean += !(pool->flags[i] & TL_ROW_POISONED);
    tl_measure measure[TL_MAX_METRICS];
    toy_do(&toy, "m2d.global_threshold", NULL, measure);
    assert_true(measure[metric_at("m2d.global_threshold", "accuracy")].n == clean);
    toy_world_close(&toy);
}

static void no_row_left_clean_is_missing_not_zero(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, NULL);
    toy_do(&toy, "d2m.label_flip", with("d2m.label_flip", "rate", 1.0).value, NULL);
    toy_do(&toy, "train", NULL, NULL);
    tl_measure measure[TL_MAX_METRICS];
    toy_do(&toy, "m2d.global_threshold", NULL, measure);
    assert_int_equal(measure[metric_at("m2d.global_threshold", "auc")].why,
                     TL_WHY_UNRESOLVABLE);
    toy_do(&toy, "measure.utility", NULL, measure);
    assert_int_equal(measure[metric_at("measure.utility", "train_accuracy")].why,
                     TL_WHY_UNRESOLVABLE);
    assert_int_equal(measure[metric_at("measure.utility", "accuracy")].why,
                     TL_WHY_HAS_VALUE);
    toy_world_close(&toy);
}

static double pool_rows; /* for the function below, which takes no argument of ours */

static void resize_pool(tl_setup_values *values)
{
    values->recipe[TL_RECIPE_EPOCHS].number = 0;
    values->data[TL_DATA_POOL].number = pool_rows;
}

static void low_false_positive_rates_need_ten_false_positives(void **state)
{
    (void)state;
    static const struct {
        double pool;
        int why;
    } cases[] = {{1998, TL_WHY_UNRESOLVABLE}, {2000, TL_WHY_HAS_VALUE}};
    for (int c = 0; c < 2; c++) {
        toy_world toy;
        tl_measure measure[TL_MAX_METRICS];
        pool_rows = cases[c].pool;
        toy_world_open(&toy, resize_pool);
        toy_do(&toy, "train", NULL, NULL);
        toy_do(&toy, "m2d.global_threshold", NULL, measure);
        assert_int_equal(measure[metric_at("m2d.global_threshold", "tpr_at_1pct")].why,
                         cases[c].why);
        assert_int_equal(measure[metric_at("m2d.global_threshold", "tpr_at_0p1pct")].why,
                         TL_WHY_UNRESOLVABLE);
        toy_world_close(&toy);
    }
}

/* --- extraction and the service ------------------------------------------------------- */

static const tl_model *copy_of(toy_world *toy, double queries, double kind)
{
    args arg = with("m2m.model_extraction", "queries", queries);
    const tl_param *params = tl_stage_find("m2m.model_extraction")->params;
    arg.value[tl_params_find(params, "kind")].number = kind;
    toy_do(toy, "m2m.model_extraction", arg.value, NULL);
    return toy->world.model[TL_PART_SURROGATE];
}

static void augmented_queries_begin_with_the_natural_ones(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, NULL);
    toy_do(&toy, "train", NULL, NULL);
    const tl_model *natural = copy_of(&toy, 500, 0), *augmented = copy_of(&toy, 500, 1);
    const tl_model *more = copy_of(&toy, 600, 1);
    const size_t bytes = natural->params * sizeof *natural->param;
    assert_memory_equal(natural->param, augmented->param, bytes);
    assert_memory_not_equal(natural->param, more->param, bytes);
    toy_world_close(&toy);
}

static void noise_has_no_near_duplicate(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, NULL);
    toy_do(&toy, "train", NULL, NULL);
    tl_measure measure[TL_MAX_METRICS];
    toy_do(&toy, "m2m.model_extraction", with("m2m.model_extraction", "kind", 2).value,
           measure);
    assert_int_equal(measure[metric_at("m2m.model_extraction", "agreement_gain")].why,
                     TL_WHY_NOT_APPLICABLE);
    assert_int_equal(measure[metric_at("m2m.model_extraction", "agreement")].why,
                     TL_WHY_HAS_VALUE);
    toy_world_close(&toy);
}

static void the_service_answers_what_was_asked_for(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, NULL);
    toy_do(&toy, "train", NULL, NULL);
    const tl_dataset *test = toy.world.data[TL_PART_TEST];
    const tl_team alone = tl_team_alone();
    float score[130 * 3], top[130 * 3];
    const tl_session_options options = {.service = toy.world.service,
                                        .model = toy.world.model[TL_PART_TARGET],
                                        .budget = UINT64_MAX};
    tl_session *session;
    assert_int_equal(tl_session_open(&options, &toy.arena, &session, NULL), TL_OK);
    for (int kind = TL_ANSWER_SCORES; kind <= TL_ANSWER_LABELS; kind++) {
        const tl_question question = {
            .input = test->input, .rows = test->rows, .kind = (tl_answers)kind};
        assert_int_equal(tl_session_ask(session, &question, &alone, &toy.arena,
                                        kind == TL_ANSWER_SCORES ? score : top, NULL),
                         TL_OK);
    }
    for (int i = 0; i < test->rows; i++) {
        int best = 0;
        for (int c = 1; c < 3; c++)
            best = score[3 * i + c] > score[3 * i + best] ? c : best;
        assert_true(fabsf(score[3 * i] + score[3 * i + 1] + score[3 * i + 2] - 1.0f) <
                    1e-5f);
        for (int c = 0; c < 3; c++)
            assert_true(top[3 * i + c] == (c == best ? 1.0f : 0.0f));
    }
    toy_world_close(&toy);
}

/* --- the closed loop ------------------------------------------------------------------ */

static void assert_row(const tl_dataset *a, int i, const tl_dataset *b, int j)
{
    const size_t size = (size_t)tl_shape_size(a->shape);
    assert_memory_equal(a->input + (size_t)i * size, b->input + (size_t)j * size,
                        size * sizeof *a->input);
    assert_int_equal(a->label[i], b->label[j]);
    assert_int_equal(a->flags[i], b->flags[j]);
    assert_int_equal(a->origin[i], b->origin[j]);
}

static void recovered_rows_follow_the_attackers_own(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, NULL);
    const tl_dataset *own = toy.world.data[TL_PART_ATTACKER];
    const tl_dataset *found = toy.world.data[TL_PART_TEST];
    toy.world.data[TL_PART_RECOVERED] = found;
    tl_measure measure[TL_MAX_METRICS];
    toy_do(&toy, "d2d.use_recovered", NULL, measure);
    const tl_dataset *all = toy.world.data[TL_PART_ATTACKER];
    assert_int_equal(all->rows, own->rows + found->rows);
    for (int i = 0; i < own->rows; i++) assert_row(all, i, own, i);
    for (int i = 0; i < found->rows; i++) assert_row(all, own->rows + i, found, i);
    assert_true(measure[metric_at("d2d.use_recovered", "rows")].value == found->rows);
    toy_world_close(&toy);
}

static void recovered_rows_of_another_shape_are_refused(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, NULL);
    tl_dataset other = *toy.world.data[TL_PART_TEST];
    other.classes++;
    toy.world.data[TL_PART_RECOVERED] = &other;
    tl_value arg[TL_MAX_PARAMS];
    toy_run run = {.stage = tl_stage_find("d2d.use_recovered"), .arg = arg};
    const tl_team alone = tl_team_alone();
    toy_run_stage(&toy, &run, &alone);
    assert_int_equal(run.status, TL_E_ARG);
    assert_non_null(strstr(run.err.text, "cannot join"));
    toy_run_close(&run);
    toy_world_close(&toy);
}

/* --- what is refused before anything runs --------------------------------------------- */

static void plans_without_meaning_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *stage, *param;
        double number;
        int attacker, test;
        const char *wanted; /* NULL: passes */
    } cases[] = {
        {"d2m.badnets", "target", 2, 500, 130, NULL},
        {"d2m.badnets", "target", 3, 500, 130, "classes 0 to 2"},
        {"d2m.badnets", "size", 27, 500, 130, NULL},
        {"d2m.badnets", "size", 28, 500, 130, "does not fit images of 28x28"},
        {"m2m.model_extraction", "queries", 500, 500, 130, NULL},
        {"m2m.model_extraction", "kind", 0, 300, 130, "the attacker has 300 rows"},
        {"m2m.model_extraction", "kind", 1, 0, 130, "the attacker has no rows"},
        {"m2m.model_extraction", "kind", 2, 0, 130, NULL},
        {"m2m.model_extraction", "queries", 5, 500, 0, "data.split.test is 0"},
    };
    toy_world toy;
    toy_world_open(&toy, NULL);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        const tl_stage *stage = tl_stage_find(cases[c].stage);
        const args arg = with(cases[c].stage, cases[c].param, cases[c].number);
        tl_size size = toy.size;
        size.attacker = cases[c].attacker;
        size.test = cases[c].test;
        tl_err err = {0};
        const tl_status status = tl_stage_check(stage, &size, arg.value, &err);
        assert_int_equal(status, cases[c].wanted ? TL_E_ARG : TL_OK);
        if (cases[c].wanted) assert_non_null(strstr(err.text, cases[c].wanted));
    }
    toy_world_close(&toy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_larger_rate_poisons_a_superset),
        cmocka_unit_test(flipped_rows_have_another_label_and_members_are_not_preferred),
        cmocka_unit_test(rate_zero_poisons_nothing_and_one_everything),
        cmocka_unit_test(the_trigger_is_a_white_square_in_the_lower_right_corner),
        cmocka_unit_test(membership_is_judged_on_clean_rows),
        cmocka_unit_test(no_row_left_clean_is_missing_not_zero),
        cmocka_unit_test(low_false_positive_rates_need_ten_false_positives),
        cmocka_unit_test(augmented_queries_begin_with_the_natural_ones),
        cmocka_unit_test(noise_has_no_near_duplicate),
        cmocka_unit_test(the_service_answers_what_was_asked_for),
        cmocka_unit_test(recovered_rows_follow_the_attackers_own),
        cmocka_unit_test(recovered_rows_of_another_shape_are_refused),
        cmocka_unit_test(plans_without_meaning_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
