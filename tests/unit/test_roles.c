/* compute/data/roles: who gets which row. */
#include "compute/data/roles.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { ROWS = 230, CLASSES = 3 };

typedef struct made {
    tl_source source;
    float input[ROWS];
    int32_t label[ROWS], group[ROWS], duplicate_of[ROWS];
    uint8_t flags[ROWS];
    uint32_t origin[ROWS];
} made;

/* Classes of 4:2:1; every tenth row is a copy of the row before it. */
static void make(made *m, int rows, int has_copies)
{
    static const int32_t class_of[7] = {0, 0, 1, 0, 1, 2, 0};
    memset(m, 0, sizeof *m);
    for (int i = 0; i < rows; i++) {
        m->input[i] = (float)i;
        m->label[i] = class_of[i % 7];
        m->group[i] = has_copies && i % 10 == 9 ? i - 1 : i;
        m->duplicate_of[i] = m->group[i];
        m->origin[i] = (uint32_t)i;
    }
    m->source = (tl_source){.name = "made",
                            .all = {.shape = {1, 1, 1},
                                    .classes = CLASSES,
                                    .rows = rows,
                                    .input = m->input,
                                    .label = m->label,
                                    .flags = m->flags,
                                    .origin = m->origin},
                            .rows = {rows, 0, 0},
                            .distinct = has_copies ? rows - rows / 10 : rows,
                            .group = m->group,
                            .duplicate_of = m->duplicate_of};
}

static tl_roles draw(const made *m, const tl_split *split, uint64_t seed, tl_arena *arena)
{
    tl_roles roles;
    tl_err err = {0};
    if (tl_roles_draw(&m->source, split, seed, 0, arena, &roles, &err) != TL_OK) {
        fail_msg("%s", err.text);
    }
    return roles;
}

static int count_class(const tl_dataset *data, int class, unsigned mask, unsigned wanted)
{
    int count = 0;
    for (int i = 0; i < data->rows; i++) {
        count += data->label[i] == class && (data->flags[i] & mask) == wanted;
    }
    return count;
}

/* Marks each group that `data` holds with `who`; fails if another had it. */
static void claim(const made *m, const tl_dataset *data, int who, int *owner)
{
    for (int i = 0; i < data->rows; i++) {
        const int group = m->group[data->origin[i]];
        if (owner[group] != 0 && owner[group] != who) {
            fail_msg("group %d is held by roles %d and %d", group, owner[group], who);
        }
        owner[group] = who;
        assert_true(data->input[i] == (float)data->origin[i]);
    }
}

static void roles_are_disjoint_and_copies_stay_in_one(void **state)
{
    (void)state;
    static made m;
    make(&m, ROWS, 1);
    const tl_split split = {
        .pool = 80, .validation = 27, .attacker = 40, .test = 60, .keep = 0.5};
    for (uint64_t seed = 0; seed < 20; seed++) {
        tl_arena arena = tl_arena_open(0);
        const tl_roles roles = draw(&m, &split, seed, &arena);
        int owner[ROWS] = {0};
        assert_int_equal(roles.pool->rows, 80);
        assert_int_equal(roles.validation->rows, 27);
        assert_int_equal(roles.attacker->rows, 40);
        assert_int_equal(roles.test->rows, 60);
        claim(&m, roles.pool, 1, owner);
        claim(&m, roles.validation, 2, owner);
        claim(&m, roles.attacker, 3, owner);
        claim(&m, roles.test, 4, owner);
        tl_arena_close(&arena);
    }
}

static void classes_keep_their_shares_in_every_role(void **state)
{
    (void)state;
    static made m;
    make(&m, 7 * 30, 0); /* 120, 60, 30 rows */
    const tl_split split = {
        .pool = 84, .validation = 21, .attacker = 42, .test = 63, .keep = 0.5};
    tl_arena arena = tl_arena_open(0);
    const tl_roles roles = draw(&m, &split, 1, &arena);
    const tl_dataset *part[4] = {roles.pool, roles.validation, roles.attacker, roles.test};
    for (int r = 0; r < 4; r++) {
        assert_int_equal(count_class(part[r], 0, 0, 0), part[r]->rows * 4 / 7);
        assert_int_equal(count_class(part[r], 1, 0, 0), part[r]->rows * 2 / 7);
        assert_int_equal(count_class(part[r], 2, 0, 0), part[r]->rows / 7);
    }
    tl_arena_close(&arena);
}

static void keep_trains_on_half_of_each_class(void **state)
{
    (void)state;
    static made m;
    make(&m, 7 * 30, 0);
    const tl_split split = {.pool = 84, .test = 63, .keep = 0.5};
    tl_arena arena = tl_arena_open(0);
    const tl_roles a = draw(&m, &split, 1, &arena), b = draw(&m, &split, 2, &arena);
    for (int c = 0; c < CLASSES; c++) {
        const int half = count_class(a.pool, c, 0, 0) / 2;
        assert_int_equal(count_class(a.pool, c, TL_ROW_MEMBER, TL_ROW_MEMBER), half);
    }
    assert_memory_not_equal(a.pool->flags, b.pool->flags, 84);
    assert_false(tl_key_equal(&a.split_hash, &b.split_hash));
    tl_arena_close(&arena);
}

static void without_keep_the_test_rows_follow_as_non_members(void **state)
{
    (void)state;
    static made m;
    make(&m, ROWS, 1);
    const tl_split split = {.pool = 80, .test = 60};
    tl_arena arena = tl_arena_open(0);
    const tl_roles roles = draw(&m, &split, 1, &arena);
    assert_int_equal(roles.pool->rows, 140);
    assert_int_equal(roles.copies, 0);
    for (int i = 0; i < 140; i++) {
        assert_int_equal(roles.pool->flags[i], i < 80 ? TL_ROW_MEMBER : 0);
        if (i >= 80) assert_int_equal(roles.pool->origin[i], roles.test->origin[i - 80]);
    }
    int pool, members, validation, attacker, test;
    tl_split_sizes(&m.source, &split, &pool, &members, &validation, &attacker, &test);
    assert_int_equal(pool, 140);
    assert_int_equal(members, 80);
    assert_int_equal(test, 60);
    tl_arena_close(&arena);
}

static void the_same_name_draws_the_same_rows(void **state)
{
    (void)state;
    static made m;
    make(&m, ROWS, 1);
    const tl_split split = {.pool = 80, .attacker = 30, .test = 60, .keep = 0.4};
    tl_arena arena = tl_arena_open(0);
    const tl_roles a = draw(&m, &split, 9, &arena), b = draw(&m, &split, 9, &arena);
    assert_true(tl_key_equal(&a.split_hash, &b.split_hash));
    assert_memory_equal(a.pool->origin, b.pool->origin, 80 * sizeof(uint32_t));
    assert_memory_equal(a.pool->flags, b.pool->flags, 80);
    tl_roles other;
    assert_int_equal(tl_roles_draw(&m.source, &split, 9, 1, &arena, &other, NULL), TL_OK);
    assert_false(tl_key_equal(&a.split_hash, &other.split_hash));
    tl_arena_close(&arena);
}

static int holds_all(const tl_dataset *large, const tl_dataset *small)
{
    for (int i = 0, at = 0; i < small->rows; i++) {
        while (at < large->rows && large->origin[at] != small->origin[i]) at++;
        if (at == large->rows) return 0;
    }
    return 1;
}

static void a_larger_role_holds_the_smaller(void **state)
{
    (void)state;
    static made m;
    make(&m, ROWS, 1);
    for (int more = 1; more < 100; more++) {
        tl_arena arena = tl_arena_open(0);
        tl_split split = {.pool = 10, .attacker = 30, .test = 60, .keep = 0.5};
        split.pool += more - 1;
        const tl_roles small = draw(&m, &split, 9, &arena);
        split.pool++;
        const tl_roles large = draw(&m, &split, 9, &arena);
        assert_true(holds_all(large.pool, small.pool));
        assert_true(holds_all(large.test, small.test));
        assert_true(holds_all(large.attacker, small.attacker));
        tl_arena_close(&arena);
    }
}

/* Train 120, validation 40, test 40, with a copy within train and one from train in each
 * other split. */
static void make_official(made *m)
{
    make(m, 200, 0);
    m->source.has_splits = true;
    m->source.rows[TL_SPLIT_TRAIN] = 120;
    m->source.rows[TL_SPLIT_VALIDATION] = m->source.rows[TL_SPLIT_TEST] = 40;
    m->group[50] = m->duplicate_of[50] = 10;
    m->group[125] = m->duplicate_of[125] = 20;
    m->group[165] = m->duplicate_of[165] = 30;
}

static void official_splits_stay_what_they_are(void **state)
{
    (void)state;
    static made m;
    make_official(&m);
    const tl_split split = {.official = true};
    tl_arena arena = tl_arena_open(0);
    const tl_roles roles = draw(&m, &split, 3, &arena);
    assert_int_equal(roles.validation->rows, 20);
    assert_int_equal(roles.test->rows, 40);
    assert_int_equal(roles.copies, 1);
    assert_int_equal(roles.pool->rows, 120 + 40 - 1);
    for (int i = 0; i < roles.pool->rows; i++) {
        assert_int_equal(roles.pool->flags[i] & TL_ROW_MEMBER, i < 120 ? TL_ROW_MEMBER : 0);
        assert_true(i >= 120 || roles.pool->origin[i] == (uint32_t)i);
        assert_int_not_equal(roles.pool->origin[i], 165);
    }
    tl_arena_close(&arena);
}

static void official_copies_cross_no_line_that_counts(void **state)
{
    (void)state;
    static made m;
    make_official(&m);
    int most_attackers = 0;
    for (uint64_t seed = 0; seed < 40; seed++) {
        const tl_split split = {.official = true,
                                .attacker_from_pool = seed % 2 ? 20 : 0,
                                .keep = seed % 4 < 2 ? 0.5 : 0.0};
        tl_arena arena = tl_arena_open(0);
        const tl_roles roles = draw(&m, &split, seed, &arena);
        int in_pool[ROWS] = {0};
        for (int i = 0; i < roles.pool->rows; i++) {
            if (roles.pool->origin[i] < 120) in_pool[m.group[roles.pool->origin[i]]]++;
        }
        for (int i = 0; i < roles.attacker->rows; i++) {
            assert_int_equal(in_pool[m.group[roles.attacker->origin[i]]], 0);
        }
        if (split.keep > 0.0) assert_true(in_pool[10] <= 1);
        if (split.keep == 0.0) assert_int_equal(roles.copies, in_pool[30]);
        assert_int_equal(roles.validation->rows, 20);
        assert_true(roles.attacker->rows >= split.attacker_from_pool + 19);
        most_attackers =
            roles.attacker->rows > most_attackers ? roles.attacker->rows : most_attackers;
        tl_arena_close(&arena);
    }
    assert_int_equal(most_attackers, 40);
}

/* Rows 10 k to 10 k + 3 are near to one another; row 10 k + 9 is a copy of 10 k + 8. */
static void make_near(made *m)
{
    make(m, ROWS, 1);
    for (int i = 0; i < ROWS; i++) {
        if (i % 10 < 4) m->duplicate_of[i] = i - i % 10;
    }
}

/* Marks each group of near-duplicates with `who`; fails if another role has it. Returns how
 * many rows had company. */
static int claim_near(const made *m, const tl_dataset *data, int who, int *owner)
{
    int shared = 0;
    for (int i = 0; i < data->rows; i++) {
        const int group = m->duplicate_of[data->origin[i]];
        if (owner[group] != 0 && owner[group] != who) {
            fail_msg("near group %d is held by roles %d and %d", group, owner[group], who);
        }
        shared += owner[group] != 0;
        owner[group] = who;
    }
    return shared;
}

/*
 * 138 rows are near to no earlier one, 207 are distinct. Up to 138 no two rows of a group
 * are dealt; beyond that they stay together, and sizes stay exact.
 */
static void near_duplicates_stay_in_one_role(void **state)
{
    (void)state;
    static made m;
    make_near(&m);
    for (int pool = 40; pool <= 107; pool += 67 / 2) {
        const tl_split split = {
            .pool = pool, .validation = 20, .attacker = 30, .test = 48, .keep = 0.5};
        for (uint64_t seed = 0; seed < 20; seed++) {
            tl_arena arena = tl_arena_open(0);
            const tl_roles roles = draw(&m, &split, seed, &arena);
            int owner[ROWS] = {0};
            int shared = claim_near(&m, roles.pool, 1, owner);
            shared += claim_near(&m, roles.validation, 2, owner);
            shared += claim_near(&m, roles.attacker, 3, owner);
            shared += claim_near(&m, roles.test, 4, owner);
            assert_int_equal(roles.pool->rows, pool);
            assert_int_equal(roles.validation->rows, 20);
            assert_int_equal(roles.attacker->rows, 30);
            assert_int_equal(roles.test->rows, 48);
            assert_int_equal(shared, pool + 98 > 138 ? pool + 98 - 138 : 0);
            tl_arena_close(&arena);
        }
    }
}

static int count_sides(const made *m, const tl_dataset *pool, int group, unsigned member)
{
    int count = 0;
    for (int i = 0; i < pool->rows; i++) {
        count += m->duplicate_of[pool->origin[i]] == group &&
                 (pool->flags[i] & TL_ROW_MEMBER) == member;
    }
    return count;
}

/* With `keep`, rows of one group may fall to both sides: then none of them is judged. */
static void near_duplicates_across_membership_are_flagged(void **state)
{
    (void)state;
    static made m;
    make_official(&m);
    m.duplicate_of[61] = m.duplicate_of[62] = 60;
    m.duplicate_of[150] = 70;
    int flagged = 0, apart = 0;
    for (uint64_t seed = 0; seed < 40; seed++) {
        const tl_split split = {.official = true, .keep = 0.5};
        tl_arena arena = tl_arena_open(0);
        const tl_roles roles = draw(&m, &split, seed, &arena);
        for (int i = 0; i < roles.pool->rows; i++) {
            const int group = m.duplicate_of[roles.pool->origin[i]];
            const int is_split = count_sides(&m, roles.pool, group, TL_ROW_MEMBER) > 0 &&
                                 count_sides(&m, roles.pool, group, 0) > 0;
            const int is_flagged = (roles.pool->flags[i] & TL_ROW_NEAR_DUPLICATE) != 0;
            assert_int_equal(is_flagged, is_split);
            flagged += is_flagged;
            apart += group == 60 && !is_flagged;
        }
        tl_arena_close(&arena);
    }
    assert_true(flagged > 0 && flagged % 3 == 0);
    assert_int_equal(flagged + apart, 3 * 40);
}

/* Without `keep` the test rows are the non-members: 180 is near to 80, 165 a copy of 30. */
static void test_rows_near_to_the_pool_are_no_non_members(void **state)
{
    (void)state;
    static made m;
    make_official(&m);
    m.duplicate_of[180] = 80;
    const tl_split split = {.official = true};
    tl_arena arena = tl_arena_open(0);
    const tl_roles roles = draw(&m, &split, 3, &arena);
    assert_int_equal(roles.test->rows, 40);
    assert_int_equal(roles.copies, 2);
    assert_int_equal(roles.pool->rows, 120 + 40 - 2);
    for (int i = 0; i < roles.pool->rows; i++) {
        const uint32_t row = roles.pool->origin[i];
        assert_true(row != 165 && row != 180);
        assert_int_equal((roles.pool->flags[i] & TL_ROW_NEAR_DUPLICATE) != 0,
                         row == 30 || row == 80);
    }
    tl_arena_close(&arena);
}

static void what_cannot_be_drawn_is_refused_with_numbers(void **state)
{
    (void)state;
    static made m;
    make(&m, ROWS, 1);
    static const struct {
        tl_split split;
        const char *text;
    } cases[] = {
        {{.pool = 150, .validation = 10, .attacker = 20, .test = 60},
         "pool 150 + validation 10 + attacker 20 + test 60 = 240 rows, but made has 207 "
         "distinct ones (230 with duplicates)"},
        {{.pool = 148, .test = 60}, "= 208 rows"},
        {{.pool = 2000000000, .attacker = 2000000000, .test = 60}, "4000000060 rows"},
        {{.pool = 50, .test = 2}, "role test has 2 rows, fewer than the 3 classes"},
        {{.pool = 50}, "test is 0"},
        {{.pool = -5, .test = 9}, "role pool has -5 rows"},
        {{.pool = 50, .test = 50, .keep = 1.0}, "keep is 1"},
        {{.official = true}, "no official split"},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        tl_err err = {0};
        const tl_status status = tl_split_check(&m.source, &cases[c].split, &err);
        if (status != TL_E_ARG || !strstr(err.text, cases[c].text)) {
            fail_msg("case %zu: wanted '%s', got '%s'", c, cases[c].text, err.text);
        }
    }
    const tl_split all = {.pool = 147, .test = 60};
    assert_int_equal(tl_split_check(&m.source, &all, NULL), TL_OK);
}

/* 257 tokens and two rows of most: no role could hold every class. */
static void tokens_are_drawn_without_regard_to_class(void **state)
{
    (void)state;
    static made m;
    make(&m, ROWS, 1);
    m.source.all.vocabulary = m.source.all.classes = 257;
    for (int i = 0; i < ROWS; i++) m.label[i] = (i * 37) % 257;
    const tl_split small = {.pool = 41, .attacker = 20, .test = 30, .keep = 0.5};
    tl_split large = small;
    large.pool = 80;
    tl_arena arena = tl_arena_open(0);
    const tl_roles a = draw(&m, &small, 1, &arena), b = draw(&m, &large, 1, &arena),
                   c = draw(&m, &small, 2, &arena);
    int owner[ROWS] = {0}, members = 0;
    claim(&m, a.pool, 1, owner);
    claim(&m, a.attacker, 2, owner);
    claim(&m, a.test, 3, owner);
    assert_int_equal(a.pool->rows, 41);
    assert_int_equal(a.pool->vocabulary, 257);
    for (int i = 0; i < 41; i++) members += (a.pool->flags[i] & TL_ROW_MEMBER) != 0;
    assert_int_equal(members, 21);
    for (int i = 0, k = 0; i < 41; i++) { /* rows of a role are in order of the source */
        while (k < 80 && b.pool->origin[k] != a.pool->origin[i]) k++;
        assert_true(k < 80);
    }
    assert_memory_equal(a.test->origin, b.test->origin, 30 * sizeof(uint32_t));
    assert_memory_not_equal(a.test->origin, c.test->origin, 30 * sizeof(uint32_t));
    tl_arena_close(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_are_drawn_without_regard_to_class),
        cmocka_unit_test(roles_are_disjoint_and_copies_stay_in_one),
        cmocka_unit_test(classes_keep_their_shares_in_every_role),
        cmocka_unit_test(keep_trains_on_half_of_each_class),
        cmocka_unit_test(without_keep_the_test_rows_follow_as_non_members),
        cmocka_unit_test(the_same_name_draws_the_same_rows),
        cmocka_unit_test(a_larger_role_holds_the_smaller),
        cmocka_unit_test(official_splits_stay_what_they_are),
        cmocka_unit_test(official_copies_cross_no_line_that_counts),
        cmocka_unit_test(near_duplicates_stay_in_one_role),
        cmocka_unit_test(near_duplicates_across_membership_are_flagged),
        cmocka_unit_test(test_rows_near_to_the_pool_are_no_non_members),
        cmocka_unit_test(what_cannot_be_drawn_is_refused_with_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
