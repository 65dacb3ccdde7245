/*
 * What every registered stage keeps to, whoever wrote it. A new stage is tested here by
 * being listed in stages.def. The argument is the name of a stage; without one, all.
 */
#include "experiments/stage/part_table.h"
#include "experiments/stage/stage_memory.h"
#include "tests/support/stage_access.h"
#include "tests/support/team_threads.h"
#include "tests/support/toy_world.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

enum { MOST_WIDTH = 8, LIMITS = 6 };

/* Worlds with another model each; a stage is tested in the first that it makes sense for.
 */
enum { WORLDS = 3 };
static toy_world worlds[WORLDS];

/* The stages under test: one, or (NULL) all. */
static const tl_stage *chosen;

static const tl_stage *const *chosen_stages(int *count)
{
    *count = 1;
    return chosen ? (const tl_stage *const *)&chosen : tl_stages(count);
}

static void make_linear(tl_setup_values *values)
{
    values->model[TL_MODEL_KIND].number = TL_MODEL_LINEAR;
}

static void make_tokens(tl_setup_values *values)
{
    values->data[TL_DATA_SOURCE].text = "synthetic/markov";
    values->data[TL_DATA_CLASSES].number = 20;
    values->data[TL_DATA_CONTEXT].number = 8;
    values->model[TL_MODEL_KIND].number = TL_MODEL_GPT;
}

static void fill(toy_world *toy)
{
    if (toy->size.vocabulary == 0) {
        const tl_dataset *plain = toy->world.data[TL_PART_POOL];
        toy_do(toy, "defense.data_watermark", NULL, NULL); /* for its marks */
        toy->world.data[TL_PART_POOL] = plain;
    }
    toy_do(toy, "train", NULL, NULL);
    toy_do(toy, "m2d.global_threshold", NULL, NULL); /* for its log */
    toy->world.model[TL_PART_SURROGATE] = toy->world.model[TL_PART_TARGET];
    toy->world.data[TL_PART_RECOVERED] = toy->world.data[TL_PART_ATTACKER];
}

/* World `w`, opened when it is first asked for. */
static toy_world *world(int w)
{
    static void (*const change[WORLDS])(tl_setup_values *) = {NULL, make_linear,
                                                              make_tokens};
    if (worlds[w].source) return &worlds[w];
    toy_world_open(&worlds[w], change[w]);
    fill(&worlds[w]);
    return &worlds[w];
}

static int close_worlds(void **state)
{
    (void)state;
    for (int w = 0; w < WORLDS; w++) {
        if (worlds[w].source) toy_world_close(&worlds[w]);
    }
    return 0;
}

/* The world of a stage; fails where its default arguments make sense in none. */
static toy_world *world_of(const tl_stage *stage)
{
    tl_value arg[TL_MAX_PARAMS];
    tl_err err = {0};
    toy_defaults(stage, arg);
    for (int w = 0; w < WORLDS; w++) {
        const tl_size *size = &world(w)->size;
        if (tl_stage_check_data(stage, "toys", size->vocabulary, &err) != TL_OK) continue;
        if (tl_stage_check(stage, size, arg, &err) == TL_OK) return &worlds[w];
    }
    fail_msg("%s: %s", stage->name, err.text);
    return NULL;
}

/* --- what is written about it --------------------------------------------------------- */

static void assert_text(const tl_stage *stage, const char *what, const char *text)
{
    if (text && text[0]) return;
    fail_msg("%s: no %s", stage ? stage->name : "a bank", what);
}

/* Sentences, each followed by one space. */
static void check_variant(const tl_stage *stage)
{
    assert_text(stage, "variant", stage->variant);
    const size_t length = strlen(stage->variant);
    if (stage->variant[length - 1] != '.' || strstr(stage->variant, "  ") ||
        strchr(stage->variant, '\n'))
        fail_msg("%s: its variant is no text of sentences", stage->name);
}

static void check_params(const tl_stage *stage)
{
    const int count = tl_params_count(stage->params);
    assert_in_range(count, 0, TL_MAX_PARAMS);
    for (int i = 0; i < count; i++) {
        const tl_param *p = &stage->params[i];
        assert_text(stage, p->name, p->about);
        assert_int_equal(tl_params_find(stage->params, p->name), i);
        if (p->type == TL_PARAM_TEXT) continue;
        int words = p->type == TL_PARAM_BOOL ? 2 : 0;
        while (p->type == TL_PARAM_CHOICE && p->choices[words]) words++;
        const double high = words > 0 ? words - 1 : p->high;
        if (p->fallback < p->low || p->fallback > high ||
            (p->low_is_open && p->fallback == p->low)) {
            fail_msg("%s: the default of %s is out of its bounds", stage->name, p->name);
        }
    }
}

static void check_metrics(const tl_stage *stage, const tl_metric *metrics)
{
    int count = 0;
    for (; metrics && metrics[count].name; count++) {
        const tl_metric *m = &metrics[count];
        assert_text(stage, m->name, m->about);
        for (int i = 0; i < count; i++) {
            assert_string_not_equal(metrics[i].name, m->name);
        }
        bool has_control = !m->control;
        for (int i = 0; metrics[i].name && !has_control; i++)
            has_control = strcmp(metrics[i].name, m->control) == 0;
        if (!has_control) fail_msg("%s: no control %s", stage->name, m->control);
        if (m->is_rate && (m->low != 0.0 || m->high != 0.0)) {
            fail_msg("%s: the rate %s has bounds of its own", stage->name, m->name);
        }
    }
    assert_in_range(count, 0, TL_MAX_METRICS);
}

static void check_access(const tl_stage *stage)
{
    const char *fault = access_fault(stage);
    if (fault) fail_msg("%s %s", stage->name, fault);
}

static void check_keeps(const tl_stage *stage)
{
    assert_true((stage->keeps & ~stage->gives) == 0);
    for (int p = 0; p < TL_PARTS; p++) {
        if (stage->keeps & TL_BIT(p)) assert_non_null(tl_part_of((tl_part)p)->ending);
    }
    /* A model is never trained again for those who read it. */
    assert_true((stage->gives & TL_PARTS_MODEL & ~stage->keeps) == 0);
}

static void check_bank(const tl_bank *bank)
{
    assert_text(NULL, bank->name, bank->about);
    assert_true(bank->version >= 1);
    assert_non_null(tl_stage_find(bank->draws_as));
    assert_non_null(bank->run);
    assert_non_null(bank->cost);
    /* Who imitates a model reads what that was trained by. */
    assert_true((bank->imitates & ~(uint32_t)TL_PARTS_MODEL) == 0);
    assert_true(bank->imitates == 0 || (bank->reads & TL_BIT(TL_PART_SETUP)) != 0);
    assert_true(!bank->keeps_recipe || bank->imitates != 0);
}

/* A recipe of its own is for what it trains. */
static void check_recipe(const tl_stage *stage)
{
    if (stage->own_recipe == 0) return;
    assert_true((stage->own_recipe & ~((1U << TL_RECIPE_PARAMS) - 1)) == 0);
    assert_true((stage->reads & TL_BIT(TL_PART_SETUP)) != 0);
    assert_true((stage->gives & TL_PARTS_MODEL) != 0);
    assert_true(tl_params_find(stage->params, "recipe") < 0);
    assert_true(tl_params_find(stage->params, "model") < 0);
}

static void every_stage_is_described(void **state)
{
    (void)state;
    int count;
    const tl_stage *const *all = chosen_stages(&count);
    assert_true(count > 0);
    for (int s = 0; s < count; s++) {
        const tl_stage *stage = all[s];
        assert_text(stage, "about", stage->about);
        assert_text(stage, "source", stage->source);
        assert_text(stage, "taxonomy", stage->taxonomy);
        if (stage->role == TL_ROLE_ATTACK || stage->role == TL_ROLE_DEFENSE)
            check_variant(stage);
        assert_ptr_equal(tl_stage_find(stage->name), stage);
        assert_true(stage->version >= 1);
        assert_true(stage->run || stage->alter);
        assert_true((stage->judges != 0) == (stage->judge != NULL));
        assert_true((stage->judges != 0) == (stage->judge_metrics != NULL));
        assert_true(stage->bank || !stage->bank_count);
        assert_true((stage->gives & TL_BIT(TL_PART_SETUP)) == 0 || stage->alter);
        check_access(stage);
        check_keeps(stage);
        if (stage->bank) check_bank(stage->bank);
        if (stage->control) check_bank(stage->control);
        assert_true(!stage->control || !stage->control->params);
        check_params(stage);
        check_recipe(stage);
        check_metrics(stage, stage->metrics);
        check_metrics(stage, stage->judge_metrics);
    }
}

static void default_arguments_pass_the_plan_check(void **state)
{
    (void)state;
    int count;
    const tl_stage *const *all = chosen_stages(&count);
    for (int s = 0; s < count; s++) {
        tl_value arg[TL_MAX_PARAMS];
        const tl_size *size = &world_of(all[s])->size; /* which passes the check */
        toy_defaults(all[s], arg);
        if (all[s]->cost) assert_true(tl_stage_cost(all[s], size, arg) > 0.0);
        assert_true(tl_stage_max_ranks(all[s], size, arg) >= 1);
        if (tl_stage_asks(all[s])) assert_true(tl_stage_queries(all[s], size, arg) >= 1.0);
    }
}

/* --- what it does --------------------------------------------------------------------- */

/* The defaults, but for few steps and epochs: what is tested shows in the first ones. */
static void set_arguments(const tl_stage *stage, tl_value *arg)
{
    static const struct {
        const char *name;
        double most;
    } limit[] = {{"steps", 5.0}, {"epochs", 2.0}};
    toy_defaults(stage, arg);
    for (size_t i = 0; i < sizeof limit / sizeof *limit; i++) {
        const int at = tl_params_find(stage->params, limit[i].name);
        if (at >= 0 && arg[at].number > limit[i].most) arg[at].number = limit[i].most;
    }
}

/* The run and each judge of one stage by one member, and a key of all that came out. */
typedef struct trace {
    toy_run run;
    tl_key key;
} trace;

static void add_measures(tl_hash *hash, const tl_measure *measure)
{
    double number[3 * TL_MAX_METRICS];
    for (int m = 0; m < TL_MAX_METRICS; m++) {
        number[3 * m] = measure[m].value;
        number[3 * m + 1] = measure[m].n;
        number[3 * m + 2] = measure[m].why;
    }
    const tl_key key = tl_key_of(number, sizeof number);
    tl_hash_key(hash, &key);
}

static void follow(trace *t, const tl_team *team)
{
    tl_hash hash = {0};
    const toy_world *toy = world_of(t->run.stage);
    toy_run_stage(toy, &t->run, team);
    tl_world_hash(&t->run.given, &hash);
    add_measures(&hash, t->run.measure);
    for (int p = 0; p < TL_PARTS; p++) {
        if (!(t->run.stage->judges & TL_BIT(p))) continue;
        toy_run_judge(toy, &t->run, (tl_part)p, team);
        add_measures(&hash, t->run.measure);
    }
    t->key = tl_hash_end(&hash);
}

static tl_key key_alone(const tl_stage *stage, const tl_value *arg)
{
    trace t = {.run = {.stage = stage, .arg = arg}};
    const tl_team alone = tl_team_alone();
    follow(&t, &alone);
    if (t.run.status != TL_OK) fail_msg("%s: %s", stage->name, t.run.err.text);
    toy_run_close(&t.run);
    return t.key;
}

static void every_stage_gives_the_same_bits_twice(void **state)
{
    (void)state;
    int count;
    const tl_stage *const *all = chosen_stages(&count);
    for (int s = 0; s < count; s++) {
        tl_value arg[TL_MAX_PARAMS];
        set_arguments(all[s], arg);
        const tl_key once = key_alone(all[s], arg), twice = key_alone(all[s], arg);
        if (!tl_key_equal(&once, &twice)) fail_msg("%s: other bits", all[s]->name);
    }
}

static bool has_other_bits(const tl_stage *stage, const tl_value *arg)
{
    toy_world *toy = world_of(stage);
    const tl_key first = key_alone(stage, arg);
    toy->replicate = 1;
    const tl_key second = key_alone(stage, arg);
    toy->replicate = 0;
    return !tl_key_equal(&first, &second);
}

/* Whether the replicate matters by default, or by some other word of a choice. */
static bool is_random(const tl_stage *stage)
{
    tl_value arg[TL_MAX_PARAMS];
    set_arguments(stage, arg);
    const bool is_by_default = has_other_bits(stage, arg);
    if (is_by_default || !stage->draws) return is_by_default;
    for (int i = 0; i < tl_params_count(stage->params); i++) {
        const tl_param *p = &stage->params[i];
        for (int word = 0; p->type == TL_PARAM_CHOICE && p->choices[word]; word++) {
            set_arguments(stage, arg);
            arg[i] = (tl_value){word, p->choices[word]};
            if (has_other_bits(stage, arg)) return true;
        }
    }
    return false;
}

static void only_stages_that_draw_depend_on_the_replicate(void **state)
{
    (void)state;
    int count;
    const tl_stage *const *all = chosen_stages(&count);
    for (int s = 0; s < count; s++) {
        if (is_random(all[s]) != all[s]->draws) {
            fail_msg("%s: draws is %d", all[s]->name, all[s]->draws);
        }
    }
}

static tl_key key_of(const toy_world *toy)
{
    tl_hash hash = {0};
    tl_world_hash(&toy->world, &hash);
    return tl_hash_end(&hash);
}

static void no_stage_changes_what_it_was_given(void **state)
{
    (void)state;
    int count;
    const tl_stage *const *all = chosen_stages(&count);
    for (int s = 0; s < count; s++) {
        tl_value arg[TL_MAX_PARAMS];
        const toy_world *toy = world_of(all[s]);
        const tl_key before = key_of(toy);
        set_arguments(all[s], arg);
        (void)key_alone(all[s], arg);
        const tl_key now = key_of(toy);
        if (!tl_key_equal(&before, &now)) fail_msg("%s changed its world", all[s]->name);
    }
}

static void check_measures(const tl_stage *stage, const tl_metric *metrics,
                           const tl_measure *measure)
{
    for (int i = 0; metrics && metrics[i].name; i++) {
        const tl_metric *m = &metrics[i];
        const double x = measure[i].value;
        if (measure[i].why == TL_WHY_NOT_RUN) {
            fail_msg("%s: %s was not measured", stage->name, m->name);
        }
        if (measure[i].why != TL_WHY_HAS_VALUE) {
            if (!m->can_be_missing) fail_msg("%s: %s is missing", stage->name, m->name);
            continue;
        }
        const double high = m->is_rate ? 1.0 : m->high;
        const bool is_bounded = m->low != 0.0 || high != 0.0;
        if (!isfinite(x) || (is_bounded && (x < m->low || x > high))) {
            fail_msg("%s: %s is %g", stage->name, m->name, x);
        }
        if (m->is_rate != (measure[i].n > 0.0))
            fail_msg("%s: n of %s", stage->name, m->name);
    }
}

static tl_key part_key(const tl_world *world, tl_part part)
{
    tl_hash hash = {0};
    tl_part_of(part)->hash(world, part, &hash);
    return tl_hash_end(&hash);
}

/* What is saved of a part and loaded again is the same, bit for bit; a file of another step
 * is refused. */
static void files_give_parts_back(const tl_stage *stage, const tl_world *given)
{
    char folder[] = "/tmp/threatloop-conformance-XXXXXX", path[80];
    const tl_key own = tl_key_of("own", 3), other = tl_key_of("other", 5);
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/part", folder);
    for (int p = 0; p < TL_PARTS; p++) {
        const tl_part part = (tl_part)p;
        const tl_part_ops *ops = tl_part_of(part);
        tl_arena arena = tl_arena_open(0);
        tl_world loaded = {0};
        tl_err err = {0};
        if (!ops->has(given, part)) continue;
        assert_true(ops->bytes(given, part) > 0.0);
        if (!ops->ending) continue;
        if (ops->save(given, part, &own, NULL, path, &err) != TL_OK ||
            ops->load(&loaded, part, &own, NULL, path, &arena, &err) != TL_OK) {
            fail_msg("%s: %s: %s", stage->name, ops->name, err.text);
        }
        const tl_key before = part_key(given, part), after = part_key(&loaded, part);
        if (!tl_key_equal(&before, &after))
            fail_msg("%s: its file gives another %s", stage->name, ops->name);
        assert_int_equal(ops->load(&loaded, part, &other, NULL, path, &arena, &err),
                         TL_E_FORMAT);
        tl_arena_close(&arena);
        (void)remove(path);
    }
    (void)rmdir(folder);
}

static void every_stage_gives_and_measures_what_it_declares(void **state)
{
    (void)state;
    int count;
    const tl_stage *const *all = chosen_stages(&count);
    const tl_team alone = tl_team_alone();
    for (int s = 0; s < count; s++) {
        tl_value arg[TL_MAX_PARAMS];
        set_arguments(all[s], arg);
        toy_run run = {.stage = all[s], .arg = arg};
        const toy_world *toy = world_of(all[s]);
        toy_run_stage(toy, &run, &alone);
        assert_int_equal(run.status, TL_OK);
        const uint32_t given = tl_world_parts(&run.given);
        for (int p = 0; p < TL_PARTS; p++) {
            if ((given & TL_BIT(p)) != (all[s]->gives & TL_BIT(p))) {
                fail_msg("%s: part %s", all[s]->name, tl_part_name((tl_part)p));
            }
        }
        files_give_parts_back(all[s], &run.given);
        check_measures(all[s], all[s]->metrics, run.measure);
        for (int p = 0; p < TL_PARTS; p++) {
            if (!(all[s]->judges & TL_BIT(p))) continue;
            toy_run_judge(toy, &run, (tl_part)p, &alone);
            assert_int_equal(run.status, TL_OK);
            check_measures(all[s], all[s]->judge_metrics, run.measure);
        }
        toy_run_close(&run);
    }
}

/* --- teams ---------------------------------------------------------------------------- */

typedef struct crew {
    trace of[MOST_WIDTH];
} crew;

static void follow_member(const tl_team *team, void *self)
{
    follow(&((crew *)self)->of[team->rank], team);
}

static void check_width(const tl_stage *stage, const tl_value *arg, int width,
                        const tl_key *wanted)
{
    crew all = {0};
    for (int r = 0; r < width; r++) all.of[r].run = (toy_run){.stage = stage, .arg = arg};
    team_threads_run(width, follow_member, &all);
    for (int r = 0; r < width; r++) {
        if (!tl_key_equal(&all.of[r].key, wanted)) {
            fail_msg("%s: other bits on member %d of %d", stage->name, r, width);
        }
        toy_run_close(&all.of[r].run);
    }
}

static void every_team_size_gives_the_same_bits(void **state)
{
    (void)state;
    int count;
    const tl_stage *const *all = chosen_stages(&count);
    for (int s = 0; s < count; s++) {
        tl_value arg[TL_MAX_PARAMS];
        set_arguments(all[s], arg);
        const tl_key wanted = key_alone(all[s], arg);
        const int max_ranks = all[s]->max_ranks
                                  ? tl_stage_max_ranks(all[s], &world_of(all[s])->size, arg)
                                  : MOST_WIDTH;
        for (int width = 2; width <= max_ranks && width <= MOST_WIDTH; width *= 2) {
            check_width(all[s], arg, width, &wanted);
        }
    }
}

/* --- what is stored ------------------------------------------------------------------- */

/* A sink that keeps a key of all it is given. */
typedef struct stored_lists {
    tl_samples sink;
    unsigned kinds;
    int lists;
    size_t left; /* bytes that the open list lacks */
    tl_key key;
} stored_lists;

static void add_key(stored_lists *t, const void *bytes, size_t n)
{
    tl_hash hash = {0};
    tl_hash_key(&hash, &t->key);
    tl_hash_bytes(&hash, bytes, n);
    t->key = tl_hash_end(&hash);
}

static tl_status open_stored(void *self, const tl_samples_list *list, tl_err *err)
{
    stored_lists *t = self;
    (void)err;
    t->kinds |= list->kind;
    t->lists++;
    t->left = (size_t)list->rows * tl_samples_record_bytes(list);
    add_key(t, list->name, strlen(list->name));
    add_key(t, &t->left, sizeof t->left);
    return TL_OK;
}

static tl_status append_stored(void *self, const void *bytes, size_t n, tl_err *err)
{
    stored_lists *t = self;
    (void)err;
    add_key(t, bytes, n);
    t->left -= n;
    return TL_OK;
}

static tl_status close_stored(void *self, tl_err *err)
{
    const stored_lists *t = self;
    return t->left == 0 ? TL_OK : tl_fail(err, TL_E_IO, "a list lacks records");
}

static void follow_stored(trace *one, stored_lists *t, const tl_team *team)
{
    *t = (stored_lists){.sink = {.wanted = (1U << TL_STORE_KINDS) - 1, .self = t}};
    if (team->rank == 0) {
        t->sink.open = open_stored;
        t->sink.append = append_stored;
        t->sink.close = close_stored;
    }
    one->run.samples = &t->sink;
    follow(one, team);
    one->run.samples = NULL;
}

typedef struct stored_pair {
    trace of[2];
    stored_lists stored[2];
} stored_pair;

static void follow_stored_member(const tl_team *team, void *self)
{
    stored_pair *pair = self;
    follow_stored(&pair->of[team->rank], &pair->stored[team->rank], team);
}

/* Declared kinds come, others do not, no metric changes, and a team stores the same bits.
 */
static void check_stored(const tl_stage *stage, const tl_value *arg)
{
    const tl_key plain = key_alone(stage, arg);
    const tl_team alone = tl_team_alone();
    trace one = {.run = {.stage = stage, .arg = arg}};
    stored_lists stored;
    follow_stored(&one, &stored, &alone);
    if (stored.sink.fault.status != TL_OK) fail_msg("%s", stored.sink.fault.text);
    if (stored.kinds != stage->stores)
        fail_msg("%s stores %u, declares %u", stage->name, stored.kinds, stage->stores);
    if (!tl_key_equal(&one.key, &plain)) fail_msg("%s: storing changes it", stage->name);
    toy_run_close(&one.run);
    if (stage->max_ranks && stage->max_ranks(&world_of(stage)->size, arg) < 2) return;
    stored_pair pair = {0};
    for (int r = 0; r < 2; r++) pair.of[r].run = (toy_run){.stage = stage, .arg = arg};
    team_threads_run(2, follow_stored_member, &pair);
    assert_true(tl_key_equal(&pair.stored[0].key, &stored.key));
    assert_int_equal(pair.stored[1].lists, 0);
    for (int r = 0; r < 2; r++) {
        assert_true(tl_key_equal(&pair.of[r].key, &plain));
        toy_run_close(&pair.of[r].run);
    }
}

static void every_stage_stores_what_it_declares(void **state)
{
    (void)state;
    int count;
    const tl_stage *const *all = chosen_stages(&count);
    for (int s = 0; s < count; s++) {
        tl_value arg[TL_MAX_PARAMS];
        set_arguments(all[s], arg);
        check_stored(all[s], arg);
    }
}

/* --- memory --------------------------------------------------------------------------- */

/* Sizes at which memory is measured, in units of the usual ones. */
static int scale;

static void enlarge(tl_setup_values *values)
{
    static const int rows[] = {TL_DATA_POOL, TL_DATA_VALIDATION, TL_DATA_ATTACKER,
                               TL_DATA_TEST};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        values->data[rows[i]].number *= scale;
    }
    values->model[TL_MODEL_WIDTH].number += scale - 1;
    values->recipe[TL_RECIPE_BATCH].number *= scale;
    values->recipe[TL_RECIPE_PATIENCE].number = 1; /* validation rows are looked at */
}

static void enlarge_linear(tl_setup_values *values)
{
    make_linear(values);
    enlarge(values);
}

static void enlarge_tokens(tl_setup_values *values)
{
    make_tokens(values);
    enlarge(values);
    values->model[TL_MODEL_WIDTH].number = 4 * scale; /* heads divide it */
}

static tl_status load_nothing(void *self, tl_arena *arena, void **bytes, size_t *n,
                              tl_err *err)
{
    (void)self, (void)arena, (void)n, (void)err;
    *bytes = NULL;
    return TL_OK;
}

static tl_status save_nowhere(void *self, const void *bytes, size_t n, tl_err *err)
{
    (void)self, (void)bytes, (void)n, (void)err;
    return TL_OK;
}

/* One step on a team. */
typedef struct measured {
    const toy_world *toy;
    tl_step_kind kind;
    int item; /* BANK: of toy_run_bank; JUDGE: the part */
    toy_run run[2];
} measured;

static void measure_member(const tl_team *team, void *self)
{
    measured *m = self;
    toy_run *run = &m->run[team->rank];
    if (m->kind == TL_STEP_RUN) toy_run_stage(m->toy, run, team);
    if (m->kind == TL_STEP_BANK) toy_run_bank(m->toy, run, m->item, team);
    if (m->kind == TL_STEP_JUDGE) toy_run_judge(m->toy, run, (tl_part)m->item, team);
}

/* What each member takes, against what is predicted for it. */
static void check_memory(const toy_world *toy, const tl_stage *stage, const tl_value *arg,
                         tl_step_kind kind, int item, int width)
{
    static const tl_checkpoint always = {
        .load = load_nothing, .save = save_nowhere, .every = 1e-9};
    measured m = {.toy = toy, .kind = kind, .item = item};
    tl_step step = {stage, kind, item, NULL};
    tl_value own[TL_MAX_PARAMS];
    if (kind == TL_STEP_BANK) {
        const bool is_control = item == tl_stage_banked(stage, arg);
        step = (tl_step){stage, kind, 0, is_control ? stage->control : stage->bank};
        if (!is_control) tl_stage_bank_values(stage, arg, own);
    }
    for (int r = 0; r < width; r++) {
        m.run[r] = (toy_run){.stage = stage, .arg = arg, .checkpoint = &always};
    }
    team_threads_run(width, measure_member, &m);
    for (int r = 0; r < width; r++) {
        tl_team member = tl_team_alone(); /* no distributed solvers, as a team of threads */
        member.rank = r;
        member.size = width;
        const double said = tl_stage_memory(&step, kind == TL_STEP_BANK ? own : arg,
                                            &toy->size, &member, NULL);
        const double taken = (double)m.run[r].keep.peak + (double)m.run[r].scratch.peak;
        assert_int_equal(m.run[r].status, TL_OK);
        if (taken > said || said > 1.1 * taken) {
            fail_msg("%s, kind %d, item %d: member %d of %d takes %.0f bytes, predicted "
                     "are %.0f",
                     stage->name, (int)kind, item, r, width, taken, said);
        }
        toy_run_close(&m.run[r]);
    }
}

static void check_steps(const toy_world *toy, const tl_stage *stage, const tl_value *arg)
{
    const int max_ranks = tl_stage_max_ranks(stage, &toy->size, arg);
    for (int width = 1; width <= max_ranks && width <= 2; width++) {
        const int banked = tl_stage_banked(stage, arg);
        check_memory(toy, stage, arg, TL_STEP_RUN, 0, width);
        if (banked > 0) check_memory(toy, stage, arg, TL_STEP_BANK, 0, width);
        if (tl_stage_is_controlled(stage, &toy->size))
            check_memory(toy, stage, arg, TL_STEP_BANK, banked, width);
    }
    for (int p = 0; p < TL_PARTS; p++) {
        if (stage->judges & TL_BIT(p)) check_memory(toy, stage, arg, TL_STEP_JUDGE, p, 1);
    }
}

static void memory_is_predicted(void **state)
{
    (void)state;
    static void (*const change[WORLDS])(tl_setup_values *) = {enlarge, enlarge_linear,
                                                              enlarge_tokens};
    int count;
    const tl_stage *const *all = chosen_stages(&count);
    for (scale = 1; scale <= 3; scale++) {
        toy_world larger[WORLDS] = {0};
        for (int s = 0; s < count; s++) {
            tl_value arg[TL_MAX_PARAMS];
            set_arguments(all[s], arg);
            const int w = (int)(world_of(all[s]) - worlds);
            if (!larger[w].source) {
                toy_world_open(&larger[w], change[w]);
                fill(&larger[w]);
            }
            check_steps(&larger[w], all[s], arg);
        }
        for (int w = 0; w < WORLDS; w++) {
            if (larger[w].source) toy_world_close(&larger[w]);
        }
    }
}

static void try_limits(const tl_stage *stage, const tl_value *arg, size_t keep,
                       size_t scratch)
{
    toy_run run = {.stage = stage,
                   .arg = arg,
                   .keep = tl_arena_open(keep),
                   .scratch = tl_arena_open(scratch)};
    const tl_team alone = tl_team_alone();
    toy_run_stage(world_of(stage), &run, &alone);
    if (run.status != TL_E_NOMEM || run.err.text[0] == '\0') {
        fail_msg("%s with %zu and %zu bytes: status %d, %s", stage->name, keep, scratch,
                 (int)run.status, run.err.text);
    }
    toy_run_close(&run);
}

/* What `run` alone takes, without its judges. */
static void run_peaks(const tl_stage *stage, const tl_value *arg, size_t *keep,
                      size_t *scratch)
{
    toy_run run = {.stage = stage, .arg = arg};
    const tl_team alone = tl_team_alone();
    toy_run_stage(world_of(stage), &run, &alone);
    *keep = run.keep.peak;
    *scratch = run.scratch.peak;
    toy_run_close(&run);
}

static void a_tiny_arena_is_a_clean_fault(void **state)
{
    (void)state;
    int count;
    const tl_stage *const *all = chosen_stages(&count);
    for (int s = 0; s < count; s++) {
        tl_value arg[TL_MAX_PARAMS];
        set_arguments(all[s], arg);
        size_t keep, scratch;
        run_peaks(all[s], arg, &keep, &scratch);
        for (int i = 0; i < LIMITS; i++) {
            const size_t share = (size_t)i;
            if (keep) try_limits(all[s], arg, 1 + (keep - 2) * share / (LIMITS - 1), 0);
            if (scratch) {
                try_limits(all[s], arg, 0, 1 + (scratch - 2) * share / (LIMITS - 1));
            }
        }
    }
}

static void run_member(const tl_team *team, void *self)
{
    toy_run *run = &((crew *)self)->of[team->rank].run;
    toy_run_stage(world_of(run->stage), run, team);
}

/* One member is short of memory: both learn of it, and nobody waits for ever. */
static void nobody_waits_for_a_member_without_memory(void **state)
{
    (void)state;
    int count;
    const tl_stage *const *all = chosen_stages(&count);
    for (int s = 0; s < count; s++) {
        tl_value arg[TL_MAX_PARAMS];
        set_arguments(all[s], arg);
        size_t keep, scratch;
        run_peaks(all[s], arg, &keep, &scratch);
        for (size_t i = 0; i < LIMITS && scratch; i++) {
            crew pair = {0};
            for (int r = 0; r < 2; r++) {
                pair.of[r].run = (toy_run){.stage = all[s], .arg = arg};
            }
            pair.of[1].run.scratch = tl_arena_open(1 + scratch / 2 * i / (LIMITS - 1));
            team_threads_run(2, run_member, &pair);
            for (int r = 0; r < 2; r++) {
                assert_int_equal(pair.of[r].run.status, pair.of[0].run.status);
                toy_run_close(&pair.of[r].run);
            }
            if (i == 0) assert_int_equal(pair.of[0].run.status, TL_E_NOMEM);
        }
    }
}

int main(int argc, char **argv)
{
    chosen = argc > 1 ? tl_stage_find(argv[1]) : NULL;
    if (argc > 1 && !chosen) {
        fprintf(stderr, "%s: no such stage\n", argv[1]);
        return 2;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_stage_is_described),
        cmocka_unit_test(default_arguments_pass_the_plan_check),
        cmocka_unit_test(every_stage_gives_the_same_bits_twice),
        cmocka_unit_test(only_stages_that_draw_depend_on_the_replicate),
        cmocka_unit_test(no_stage_changes_what_it_was_given),
        cmocka_unit_test(every_stage_gives_and_measures_what_it_declares),
        cmocka_unit_test(every_team_size_gives_the_same_bits),
        cmocka_unit_test(every_stage_stores_what_it_declares),
        cmocka_unit_test(memory_is_predicted),
        cmocka_unit_test(a_tiny_arena_is_a_clean_fault),
        cmocka_unit_test(nobody_waits_for_a_member_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, close_worlds);
}
