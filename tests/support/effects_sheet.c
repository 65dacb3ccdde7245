#include "tests/support/effects_sheet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static tl_column real_column(const char *name, const double *real)
{
    return (tl_column){.name = name, .type = TL_COLUMN_REAL, .real = real};
}

static void describe(tl_column *column, const char *name, const char *text)
{
    column->attribute[column->attributes++] = (tl_attribute){name, text};
}

sheet *sheet_estimate_zipped(const row *rows, int count, bool is_rate,
                             const char *hypotheses, const char *zip)
{
    sheet *s = calloc(1, sizeof *s);
    assert_non_null(s);
    assert_true(count <= SHEET_ROWS);
    for (int t = 0; t < count; t++) {
        s->replicate[t] = rows[t].replicate;
        s->poison[t] = rows[t].poison;
        s->rate[t] = rows[t].rate;
        s->queries[t] = rows[t].queries;
        s->score[t] = rows[t].score;
        s->n[t] = rows[t].n;
        s->why[t] = rows[t].why;
    }
    tl_column *c = s->column;
    c[0] = (tl_column){.name = "replicate", .type = TL_COLUMN_INT, .integer = s->replicate};
    c[1] = (tl_column){.name = "poison", .type = TL_COLUMN_TEXT, .text = s->poison};
    describe(&c[1], "factor", "choice");
    describe(&c[1], "reference", "none");
    c[2] = real_column("poison_rate", s->rate);
    describe(&c[2], "factor", "axis");
    describe(&c[2], "within", "poison");
    c[3] = real_column("queries", s->queries);
    describe(&c[3], "factor", "axis");
    for (int i = 1; i <= 3 && zip; i++) describe(&c[i], "zip", zip);
    c[4] = real_column("score", s->score);
    c[4].high = 1.0; /* where it is no score of 1 and more: nothing reads it then */
    describe(&c[4], "better", "lower");
    describe(&c[4], "downstream_of", "poison poison_rate queries");
    c[5] = real_column("upstream", s->score);
    describe(&c[5], "better", "lower");
    describe(&c[5], "downstream_of", "poison poison_rate");
    describe(&c[5], "control", "other");
    c[6] = (tl_column){.name = "score_reason",
                       .type = TL_COLUMN_FLAG,
                       .integer = s->why,
                       .flag_meanings = "value unresolvable failed"};
    c[7] = real_column(is_rate ? "score_n" : "other", s->n);
    s->global[0] = (tl_attribute){"hypotheses", hypotheses ? hypotheses : "[]"};
    s->table = (tl_table){.trials = (uint32_t)count,
                          .columns = SHEET_COLUMNS,
                          .column = s->column,
                          .attributes = 1,
                          .attribute = s->global};
    tl_err err;
    s->arena = tl_arena_open(0);
    assert_int_equal(tl_effects_estimate(&s->table, &s->arena, &s->effects, &err), TL_OK);
    return s;
}

sheet *sheet_estimate(const row *rows, int count, bool is_rate, const char *hypotheses)
{
    return sheet_estimate_zipped(rows, count, is_rate, hypotheses, NULL);
}

void sheet_close(sheet *s)
{
    tl_arena_close(&s->arena);
    free(s);
}

const tl_effect *sheet_find(const sheet *s, const char *metric, const char *factor,
                            const char *level)
{
    for (int i = 0; i < s->effects->count; i++) {
        const tl_effect *e = &s->effects->effect[i];
        if (strcmp(e->metric, metric) == 0 && strcmp(e->factor, factor) == 0 &&
            strcmp(e->level, level) == 0) {
            return e;
        }
    }
    return NULL;
}
