/* runner/journal: torn, flipped, zeroed, lost and doubled lines cost what they said, no
 * more.
 */
#include "tests/support/journal_samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void every_prefix_opens_to_its_whole_records(void **state)
{
    (void)state;
    static char bytes[8192], after[8192];
    static journal_heard h;
    const size_t n = journal_write_samples(bytes, sizeof bytes);
    for (size_t cut = 0; cut <= n; cut++) {
        int whole = 0;
        size_t end = 0;
        for (size_t i = 0; i < cut; i++) {
            if (bytes[i] != '\n') continue;
            whole++;
            end = i + 1;
        }
        journal_write_bytes(bytes, cut);
        h.count = 0;
        assert_int_equal(tl_journal_read(NULL, journal_path, journal_hear, &h, NULL),
                         TL_OK);
        assert_int_equal(h.count, whole);
        assert_int_equal(journal_read_bytes(after, sizeof after), cut);
        h.count = 0;
        tl_journal *journal;
        assert_int_equal(
            tl_journal_open(NULL, journal_path, journal_hear, &h, &journal, NULL), TL_OK);
        assert_int_equal(h.count, whole);
        for (int i = 0; i < whole; i++) {
            const tl_record wanted = journal_sample(i);
            journal_assert_same(&h, i, &wanted);
        }
        assert_int_equal(journal_read_bytes(after, sizeof after), end);
        assert_memory_equal(after, bytes, end);
        /* what is written now is a line of its own */
        const tl_record next = journal_sample(1);
        tl_journal_put(journal, &next);
        assert_int_equal(tl_journal_sync(journal, NULL), TL_OK);
        tl_journal_close(journal);
        h.count = 0;
        assert_int_equal(tl_journal_read(NULL, journal_path, journal_hear, &h, NULL),
                         TL_OK);
        assert_int_equal(h.count, whole + 1);
        journal_assert_same(&h, whole, &next);
    }
}

static void a_flipped_bit_never_gives_a_wrong_record(void **state)
{
    (void)state;
    static char bytes[8192];
    static journal_heard h;
    const size_t n = journal_write_samples(bytes, sizeof bytes);
    int line = 0;
    for (size_t at = 0; at < n; at++) {
        const char was = bytes[at];
        bytes[at] = (char)(was ^ 1 << at % 8);
        journal_write_bytes(bytes, n);
        bytes[at] = was;
        h.count = 0;
        tl_journal *journal;
        assert_int_equal(
            tl_journal_open(NULL, journal_path, journal_hear, &h, &journal, NULL), TL_OK);
        tl_journal_close(journal);
        /* without the newline between them two records are whole still; the last one counts
         * as torn */
        const int lost = was == '\n' && line + 1 < JOURNAL_SAMPLES ? 0 : 1;
        assert_int_equal(h.count, JOURNAL_SAMPLES - lost);
        for (int i = 0; i < h.count; i++) {
            const tl_record wanted = journal_sample(i < line ? i : i + lost);
            journal_assert_same(&h, i, &wanted);
        }
        line += was == '\n';
    }
}

static int write_and_hear(const char *bytes, size_t n, journal_heard *h)
{
    tl_journal *journal;
    journal_write_bytes(bytes, n);
    h->count = 0;
    assert_int_equal(tl_journal_open(NULL, journal_path, journal_hear, h, &journal, NULL),
                     TL_OK);
    tl_journal_close(journal);
    return h->count;
}

/* Where line `line` begins. */
static size_t line_at(const char *bytes, int line)
{
    const char *at = bytes;
    while (line-- > 0) at = strchr(at, '\n') + 1;
    return (size_t)(at - bytes);
}

static void a_block_of_zeros_costs_the_lines_it_touches(void **state)
{
    (void)state;
    static char bytes[8192], hurt[8192];
    static journal_heard h;
    const size_t n = journal_write_samples(bytes, sizeof bytes);
    for (int first = 0; first < JOURNAL_SAMPLES; first++) {
        for (int last = first; last + 1 < JOURNAL_SAMPLES; last++) { /* from one's middle */
            const size_t from = line_at(bytes, first) + 20, to = line_at(bytes, last) + 30;
            memcpy(hurt, bytes, n);
            memset(hurt + from, 0, to - from);
            const int lost = last - first + 1;
            assert_int_equal(write_and_hear(hurt, n, &h), JOURNAL_SAMPLES - lost);
            for (int i = 0; i < h.count; i++) {
                const tl_record wanted = journal_sample(i < first ? i : i + lost);
                journal_assert_same(&h, i, &wanted);
            }
        }
    }
}

/* As a power cut leaves a file whose length was written and whose bytes were not. */
static void zeros_at_the_end_are_cut(void **state)
{
    (void)state;
    static char bytes[8192], hurt[16384];
    static journal_heard h;
    const size_t n = journal_write_samples(bytes, sizeof bytes);
    for (size_t kept = 0; kept <= n; kept += 7) {
        memset(hurt, 0, sizeof hurt);
        memcpy(hurt, bytes, kept);
        int whole = 0;
        for (size_t i = 0; i < kept; i++) whole += bytes[i] == '\n';
        assert_int_equal(write_and_hear(hurt, kept + 4096, &h), whole);
        assert_int_equal(journal_read_bytes(hurt, sizeof hurt), line_at(bytes, whole));
    }
}

static void lines_may_be_lost_come_twice_and_run_together(void **state)
{
    (void)state;
    static char bytes[8192], hurt[16384];
    static journal_heard h;
    const size_t n = journal_write_samples(bytes, sizeof bytes);
    const size_t second = line_at(bytes, 2), third = line_at(bytes, 3);
    memcpy(hurt, bytes, second);
    memcpy(hurt + second, bytes + third, n - third);
    assert_int_equal(write_and_hear(hurt, n - (third - second), &h), JOURNAL_SAMPLES - 1);
    memcpy(hurt, bytes, third);
    memcpy(hurt + third, bytes + second, n - second);
    assert_int_equal(write_and_hear(hurt, n + (third - second), &h), JOURNAL_SAMPLES + 1);
    const tl_record wanted = journal_sample(2);
    journal_assert_same(&h, 2, &wanted);
    journal_assert_same(&h, 3, &wanted);
    /* What a torn write left, then whole lines by a run that did not cut it. */
    memcpy(hurt, bytes, third - 40);
    memcpy(hurt + third - 40, bytes + third, n - third);
    assert_int_equal(write_and_hear(hurt, n - 40, &h), JOURNAL_SAMPLES - 1);
    for (int i = 0; i < h.count; i++) {
        const tl_record one = journal_sample(i < 2 ? i : i + 1);
        journal_assert_same(&h, i, &one);
    }
    /* The line stays: it is passed over again, and its good record is read again. */
    assert_int_equal(journal_read_bytes(hurt, sizeof hurt), n - 40);
}

/* Starts without an end, ends without a start: time must stay linear. */
static void a_long_line_of_fragments_is_read_fast(void **state)
{
    (void)state;
    static const char *const piece[] = {"{\"kind\":\"", ",\"crc\":\"",
                                        "{\"kind\":\"x\",\"crc\":\"00000000\"}"};
    static journal_heard h;
    const size_t n = (size_t)12 << 20;
    char *bytes = malloc(n);
    assert_non_null(bytes);
    for (int k = 0; k < 3; k++) {
        const size_t length = strlen(piece[k]);
        for (size_t i = 0; i < n - 1; i++) bytes[i] = piece[k][i % length];
        bytes[n - 1] = '\n';
        journal_write_bytes(bytes, n);
        h.count = 0;
        assert_int_equal(tl_journal_read(NULL, journal_path, journal_hear, &h, NULL),
                         TL_OK);
        assert_int_equal(h.count, 0);
    }
    free(bytes);
}

#define FACT(name) \
    cmocka_unit_test_setup_teardown(name, journal_make_folder, journal_remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(every_prefix_opens_to_its_whole_records),
        FACT(a_flipped_bit_never_gives_a_wrong_record),
        FACT(a_block_of_zeros_costs_the_lines_it_touches),
        FACT(zeros_at_the_end_are_cut),
        FACT(lines_may_be_lost_come_twice_and_run_together),
        FACT(a_long_line_of_fragments_is_read_fast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
