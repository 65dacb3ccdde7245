/*
 * Joining the tables of one plan, run in parts. A trial is known by the key of its steps:
 * the same in two tables, it must have the same values there, and counts once.
 */
#include "analysis/table/schema.h"
#include "analysis/table/table.h"
#include "compute/core/sort.h"
#include "compute/core/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct pool {
    const tl_table *const *table;
    int tables;
    bool **is_kept; /* [tables][trials] false: the trial is in another table too */
    tl_arena *arena;
    tl_table *all;
    tl_err *err;
} pool;

static bool is_equal(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Checks that table k is of the same plan as the first, apart from replicates. */
static tl_status compare(const pool *p, int k)
{
    static const char *const must[] = {TL_NAME_POOLABLE, TL_NAME_SEED, TL_NAME_DATA_CONTENT,
                                       TL_NAME_HYPOTHESES};
    for (size_t i = 0; i < sizeof must / sizeof *must; i++) {
        TL_CHECK(
            is_equal(tl_table_attribute(p->table[0], must[i]),
                     tl_table_attribute(p->table[k], must[i])),
            p->err, TL_E_ARG,
            "cannot pool file %d with file 1: '%s' differs; only files of one plan, with "
            "other replicates, can be pooled",
            k + 1, must[i]);
    }
    TL_CHECK(
        !tl_table_find(p->table[0], TL_NAME_DATA_DRAW) ==
            !tl_table_find(p->table[k], TL_NAME_DATA_DRAW),
        p->err, TL_E_ARG,
        "cannot pool file %d with file 1: one has crossed replicates, the other has not",
        k + 1);
    return TL_OK;
}

/* --- trials that several tables have -------------------------------------------------- */

/* A trial of one of the tables. */
typedef struct keyed_trial {
    const char *key;
    uint32_t table, trial;
} keyed_trial;

static int by_trial_key(const void *a, const void *b)
{
    const keyed_trial *x = a, *y = b;
    const int order = strcmp(x->key, y->key);
    if (order != 0) return order;
    if (x->table != y->table) return x->table < y->table ? -1 : 1;
    return (x->trial > y->trial) - (x->trial < y->trial);
}

/* Whether the values of a trial are those of another that has the same key, where both have
 * one. \param more result, set to whether the second has a value that the first lacks */
static tl_status agree(const pool *p, const keyed_trial *x, const keyed_trial *y,
                       bool *more)
{
    const tl_table *a = p->table[x->table], *b = p->table[y->table];
    *more = false;
    for (int i = 0; i < b->columns; i++) {
        const tl_column *theirs = &b->column[i];
        if (theirs->type != TL_COLUMN_REAL || !tl_column_attribute(theirs, TL_NAME_BETTER))
            continue;
        const tl_column *ours = tl_table_find(a, theirs->name);
        if (!ours || ours->type != TL_COLUMN_REAL) continue;
        const double u = ours->real[x->trial], v = theirs->real[y->trial];
        *more |= isnan(u) && !isnan(v);
        const tl_column *replicate = tl_table_find(a, TL_NAME_REPLICATE);
        char number[2][32];
        TL_CHECK(isnan(u) || isnan(v) || u == v, p->err, TL_E_ARG,
                 "file %u contradicts file %u: in trial %u of the one and trial %u of the "
                 "other, the same of replicate %d, %s is %s and %s; other processors "
                 "or versions give other numbers: use one of the two files",
                 y->table + 1, x->table + 1, y->trial, x->trial,
                 replicate && replicate->type == TL_COLUMN_INT
                     ? (int)replicate->integer[x->trial]
                     : -1,
                 theirs->name, tl_text_shortest(v, number[0]),
                 tl_text_shortest(u, number[1]));
    }
    return TL_OK;
}

/* Lists the trials of all tables by key; `count` is 0 if a table has no keys. */
static tl_status list_keys(const pool *p, keyed_trial **list, size_t *count)
{
    *count = 0;
    TL_ALLOC(*list, p->arena, p->all->trials, p->err);
    for (int k = 0; k < p->tables; k++) {
        const tl_column *key = tl_table_find(p->table[k], TL_NAME_TRIAL_KEY);
        if (!key || key->type != TL_COLUMN_TEXT) {
            *count = 0;
            return TL_OK;
        }
        for (uint32_t t = 0; t < p->table[k]->trials; t++)
            (*list)[(*count)++] = (keyed_trial){key->text[t], (uint32_t)k, t};
    }
    qsort(*list, *count, sizeof **list, by_trial_key);
    return TL_OK;
}

/* Keeps one of each trial that several tables have, a later one if it has more values;
 * refuses those that contradict one another. */
static tl_status keep_one_of_each(const pool *p)
{
    keyed_trial *list;
    size_t count;
    for (int k = 0; k < p->tables; k++) {
        TL_ALLOC(p->is_kept[k], p->arena, p->table[k]->trials, p->err);
        memset(p->is_kept[k], true, p->table[k]->trials * sizeof **p->is_kept);
    }
    TL_TRY(list_keys(p, &list, &count));
    for (size_t i = 1, kept = 0; i < count; i++) {
        const keyed_trial *x = &list[kept], *y = &list[i];
        if (strcmp(x->key, y->key) != 0 || x->table == y->table) {
            if (strcmp(x->key, y->key) != 0) kept = i;
            continue;
        }
        bool more;
        TL_TRY(agree(p, x, y, &more));
        const keyed_trial *spare = more ? x : y;
        p->is_kept[spare->table][spare->trial] = false;
        p->all->trials--;
        if (more) kept = i;
    }
    return TL_OK;
}

/* No other replicate may be in two of the tables: it would count twice. */
static tl_status refuse_repeated(const pool *p)
{
    tl_ranked *list; /* [trials] replicate, and the table it is in */
    size_t count = 0;
    TL_ALLOC(list, p->arena, p->all->trials, p->err);
    for (int k = 0; k < p->tables; k++) {
        const tl_column *column = tl_table_find(p->table[k], TL_NAME_REPLICATE);
        TL_CHECK(column && column->type == TL_COLUMN_INT, p->err, TL_E_FORMAT,
                 "file %d has no column '" TL_NAME_REPLICATE "'", k + 1);
        for (uint32_t t = 0; t < p->table[k]->trials; t++) {
            if (p->is_kept[k][t])
                list[count++] = (tl_ranked){column->integer[t], (uint32_t)k};
        }
    }
    tl_sort_ascending(list, count);
    for (size_t i = 1; i < count; i++) {
        TL_CHECK(list[i].value != list[i - 1].value || list[i].number == list[i - 1].number,
                 p->err, TL_E_ARG,
                 "replicate %.0f is in file %u and in file %u: give each run its own "
                 "replicates, as in 'replicates: 8..23'",
                 list[i].value, list[i - 1].number + 1, list[i].number + 1);
    }
    return TL_OK;
}

static tl_status join(const pool *p, const tl_column *like, tl_column *out)
{
    double *real = NULL;
    int32_t *integer = NULL;
    const char **text = NULL;
    if (like->type == TL_COLUMN_REAL) TL_ALLOC(real, p->arena, p->all->trials, p->err);
    if (like->type == TL_COLUMN_TEXT) TL_ALLOC(text, p->arena, p->all->trials, p->err);
    if (!real && !text) TL_ALLOC(integer, p->arena, p->all->trials, p->err);
    uint32_t at = 0;
    for (int k = 0; k < p->tables; k++) {
        const tl_column *column = tl_table_find(p->table[k], like->name);
        const bool can_lack = real || like->type == TL_COLUMN_FLAG;
        TL_CHECK(column ? column->type == like->type : can_lack, p->err, TL_E_ARG,
                 "cannot pool file %d: column '%s' is missing or has another type", k + 1,
                 like->name);
        for (uint32_t t = 0; t < p->table[k]->trials; t++) {
            if (!p->is_kept[k][t]) continue;
            if (real) real[at] = column ? column->real[t] : (double)NAN;
            if (text) text[at] = column->text[t];
            if (integer) integer[at] = column ? column->integer[t] : 0;
            at++;
        }
    }
    *out = *like;
    out->real = real;
    out->integer = integer;
    out->text = text;
    return TL_OK;
}

tl_status tl_table_pool(const tl_table *const *table, int tables, tl_arena *arena,
                        tl_table **out, tl_err *err)
{
    pool p = {.table = table, .tables = tables, .arena = arena, .err = err};
    uint64_t trials = 0;
    int most = 0;
    for (int k = 0; k < tables; k++) {
        TL_TRY(compare(&p, k));
        trials += table[k]->trials;
        most += table[k]->columns;
    }
    TL_CHECK(trials <= UINT32_MAX, err, TL_E_NOMEM,
             "the files have too many trials together");
    TL_ALLOC(p.all, arena, 1, err);
    *p.all = *table[0];
    p.all->trials = (uint32_t)trials;
    p.all->columns = 0;
    p.all->room = most;
    TL_ALLOC(p.is_kept, arena, tables, err);
    TL_TRY(keep_one_of_each(&p));
    TL_TRY(refuse_repeated(&p));
    TL_ALLOC(p.all->column, arena, most, err);
    for (int k = 0; k < tables; k++) {
        for (int i = 0; i < table[k]->columns; i++) {
            const tl_column *column = &table[k]->column[i];
            if (tl_table_find(p.all, column->name)) continue;
            TL_TRY(join(&p, column, &p.all->column[p.all->columns]));
            p.all->columns++;
        }
    }
    *out = p.all;
    return TL_OK;
}
