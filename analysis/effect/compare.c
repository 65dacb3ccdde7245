/*
 * Effects are found by a hash of what they compare, so a comparison of thousands takes no
 * longer than estimating them.
 */
#include "analysis/effect/compare.h"

#include "analysis/effect/design.h"
#include "analysis/effect/statistics.h"
#include "analysis/table/schema.h"
#include "compute/core/hash.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- whether replicates are paired --------------------------------------------------- */

/* A replicate of a file, with a hash of the splits of its trials. */
typedef struct split {
    int32_t draw;
    int place; /* in effects->draw */
    uint64_t hash;
} split;

static int by_draw(const void *a, const void *b)
{
    const split *x = a, *y = b;
    return (x->draw > y->draw) - (x->draw < y->draw);
}

static uint64_t hash_text(const char *text)
{
    uint64_t out;
    const tl_key key = tl_key_of(text, strlen(text));
    memcpy(&out, key.byte, sizeof out);
    return out;
}

/* The column that names independent replicates. */
static const tl_column *draw_column(const tl_table *table)
{
    const tl_column *draw = tl_table_find(table, TL_NAME_DATA_DRAW);
    return draw && draw->type == TL_COLUMN_INT ? draw
                                               : tl_table_find(table, TL_NAME_REPLICATE);
}

/* Mixes into each replicate the distinct splits of its trials, of which there are several
 * where `data` varies, in an order that does not depend on that of the trials. */
static tl_status mix_splits(const tl_table *table, const tl_column *hash, split *list,
                            int draws, tl_arena *arena, tl_err *err)
{
    const tl_column *draw = draw_column(table);
    tl_keyed_row *of; /* [trials] hash, and the place in the list */
    TL_ALLOC(of, arena, table->trials, err);
    for (uint32_t t = 0; t < table->trials; t++) {
        const split wanted = {.draw = draw->integer[t]};
        const split *at = bsearch(&wanted, list, (size_t)draws, sizeof *list, by_draw);
        TL_INVARIANT(at);
        of[t] = (tl_keyed_row){hash_text(hash->text[t]), (uint32_t)(at - list)};
    }
    tl_design_sort(of, table->trials);
    for (uint32_t t = 0; t < table->trials; t++) {
        if (t > 0 && of[t].key == of[t - 1].key && of[t].row == of[t - 1].row) continue;
        uint64_t *mixed = &list[of[t].row].hash;
        *mixed = tl_design_mix(*mixed ^ of[t].key, 0);
    }
    return TL_OK;
}

/* The replicates of a table, ascending; `has_hash` says whether it has hashes of splits. */
static tl_status list_splits(const tl_table *table, const tl_effects *effects,
                             tl_arena *arena, split **out, bool *has_hash, tl_err *err)
{
    const tl_column *hash = tl_table_find(table, TL_NAME_SPLIT_HASH);
    *has_hash = hash && hash->type == TL_COLUMN_TEXT;
    TL_ALLOC(*out, arena, effects->draws, err);
    for (int i = 0; i < effects->draws; i++)
        (*out)[i] = (split){.draw = effects->draw[i], .place = i};
    qsort(*out, (size_t)effects->draws, sizeof **out, by_draw);
    if (!*has_hash) return TL_OK;
    return mix_splits(table, hash, *out, effects->draws, arena, err);
}

/* The replicates that both files have, as places in each. */
typedef struct common {
    int count;
    int *a, *b; /* [count] */
    bool is_paired;
    const char *why;
} common;

static tl_status find_common(const tl_table *const table[2], tl_effects *const effects[2],
                             tl_arena *arena, common *out, tl_err *err)
{
    split *list[2];
    bool has[2];
    int differ = 0;
    int32_t first = 0;
    for (int k = 0; k < 2; k++)
        TL_TRY(list_splits(table[k], effects[k], arena, &list[k], &has[k], err));
    *out = (common){0};
    TL_ALLOC(out->a, arena, effects[0]->draws, err);
    TL_ALLOC(out->b, arena, effects[0]->draws, err);
    for (int i = 0, j = 0; i < effects[0]->draws && j < effects[1]->draws;) {
        const split *x = &list[0][i], *y = &list[1][j];
        i += x->draw <= y->draw ? 1 : 0;
        j += y->draw <= x->draw ? 1 : 0;
        if (x->draw != y->draw) continue;
        if (x->hash != y->hash && differ++ == 0) first = x->draw;
        out->a[out->count] = x->place;
        out->b[out->count++] = y->place;
    }
    out->is_paired = out->count >= 2 && differ == 0 && has[0] && has[1];
    if (!has[0] || !has[1])
        out->why = "a file has no split hashes";
    else if (out->count < 2)
        out->why = "fewer than two replicates are in both files";
    else if (differ > 0)
        out->why = tl_arena_print(arena, err,
                                  "the splits of %d of %d common replicates differ, the "
                                  "first is replicate %d",
                                  differ, out->count, (int)first);
    else
        out->why = tl_arena_print(arena, err, "all %d common replicates have equal splits",
                                  out->count);
    return out->why ? TL_OK : TL_E_NOMEM;
}

/* --- matching ------------------------------------------------------------------------ */

/* What an effect compares, as a key. */
static uint64_t key_of(const tl_effect *e)
{
    const char *word[] = {e->factor, e->level, e->reference, e->metric, e->at ? e->at : ""};
    tl_hash hash = {0};
    tl_hash_u64(&hash, (uint64_t)e->kind);
    for (size_t i = 0; i < sizeof word / sizeof *word; i++)
        tl_hash_bytes(&hash, word[i], strlen(word[i]) + 1);
    const tl_key key = tl_hash_end(&hash);
    uint64_t out;
    memcpy(&out, key.byte, sizeof out);
    return out;
}

static int by_key(const void *a, const void *b)
{
    const tl_keyed_row *x = a, *y = b;
    return (x->key > y->key) - (x->key < y->key);
}

/* Differences of replicates that are complete in both. */
static int pair_up(const tl_effect *a, const tl_effect *b, const common *c, double *d)
{
    int n = 0;
    for (int i = 0; i < c->count && a->each && b->each; i++) {
        const double apart = b->each[c->b[i]] - a->each[c->a[i]];
        if (!isnan(apart)) d[n++] = apart;
    }
    return n;
}

static int complete(const tl_effect *e, int draws, double *x)
{
    int n = 0;
    for (int i = 0; i < draws && e->each; i++)
        if (!isnan(e->each[i])) x[n++] = e->each[i];
    return n;
}

/* \param room [draws of a + draws of b] scratch */
static tl_compared compare_one(const tl_effect *a, const tl_effect *b, const common *c,
                               tl_effects *const effects[2], double *room)
{
    tl_compared out = {.a = a, .b = b, .q = (double)NAN};
    if (c->is_paired) {
        out.pairing = TL_PAIRING_PAIRED;
        tl_paired(room, pair_up(a, b, c, room), &out);
    } else {
        const int n = complete(a, effects[0]->draws, room);
        out.pairing = TL_PAIRING_WELCH;
        tl_welch(room, n, room + n, complete(b, effects[1]->draws, room + n), &out);
    }
    if (out.missing) out.pairing = TL_PAIRING_NONE;
    return out;
}

/* Sets q over the answers to hypotheses. */
static void discover(tl_compared_list *list)
{
    double p[TL_MOST_TESTS] = {0.0}, q[TL_MOST_TESTS];
    int at[TL_MOST_TESTS], tests = 0;
    for (int i = 0; i < list->count && tests < TL_MOST_TESTS; i++) {
        const tl_compared *one = &list->one[i];
        if (one->a->hypothesis < 0 || one->b->hypothesis < 0 || isnan(one->p)) continue;
        p[tests] = one->p;
        at[tests++] = i;
    }
    tl_false_discovery(p, tests, q);
    for (int k = 0; k < tests; k++) list->one[at[k]].q = q[k];
}

static tl_status match(tl_effects *const effects[2], const common *c, tl_arena *arena,
                       tl_compared_list *out, tl_err *err)
{
    tl_keyed_row *of_b;
    double *room;
    const tl_effects *a = effects[0], *b = effects[1];
    TL_ALLOC(out->one, arena, a->count, err);
    TL_ALLOC(of_b, arena, b->count, err);
    TL_ALLOC(room, arena, a->draws + b->draws, err);
    for (int i = 0; i < b->count; i++)
        of_b[i] = (tl_keyed_row){key_of(&b->effect[i]), (uint32_t)i};
    tl_design_sort(of_b, (size_t)b->count);
    int same = 0; /* effects of b that a has */
    for (int i = 0; i < a->count; i++) {
        const tl_keyed_row wanted = {.key = key_of(&a->effect[i])};
        const tl_keyed_row *at =
            bsearch(&wanted, of_b, (size_t)b->count, sizeof *of_b, by_key);
        if (!at) continue;
        while (at > of_b && at[-1].key == at->key) at--; /* the first of equal ones */
        out->one[out->count++] =
            compare_one(&a->effect[i], &b->effect[at->row], c, effects, room);
        same++;
    }
    out->only_a = a->count - same;
    out->only_b = b->count > same ? b->count - same : 0;
    return TL_OK;
}

tl_status tl_compare(const tl_table *a, const tl_table *b, tl_arena *arena,
                     tl_compared_list **out, tl_err *err)
{
    const tl_table *const table[2] = {a, b};
    tl_effects *effects[2];
    common c;
    TL_ALLOC(*out, arena, 1, err);
    for (int k = 0; k < 2; k++)
        TL_TRY(tl_effects_by_draw(table[k], arena, &effects[k], err));
    TL_TRY(find_common(table, effects, arena, &c, err));
    TL_TRY(match(effects, &c, arena, *out, err));
    discover(*out);
    (*out)->is_paired = c.is_paired;
    (*out)->why = c.why;
    return TL_OK;
}

/* --- as a table ---------------------------------------------------------------------- */

/* Adds a column of numbers, whose values the caller sets. */
static tl_status add_numbers(tl_table *table, const char *name, const char *about,
                             tl_arena *arena, double **values, tl_err *err)
{
    TL_ALLOC(*values, arena, table->trials, err);
    tl_table_add(table, name, TL_COLUMN_REAL, "1", about)->real = *values;
    return TL_OK;
}

static tl_status add_words(tl_table *table, const char *name, const char *about,
                           tl_arena *arena, const char ***values, tl_err *err)
{
    TL_ALLOC(*values, arena, table->trials, err);
    tl_table_add(table, name, TL_COLUMN_TEXT, NULL, about)->text = *values;
    return TL_OK;
}

static tl_status add_whole(tl_table *table, const char *name, const char *about,
                           tl_arena *arena, int32_t **values, tl_err *err)
{
    TL_ALLOC(*values, arena, table->trials, err);
    tl_table_add(table, name, TL_COLUMN_INT, "1", about)->integer = *values;
    return TL_OK;
}

enum { WORDS = 6, NUMBERS = 12, WHOLE = 4 };

static void fill_numbers(const tl_compared_list *list, double *const value[NUMBERS])
{
    for (int i = 0; i < list->count; i++) {
        const tl_compared *c = &list->one[i];
        const double of[NUMBERS] = {c->a->mean, c->a->low,  c->a->high,    c->b->mean,
                                    c->b->low,  c->b->high, c->difference, c->low,
                                    c->high,    c->freedom, c->p,          c->q};
        for (int k = 0; k < NUMBERS; k++) value[k][i] = of[k];
    }
}

static void fill_others(const tl_compared_list *list, const char **const text[WORDS],
                        int32_t *const whole[WHOLE])
{
    for (int i = 0; i < list->count; i++) {
        const tl_compared *c = &list->one[i];
        const char *words[WORDS] = {c->a->factor,
                                    c->a->level,
                                    c->a->reference,
                                    c->a->metric,
                                    c->a->at ? c->a->at : "",
                                    c->missing ? c->missing : ""};
        const int32_t of[WHOLE] = {c->a->replicates, c->b->replicates, c->n,
                                   c->a->hypothesis + 1};
        for (int k = 0; k < WORDS; k++) text[k][i] = words[k];
        for (int k = 0; k < WHOLE; k++) whole[k][i] = of[k];
    }
}

tl_status tl_compared_table(const tl_compared_list *list, tl_arena *arena, tl_table **out,
                            tl_err *err)
{
    static const char *const words[WORDS][2] = {
        {"factor", "what was varied; empty for the mean of the metric"},
        {"level", "level that is compared"},
        {"reference", "level it is compared with"},
        {"metric", "what was measured"},
        {"at", "conditions, as factor=level; empty for none"},
        {"missing", "why there is no interval"}};
    static const char *const numbers[NUMBERS][2] = {
        {"effect_a", "effect in the first file"},
        {"low_a", "lower end of its 95 % interval"},
        {"high_a", "upper end of its 95 % interval"},
        {"effect_b", "effect in the second file"},
        {"low_b", "lower end of its 95 % interval"},
        {"high_b", "upper end of its 95 % interval"},
        {"difference", "second minus first, over the replicates compared"},
        {"low", "lower end of its 95 % interval"},
        {"high", "upper end of its 95 % interval"},
        {"freedom", "degrees of freedom of Student's or Welch's t"},
        {"p", "sign-flip p over pairs; of Welch's t, by t"},
        {"q", "false discovery rate over the answers to hypotheses"}};
    static const char *const whole[WHOLE][2] = {
        {"n_a", "replicates of the first"},
        {"n_b", "replicates of the second"},
        {"n", "pairs compared; of Welch's t replicates of both"},
        {"hypothesis", "number of the hypothesis of the first file; 0 for none"}};
    const char **text[WORDS];
    double *value[NUMBERS];
    int32_t *integer[WHOLE], *pairing;
    tl_table *table;
    TL_TRY(tl_table_new(arena, (uint32_t)list->count, WORDS + NUMBERS + WHOLE + 1, &table,
                        err));
    for (int k = 0; k < WORDS; k++)
        TL_TRY(add_words(table, words[k][0], words[k][1], arena, &text[k], err));
    for (int k = 0; k < NUMBERS; k++)
        TL_TRY(add_numbers(table, numbers[k][0], numbers[k][1], arena, &value[k], err));
    for (int k = 0; k < WHOLE; k++)
        TL_TRY(add_whole(table, whole[k][0], whole[k][1], arena, &integer[k], err));
    TL_ALLOC(pairing, arena, list->count, err);
    for (int i = 0; i < list->count; i++) pairing[i] = (int32_t)list->one[i].pairing;
    tl_column *column =
        tl_table_add(table, "pairing", TL_COLUMN_FLAG, NULL, "how the two are compared");
    column->integer = pairing;
    column->flag_meanings = "none paired welch";
    fill_numbers(list, value);
    fill_others(list, text, integer);
    table->dimension = "comparison";
    *out = table;
    return TL_OK;
}
