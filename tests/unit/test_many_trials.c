/*
 * Effects of tables with more replicates than anything is resampled from, and of axes with
 * more levels than are contrasted.
 */
#include "analysis/effect/effects.h"
#include "analysis/effect/statistics.h"
#include "analysis/report/summary.h"
#include "compute/core/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define assert_near(value, wanted, slack) assert_true(fabs((value) - (wanted)) <= (slack))

enum { REPLICATES = 20000, LEVELS = 1000 };

/* Trials of `levels` queries x `replicates`: a score that `slope` times the level is added
 * to, and what all levels of a replicate share. */
typedef struct wide {
    int32_t *replicate;
    double *queries, *score;
    tl_column column[3];
    tl_table table;
    tl_arena arena;
    tl_effects *effects;
} wide;

static void *take(wide *w, size_t count, size_t size)
{
    void *at = tl_arena_take(&w->arena, count, size, NULL);
    assert_non_null(at);
    return at;
}

static void estimate(wide *w, int levels, int replicates, double slope)
{
    const uint32_t trials = (uint32_t)levels * (uint32_t)replicates;
    *w = (wide){.arena = tl_arena_open(0)};
    w->replicate = take(w, trials, sizeof *w->replicate);
    w->queries = take(w, trials, sizeof *w->queries);
    w->score = take(w, trials, sizeof *w->score);
    tl_rng rng = tl_rng_stream(5, 0, "test", 0, "noise");
    for (uint32_t t = 0; t < trials; t++) {
        const int level = (int)t / replicates, r = (int)t % replicates;
        w->replicate[t] = 1000000 + r;
        w->queries[t] = level + 1;
        w->score[t] = r % 7 + slope * level + tl_rng_uniform(&rng);
    }
    w->column[0] =
        (tl_column){.name = "replicate", .type = TL_COLUMN_INT, .integer = w->replicate};
    w->column[1] = (tl_column){.name = "queries",
                               .type = TL_COLUMN_REAL,
                               .real = w->queries,
                               .attributes = 1,
                               .attribute = {{"factor", "axis"}}};
    w->column[2] =
        (tl_column){.name = "score",
                    .type = TL_COLUMN_REAL,
                    .real = w->score,
                    .attributes = 2,
                    .attribute = {{"better", "lower"}, {"downstream_of", "queries"}}};
    w->table = (tl_table){.trials = trials, .columns = 3, .column = w->column};
    tl_err err = {0};
    if (tl_effects_estimate(&w->table, &w->arena, &w->effects, &err) != TL_OK)
        fail_msg("%s", err.text);
}

static void many_replicates_are_all_counted(void **state)
{
    (void)state;
    wide w;
    estimate(&w, 2, REPLICATES, 0.25);
    assert_int_equal(w.effects->count, 1);
    const tl_effect *e = &w.effects->effect[0];
    assert_int_equal(e->replicates, REPLICATES);
    assert_int_equal(e->interval, TL_INTERVAL_T);
    /* the difference of two uniforms has the variance 1/6 */
    const double half = 1.96 * sqrt(1.0 / 6.0 / REPLICATES);
    assert_near(e->mean, 0.25, 2.0 * half);
    assert_near(e->high - e->mean, half, 0.05 * half);
    assert_near(e->p, tl_least_p(REPLICATES, 2), 0.0);
    tl_arena_close(&w.arena);
}

static void many_levels_have_a_trend_and_no_contrasts(void **state)
{
    (void)state;
    wide w;
    estimate(&w, LEVELS, 3, 0.5);
    assert_int_equal(w.effects->count, 1);
    const tl_effect *e = &w.effects->effect[0];
    assert_int_equal(e->kind, TL_EFFECT_TREND);
    assert_int_equal(e->replicates, 3);
    assert_near(e->mean, 0.5, 1e-3);
    tl_arena_close(&w.arena);
}

/* Where sums of many signs are normal, drawing them says the same. */
static void the_normal_p_agrees_with_what_is_drawn(void **state)
{
    (void)state;
    enum { N = TL_MOST_RESAMPLED };
    double *x = malloc((N + 1) * sizeof *x);
    assert_non_null(x);
    tl_rng rng = tl_rng_stream(6, 0, "test", 0, "signs");
    for (int i = 0; i < N; i++) x[i] = tl_rng_normal(&rng) + 0.03;
    x[N] = 0.0; /* adds nothing to any pattern, but one number more */
    const double drawn = tl_sign_flip_p(x, N), normal = tl_sign_flip_p(x, N + 1);
    assert_true(drawn > 0.001 && drawn < 0.5);
    assert_near(drawn, normal, 4.0 * sqrt(drawn / 100000.0));
    free(x);
}

static void the_summary_counts_every_trial(void **state)
{
    (void)state;
    wide w;
    estimate(&w, 2, REPLICATES, 0.0);
    char *text = NULL;
    size_t length = 0;
    FILE *file = open_memstream(&text, &length);
    assert_non_null(file);
    tl_summary_table(file, &w.table);
    (void)fclose(file);
    if (!strstr(text, " 20000\n")) fail_msg("%s", text);
    free(text);
    tl_arena_close(&w.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_replicates_are_all_counted),
        cmocka_unit_test(many_levels_have_a_trend_and_no_contrasts),
        cmocka_unit_test(the_normal_p_agrees_with_what_is_drawn),
        cmocka_unit_test(the_summary_counts_every_trial),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
