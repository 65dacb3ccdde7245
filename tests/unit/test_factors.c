/* runner/results: what the result file says of factors, and which a metric depends on. */
#include "runner/plan/plan_private.h"
#include "runner/results/downstream.h"
#include "runner/results/factors.h"
#include "runner/results/success.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define DATA                                                                          \
    "data: {source: synthetic/lesions, split: {pool: 60, keep: 0.5, validation: 20, " \
    "attacker: 40, test: 40}}\n"

typedef struct scene {
    tl_plan *plan;
    tl_arena arena;
} scene;

static scene open_scene(const char *text)
{
    scene s = {0};
    tl_err err = {0};
    const tl_plan_options options = {.is_shared = true};
    if (tl_plan_parse("p.yaml", text, &options, &s.plan, &err) != TL_OK)
        fail_msg("%s", err.text);
    return s;
}

static void close_scene(scene *s)
{
    tl_arena_close(&s->arena);
    tl_plan_close(s->plan);
}

/* Calls `see` with each step that has metrics, of the first replicate of every cell. */
typedef void seer(void *what, const tl_trial *trial, int position);

static void see_steps(scene *s, seer *see, void *what)
{
    tl_err err;
    tl_trial *trial;
    assert_int_equal(tl_trial_new(&s->arena, &trial, &err), TL_OK);
    for (uint32_t cell = 0; cell < s->plan->cells; cell++) {
        tl_trial_decode(s->plan, cell * s->plan->replicates, trial);
        for (int i = 0; i < trial->steps; i++) {
            if (tl_trial_metrics(&trial->step[i]) > 0) see(what, trial, i);
        }
    }
}

static void list_step(void *steps, const tl_trial *trial, int position)
{
    tl_err err;
    assert_int_equal(tl_measured_add(steps, trial, position, &err), TL_OK);
}

static void mark_step(void *downstream, const tl_trial *trial, int position)
{
    tl_downstream *d = downstream;
    const uint32_t number = tl_measured_find(d->steps, &trial->step[position]);
    tl_downstream_mark(d, trial, position, number);
}

/* The factors above the RUN step of `stage` in a round, or of it, seen from the first
 * trial. */
static const char *above_of(scene *s, const char *stage, int round, tl_downstream_of of)
{
    tl_err err = {0};
    tl_measured_list steps = {0};
    tl_downstream downstream;
    const char *list = NULL;
    see_steps(s, list_step, &steps);
    assert_int_equal(tl_downstream_new(s->plan, &steps, &s->arena, &downstream, &err),
                     TL_OK);
    see_steps(s, mark_step, &downstream);
    for (uint32_t i = 0; i < steps.count && !list; i++) {
        const tl_trial_step *step = &steps.one[i].step;
        if (step->kind != TL_STEP_RUN || step->round != round) continue;
        if (strcmp(step->stage->name, stage) != 0) continue;
        assert_int_equal(tl_downstream_factors(&downstream, i, of, &s->arena, &list, &err),
                         TL_OK);
    }
    tl_measured_close(&steps);
    assert_non_null(list);
    return list;
}

static const char *above(scene *s, const char *stage, int round)
{
    return above_of(s, stage, round, TL_DOWNSTREAM_OF_STEP);
}

static const char poisons[] = DATA
    "chain:\n"
    "  - one_of: {as: poison, options: [none, d2m.badnets: {rate: [0.1, 0.2], size: 3}]}\n"
    "  - train\n"
    "  - m2m.model_extraction: {queries: [10, 20]}\n"
    "  - m2d.global_threshold\n";

/* Trial 0 has no poison at all. */
static void a_rate_matters_to_all_that_is_downstream_of_the_poison(void **state)
{
    (void)state;
    scene s = open_scene(poisons);
    assert_string_equal(above(&s, "train", 1), "poison d2m_badnets_rate");
    assert_string_equal(above(&s, "m2d.global_threshold", 1), "poison d2m_badnets_rate");
    assert_string_equal(above(&s, "m2m.model_extraction", 1),
                        "poison m2m_model_extraction_queries d2m_badnets_rate");
    close_scene(&s);
}

/* The control model never meets the poison: its accuracy has no effect of it to test. */
static void what_the_control_is_worth_does_not_depend_on_the_target(void **state)
{
    (void)state;
    scene s = open_scene(poisons);
    assert_string_equal(above_of(&s, "m2m.model_extraction", 1, TL_DOWNSTREAM_OF_BANK),
                        "m2m_model_extraction_queries");
    close_scene(&s);
    int of_bank = 0;
    const tl_metric *metric = tl_stage_find("m2m.model_extraction")->metrics;
    for (; metric->name; metric++) {
        if (metric->of_bank) assert_string_equal(metric->name, "twin_accuracy");
        of_bank += metric->of_bank;
    }
    assert_int_equal(of_bank, 1);
}

#define FILTERED                                                                     \
    DATA "chain:\n"                                                                  \
         "  - defense.data_watermark: {psnr: 34}\n"                                  \
         "  - one_of: {as: poison, options: [none, d2m.badnets: {rate: [0.1, 0.2], " \
         "size: 3}]}\n"                                                              \
         "  - one_of: {as: filter, options: [none, defense.provenance_filter]}\n"    \
         "  - train\n"                                                               \
         "  - m2d.global_threshold\n"                                                \
         "  - m2m.model_extraction: {queries: [10, 20]}\n"                           \
         "exclude:\n"

/* In trial 0 the filter cannot be moved: with nothing handed in it is left out. */
static void a_factor_matters_though_exclude_bars_its_move(void **state)
{
    (void)state;
    scene s = open_scene(FILTERED "  - {poison: none, filter: defense.provenance_filter}\n"
                                  "  - {poison: none, m2m.model_extraction.queries: 20}\n");
    assert_string_equal(above(&s, "train", 1), "poison filter d2m_badnets_rate");
    assert_string_equal(above(&s, "m2d.global_threshold", 1),
                        "poison filter d2m_badnets_rate");
    assert_string_equal(above(&s, "m2m.model_extraction", 1),
                        "poison filter m2m_model_extraction_queries d2m_badnets_rate");
    close_scene(&s);
}

/* From trial 0 no poison can be entered, so no rate is seen from there. */
static void a_rate_matters_though_exclude_bars_its_poison(void **state)
{
    (void)state;
    scene s = open_scene(FILTERED "  - {poison: d2m.badnets, filter: none}\n");
    assert_string_equal(above(&s, "train", 1), "poison filter d2m_badnets_rate");
    close_scene(&s);
}

/* What is within a zipped choice moves with the choice's mates. */
static void zipped_factors_name_their_group(void **state)
{
    (void)state;
    scene s = open_scene(
        DATA "model: {kind: mlp, width: [4, 8]}\n"
             "recipe: {epochs: [1, 2, 3], batch: [8, 16], lr: [0.1, 0.2]}\n"
             "chain:\n"
             "  - one_of: {as: poison, options: [none, d2m.badnets: {rate: [0.1, 0.2], "
             "size: 3}]}\n"
             "  - train\n"
             "sweep: {zip: [[model.width, recipe.batch], [poison, recipe.epochs]]}\n");
    static const struct {
        const char *factor, *zip;
    } wanted[] = {{"model_width", "0"},   {"recipe_batch", "0"},     {"poison", "1"},
                  {"recipe_epochs", "1"}, {"d2m_badnets_rate", "1"}, {"recipe_lr", NULL}};
    tl_err err = {0};
    tl_column column[8] = {{0}};
    tl_table table = {.trials = s.plan->trials, .room = 8, .column = column};
    assert_int_equal(tl_factors_columns(s.plan, &s.arena, &table, &err), TL_OK);
    assert_int_equal(table.columns, 6);
    for (int i = 0; i < 6; i++) {
        const tl_column *factor = tl_table_find(&table, wanted[i].factor);
        assert_non_null(factor);
        const char *zip = tl_column_attribute(factor, "zip");
        assert_true(wanted[i].zip ? zip && strcmp(zip, wanted[i].zip) == 0 : !zip);
    }
    close_scene(&s);
}

static const tl_stage recovering = {.name = "test.recovering",
                                    .version = 1,
                                    .reads = TL_BIT(TL_PART_TARGET),
                                    .gives = TL_BIT(TL_PART_RECOVERED)};

/* Without recovered data, round 2 is round 1 over again: the same step stands in both. */
static void what_recovers_matters_to_the_next_round_alone(void **state)
{
    (void)state;
    scene s =
        open_scene(DATA "chain:\n"
                        "  - train\n"
                        "  - one_of: {as: attack, options: [none, m2d.global_threshold]}\n"
                        "  - m2m.model_extraction: {queries: 10}\n");
    tl_chain *chain = s.plan->body->chain[0];
    tl_link join = {.stage = tl_stage_find("d2d.use_recovered"), .axis = -1, .instance = 1};
    chain->link[1]->stage = &recovering;
    chain->rounds = 2;
    chain->join = &join;
    assert_string_equal(above(&s, "m2m.model_extraction", 1), "");
    assert_string_equal(above(&s, "m2m.model_extraction", 2), "attack");
    assert_string_equal(above(&s, "train", 2), "");
    close_scene(&s);
}

/* An axis between chains, or alternatives, is not above what they share. */
static void what_two_chains_share_does_not_depend_on_the_chain(void **state)
{
    (void)state;
    scene s = open_scene(DATA "recipe: {lr: [0.1, 0.2]}\n"
                              "chains:\n"
                              "  short: [train, m2d.global_threshold]\n"
                              "  long:\n"
                              "    - train\n"
                              "    - m2d.global_threshold\n"
                              "    - m2m.model_extraction: {queries: [10, 20]}\n");
    assert_string_equal(above(&s, "train", 1), "recipe_lr");
    assert_string_equal(above(&s, "m2d.global_threshold", 1), "recipe_lr");
    close_scene(&s);
}

/* A column's metric is told by its name's end, whatever the stage is called in the plan. */
static void success_is_what_the_stage_says_it_is(void **state)
{
    (void)state;
    static const struct {
        const char *name, *flow, *threat, *role;
        bool is_success;
    } known[] = {
        {"m2d_shadow_lira_auc", "M2D", NULL, "attack", true},
        {"m2d_shadow_lira_auc_gain_lap2", "M2D", NULL, "attack", true},
        {"my_auc_advantage", "M2D", NULL, "attack", false},
        {"d2m_badnets_success_surrogate_judge2", "D2M", NULL, "attack", true},
        {"success_untriggered", "D2M", NULL, "attack", false},
        {"d2m_badnets_success", "D2M", NULL, "measure", false},
        {"d2m_badnets_success", "M2D", NULL, "attack", false},
        {"d2m_badnets_success", "D2M", "theft", "attack", false},
        {"auc", "M2D", NULL, "attack", false},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const bool is_poison = strcmp(known[i].flow, "D2M") == 0;
        const char *stage = is_poison ? "d2m.badnets" : "m2d.shadow_lira";
        const char *threat = tl_stage_find(stage)->taxonomy;
        tl_column column = {.name = known[i].name};
        tl_column_describe(&column, "role", known[i].role);
        tl_column_describe(&column, "flow", known[i].flow);
        tl_column_describe(&column, "taxonomy_threat",
                           known[i].threat ? known[i].threat : threat);
        tl_table table = {.columns = 1, .room = 1, .column = &column};
        tl_success_mark(&table);
        if (column.is_success != known[i].is_success) fail_msg("%s", known[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rate_matters_to_all_that_is_downstream_of_the_poison),
        cmocka_unit_test(what_the_control_is_worth_does_not_depend_on_the_target),
        cmocka_unit_test(a_factor_matters_though_exclude_bars_its_move),
        cmocka_unit_test(a_rate_matters_though_exclude_bars_its_poison),
        cmocka_unit_test(zipped_factors_name_their_group),
        cmocka_unit_test(what_recovers_matters_to_the_next_round_alone),
        cmocka_unit_test(what_two_chains_share_does_not_depend_on_the_chain),
        cmocka_unit_test(success_is_what_the_stage_says_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
