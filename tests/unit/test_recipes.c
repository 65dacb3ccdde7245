/* runner/plan: a model and a recipe of one stage's own; who goes by them, and their keys.
 */
#include "runner/plan/trial.h"
#include "runner/sweep/model_size.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define DATA                                                                          \
    "data: {source: synthetic/lesions, split: {pool: 60, keep: 0.5, validation: 20, " \
    "attacker: 40, test: 40}}\n"                                                      \
    "model: {kind: mlp, width: 8}\n"
#define AFTER                                                     \
    ", measure.utility, m2m.model_extraction, d2d.transfer_pgd, " \
    "m2d.shadow_lira: {models: 2}, m2d.inversion, m2d.rmia: {models: 2}]\n"
#define PLAIN DATA "chain: [train" AFTER

/* A plan and its first trial. */
typedef struct scene {
    tl_plan *plan;
    tl_arena arena;
    tl_trial *trial;
} scene;

static scene open_with(const char *text, const char *const *set, int sets)
{
    scene s = {.arena = tl_arena_open(0)};
    tl_err err = {0};
    const tl_plan_options options = {.is_shared = true, .set = set, .sets = sets};
    if (tl_plan_parse("p.yaml", text, &options, &s.plan, &err) != TL_OK ||
        tl_trial_new(&s.arena, &s.trial, &err) != TL_OK)
        fail_msg("%s", err.text);
    tl_trial_decode(s.plan, 0, s.trial);
    return s;
}

static scene open_scene(const char *text)
{
    return open_with(text, NULL, 0);
}

static void close_scene(scene *s)
{
    tl_arena_close(&s->arena);
    tl_plan_close(s->plan);
}

/* The run of the stage called `name`. */
static int run_of(const scene *s, const char *name)
{
    for (int i = 0; i < s->trial->steps; i++) {
        const tl_trial_step *step = &s->trial->step[i];
        if (step->kind == TL_STEP_RUN && strcmp(step->stage->name, name) == 0) return i;
    }
    fail_msg("no %s", name);
    return -1;
}

/* The first model of its bank. */
static int bank_of(const scene *s, const char *name)
{
    const tl_trial_step *step = &s->trial->step[run_of(s, name)];
    assert_true(step->bank_count > 0);
    return step->bank_from;
}

static bool is_same(const scene *a, int i, const scene *b, int j)
{
    return tl_key_equal(&a->trial->step[i].key, &b->trial->step[j].key);
}

static bool is_same_run(const scene *a, const scene *b, const char *name)
{
    return is_same(a, run_of(a, name), b, run_of(b, name));
}

static bool is_same_bank(const scene *a, const scene *b, const char *name)
{
    return is_same(a, bank_of(a, name), b, bank_of(b, name));
}

static int shift_of(const scene *s, int position)
{
    return tl_trial_size(s->trial, position).setup.recipe.shift;
}

static int width_of(const scene *s, int position)
{
    return tl_trial_size(s->trial, position).setup.model.width;
}

static void a_recipe_of_the_target_is_that_of_its_shadows_and_of_nobody_else(void **state)
{
    (void)state;
    scene plain = open_scene(PLAIN);
    scene own = open_scene(DATA "chain: [train: {recipe: {shift: 2}}" AFTER);
    assert_int_equal(shift_of(&own, run_of(&own, "train")), 2);
    assert_int_equal(shift_of(&own, bank_of(&own, "m2d.shadow_lira")), 2);
    assert_int_equal(shift_of(&own, bank_of(&own, "m2d.rmia")), 2);
    const tl_trial_step *lira = &own.trial->step[run_of(&own, "m2d.shadow_lira")];
    assert_true(lira->has_control);
    assert_int_equal(shift_of(&own, lira->bank_from + lira->bank_count - 1), 2);
    assert_int_equal(shift_of(&own, run_of(&own, "m2m.model_extraction")), 0);
    assert_int_equal(shift_of(&own, bank_of(&own, "m2m.model_extraction")), 0);
    assert_int_equal(shift_of(&own, bank_of(&own, "m2d.inversion")), 0);
    assert_false(is_same_run(&plain, &own, "train"));
    assert_false(is_same_bank(&plain, &own, "m2d.shadow_lira"));
    assert_true(is_same_bank(&plain, &own, "m2m.model_extraction"));
    assert_true(is_same_bank(&plain, &own, "d2d.transfer_pgd"));
    assert_true(is_same_bank(&plain, &own, "m2d.inversion"));
    assert_int_equal(own.trial->size.setup.recipe.shift, 0);
    close_scene(&plain);
    close_scene(&own);
}

static void values_make_keys_wherever_they_are_written(void **state)
{
    (void)state;
    scene plain = open_scene(PLAIN);
    scene same = open_scene(DATA "chain: [train: {recipe: {shift: 0, flip: false}, "
                                 "model: {width: 8}}" AFTER);
    assert_int_equal(plain.trial->steps, same.trial->steps);
    for (int i = 0; i < plain.trial->steps; i++) assert_true(is_same(&plain, i, &same, i));
    scene all = open_scene(DATA "recipe: {shift: 2}\nchain: [train" AFTER);
    scene own = open_scene(DATA "chain: [train: {recipe: {shift: 2}}" AFTER);
    scene back =
        open_scene(DATA "recipe: {shift: 2}\n"
                        "chain: [train, m2m.model_extraction: {recipe: {shift: 0}}]\n");
    assert_true(is_same_run(&all, &own, "train"));
    assert_true(is_same_bank(&all, &own, "m2d.shadow_lira"));
    assert_true(is_same_run(&all, &own, "m2d.shadow_lira"));
    assert_false(is_same_run(&all, &own, "m2m.model_extraction"));
    assert_true(is_same_run(&back, &own, "m2m.model_extraction"));
    assert_true(is_same_bank(&back, &plain, "m2m.model_extraction"));
    close_scene(&plain);
    close_scene(&same);
    close_scene(&all);
    close_scene(&own);
    close_scene(&back);
}

static void the_control_is_trained_as_the_surrogate(void **state)
{
    (void)state;
    scene plain = open_scene(PLAIN);
    scene own = open_scene(
        DATA "chain: [train, measure.utility, m2m.model_extraction: {model: {width: 4}, "
             "recipe: {shift: 1}}, d2d.transfer_pgd, m2d.shadow_lira: {models: 2}, "
             "m2d.inversion]\n");
    static const char *const name[] = {"m2m.model_extraction", "d2d.transfer_pgd"};
    for (int k = 0; k < 2; k++) {
        assert_int_equal(width_of(&own, bank_of(&own, name[k])), 4);
        assert_int_equal(shift_of(&own, bank_of(&own, name[k])), 1);
        assert_false(is_same_bank(&plain, &own, name[k]));
    }
    assert_true(is_same(&own, bank_of(&own, name[0]), &own, bank_of(&own, name[1])));
    assert_int_equal(width_of(&own, run_of(&own, name[0])), 4);
    assert_true(is_same_run(&plain, &own, "train"));
    assert_true(is_same_bank(&plain, &own, "m2d.shadow_lira"));
    assert_true(is_same_run(&plain, &own, "m2d.inversion"));
    close_scene(&plain);
    close_scene(&own);
}

/* Training-time defences come on top, as they do on the plan's recipe. */
static void what_alters_the_setup_alters_own_recipes_too(void **state)
{
    (void)state;
#define DEFENDED "chain: [defense.adversarial_training: {steps: 2}, train"
    scene all = open_scene(DATA "recipe: {shift: 2}\n" DEFENDED AFTER);
    scene own = open_scene(DATA DEFENDED ": {recipe: {shift: 2}}" AFTER);
    scene soft = open_scene(DATA DEFENDED AFTER);
    const tl_setup setup = tl_trial_size(own.trial, run_of(&own, "train")).setup;
    assert_int_equal(setup.recipe.shift, 2);
    assert_non_null(setup.recipe.hooks.name);
    assert_true(is_same_run(&all, &own, "train"));
    assert_true(is_same_bank(&all, &own, "m2d.shadow_lira"));
    assert_false(is_same_run(&soft, &own, "train"));
    assert_true(is_same_bank(&soft, &own, "m2m.model_extraction"));
    const int copy = run_of(&own, "m2m.model_extraction");
    assert_non_null(tl_trial_size(own.trial, copy).setup.recipe.hooks.name);
    assert_int_equal(shift_of(&own, copy), 0);
    close_scene(&all);
    close_scene(&own);
    close_scene(&soft);
}

/* The evaluator is of another architecture than the target, but learns by the plan. */
static void an_evaluator_differs_from_the_target_there_is(void **state)
{
    (void)state;
    scene own = open_scene(DATA "chain: [train: {model: {kind: cnn, width: 4}, "
                                "recipe: {epochs: 7}}" AFTER);
    scene all = open_scene("data: {source: synthetic/lesions, split: {pool: 60, keep: 0.5, "
                           "validation: 20, attacker: 40, test: 40}}\n"
                           "model: {kind: cnn, width: 4}\nchain: [train" AFTER);
    assert_true(is_same_bank(&all, &own, "m2d.inversion"));
    assert_false(is_same_run(&all, &own, "train"));
    close_scene(&own);
    close_scene(&all);
}

/* Solving works on softmax regression alone, so the plan is refused by any other setup. */
static void a_thief_knows_the_architecture_of_the_target(void **state)
{
    (void)state;
    scene own = open_scene(DATA "chain: [train: {model: {kind: linear}}, "
                                "m2m.equation_solving, d2d.transfer_pgd]\n");
    scene all = open_scene("data: {source: synthetic/lesions, split: {pool: 60, keep: 0.5, "
                           "validation: 20, attacker: 40, test: 40}}\n"
                           "model: {kind: linear, width: 8}\n"
                           "chain: [train, m2m.equation_solving, d2d.transfer_pgd]\n");
    assert_true(is_same_run(&own, &all, "m2m.equation_solving"));
    assert_true(is_same_bank(&own, &all, "d2d.transfer_pgd"));
    close_scene(&own);
    close_scene(&all);
}

static double memory_of(const scene *s, const char *name)
{
    return tl_trial_memory(s->trial, run_of(s, name), 1, true, NULL);
}

static void costs_and_memory_follow_the_model_that_is_read(void **state)
{
    (void)state;
    scene plain = open_scene(PLAIN);
    scene own = open_scene(DATA "chain: [train: {model: {width: 256}}" AFTER);
    scene all = open_scene("data: {source: synthetic/lesions, split: {pool: 60, keep: 0.5, "
                           "validation: 20, attacker: 40, test: 40}}\n"
                           "model: {kind: mlp, width: 256}\nchain: [train" AFTER);
    static const char *const by_target[] = {"train", "measure.utility", "m2d.shadow_lira",
                                            "m2d.inversion"};
    for (size_t i = 0; i < sizeof by_target / sizeof *by_target; i++) {
        const int at = run_of(&own, by_target[i]);
        assert_int_equal(width_of(&own, at), 256);
        assert_true(memory_of(&own, by_target[i]) == memory_of(&all, by_target[i]));
        assert_true(tl_trial_cost(own.trial, at) == tl_trial_cost(all.trial, at));
        assert_true(tl_trial_cost(own.trial, at) > tl_trial_cost(plain.trial, at));
    }
    static const char *const by_both[] = {"m2m.model_extraction", "d2d.transfer_pgd"};
    for (size_t i = 0; i < sizeof by_both / sizeof *by_both; i++) {
        const int at = run_of(&own, by_both[i]);
        const double cost = tl_trial_cost(own.trial, at);
        assert_true(cost > tl_trial_cost(plain.trial, at));
        assert_true(cost < tl_trial_cost(all.trial, at));
        assert_true(memory_of(&own, by_both[i]) <= memory_of(&all, by_both[i]));
        assert_true(memory_of(&own, by_both[i]) >= memory_of(&plain, by_both[i]));
    }
    const int control = bank_of(&own, "m2m.model_extraction");
    assert_true(tl_trial_cost(own.trial, control) == tl_trial_cost(plain.trial, control));
    close_scene(&plain);
    close_scene(&own);
    close_scene(&all);
}

static void the_models_of_a_plan_are_those_trained(void **state)
{
    (void)state;
    tl_model_size size[8];
    scene own = open_scene(
        DATA "chain: [train: {model: {width: [16, 32]}}, m2m.model_extraction]\n");
    const int width[] = {16, 8, 32};
    assert_int_equal(tl_model_sizes(own.plan, size, 8), 3);
    bool is_listed[3] = {false};
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 3; k++) is_listed[k] |= size[i].setup.model.width == width[k];
    }
    assert_true(is_listed[0] && is_listed[1] && is_listed[2]);
    close_scene(&own);
    scene one = open_scene(DATA "chain: [train: {model: {width: 16}}]\n");
    assert_int_equal(tl_model_sizes(one.plan, size, 8), 1);
    assert_int_equal(size[0].setup.model.width, 16);
    close_scene(&one);
}

static void lists_in_a_recipe_are_axes(void **state)
{
    (void)state;
    scene s = open_scene(DATA "recipe: {lr: [0.1, 0.2]}\n"
                              "chain: [train: {as: fit, recipe: {shift: [0, 2, 1]}}, "
                              "m2m.model_extraction: {model: {width: [8, 4]}}]\n");
    assert_int_equal(s.plan->cells, 2 * 3 * 2);
    assert_string_equal(s.plan->axis[1].name, "fit_recipe_shift");
    assert_string_equal(s.plan->axis[2].name, "m2m_model_extraction_model_width");
    const int shift[] = {0, 2, 1};
    for (uint32_t t = 0; t < s.plan->trials; t++) {
        tl_trial_decode(s.plan, t, s.trial);
        const int train = run_of(&s, "train"), copy = run_of(&s, "m2m.model_extraction");
        assert_int_equal(shift_of(&s, train), shift[t / 2 % 3]);
        assert_int_equal(width_of(&s, copy), t % 2 ? 4 : 8);
        assert_true(tl_trial_size(s.trial, copy).setup.recipe.lr == (t < 6 ? 0.1 : 0.2));
    }
    close_scene(&s);
}

static void their_axes_have_paths(void **state)
{
    (void)state;
    scene s = open_scene(DATA "chain: [train: {recipe: {shift: [0, 2, 1], lr: [0.1, 0.2, "
                              "0.3]}}, measure.utility]\n"
                              "sweep: {zip: [[train.recipe.shift, train.recipe.lr]]}\n"
                              "exclude: [{train.recipe.shift: 2}]\n"
                              "hypotheses: [{effect: train.recipe.shift, on: "
                              "measure_utility_accuracy, direction: changes}]\n");
    assert_int_equal(s.plan->cells, 2);
    assert_string_equal(s.plan->hypothesis[0].effect, "train_recipe_shift");
    close_scene(&s);
}

/* In an option they are levels of it, and several chains have each their own. */
static void lists_in_options_and_chains_are_told_apart(void **state)
{
    (void)state;
    scene s = open_scene(DATA "chain:\n  - one_of: {as: fit, options: [train, "
                              "train: {as: moved, recipe: {shift: [1, 2], lr: [0.1, "
                              "0.2]}, model: {width: 4}}]}\n");
    assert_int_equal(s.plan->cells, 1 + 4);
    assert_int_equal(s.plan->inners, 2);
    assert_string_equal(s.plan->inner[0].name, "moved_recipe_shift");
    const int shift[] = {0, 1, 1, 2, 2};
    for (uint32_t t = 0; t < s.plan->trials; t++) {
        tl_trial_decode(s.plan, t, s.trial);
        assert_int_equal(shift_of(&s, 0), shift[t]);
        assert_int_equal(width_of(&s, 0), t ? 4 : 8);
        if (t > 0)
            assert_true(tl_trial_size(s.trial, 0).setup.recipe.lr == (t % 2 ? 0.1 : 0.2));
    }
    close_scene(&s);
    s = open_scene(DATA "chains: {a: [train], b: [train: {as: moved, recipe: {shift: "
                        "[1, 2]}}]}\n");
    assert_int_equal(s.plan->cells, 1 + 2);
    close_scene(&s);
}

static void set_reaches_into_a_recipe(void **state)
{
    (void)state;
    static const char *const set[] = {"train.recipe.shift=2", "train.recipe.flip=true",
                                      "m2m.model_extraction.model.width=4",
                                      "model_extraction.recipe={shift: 1}",
                                      "recipe.epochs=3"};
    scene s = open_with(PLAIN, set, sizeof set / sizeof *set);
    const tl_recipe recipe = tl_trial_size(s.trial, run_of(&s, "train")).setup.recipe;
    const int copy = run_of(&s, "m2m.model_extraction");
    assert_true(recipe.shift == 2 && recipe.flip && recipe.epochs == 3);
    assert_int_equal(width_of(&s, copy), 4);
    assert_int_equal(shift_of(&s, copy), 1);
    assert_int_equal(s.trial->size.setup.recipe.shift, 0);
    close_scene(&s);
}

/* A later round trains by the same recipe as the first. */
static void rounds_keep_own_recipes(void **state)
{
    (void)state;
    scene s = open_scene(DATA "chain: [train: {recipe: {shift: 2}}, m2m.model_extraction: "
                              "{queries: 30}, m2d.inversion, {rounds: 2}]\n");
    int trainings = 0;
    for (int i = 0; i < s.trial->steps; i++) {
        const tl_trial_step *step = &s.trial->step[i];
        if (step->kind != TL_STEP_RUN || strcmp(step->stage->name, "train") != 0) continue;
        assert_int_equal(shift_of(&s, i), 2);
        assert_true(is_same(&s, i, &s, run_of(&s, "train")));
        trainings++;
    }
    assert_int_equal(trainings, 2);
    close_scene(&s);
}

static void faults_are_found_where_they_are(void **state)
{
    (void)state;
    static const struct {
        const char *chain, *wanted;
    } cases[] = {
        {"train: {recipe: {shfit: 2}}",
         "p.yaml:3:26: unknown key of train.recipe: 'shfit': did you mean 'shift'?"},
        {"train: {recpie: {shift: 2}}",
         "p.yaml:3:17: unknown key of train: 'recpie': did you mean 'recipe'?"},
        {"train: {recipe: 3}", "p.yaml:3:25: train.recipe must be a map"},
        {"train: {recipe: {shift: 99}}", "p.yaml:3:33: train.recipe.shift is 99"},
        {"train, m2d.rmia: {recipe: {shift: 2}}",
         "p.yaml:3:27: m2d.rmia takes no recipe of its own; stages that do: train, "
         "m2m.model_extraction"},
        {"train, measure.utility: {model: {width: 2}}",
         "p.yaml:3:34: measure.utility takes no model of its own"},
        {"train: {model: {kind: gpt}}", "p.yaml:3:9: model.kind gpt works on tokens"},
        {"train: {model: {kind: resnet, layers: 40}}", "p.yaml:3:9: "},
        {"train, m2m.model_extraction: {recipe: {patience: 2}}",
         "p.yaml:3:48: recipe.patience has no effect on m2m.model_extraction"},
        {"train, m2m.model_extraction: {epochs: 2, recipe: {epochs: 2}}",
         "p.yaml:3:59: m2m.model_extraction sets both epochs and recipe.epochs; keep one"},
        {"train: {model: {kind: resnet, width: 4, layers: 1}, recipe: {recompute: true}}, "
         "m2m.model_extraction: {recipe: {recompute: true}}",
         "p.yaml:3:89: recipe.recompute needs residual blocks, and a model of kind mlp"},
        {"train: {recipe: {shift: [1, 1]}}",
         "p.yaml:3:37: duplicate level '1' of train.recipe.shift"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1000];
        tl_plan *plan;
        tl_err err = {0};
        const tl_plan_options options = {.is_shared = true};
        (void)snprintf(text, sizeof text, DATA "chain: [%s]\n", cases[i].chain);
        assert_int_equal(tl_plan_parse("p.yaml", text, &options, &plan, &err), TL_E_ARG);
        if (strncmp(err.text, cases[i].wanted, strlen(cases[i].wanted)) != 0)
            fail_msg("wanted \"%s\", found \"%s\"", cases[i].wanted, err.text);
    }
}

static void fast_sums_of_one_stage_are_said(void **state)
{
    (void)state;
    scene plain = open_scene(PLAIN);
    scene own = open_scene(DATA "chain: [train, m2m.model_extraction: {recipe: "
                                "{reduction: [tree, fast]}}]\n");
    assert_false(plain.plan->sums_fast);
    assert_true(own.plan->sums_fast);
    close_scene(&plain);
    close_scene(&own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recipe_of_the_target_is_that_of_its_shadows_and_of_nobody_else),
        cmocka_unit_test(values_make_keys_wherever_they_are_written),
        cmocka_unit_test(the_control_is_trained_as_the_surrogate),
        cmocka_unit_test(what_alters_the_setup_alters_own_recipes_too),
        cmocka_unit_test(an_evaluator_differs_from_the_target_there_is),
        cmocka_unit_test(a_thief_knows_the_architecture_of_the_target),
        cmocka_unit_test(costs_and_memory_follow_the_model_that_is_read),
        cmocka_unit_test(the_models_of_a_plan_are_those_trained),
        cmocka_unit_test(lists_in_a_recipe_are_axes),
        cmocka_unit_test(their_axes_have_paths),
        cmocka_unit_test(lists_in_options_and_chains_are_told_apart),
        cmocka_unit_test(set_reaches_into_a_recipe),
        cmocka_unit_test(rounds_keep_own_recipes),
        cmocka_unit_test(faults_are_found_where_they_are),
        cmocka_unit_test(fast_sums_of_one_stage_are_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
