/*
 * Two tables compared: paired where splits agree, else as independent samples.
 */
#include "analysis/effect/compare.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define assert_near(value, wanted, slack) assert_true(fabs((value) - (wanted)) <= (slack))

enum { MOST = 8, ROWS = 2 * MOST };

/* A sweep of two arms: the effect of each replicate. */
typedef struct sheet {
    int32_t replicate[ROWS];
    const char *arm[ROWS], *split[ROWS];
    double score[ROWS];
    tl_column column[4];
    tl_table table;
} sheet;

/* Replicates first, first + 1, ..., each with one of four splits. */
static const tl_table *fill(sheet *s, int first, int n, const double *effect, bool is_other)
{
    static const char *const arm[] = {"none", "poison"};
    static const char *const split[] = {"s0", "s1", "s2", "s3"}, *const odd = "other";
    for (int i = 0; i < 2 * n; i++) {
        s->replicate[i] = first + i / 2;
        s->arm[i] = arm[i % 2];
        s->split[i] = is_other && i / 2 == 1 ? odd : split[(first + i / 2) % 4];
        s->score[i] = 0.5 + (i % 2 ? effect[i / 2] : 0.0);
    }
    s->column[0] =
        (tl_column){.name = "replicate", .type = TL_COLUMN_INT, .integer = s->replicate};
    s->column[1] = (tl_column){.name = "arm",
                               .type = TL_COLUMN_TEXT,
                               .text = s->arm,
                               .attributes = 1,
                               .attribute = {{"factor", "axis"}}};
    s->column[2] =
        (tl_column){.name = "score",
                    .type = TL_COLUMN_REAL,
                    .real = s->score,
                    .attributes = 2,
                    .attribute = {{"better", "lower"}, {"downstream_of", "arm"}}};
    s->column[3] =
        (tl_column){.name = "split_hash", .type = TL_COLUMN_TEXT, .text = s->split};
    s->table = (tl_table){.trials = (uint32_t)(2 * n), .columns = 4, .column = s->column};
    return &s->table;
}

/* The comparison of the arms; the first of the list is the metric's mean. */
static const tl_compared *compared(const tl_table *a, const tl_table *b, tl_arena *arena,
                                   tl_compared_list **list)
{
    assert_int_equal(tl_compare(a, b, arena, list, NULL), TL_OK);
    assert_int_equal((*list)->count, 2);
    assert_int_equal((*list)->one[0].a->kind, TL_EFFECT_MEAN);
    assert_string_equal((*list)->one[1].a->factor, "arm");
    return &(*list)->one[1];
}

/* Replicates of one file alone are left out of pairs, whatever their place in it. */
static void equal_splits_are_paired(void **state)
{
    (void)state;
    static const double first[] = {0.5, 0.1, 0.2, 0.4}, second[] = {0.2, 0.3, 0.5, 0.9};
    sheet a, b;
    tl_compared_list *list;
    tl_arena arena = tl_arena_open(0);
    const tl_compared *c = compared(fill(&a, 0, 4, first, false),
                                    fill(&b, 1, 4, second, false), &arena, &list);
    assert_true(list->is_paired);
    assert_string_equal(list->why, "all 3 common replicates have equal splits");
    assert_int_equal(c->pairing, TL_PAIRING_PAIRED);
    assert_int_equal(c->n, 3);
    assert_near(c->difference, 0.1, 1e-12); /* 0.1, 0.1, 0.1 */
    assert_near(c->high - c->low, 0.0, 1e-12);
    assert_near(c->p, 0.25, 0.0);
    assert_near(c->a->mean, 0.3, 1e-12);
    tl_arena_close(&arena);
}

static void other_splits_are_independent_samples(void **state)
{
    (void)state;
    static const double first[] = {0.5, 0.1, 0.2, 0.4}, second[] = {0.2, 0.3, 0.5, 0.9};
    sheet a, b;
    tl_compared_list *list;
    tl_arena arena = tl_arena_open(0);
    const tl_compared *c =
        compared(fill(&a, 0, 4, first, false), fill(&b, 0, 4, second, true), &arena, &list);
    assert_false(list->is_paired);
    assert_string_equal(list->why,
                        "the splits of 1 of 4 common replicates differ, the first "
                        "is replicate 1");
    assert_int_equal(c->pairing, TL_PAIRING_WELCH);
    assert_int_equal(c->n, 8);
    assert_near(c->difference, 0.175, 1e-12);
    c = compared(fill(&a, 0, 4, first, false), fill(&b, 4, 4, second, false), &arena,
                 &list);
    assert_false(list->is_paired);
    assert_string_equal(list->why, "fewer than two replicates are in both files");
    c = compared(fill(&a, 0, 4, first, false), fill(&b, 0, 4, second, false), &arena,
                 &list);
    assert_true(list->is_paired);
    b.table.columns = 3;
    c = compared(&a.table, &b.table, &arena, &list);
    assert_false(list->is_paired);
    assert_string_equal(list->why, "a file has no split hashes");
    assert_int_equal(c->pairing, TL_PAIRING_WELCH);
    tl_arena_close(&arena);
}

/* What cannot be compared says why, and counts no test. */
static void too_few_replicates_have_no_interval(void **state)
{
    (void)state;
    tl_compared c = {0};
    const double one[] = {0.5}, two[] = {0.25, 0.25};
    double pair[] = {0.5};
    tl_welch(one, 1, two, 2, &c);
    assert_true(isnan(c.low) && isnan(c.p) && c.difference == -0.25);
    assert_string_equal(c.missing, "an interval needs 2 replicates of each");
    tl_welch(two, 2, two, 2, &c);
    assert_true(isnan(c.low) && c.difference == 0.0);
    assert_string_equal(c.missing, "each is the same in all its replicates");
    tl_paired(pair, 1, &c);
    assert_true(isnan(c.low) && c.difference == 0.5);
    tl_paired(pair, 0, &c);
    assert_true(isnan(c.difference));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_splits_are_paired),
        cmocka_unit_test(other_splits_are_independent_samples),
        cmocka_unit_test(too_few_replicates_have_no_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
