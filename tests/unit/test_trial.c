/* runner/trial: trials decoded from their number, and which keys are equal. */
#include "runner/plan/plan_private.h"
#include "runner/plan/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define DATA                                                                          \
    "data: {source: synthetic/lesions, split: {pool: 60, keep: 0.5, validation: 20, " \
    "attacker: 40, test: 40}}\n"

typedef struct scene {
    tl_plan *plan;
    tl_arena arena;
    tl_trial *a, *b;
} scene;

static scene open_scene(const char *text, bool is_shared)
{
    scene s = {0};
    tl_err err = {0};
    const tl_plan_options options = {.is_shared = is_shared};
    if (tl_plan_parse("p.yaml", text, &options, &s.plan, &err) != TL_OK ||
        tl_trial_new(&s.arena, &s.a, &err) != TL_OK ||
        tl_trial_new(&s.arena, &s.b, &err) != TL_OK) {
        fail_msg("%s", err.text);
    }
    return s;
}

static void close_scene(scene *s)
{
    tl_arena_close(&s->arena);
    tl_plan_close(s->plan);
}

/* The RUN step of the stage called `name`, or -1. */
static int find_step(const tl_trial *trial, const char *name)
{
    for (int i = 0; i < trial->steps; i++) {
        const tl_trial_step *step = &trial->step[i];
        if (step->kind == TL_STEP_RUN && strcmp(step->stage->name, name) == 0) return i;
    }
    return -1;
}

/* Whether the stage's step has the same key in trials `first` and `second`. */
static bool is_same(scene *s, uint32_t first, uint32_t second, const char *name)
{
    tl_trial_decode(s->plan, first, s->a);
    tl_trial_decode(s->plan, second, s->b);
    const int i = find_step(s->a, name), j = find_step(s->b, name);
    assert_true(i >= 0 && j >= 0);
    return tl_key_equal(&s->a->step[i].key, &s->b->step[j].key);
}

static const char full[] = DATA "replicates: 2\n"
                                "chain:\n"
                                "  - one_of: {as: poison, options: [none, d2m.badnets: "
                                "{rate: [0.1, 0.2]}]}\n"
                                "  - train\n"
                                "  - measure.utility\n"
                                "  - m2m.model_extraction: {queries: [10, 20]}\n"
                                "  - judge\n"
                                "  - m2d.global_threshold\n";

static void steps_stand_after_those_they_read(void **state)
{
    (void)state;
    scene s = open_scene(full, true);
    assert_int_equal(s.plan->trials, 2 * 3 * 2);
    for (uint32_t t = 0; t < s.plan->trials; t++) {
        tl_trial_decode(s.plan, t, s.a);
        assert_int_equal(s.a->number, t);
        assert_int_equal(s.a->replicate, t % 2);
        assert_true(s.a->steps >= 4);
        for (int i = 0; i < s.a->steps; i++) {
            int parent[TL_TRIAL_STEPS];
            const int parents = tl_trial_parents(s.a, i, parent);
            for (int p = 0; p < parents; p++) assert_in_range(parent[p], 0, i - 1);
            assert_true(tl_trial_cost(s.a, i) >= 0.0);
            assert_true(tl_trial_max_ranks(s.a, i) >= 1);
        }
    }
    close_scene(&s);
}

static void a_query_budget_does_not_repeat_training(void **state)
{
    (void)state;
    scene s = open_scene(full, true);
    /* Axes in order poison, queries; replicate fastest: trial 2 has the other budget. */
    assert_true(is_same(&s, 0, 2, "train"));
    assert_true(is_same(&s, 0, 2, "measure.utility"));
    assert_true(is_same(&s, 0, 2, "m2d.global_threshold"));
    assert_false(is_same(&s, 0, 2, "m2m.model_extraction"));
    close_scene(&s);
}

static void a_poisoning_rate_changes_what_is_trained_on_it(void **state)
{
    (void)state;
    scene s = open_scene(full, true);
    assert_false(is_same(&s, 0, 4, "train"));
    assert_false(is_same(&s, 4, 8, "train"));
    assert_false(is_same(&s, 4, 8, "d2m.badnets"));
    assert_false(is_same(&s, 4, 8, "measure.utility"));
    close_scene(&s);
}

static void a_replicate_changes_all_keys(void **state)
{
    (void)state;
    scene s = open_scene(full, true);
    tl_trial_decode(s.plan, 4, s.a);
    tl_trial_decode(s.plan, 5, s.b);
    assert_int_equal(s.a->steps, s.b->steps);
    for (int i = 0; i < s.a->steps; i++) {
        assert_false(tl_key_equal(&s.a->step[i].key, &s.b->step[i].key));
    }
    close_scene(&s);
}

/* The key of the stage's step in trial `number` of a plan. */
static tl_key key_in(scene *s, uint32_t number, const char *name)
{
    tl_trial_decode(s->plan, number, s->a);
    const int i = find_step(s->a, name);
    assert_true(i >= 0);
    return s->a->step[i].key;
}

/* Draw d under its first seed is replicate d of a plain plan; under another, its data
 * stages are the same steps and all others are not, nor those of any other replicate. */
static void seeds_of_a_draw_share_its_data(void **state)
{
    (void)state;
    static const char chain[] = "chain: [d2m.label_flip, train, m2d.global_threshold]\n";
    static const char *const stage[] = {"d2m.label_flip", "train", "m2d.global_threshold"};
    char text[512];
    (void)snprintf(text, sizeof text, DATA "replicates: {data: 3..5, training: 2}\n%s",
                   chain);
    scene crossed = open_scene(text, true);
    (void)snprintf(text, sizeof text, DATA "replicates: 0..20\n%s", chain);
    scene plain = open_scene(text, true);
    for (uint32_t t = 0; t < crossed.plan->trials; t++) {
        tl_trial_decode(crossed.plan, t, crossed.b);
        const uint32_t draw = 3 + t / 2, seed = t % 2;
        assert_int_equal(crossed.b->replicate, 6 + t);
        assert_int_equal(crossed.b->draw, draw);
        assert_int_equal(crossed.b->seed, seed);
        for (int k = 0; k < 3; k++) {
            const tl_key key = key_in(&crossed, t, stage[k]);
            for (uint32_t r = 0; r < plain.plan->trials; r++) {
                const tl_key other = key_in(&plain, r, stage[k]);
                const bool is_same_step = r == draw && (k == 0 || seed == 0);
                assert_true(tl_key_equal(&key, &other) == is_same_step);
            }
        }
    }
    close_scene(&crossed);
    close_scene(&plain);
}

static void replicates_have_the_same_keys_in_any_range(void **state)
{
    (void)state;
    scene s = open_scene(DATA "replicates: 4\nchain: [train]\n", true);
    scene t = open_scene(DATA "replicates: 3..5\nchain: [train]\n", true);
    tl_trial_decode(s.plan, 3, s.a);
    tl_trial_decode(t.plan, 0, t.a);
    assert_int_equal(t.a->replicate, 3);
    assert_true(tl_key_equal(&s.a->step[0].key, &t.a->step[0].key));
    close_scene(&s);
    close_scene(&t);
}

static void without_sharing_no_two_trials_share_a_key(void **state)
{
    (void)state;
    scene s = open_scene(full, false);
    tl_key seen[400];
    int count = 0;
    for (uint32_t t = 0; t < s.plan->trials; t++) {
        tl_trial_decode(s.plan, t, s.a);
        for (int i = 0; i < s.a->steps; i++) {
            for (int k = 0; k < count; k++) {
                assert_false(tl_key_equal(&seen[k], &s.a->step[i].key));
            }
        }
        for (int i = 0; i < s.a->steps; i++) seen[count++] = s.a->step[i].key;
    }
    close_scene(&s);
}

static void a_recipe_changes_training_but_not_the_data(void **state)
{
    (void)state;
    scene s =
        open_scene(DATA "recipe: {epochs: [1, 2]}\nchain: [d2m.label_flip, train]\n", true);
    assert_true(is_same(&s, 0, 1, "d2m.label_flip"));
    assert_false(is_same(&s, 0, 1, "train"));
    close_scene(&s);
}

static void the_name_of_an_instance_is_not_part_of_its_key(void **state)
{
    (void)state;
    scene s = open_scene(DATA "chain: [train]\n", true);
    scene t = open_scene(DATA "chain: [train: {as: fit}]\n", true);
    tl_trial_decode(s.plan, 0, s.a);
    tl_trial_decode(t.plan, 0, t.a);
    assert_true(tl_key_equal(&s.a->step[0].key, &t.a->step[0].key));
    close_scene(&s);
    close_scene(&t);
}

static void a_second_occurrence_draws_other_numbers(void **state)
{
    (void)state;
    scene s = open_scene(
        DATA "chain: [d2m.label_flip, d2m.label_flip: {as: again}, train]\n", true);
    tl_trial_decode(s.plan, 0, s.a);
    assert_int_equal(s.a->step[0].occurrence, 0);
    assert_int_equal(s.a->step[1].occurrence, 1);
    assert_int_equal(s.a->step[1].from[TL_PART_POOL], 0);
    assert_int_equal(s.a->step[2].from[TL_PART_POOL], 1);
    close_scene(&s);
}

static void what_was_planted_is_judged_on_all_that_descends_from_it(void **state)
{
    (void)state;
    scene s = open_scene(full, true);
    tl_trial_decode(s.plan, 4, s.a);
    const int surrogate = find_step(s.a, "m2m.model_extraction");
    const int target = find_step(s.a, "train");
    int judged[2][TL_PARTS] = {{0}};
    for (int i = 0; i < s.a->steps; i++) {
        const tl_trial_step *step = &s.a->step[i];
        if (step->kind != TL_STEP_JUDGE) continue;
        judged[step->judgement][step->item]++;
        assert_int_equal(step->from[step->item],
                         step->item == TL_PART_TARGET ? target : surrogate);
    }
    for (int k = 0; k < 2; k++) {
        assert_int_equal(judged[k][TL_PART_TARGET], 1);
        assert_int_equal(judged[k][TL_PART_SURROGATE], 1);
    }
    tl_trial_decode(s.plan, 0, s.a); /* nothing planted */
    for (int i = 0; i < s.a->steps; i++) {
        assert_int_not_equal(s.a->step[i].kind, TL_STEP_JUDGE);
    }
    close_scene(&s);
}

static void marks_in_data_are_judged_on_the_version_there_is(void **state)
{
    (void)state;
    scene s = open_scene(DATA "chain: [defense.data_watermark, judge, "
                              "d2d.watermark_removal, judge, defense.provenance_filter]\n",
                         true);
    tl_trial_decode(s.plan, 0, s.a);
    const char *const giver[3] = {"defense.provenance_filter", "defense.data_watermark",
                                  "d2d.watermark_removal"};
    const char *const name[3] = {"defense_data_watermark_bits_pool",
                                 "defense_data_watermark_bits_pool_judge1",
                                 "defense_data_watermark_bits_pool_judge2"};
    int judges = 0;
    for (int i = 0; i < s.a->steps; i++) {
        const tl_trial_step *step = &s.a->step[i];
        char text[TL_METRIC_NAME];
        if (step->kind != TL_STEP_JUDGE) continue;
        judges++;
        assert_int_equal(step->item, TL_PART_POOL);
        assert_int_equal(step->from[TL_PART_POOL], find_step(s.a, giver[step->judgement]));
        assert_string_equal(tl_trial_metric_name(s.plan, step, 0, text),
                            name[step->judgement]);
        assert_true(tl_trial_cost(s.a, i) > 0.0);
    }
    assert_int_equal(judges, 3);
    const tl_trial_step *filter = &s.a->step[find_step(s.a, giver[0])];
    assert_int_equal(filter->from[TL_PART_MARKS], find_step(s.a, giver[1]));
    close_scene(&s);
}

static void metrics_are_named_by_instance_part_and_judgement(void **state)
{
    (void)state;
    scene s = open_scene(full, true);
    tl_trial_decode(s.plan, 4, s.a);
    const char *const wanted[] = {"d2m_badnets_success_judge1",
                                  "d2m_badnets_success_surrogate_judge1",
                                  "d2m_badnets_success", "d2m_badnets_success_surrogate"};
    int found = 0;
    for (int i = 0; i < s.a->steps; i++) {
        if (s.a->step[i].kind != TL_STEP_JUDGE) continue;
        char name[TL_METRIC_NAME];
        assert_string_equal(tl_trial_metric_name(s.plan, &s.a->step[i], 0, name),
                            wanted[found++]);
    }
    assert_int_equal(found, 4);
    close_scene(&s);
}

static void a_bank_stands_before_the_stage_that_wants_it(void **state)
{
    (void)state;
    scene s = open_scene(full, true);
    int banks = 0;
    tl_trial_decode(s.plan, 0, s.a);
    const int owner = find_step(s.a, "m2m.model_extraction");
    const tl_trial_step *step = &s.a->step[owner];
    for (int i = 0; i < step->bank_count; i++, banks++) {
        const tl_trial_step *model = &s.a->step[step->bank_from + i];
        assert_int_equal(model->kind, TL_STEP_BANK);
        assert_int_equal(model->item, i);
        assert_ptr_equal(model->stage, step->stage);
    }
    assert_int_equal(banks, tl_stage_banked(step->stage, step->arg));
    close_scene(&s);
}

static const char all_tests[] =
    "m2d.global_threshold, m2d.shadow_lira: {models: 3}, m2d.rmia: {models: 2}, "
    "m2d.calibration: {models: 2}]\n";

/* Position of the control of the membership test called `name`. */
static int find_control(const tl_trial *trial, const char *name)
{
    const tl_trial_step *step = &trial->step[find_step(trial, name)];
    assert_true(step->has_control);
    const int at = step->bank_from + step->bank_count - 1;
    assert_int_equal(trial->step[at].kind, TL_STEP_BANK);
    assert_ptr_equal(trial->step[at].bank, step->stage->control);
    return at;
}

/* One model, whatever precedes it, since nothing the owner's rows go through is in it. */
static void all_membership_tests_of_a_replicate_share_one_control(void **state)
{
    (void)state;
    static const char *const name[] = {"m2d.global_threshold", "m2d.shadow_lira",
                                       "m2d.rmia", "m2d.calibration"};
    char text[1024];
    (void)snprintf(
        text, sizeof text,
        "%schain: [one_of: {as: poison, options: [none, d2m.label_flip]}, train, %s", DATA,
        all_tests);
    scene s = open_scene(text, true);
    tl_trial_decode(s.plan, 0, s.a);
    tl_trial_decode(s.plan, s.plan->replicates, s.b); /* poisoned */
    const tl_key key = s.a->step[find_control(s.a, name[0])].key;
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        assert_true(tl_key_equal(&s.a->step[find_control(s.a, name[i])].key, &key));
        assert_true(tl_key_equal(&s.b->step[find_control(s.b, name[i])].key, &key));
        int parent[TL_TRIAL_STEPS], is_parent = 0;
        const int at = find_step(s.a, name[i]), control = find_control(s.a, name[i]);
        const int parents = tl_trial_parents(s.a, at, parent);
        for (int p = 0; p < parents; p++) is_parent += parent[p] == control;
        assert_int_equal(is_parent, 1);
    }
    close_scene(&s);
}

static void without_rows_of_the_attacker_there_is_no_control(void **state)
{
    (void)state;
    scene s = open_scene("data: {source: synthetic/lesions, split: {pool: 40, test: 20}}\n"
                         "chain: [train, m2d.global_threshold]\n",
                         true);
    tl_trial_decode(s.plan, 0, s.a);
    assert_int_equal(s.a->steps, 2);
    assert_false(s.a->step[1].has_control);
    assert_int_equal(s.a->step[1].bank_count, 0);
    close_scene(&s);
}

/* Whether banks and runs of the stage have equal keys in trials `first` and `second`. */
static void compare_tests(scene *s, uint32_t first, uint32_t second, const char *name,
                          bool *same_bank, bool *same_run)
{
    tl_trial_decode(s->plan, first, s->a);
    tl_trial_decode(s->plan, second, s->b);
    const tl_trial_step *a = &s->a->step[find_step(s->a, name)];
    const tl_trial_step *b = &s->b->step[find_step(s->b, name)];
    assert_int_equal(a->bank_count, 5); /* four shadow models and the control */
    assert_int_equal(b->bank_count, 5);
    assert_true(a->has_control && b->has_control);
    *same_bank = true;
    for (int i = 0; i < 5; i++) {
        *same_bank = *same_bank && tl_key_equal(&s->a->step[a->bank_from + i].key,
                                                &s->b->step[b->bank_from + i].key);
    }
    *same_run = tl_key_equal(&a->key, &b->key);
}

/* The service stands between attack and target, not before what is trained. */
static void
defences_of_the_service_and_adapting_to_them_renew_the_attack_alone(void **state)
{
    (void)state;
    scene s = open_scene(
        DATA
        "chain:\n  - train\n"
        "  - one_of: {as: defence, options: [none, defense.output: {digits: 1}]}\n"
        "  - m2d.shadow_lira: {models: 4, adaptive: [false, true]}\n"
        "  - m2d.rmia: {models: 4, adaptive: [false, true]}\n"
        "  - m2d.calibration: {models: 4, adaptive: [false, true]}\n"
        "sweep: {zip: [[shadow_lira.adaptive, rmia.adaptive, calibration.adaptive]]}\n",
        true);
    static const char *const name[] = {"m2d.shadow_lira", "m2d.rmia", "m2d.calibration"};
    enum { PLAIN, ADAPTIVE, BEHIND, ADAPTIVE_BEHIND, CASES };
    assert_int_equal(s.plan->trials, CASES * s.plan->replicates);
    for (size_t k = 0; k < sizeof name / sizeof *name; k++) {
        for (uint32_t i = 0; i < CASES; i++) {
            for (uint32_t j = 0; j < i; j++) {
                bool same_bank, same_run;
                compare_tests(&s, i * s.plan->replicates, j * s.plan->replicates, name[k],
                              &same_bank, &same_run);
                assert_true(same_bank);
                assert_false(same_run);
            }
        }
    }
    assert_true(is_same(&s, 0, BEHIND * s.plan->replicates, "train"));
    close_scene(&s);
}

static void values_follow_the_levels_of_the_cell(void **state)
{
    (void)state;
    scene s = open_scene(DATA "model: {width: [4, 8]}\n"
                              "chain: [train, m2m.model_extraction: {queries: [10, 20]}]\n",
                         true);
    const int width[] = {4, 4, 8, 8}, queries[] = {10, 20, 10, 20};
    for (uint32_t t = 0; t < 4; t++) {
        tl_trial_decode(s.plan, t, s.a);
        const int at = find_step(s.a, "m2m.model_extraction");
        const tl_trial_step *step = &s.a->step[at];
        const int place = tl_params_find(step->stage->params, "queries");
        assert_int_equal(s.a->size.setup.model.width, width[t]);
        assert_true(step->arg[place].number == queries[t]);
        assert_int_equal(s.a->size.test, 40);
    }
    close_scene(&s);
}

/* --- rounds -----------------------------------------------------------------------------
 */

/* Stands for any stage that gets data out of the target. */
static const tl_stage recovering = {.name = "test.recovering",
                                    .version = 1,
                                    .reads = TL_BIT(TL_PART_TARGET),
                                    .gives = TL_BIT(TL_PART_RECOVERED),
                                    .draws = true};

/* A chain that plants, trains, copies and recovers, in `rounds` rounds. */
static scene open_rounds(int rounds, tl_link *join)
{
    scene s = open_scene(DATA "chain:\n"
                              "  - d2m.badnets: {rate: 0.1}\n"
                              "  - train\n"
                              "  - m2m.model_extraction: {queries: 30}\n"
                              "  - judge\n"
                              "  - m2d.global_threshold\n",
                         true);
    tl_chain *chain = s.plan->body->chain[0];
    chain->link[4]->stage = &recovering;
    *join = (tl_link){.stage = tl_stage_find("d2d.use_recovered"),
                      .axis = -1,
                      .instance = chain->link[4]->instance};
    chain->rounds = rounds;
    chain->join = join;
    return s;
}

/* The RUN step of the stage called `name` in round `round`, or -1. */
static int find_in_round(const tl_trial *trial, const char *name, int round)
{
    for (int i = 0; i < trial->steps; i++) {
        const tl_trial_step *step = &trial->step[i];
        if (step->kind != TL_STEP_RUN || step->round != round) continue;
        if (strcmp(step->stage->name, name) == 0) return i;
    }
    return -1;
}

static void a_later_round_uses_what_was_recovered(void **state)
{
    (void)state;
    tl_link join;
    scene s = open_rounds(3, &join);
    tl_trial_decode(s.plan, 0, s.a);
    assert_int_equal(find_in_round(s.a, "d2d.use_recovered", 1), -1);
    for (int round = 2; round <= 3; round++) {
        const int use = find_in_round(s.a, "d2d.use_recovered", round);
        const int before = find_in_round(s.a, "test.recovering", round - 1);
        const int copy = find_in_round(s.a, "m2m.model_extraction", round);
        assert_true(use >= 0 && before >= 0 && copy >= 0);
        assert_int_equal(s.a->step[use].from[TL_PART_RECOVERED], before);
        assert_int_equal(s.a->step[copy].from[TL_PART_ATTACKER], use);
        const int earlier = find_in_round(s.a, "d2d.use_recovered", round - 1);
        assert_int_equal(s.a->step[use].from[TL_PART_ATTACKER], earlier);
    }
    close_scene(&s);
}

/* The owner trains on the same poisoned rows again: one step. The attacker does not. */
static void what_is_the_owners_starts_again(void **state)
{
    (void)state;
    tl_link join;
    scene s = open_rounds(2, &join);
    tl_trial_decode(s.plan, 0, s.a);
    static const char *const same[] = {"d2m.badnets", "train"};
    for (int i = 0; i < 2; i++) {
        const int a = find_in_round(s.a, same[i], 1), b = find_in_round(s.a, same[i], 2);
        assert_true(a >= 0 && b > a);
        assert_int_equal(s.a->step[b].occurrence, 0);
        assert_true(tl_key_equal(&s.a->step[a].key, &s.a->step[b].key));
    }
    const int a = find_in_round(s.a, "m2m.model_extraction", 1);
    const int b = find_in_round(s.a, "m2m.model_extraction", 2);
    assert_false(tl_key_equal(&s.a->step[a].key, &s.a->step[b].key));
    assert_int_equal(s.a->step[find_in_round(s.a, "d2m.badnets", 2)].from[TL_PART_POOL],
                     -1);
    close_scene(&s);
}

/* Marks are in the rows that the owner starts with again: a filter of the next round looks
 * for those of its round alone, and what is trained on what it leaves is the same step. */
static void marks_start_again_with_the_rows_that_carry_them(void **state)
{
    (void)state;
    scene s = open_scene(DATA "chain:\n"
                              "  - defense.data_watermark\n"
                              "  - d2m.badnets: {rate: 0.1}\n"
                              "  - defense.provenance_filter\n"
                              "  - train\n"
                              "  - m2d.inversion: {images: 1}\n"
                              "  - rounds: 3\n",
                         true);
    tl_trial_decode(s.plan, 0, s.a);
    static const char *const same[] = {"defense.data_watermark",
                                       "defense.provenance_filter", "train"};
    for (int round = 2; round <= 3; round++) {
        for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
            const int a = find_in_round(s.a, same[i], 1);
            const int b = find_in_round(s.a, same[i], round);
            assert_true(a >= 0 && b > a);
            assert_true(tl_key_equal(&s.a->step[a].key, &s.a->step[b].key));
        }
        const int filter = find_in_round(s.a, same[1], round);
        const int marks = s.a->step[filter].from[TL_PART_MARKS];
        int parent[TL_TRIAL_STEPS];
        assert_int_equal(marks, find_in_round(s.a, same[0], round));
        const int parents = tl_trial_parents(s.a, filter, parent);
        for (int i = 0; i < parents; i++)
            assert_int_equal(s.a->step[parent[i]].round, round);
    }
    close_scene(&s);
}

/* The first round is the trial without rounds; what a round adds is new, and each step's
 * metrics have names of their own. */
static void rounds_only_add_to_a_trial(void **state)
{
    (void)state;
    tl_link join;
    scene one = open_rounds(1, &join), two = open_rounds(2, &join);
    tl_trial_decode(one.plan, 0, one.a);
    tl_trial_decode(two.plan, 0, two.a);
    assert_int_equal(two.a->steps, 2 * one.a->steps + 1);
    char name[64][TL_METRIC_NAME];
    int names = 0;
    for (int i = 0; i < two.a->steps; i++) {
        const tl_trial_step *step = &two.a->step[i];
        assert_int_equal(step->round, i < one.a->steps ? 1 : 2);
        if (step->round == 1) {
            assert_true(tl_key_equal(&step->key, &one.a->step[i].key));
        }
        for (int m = 0; m < tl_trial_metrics(step); m++) {
            assert_true(names < 64);
            (void)tl_trial_metric_name(two.plan, step, m, name[names]);
            const char *end = strstr(name[names], "_round");
            assert_true(step->round == 1 ? !end : end && strcmp(end, "_round2") == 0);
            for (int k = 0; k < names; k++) assert_string_not_equal(name[k], name[names]);
            names++;
        }
    }
    close_scene(&one);
    close_scene(&two);
}

/* The surrogate of round 2 descends from the backdoor of both rounds: one is judged on it.
 */
static void one_planting_is_judged_on_each_part_in_each_round(void **state)
{
    (void)state;
    tl_link join;
    scene s = open_rounds(2, &join);
    tl_trial_decode(s.plan, 0, s.a);
    int judged[3][2] = {{0}};
    for (int i = 0; i < s.a->steps; i++) {
        const tl_trial_step *step = &s.a->step[i];
        if (step->kind != TL_STEP_JUDGE || step->item != TL_PART_SURROGATE) continue;
        judged[step->round][step->judgement]++;
        assert_int_equal(step->from[TL_PART_SURROGATE],
                         find_in_round(s.a, "m2m.model_extraction", step->round));
    }
    for (int round = 1; round <= 2; round++) {
        assert_int_equal(judged[round][0], 1);
        assert_int_equal(judged[round][1], 1);
    }
    close_scene(&s);
}

static void what_descends_from_itself_draws_other_numbers(void **state)
{
    (void)state;
    tl_link join;
    scene s = open_rounds(3, &join);
    /* It recovers from the surrogate, which is made of what was recovered before. */
    tl_stage from_copy = recovering;
    from_copy.reads = TL_BIT(TL_PART_SURROGATE);
    s.plan->body->chain[0]->link[4]->stage = &from_copy;
    tl_trial_decode(s.plan, 0, s.a);
    for (int round = 1; round <= 3; round++) {
        const int at = find_in_round(s.a, "test.recovering", round);
        assert_int_equal(s.a->step[at].occurrence, round - 1);
    }
    close_scene(&s);
}

/* In every round the control model draws what the extraction of that round draws, though
 * nothing that it is made from descends from an attack of its own stage. */
static void a_control_counts_the_stage_it_draws_as(void **state)
{
    (void)state;
    scene s = open_scene(DATA "chain:\n"
                              "  - train\n"
                              "  - m2m.model_extraction: {queries: 30}\n"
                              "  - d2d.transfer_pgd: {queries: 30}\n"
                              "  - m2d.surrogate_inversion\n"
                              "  - rounds: 3\n",
                         true);
    tl_trial_decode(s.plan, 0, s.a);
    for (int round = 1; round <= 3; round++) {
        const tl_trial_step *copy =
            &s.a->step[find_in_round(s.a, "m2m.model_extraction", round)];
        const tl_trial_step *use =
            &s.a->step[find_in_round(s.a, "d2d.transfer_pgd", round)];
        assert_int_equal(copy->occurrence, round - 1);
        assert_int_equal(use->bank_count, 1);
        assert_int_equal(s.a->step[use->bank_from].occurrence, round - 1);
    }
    close_scene(&s);
}

/* With every registered stage that recovers data, from the text of a plan on. */
static void a_plan_may_end_in_rounds(void **state)
{
    (void)state;
    int count, found = 0;
    const tl_stage *const *all = tl_stages(&count);
    for (int i = 0; i < count; i++) {
        if (!(all[i]->gives & TL_BIT(TL_PART_RECOVERED))) continue;
        char text[1000];
        (void)snprintf(
            text, sizeof text,
            DATA "chain: [train, m2m.model_extraction: {queries: 30}, %s, {rounds: 3}]\n"
                 "hypotheses:\n"
                 "  - {effect: round, on: m2m_model_extraction_agreement, level: 3, "
                 "direction: raises}\n",
            all[i]->name);
        scene s = open_scene(text, true);
        tl_trial_decode(s.plan, 0, s.a);
        assert_int_equal(find_in_round(s.a, "d2d.use_recovered", 1), -1);
        const int use = find_in_round(s.a, "d2d.use_recovered", 3);
        assert_true(use >= 0);
        assert_int_equal(s.a->step[use].from[TL_PART_RECOVERED],
                         find_in_round(s.a, all[i]->name, 2));
        char name[TL_METRIC_NAME];
        assert_string_equal(tl_trial_metric_name(s.plan, &s.a->step[use], 0, name),
                            "d2d_use_recovered_rows_round3");
        assert_string_equal(s.plan->hypothesis[0].effect, "round");
        close_scene(&s);
        found++;
    }
    if (found == 0) skip();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_stand_after_those_they_read),
        cmocka_unit_test(a_query_budget_does_not_repeat_training),
        cmocka_unit_test(a_poisoning_rate_changes_what_is_trained_on_it),
        cmocka_unit_test(a_replicate_changes_all_keys),
        cmocka_unit_test(seeds_of_a_draw_share_its_data),
        cmocka_unit_test(replicates_have_the_same_keys_in_any_range),
        cmocka_unit_test(without_sharing_no_two_trials_share_a_key),
        cmocka_unit_test(a_recipe_changes_training_but_not_the_data),
        cmocka_unit_test(the_name_of_an_instance_is_not_part_of_its_key),
        cmocka_unit_test(a_second_occurrence_draws_other_numbers),
        cmocka_unit_test(what_was_planted_is_judged_on_all_that_descends_from_it),
        cmocka_unit_test(marks_in_data_are_judged_on_the_version_there_is),
        cmocka_unit_test(metrics_are_named_by_instance_part_and_judgement),
        cmocka_unit_test(a_bank_stands_before_the_stage_that_wants_it),
        cmocka_unit_test(all_membership_tests_of_a_replicate_share_one_control),
        cmocka_unit_test(without_rows_of_the_attacker_there_is_no_control),
        cmocka_unit_test(
            defences_of_the_service_and_adapting_to_them_renew_the_attack_alone),
        cmocka_unit_test(values_follow_the_levels_of_the_cell),
        cmocka_unit_test(a_later_round_uses_what_was_recovered),
        cmocka_unit_test(what_is_the_owners_starts_again),
        cmocka_unit_test(marks_start_again_with_the_rows_that_carry_them),
        cmocka_unit_test(rounds_only_add_to_a_trial),
        cmocka_unit_test(one_planting_is_judged_on_each_part_in_each_round),
        cmocka_unit_test(what_descends_from_itself_draws_other_numbers),
        cmocka_unit_test(a_control_counts_the_stage_it_draws_as),
        cmocka_unit_test(a_plan_may_end_in_rounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
