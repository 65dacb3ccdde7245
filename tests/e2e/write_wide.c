/*
 * Writes a result file as of a sweep of four axes, 5 x 5 x 25 x LEVELS, with REPLICATES
 * replicates and METRICS metrics, of which every other is a rate: to see what large sweeps
 * take. Usage: write_wide FILE.nc LEVELS REPLICATES METRICS
 */
#include "analysis/table/result_file.h"
#include "analysis/table/schema.h"
#include "compute/core/rng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AXES = 4 };

/* What the file is made of. */
typedef struct wide {
    uint32_t levels[AXES], replicates, trials;
    int metrics;
    tl_table *table;
    tl_arena arena;
} wide;

/* The level of axis `a` in trial `t`; the last axis runs fastest, but for replicates. */
static uint32_t level_of(const wide *w, uint32_t t, int a)
{
    t /= w->replicates;
    for (int b = AXES - 1; b > a; b--) t /= w->levels[b];
    return t % w->levels[a];
}

static tl_status add_axes(wide *w, tl_err *err)
{
    static const char *const name[AXES] = {"first", "second", "third", "fourth"};
    for (int a = 0; a < AXES; a++) {
        double *real;
        TL_ALLOC(real, &w->arena, w->trials, err);
        for (uint32_t t = 0; t < w->trials; t++) real[t] = level_of(w, t, a) + 1.0;
        tl_column *column = tl_table_add(w->table, name[a], TL_COLUMN_REAL, "1", "an axis");
        column->is_coordinate = true;
        column->real = real;
        tl_column_describe(column, TL_NAME_FACTOR, TL_AXIS);
    }
    return TL_OK;
}

static tl_status add_fixed(wide *w, tl_err *err)
{
    int32_t *replicate, *status;
    tl_key *key, *split;
    TL_ALLOC(replicate, &w->arena, w->trials, err);
    TL_ALLOC(status, &w->arena, w->trials, err);
    TL_ALLOC(key, &w->arena, w->trials, err);
    TL_ALLOC(split, &w->arena, w->trials, err);
    for (uint32_t t = 0; t < w->trials; t++) {
        replicate[t] = (int32_t)(t % w->replicates);
        status[t] = TL_TRIAL_DONE;
        key[t] = tl_key_of(&t, sizeof t);
        split[t] = tl_key_of(&replicate[t], sizeof replicate[t]);
    }
    tl_column *column =
        tl_table_add(w->table, TL_NAME_REPLICATE, TL_COLUMN_INT, "1", "replicate");
    column->is_coordinate = true;
    column->integer = replicate;
    column = tl_table_add(w->table, TL_NAME_STATUS, TL_COLUMN_FLAG, NULL, "outcome");
    column->integer = status;
    column->flag_meanings = TL_STATUS_WORDS;
    tl_table_add(w->table, TL_NAME_TRIAL_KEY, TL_COLUMN_KEY, NULL, "key")->key = key;
    tl_table_add(w->table, TL_NAME_SPLIT_HASH, TL_COLUMN_KEY, NULL, "split")->key = split;
    return TL_OK;
}

/* Metric m: a share of 1000 cases that the first axis raises, or a number beyond 0. */
static tl_status add_metric(wide *w, int m, tl_err *err)
{
    const bool is_rate = m % 2;
    double *real, *n;
    const char *name = tl_arena_print(&w->arena, err, "metric%d", m);
    const char *cases = tl_arena_print(&w->arena, err, "metric%d" TL_SUFFIX_N, m);
    if (!name || !cases) return TL_E_NOMEM;
    TL_ALLOC(real, &w->arena, w->trials, err);
    tl_rng rng = tl_rng_stream(1, (uint32_t)m, "test", 0, "wide");
    for (uint32_t t = 0; t < w->trials; t++) {
        const double chance = 0.3 + 0.02 * level_of(w, t, 0) + 0.2 * tl_rng_uniform(&rng);
        real[t] = is_rate ? (double)(int)(1000.0 * chance) / 1000.0 : 2.0 * chance - 0.5;
    }
    tl_column *column = tl_table_add(w->table, name, TL_COLUMN_REAL, "1", "a metric");
    column->real = real;
    column->high = 1.0;
    tl_column_describe(column, TL_NAME_BETTER, TL_LOWER);
    tl_column_describe(column, TL_NAME_ABOVE, "first second third fourth");
    if (!is_rate) return TL_OK;
    TL_ALLOC(n, &w->arena, w->trials, err);
    for (uint32_t t = 0; t < w->trials; t++) n[t] = 1000.0;
    tl_table_add(w->table, cases, TL_COLUMN_REAL, "1", "cases")->real = n;
    return TL_OK;
}

static tl_status write_it(wide *w, const char *path, tl_err *err)
{
    enum { FIXED = 4 };
    static const tl_attribute global[] = {{TL_NAME_TITLE, "wide"},
                                          {TL_NAME_SOURCE, TL_PROGRAM " " TL_VERSION},
                                          {TL_NAME_HYPOTHESES, "[]"}};
    w->trials = w->replicates;
    for (int a = 0; a < AXES; a++) w->trials *= w->levels[a];
    TL_TRY(
        tl_table_new(&w->arena, w->trials, AXES + FIXED + 2 * w->metrics, &w->table, err));
    TL_TRY(add_axes(w, err));
    TL_TRY(add_fixed(w, err));
    for (int m = 0; m < w->metrics; m++) TL_TRY(add_metric(w, m, err));
    w->table->attribute = global;
    w->table->attributes = sizeof global / sizeof *global;
    return tl_result_write(path, w->table, err);
}

int main(int argc, char **argv)
{
    tl_err err = {0};
    if (argc != 5) return 2;
    wide w = {.levels = {5, 5, 25, (uint32_t)atoi(argv[2])},
              .replicates = (uint32_t)atoi(argv[3]),
              .metrics = atoi(argv[4]),
              .arena = tl_arena_open(0)};
    const tl_status status = write_it(&w, argv[1], &err);
    if (status != TL_OK) (void)fprintf(stderr, "%s\n", err.text);
    tl_arena_close(&w.arena);
    return status == TL_OK ? 0 : 1;
}
