/* compute/core: arenas, streams, hashes, key tables, sorting, text. */
#include "compute/core/arena.h"
#include "compute/core/hash.h"
#include "compute/core/key_table.h"
#include "compute/core/rng.h"
#include "compute/core/sort.h"
#include "compute/core/text.h"
#include "compute/core/utf8.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void arena_rewinds_to_its_mark(void **state)
{
    (void)state;
    tl_arena arena = tl_arena_open(0);
    char *kept = tl_arena_take(&arena, 100, 1, NULL);
    memset(kept, 'k', 100);
    const size_t mark = tl_arena_mark(&arena);
    for (int round = 0; round < 50; round++) {
        for (size_t n = 1; n < 1 << 20; n *= 7) {
            unsigned char *piece = tl_arena_take(&arena, n, 1, NULL);
            assert_non_null(piece);
            assert_int_equal((uintptr_t)piece % 64, 0);
            assert_int_equal(piece[0] | piece[n - 1], 0);
            memset(piece, 'x', n);
        }
        tl_arena_rewind(&arena, mark);
        assert_int_equal(arena.used, mark);
    }
    for (int i = 0; i < 100; i++) assert_int_equal(kept[i], 'k');
    tl_arena_close(&arena);
}

static void arena_keeps_its_limit(void **state)
{
    (void)state;
    tl_arena arena = tl_arena_open(4096);
    tl_err err = {0};
    assert_non_null(tl_arena_take(&arena, 4000, 1, &err));
    assert_null(tl_arena_take(&arena, 4096, 1, &err));
    assert_int_equal(err.status, TL_E_NOMEM);
    assert_null(tl_arena_take(&arena, SIZE_MAX / 2, 8, &err));
    assert_int_equal(err.status, TL_E_NOMEM);
    tl_arena_close(&arena);
}

/* Takes and rewinds as a real arena does, and touches nothing large. */
static void arena_counts_as_it_takes(void **state)
{
    (void)state;
    tl_arena real = tl_arena_open(0), counter = tl_arena_counter();
    tl_arena *const both[] = {&real, &counter};
    tl_err err = {0};
    assert_false(tl_arena_counts(&real));
    assert_true(tl_arena_counts(&counter));
    for (int a = 0; a < 2; a++) {
        assert_non_null(tl_arena_take(both[a], 0, 8, &err));
        int *kept = tl_arena_take(both[a], 10, sizeof *kept, &err);
        const size_t mark = tl_arena_mark(both[a]);
        for (int round = 0; round < 3; round++) {
            char *record = tl_arena_records(both[a], 100, 1000, &err);
            assert_non_null(tl_arena_take(both[a], 1 << 20, sizeof(double), &err));
            int *small = tl_arena_take(both[a], 20, sizeof *small, &err);
            assert_true(kept[9] == 0 && small[19] == 0 && record[99999] == 0);
            small[0] = kept[0] = record[0] = 0;
            tl_arena_rewind(both[a], mark);
        }
    }
    assert_int_equal(counter.peak, real.peak);
    assert_int_equal(counter.used, real.used);
    assert_false(tl_arena_counted(&real, 0));
    assert_true(real.used > 0);
    assert_true(tl_arena_counted(&counter, 0));
    assert_int_equal(counter.used, 0);
    assert_non_null(tl_arena_take(&counter, SIZE_MAX / 4, 1, &err));
    assert_null(tl_arena_take(&counter, SIZE_MAX / 4 + 1, 1, &err));
    assert_int_equal(err.status, TL_E_NOMEM);
    tl_arena_close(&real);
    tl_arena_close(&counter);
}

static void philox_gives_the_known_answer(void **state)
{
    (void)state;
    /* Known-answer vector of Random123 1.14: counter 0, key 0. */
    const tl_rng zero = {0};
    uint32_t word[4];
    tl_rng_block(&zero, 0, word);
    const uint32_t known[4] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
    assert_memory_equal(word, known, sizeof known);
}

static void streams_differ_by_every_part_of_their_name(void **state)
{
    (void)state;
    tl_rng base = tl_rng_stream(1, 1, "a", 1, "p");
    tl_rng other[] = {tl_rng_stream(2, 1, "a", 1, "p"),
                      tl_rng_stream(1, 2, "a", 1, "p"),
                      tl_rng_stream(1, 1, "b", 1, "p"),
                      tl_rng_stream(1, 1, "a", 2, "p"),
                      tl_rng_stream(1, 1, "a", 1, "q"),
                      tl_rng_sub(&base, 0),
                      tl_rng_sub(&base, 1)};
    const uint32_t first = tl_rng_u32(&base);
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        assert_int_not_equal(first, tl_rng_u32(&other[i]));
    }
}

static void below_is_uniform(void **state)
{
    (void)state;
    enum { N = 7, DRAWS = 70000 };
    tl_rng rng = tl_rng_stream(5, 0, "t", 0, "below");
    int seen[N] = {0};
    for (int i = 0; i < DRAWS; i++) seen[tl_rng_below(&rng, N)]++;
    double chi2 = 0.0;
    for (int i = 0; i < N; i++) {
        const double off = seen[i] - (double)DRAWS / N;
        chi2 += off * off / ((double)DRAWS / N);
    }
    assert_true(chi2 < 22.46); /* 99.9 % point of chi-square with 6 degrees of freedom */
}

static void normals_have_mean_0_and_variance_1(void **state)
{
    (void)state;
    enum { DRAWS = 100000 };
    tl_rng rng = tl_rng_stream(5, 0, "t", 0, "normal");
    double sum = 0.0, square = 0.0;
    for (int i = 0; i < DRAWS; i++) {
        const double z = tl_rng_normal(&rng);
        sum += z;
        square += z * z;
    }
    assert_true(fabs(sum / DRAWS) < 4.0 / sqrt(DRAWS));
    assert_true(fabs(square / DRAWS - 1.0) < 4.0 * sqrt(2.0 / DRAWS));
}

static void hash_tells_pieces_apart(void **state)
{
    (void)state;
    tl_hash a = {0}, b = {0};
    tl_hash_text(&a, "ab");
    tl_hash_text(&a, "c");
    tl_hash_text(&b, "a");
    tl_hash_text(&b, "bc");
    const tl_key x = tl_hash_end(&a), y = tl_hash_end(&b);
    assert_false(tl_key_equal(&x, &y));
    char text[TL_KEY_TEXT];
    tl_key back;
    assert_true(tl_key_read(tl_key_text(&x, text), &back));
    assert_true(tl_key_equal(&x, &back));
    assert_false(tl_key_read("12", &back));
    for (int i = 0; i < 1000; i++)
        tl_hash_u64(&a, (uint64_t)i); /* folds, never overflows */
    assert_true(a.length <= TL_HASH_SPACE);
}

static void sums_are_the_standard_ones(void **state)
{
    (void)state;
    assert_int_equal(tl_crc32("123456789", 9), 0xcbf43926U);
    char name[] = "core_XXXXXX";
    const int fd = mkstemp(name);
    FILE *file = fdopen(fd, "w");
    (void)fputs("abc", file);
    (void)fclose(file);
    char sha[TL_SHA256_TEXT], md5[TL_MD5_TEXT];
    tl_err err = {0};
    assert_int_equal(tl_hash_file(name, sha, md5, &err), TL_OK);
    (void)remove(name);
    assert_string_equal(md5, "900150983cd24fb0d6963f7d28e17f72");
    assert_string_equal(sha,
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(tl_hash_file("no/such/file", sha, md5, &err), TL_E_IO);
}

static void nearest_name_is_the_one_meant(void **state)
{
    (void)state;
    static const char *const names[] = {"d2m.badnets", "d2m.label_flip", "train"};
    const struct {
        const char *wanted, *expected;
    } cases[] = {{"d2m.badnet", "d2m.badnets"},
                 {"tarin", "train"},
                 {"d2m.lable_flip", "d2m.label_flip"},
                 {"zzz", NULL},
                 {"", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *got = tl_text_nearest(cases[i].wanted, names, 3);
        if (cases[i].expected) {
            assert_non_null(got);
            assert_string_equal(got, cases[i].expected);
        } else {
            assert_null(got);
        }
    }
}

static void shortest_number_reads_back(void **state)
{
    (void)state;
    const struct {
        double value;
        const char *text;
    } cases[] = {
        {0.1, "0.1"}, {1e-3, "0.001"}, {3.0, "3"}, {1.0 / 3.0, "0.3333333333333333"}};
    char out[32];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(tl_text_shortest(cases[i].value, out), cases[i].text);
    }
}

static void a_fault_commands_no_terminal(void **state)
{
    (void)state;
    tl_err err;
    assert_int_equal(tl_fail(&err, TL_E_ARG, "no '%s'\nhere", "\x1b[2J\x7f\xc3\xa9"),
                     TL_E_ARG);
    assert_string_equal(err.text, "no '?[2J?\xc3\xa9'\nhere");
    assert_int_equal(tl_fail_prefix(&err, "%s%d", "\r", 7), TL_E_ARG);
    assert_string_equal(err.text, "?7: no '?[2J?\xc3\xa9'\nhere");
}

static void utf8_is_told_from_other_bytes(void **state)
{
    (void)state;
    const struct {
        const char *bytes;
        size_t left, length;
    } cases[] = {{"a", 1, 1},
                 {"", 0, 0},
                 {"\xc3\xa9", 2, 2},
                 {"\xc3\xa9", 1, 0}, /* cut */
                 {"\xc1\xbf", 2, 0}, /* overlong, as the next two */
                 {"\xe0\x9f\xbf", 3, 0},
                 {"\xf0\x8f\xbf\xbf", 4, 0},
                 {"\xe2\x82\xac", 3, 3},
                 {"\xe2\x82 ", 3, 0},
                 {"\xed\xa0\x80", 3, 0}, /* a surrogate */
                 {"\xf0\x9f\x98\x80", 4, 4},
                 {"\xf4\x90\x80\x80", 4, 0}, /* beyond U+10FFFF */
                 {"\x80", 1, 0},
                 {"\xff", 1, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(tl_utf8_sequence(cases[i].bytes, cases[i].left), cases[i].length);
    }
}

static void sorting_puts_nan_last_and_equal_values_by_number(void **state)
{
    (void)state;
    double value[] = {2.0, (double)NAN, -1.0, (double)INFINITY, 2.0, -0.0};
    tl_sort_doubles(value, 6);
    const double sorted[] = {-1.0, -0.0, 2.0, 2.0, (double)INFINITY};
    for (int i = 0; i < 5; i++) assert_true(value[i] == sorted[i]);
    assert_true(isnan(value[5]));
    tl_ranked list[] = {{1.0, 9}, {(double)NAN, 1}, {3.0, 7}, {1.0, 2}, {3.0, 4}};
    const uint32_t up[] = {2, 9, 4, 7, 1}, down[] = {4, 7, 2, 9, 1};
    tl_sort_ascending(list, 5);
    for (int i = 0; i < 5; i++) assert_int_equal(list[i].number, up[i]);
    tl_sort_descending(list, 5);
    for (int i = 0; i < 5; i++) assert_int_equal(list[i].number, down[i]);
    double odd[] = {5.0, 1.0, 3.0}, even[] = {4.0, 1.0, 3.0, 2.0};
    assert_true(tl_median(odd, 3) == 3.0);
    assert_true(tl_median(even, 4) == 2.5);
}

/* With many equal values and none, ascending, descending and infinite ones. */
static void selecting_puts_there_what_sorting_would(void **state)
{
    (void)state;
    enum { MOST = 40 };
    tl_rng rng = tl_rng_stream(4, 0, "test", 0, "select");
    for (int round = 0; round < 400; round++) {
        double value[MOST], sorted[MOST];
        const int n = 1 + (int)tl_rng_below(&rng, MOST), kinds = 1 + round % 20;
        for (int i = 0; i < n; i++) {
            const double drawn = tl_rng_below(&rng, (uint32_t)kinds);
            value[i] = round % 5 == 0   ? i
                       : round % 5 == 1 ? -i
                       : drawn > 17.0   ? (double)INFINITY
                                        : drawn;
        }
        memcpy(sorted, value, sizeof sorted);
        tl_sort_doubles(sorted, (size_t)n);
        const int k = (int)tl_rng_below(&rng, (uint32_t)n);
        tl_select_doubles(value, (size_t)n, (size_t)k);
        assert_true(value[k] == sorted[k]);
        for (int i = 0; i < n; i++)
            assert_true(i < k ? value[i] <= value[k] : value[i] >= value[k]);
        tl_sort_doubles(value, (size_t)n);
        assert_memory_equal(value, sorted, (size_t)n * sizeof *value);
    }
}

/* Keys that differ in one byte, as made by hand, and enough of them for the table to grow.
 */
static void keys_are_numbered_in_the_order_they_were_added(void **state)
{
    (void)state;
    enum { KEYS = 3000 };
    static struct {
        tl_key key;
        char rest[24];
    } entry[KEYS + 1];
    tl_key_table table = {0};
    tl_err err = {0};
    for (uint32_t i = 0; i <= KEYS; i++) memcpy(entry[i].key.byte + 3 * (i % 2), &i, 4);
    assert_int_equal(tl_key_table_find(&table, entry, sizeof *entry, &entry[0].key),
                     TL_NO_ENTRY);
    for (uint32_t i = 0; i < KEYS; i++)
        assert_int_equal(tl_key_table_add(&table, entry, sizeof *entry, &err), TL_OK);
    for (uint32_t i = 0; i < KEYS; i++)
        assert_int_equal(tl_key_table_find(&table, entry, sizeof *entry, &entry[i].key), i);
    assert_int_equal(tl_key_table_find(&table, entry, sizeof *entry, &entry[KEYS].key),
                     TL_NO_ENTRY);
    tl_key_table_close(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_rewinds_to_its_mark),
        cmocka_unit_test(arena_keeps_its_limit),
        cmocka_unit_test(arena_counts_as_it_takes),
        cmocka_unit_test(philox_gives_the_known_answer),
        cmocka_unit_test(streams_differ_by_every_part_of_their_name),
        cmocka_unit_test(below_is_uniform),
        cmocka_unit_test(normals_have_mean_0_and_variance_1),
        cmocka_unit_test(hash_tells_pieces_apart),
        cmocka_unit_test(sums_are_the_standard_ones),
        cmocka_unit_test(sorting_puts_nan_last_and_equal_values_by_number),
        cmocka_unit_test(selecting_puts_there_what_sorting_would),
        cmocka_unit_test(keys_are_numbered_in_the_order_they_were_added),
        cmocka_unit_test(nearest_name_is_the_one_meant),
        cmocka_unit_test(shortest_number_reads_back),
        cmocka_unit_test(a_fault_commands_no_terminal),
        cmocka_unit_test(utf8_is_told_from_other_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
