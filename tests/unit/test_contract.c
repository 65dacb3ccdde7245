/* experiments/stage, runner: what the contract of stages promises, with stages made to try
 * it: tests/support/stages. */
#include "compute/core/blas.h"
#include "compute/core/log.h"
#include "runner/execute/executor.h"
#include "tests/support/toy_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* --- who may ask ---------------------------------------------------------------------- */

static void who_may_only_ask_sees_no_target(void **state)
{
    (void)state;
    toy_world toy;
    tl_measure measure[TL_MAX_METRICS];
    toy_world_open(&toy, NULL);
    toy_do(&toy, "train", NULL, NULL);
    toy_do(&toy, "m2d.test_peek", NULL, measure);
    assert_true(toy_metric("m2d.test_peek", measure, "sees_target") == 0.0);
    assert_true(toy_metric("m2d.test_peek", measure, "outcome_sees") == 1.0);
    assert_true(toy_metric("m2d.test_peek", measure, "answered") == 1.0);
    toy_world_close(&toy);
}

/* Rows recovered in an earlier round join the attacker's: who may ask still keeps to the
 * budget that was known when the plan was read. */
static void budgets_hold_where_rows_were_recovered(void **state)
{
    (void)state;
    toy_world toy;
    int count, asking = 0;
    const tl_stage *const *all = tl_stages(&count);
    toy_world_open(&toy, NULL);
    toy_do(&toy, "train", NULL, NULL);
    toy.world.data[TL_PART_RECOVERED] = toy.world.data[TL_PART_TEST];
    toy_do(&toy, "d2d.use_recovered", NULL, NULL);
    for (int s = 0; s < count; s++) {
        tl_value arg[TL_MAX_PARAMS];
        toy_defaults(all[s], arg);
        if (!tl_stage_asks(all[s]) ||
            tl_stage_check(all[s], &toy.size, arg, NULL) != TL_OK) {
            continue;
        }
        toy_run run = {.stage = all[s], .arg = arg};
        const tl_team alone = tl_team_alone();
        toy_run_stage(&toy, &run, &alone);
        if (run.status != TL_OK) fail_msg("%s: %s", all[s]->name, run.err.text);
        toy_run_close(&run);
        asking++;
    }
    assert_true(asking >= 4);
    toy_world_close(&toy);
}

/* --- links that remember -------------------------------------------------------------- */

enum { ASKED = 130, CLASSES = 3, FIRST = 100 };

/* Asks about the test rows in blocks of `block`, behind the world's service. */
static void ask(toy_world *toy, int block, float *answer)
{
    const tl_dataset *test = toy->world.data[TL_PART_TEST];
    const size_t size = (size_t)tl_shape_size(test->shape);
    const tl_session_options options = {.service = toy->world.service,
                                        .model = toy->world.model[TL_PART_TARGET],
                                        .budget = ASKED};
    const tl_team alone = tl_team_alone();
    tl_session *session;
    assert_int_equal(test->rows, ASKED);
    assert_int_equal(tl_session_open(&options, &toy->arena, &session, NULL), TL_OK);
    for (int at = 0; at < ASKED; at += block) {
        const tl_question question = {.input = test->input + (size_t)at * size,
                                      .rows = at + block < ASKED ? block : ASKED - at,
                                      .kind = TL_ANSWER_SCORES};
        assert_int_equal(tl_session_ask(session, &question, &alone, &toy->arena,
                                        answer + at * CLASSES, NULL),
                         TL_OK);
    }
    assert_true(tl_session_asked(session) == ASKED);
}

static void what_links_remember_follows_the_queries_not_the_blocks(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, NULL);
    toy_do(&toy, "train", NULL, NULL);
    float plain[ASKED * CLASSES], whole[ASKED * CLASSES], blocks[ASKED * CLASSES];
    ask(&toy, ASKED, plain);
    toy_do(&toy, "defense.test_drift", NULL, NULL);
    ask(&toy, ASKED, whole);
    assert_memory_equal(whole, plain, FIRST * CLASSES * sizeof *whole);
    for (int i = FIRST; i < ASKED; i++) {
        for (int c = 0; c < CLASSES; c++) {
            assert_true(whole[i * CLASSES + (c + 1) % CLASSES] == plain[i * CLASSES + c]);
        }
    }
    /* Blocks of one size: a row's bits depend on the size of the call, as in any program
     * that multiplies matrices. */
    static const int size[] = {1, 7, 64, 99, 101};
    for (size_t b = 0; b < sizeof size / sizeof *size; b++) {
        toy.world.service = tl_service_plain();
        ask(&toy, size[b], plain);
        toy_do(&toy, "defense.test_drift", NULL, NULL);
        ask(&toy, size[b], blocks);
        assert_memory_equal(blocks, plain, FIRST * CLASSES * sizeof *blocks);
        for (int i = FIRST * CLASSES; i < ASKED * CLASSES; i++) {
            const int from = i / CLASSES * CLASSES + (i + CLASSES - 1) % CLASSES;
            assert_true(blocks[i] == plain[from]);
        }
    }
    toy_world_close(&toy);
}

/* --- a defence that alters the recipe ------------------------------------------------- */

#define DATA                                                                     \
    "data: {source: synthetic/lesions, examples: 300, split: {pool: 100, keep: " \
    "0.5, validation: 20, attacker: 40, test: 60}}\nrecipe: {epochs: 3}\n"       \
    "model: {kind: mlp, width: 4}\nseed: 2\n"
#define AFTER                                       \
    "  - train\n  - m2d.shadow_lira: {models: 4}\n" \
    "  - m2m.model_extraction: {queries: 30}\n  - measure.utility\n"

static tl_plan *read_plan(const char *text)
{
    const tl_plan_options options = {.is_shared = true};
    tl_plan *plan = NULL;
    tl_err err = {0};
    if (tl_plan_parse("p.yaml", text, &options, &plan, &err) != TL_OK)
        fail_msg("%s", err.text);
    return plan;
}

static void decode(const tl_plan *plan, uint32_t number, tl_arena *arena, tl_trial **out)
{
    assert_int_equal(tl_trial_new(arena, out, NULL), TL_OK);
    tl_trial_decode(plan, number, *out);
}

static void a_recipe_defence_renews_all_that_is_trained_after_it(void **state)
{
    (void)state;
    tl_plan *both = read_plan(DATA "chain:\n  - one_of: {as: defence, options: [none, "
                                   "defense.test_recipe]}\n" AFTER);
    tl_plan *without = read_plan(DATA "chain:\n" AFTER);
    tl_arena arena = tl_arena_open(0);
    tl_trial *plain, *off, *on;
    decode(without, 0, &arena, &plain);
    decode(both, 0, &arena, &off);
    decode(both, 1, &arena, &on);
    assert_int_equal(plain->steps,
                     1 + 4 + 1 + 1 + 1 + 1 + 1); /* banks of 4 and 1, a control */
    assert_int_equal(off->steps, plain->steps);
    assert_int_equal(on->steps, plain->steps + 1);
    int banked = 0;
    for (int i = 0; i < plain->steps; i++) {
        const tl_trial_step *a = &plain->step[i], *b = &off->step[i], *c = &on->step[i + 1];
        assert_true(tl_key_equal(&a->key, &b->key));
        assert_ptr_equal(a->stage, c->stage);
        assert_int_equal(a->kind, c->kind);
        banked += c->kind == TL_STEP_BANK;
        if (tl_key_equal(&a->key, &c->key)) fail_msg("%s: the same key", a->stage->name);
        const tl_recipe before = tl_trial_size(plain, i).setup.recipe;
        const tl_recipe after = tl_trial_size(on, i + 1).setup.recipe;
        assert_int_equal(before.epochs, 3);
        assert_int_equal(after.epochs, 2);
        assert_true(before.label_smoothing == 0.0 && after.label_smoothing == 0.2);
        /* Costs follow: two epochs of three. */
        if (tl_trial_trains(c->stage, c->kind))
            assert_true(tl_trial_cost(on, i + 1) < 0.9 * tl_trial_cost(plain, i));
    }
    assert_int_equal(banked, 6);
    tl_arena_close(&arena);
    tl_plan_close(both);
    tl_plan_close(without);
}

static void set_epochs(tl_setup_values *values)
{
    values->recipe[TL_RECIPE_EPOCHS].number = 3;
}

static void training_uses_the_recipe_as_it_was_altered(void **state)
{
    (void)state;
    tl_measure measure[TL_MAX_METRICS];
    double loss[2];
    for (int is_on = 0; is_on < 2; is_on++) {
        toy_world toy;
        tl_value arg[TL_MAX_PARAMS];
        toy_world_open(&toy, set_epochs);
        toy_defaults(tl_stage_find("defense.test_recipe"), arg);
        toy_set("defense.test_recipe", arg, "smoothing", 0.5);
        if (is_on) toy_do(&toy, "defense.test_recipe", arg, NULL);
        toy_do(&toy, "train", NULL, measure);
        assert_true(toy_metric("train", measure, "epochs") == (is_on ? 2.0 : 3.0));
        loss[is_on] = toy_metric("train", measure, "loss");
        toy_world_close(&toy);
    }
    assert_true(loss[0] != loss[1]);
}

/* --- what several parts of a step become ---------------------------------------------- */

static const char chain[] = DATA "chain:\n  - m2m.test_giver\n  - measure.test_parts\n"
                                 "  - d2d.test_remade\n"
                                 "  - measure.test_parts: {as: again}\n";
enum { GIVER, PARTS, REMADE, AGAIN, STEPS };
enum { TARGET, SURROGATE, ATTACKER };

typedef struct room {
    char folder[64];
    tl_plan *plan;
    tl_store store;
    tl_executor rank[2];
} room;

static int open_room(void **state)
{
    room *it = calloc(1, sizeof *it);
    assert_non_null(it);
    tl_err err;
    (void)snprintf(it->folder, sizeof it->folder, "/tmp/tl_contract.XXXXXX");
    assert_non_null(mkdtemp(it->folder));
    it->plan = read_plan(chain);
    assert_int_equal(tl_store_join(it->folder, false, &it->store, &err), TL_OK);
    for (int r = 0; r < 2; r++) {
        assert_int_equal(
            tl_executor_open(it->plan, &it->store, 1 << 26, &it->rank[r], &err), TL_OK);
    }
    *state = it;
    return 0;
}

static int close_room(void **state)
{
    room *it = *state;
    char command[96];
    (void)snprintf(command, sizeof command, "rm -r %s", it->folder);
    assert_int_equal(system(command), 0);
    for (int r = 0; r < 2; r++) tl_executor_close(&it->rank[r]);
    tl_store_close(&it->store, false);
    tl_plan_close(it->plan);
    free(it);
    return 0;
}

/* Runs a step on a rank. */
static void run_on(room *it, int rank, int position, tl_measure *measure)
{
    const tl_team alone = tl_team_alone();
    int measures;
    tl_err err = {0};
    if (tl_executor_run(&it->rank[rank], 0, position, &alone, measure, &measures, &err) !=
        TL_OK) {
        fail_msg("step %d on rank %d: %s", position, rank, err.text);
    }
}

static void a_rank_that_made_nothing_reads_all_that_was_made(void **state)
{
    room *it = *state;
    tl_measure made[2][TL_MAX_METRICS], read[2][TL_MAX_METRICS], unused[TL_MAX_METRICS];
    run_on(it, 0, GIVER, unused);
    run_on(it, 0, PARTS, made[0]);
    run_on(it, 0, REMADE, unused);
    run_on(it, 0, AGAIN, made[1]);
    /* In an order in which the second rank has nothing of the first in memory. */
    run_on(it, 1, AGAIN, read[1]);
    run_on(it, 1, PARTS, read[0]);
    for (int k = 0; k < 2; k++) {
        for (int m = TARGET; m <= ATTACKER; m++) {
            assert_true(made[k][m].value == read[k][m].value);
        }
    }
    /* Three different things, and remaking changed the data alone. */
    assert_true(made[0][TARGET].value != made[0][SURROGATE].value);
    assert_true(made[0][TARGET].value == made[1][TARGET].value);
    assert_true(made[0][SURROGATE].value == made[1][SURROGATE].value);
    assert_true(made[0][ATTACKER].value != made[1][ATTACKER].value);
}

/* Whether step `position` left a file of `part`. */
static bool has_file(room *it, int position, tl_part part)
{
    char path[TL_PATH_SPACE];
    tl_arena arena = tl_arena_open(0);
    tl_trial *trial;
    decode(it->plan, 0, &arena, &trial);
    assert_int_equal(tl_store_part_path(&it->store, &trial->step[position].key, part, path,
                                        sizeof path, NULL),
                     TL_OK);
    tl_arena_close(&arena);
    FILE *file = fopen(path, "rb");
    if (file) assert_int_equal(fclose(file), 0);
    return file != NULL;
}

static void only_what_is_kept_has_a_file(void **state)
{
    room *it = *state;
    tl_measure unused[TL_MAX_METRICS];
    run_on(it, 0, GIVER, unused);
    run_on(it, 0, REMADE, unused);
    assert_true(has_file(it, GIVER, TL_PART_TARGET));
    assert_true(has_file(it, GIVER, TL_PART_SURROGATE));
    assert_true(has_file(it, GIVER, TL_PART_ATTACKER));
    assert_false(has_file(it, REMADE, TL_PART_ATTACKER));
}

#define IN_ROOM(name) cmocka_unit_test_setup_teardown(name, open_room, close_room)

int main(void)
{
    tl_blas_start();
    tl_log_set(TL_LOG_ERROR, -1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_may_only_ask_sees_no_target),
        cmocka_unit_test(budgets_hold_where_rows_were_recovered),
        cmocka_unit_test(what_links_remember_follows_the_queries_not_the_blocks),
        cmocka_unit_test(a_recipe_defence_renews_all_that_is_trained_after_it),
        cmocka_unit_test(training_uses_the_recipe_as_it_was_altered),
        IN_ROOM(a_rank_that_made_nothing_reads_all_that_was_made),
        IN_ROOM(only_what_is_kept_has_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
