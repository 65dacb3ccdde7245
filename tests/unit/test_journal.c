/* runner/journal: what is written is read back, and nothing else ever is. */
#include "compute/core/rng.h"
#include "compute/core/text.h"
#include "runner/store/journal_line.h"
#include "tests/support/journal_samples.h"

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

/* ---- facts -----------------------------------------------------------------------------
 */

static void records_come_back_bit_for_bit(void **state)
{
    (void)state;
    static char bytes[8192];
    static journal_heard h;
    h.count = 0;
    (void)journal_write_samples(bytes, sizeof bytes);
    tl_journal *journal;
    assert_int_equal(tl_journal_open(NULL, journal_path, journal_hear, &h, &journal, NULL),
                     TL_OK);
    assert_int_equal(h.count, JOURNAL_SAMPLES);
    for (int i = 0; i < JOURNAL_SAMPLES; i++) {
        const tl_record wanted = journal_sample(i);
        journal_assert_same(&h, i, &wanted);
    }
    /* the same again: duplicates are two records */
    const tl_record again = journal_sample(2);
    tl_journal_put(journal, &again);
    assert_int_equal(tl_journal_sync(journal, NULL), TL_OK);
    tl_journal_close(journal);
    h.count = 0;
    assert_int_equal(tl_journal_read(NULL, journal_path, journal_hear, &h, NULL), TL_OK);
    assert_int_equal(h.count, JOURNAL_SAMPLES + 1);
    journal_assert_same(&h, JOURNAL_SAMPLES, &again);
    struct stat facts;
    assert_int_equal(stat(journal_path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
}

static void random_bits_come_back(void **state)
{
    (void)state;
    static journal_heard h;
    const tl_rng start = tl_rng_stream(1, 0, "journal", 0, "doubles");
    for (uint64_t round = 0; round < 40; round++) {
        tl_measure some[TL_MAX_METRICS];
        for (int i = 0; i < TL_MAX_METRICS; i++) {
            uint32_t word[4];
            tl_rng_block(&start, round * TL_MAX_METRICS + (uint64_t)i, word);
            uint64_t bits = (uint64_t)word[0] << 32 | word[1];
            if (round % 2 == 1) bits = 0x3FE0000000000000 | bits >> 12; /* near 0.5 */
            some[i] = (tl_measure){.n = (double)word[2], .why = 0};
            memcpy(&some[i].value, &bits, sizeof bits);
            if (!isfinite(some[i].value)) some[i].value = (double)NAN;
        }
        (void)unlink(journal_path);
        tl_record record = journal_sample(2);
        record.measure = some;
        record.measures = TL_MAX_METRICS;
        tl_journal *journal;
        h.count = 0;
        assert_int_equal(
            tl_journal_open(NULL, journal_path, journal_hear, &h, &journal, NULL), TL_OK);
        tl_journal_put(journal, &record);
        assert_int_equal(tl_journal_sync(journal, NULL), TL_OK);
        tl_journal_close(journal);
        assert_int_equal(tl_journal_read(NULL, journal_path, journal_hear, &h, NULL),
                         TL_OK);
        assert_int_equal(h.count, 1);
        journal_assert_same(&h, 0, &record);
    }
}

static void a_step_names_the_build_it_was_done_under(void **state)
{
    (void)state;
    static journal_heard h;
    tl_journal *journal;
    (void)unlink(journal_path);
    assert_int_equal(tl_journal_open(NULL, journal_path, journal_hear, &h, &journal, NULL),
                     TL_OK);
    const tl_record first = {.kind = TL_RECORD_HEAD, .text = "one"},
                    second = {.kind = TL_RECORD_HEAD, .text = "two"},
                    done = journal_sample(2);
    const tl_record *const all[] = {&done, &first, &done, &second, &done};
    for (int i = 0; i < 5; i++) tl_journal_put(journal, all[i]);
    assert_int_equal(tl_journal_sync(journal, NULL), TL_OK);
    tl_journal_close(journal);
    h.count = 0;
    assert_int_equal(tl_journal_read(NULL, journal_path, journal_hear, &h, NULL), TL_OK);
    assert_int_equal(h.count, 5);
    assert_int_equal(h.record[0].build, 0);
    assert_int_equal(h.record[2].build, tl_crc32("one", 3));
    assert_int_equal(h.record[4].build, tl_crc32("two", 3));
}

static void a_journal_that_moved_is_out_of_place(void **state)
{
    (void)state;
    static char bytes[8192];
    static journal_heard h;
    char other[112];
    (void)journal_write_samples(bytes, sizeof bytes);
    (void)snprintf(other, sizeof other, "%s.old", journal_path);
    tl_journal *journal;
    h.count = 0;
    assert_int_equal(tl_journal_open(NULL, journal_path, journal_hear, &h, &journal, NULL),
                     TL_OK);
    assert_true(tl_journal_is_in_place(journal));
    assert_int_equal(rename(journal_path, other), 0);
    assert_false(tl_journal_is_in_place(journal));
    journal_write_bytes(bytes, 1); /* another file of that name */
    assert_false(tl_journal_is_in_place(journal));
    assert_int_equal(rename(other, journal_path), 0);
    assert_true(tl_journal_is_in_place(journal));
    assert_int_equal(unlink(journal_path), 0);
    assert_false(tl_journal_is_in_place(journal));
    tl_journal_close(journal);
}

static void a_link_is_no_journal(void **state)
{
    (void)state;
    static char bytes[8192];
    static journal_heard h;
    char other[112];
    (void)journal_write_samples(bytes, sizeof bytes);
    (void)snprintf(other, sizeof other, "%s.old", journal_path);
    assert_int_equal(rename(journal_path, other), 0);
    assert_int_equal(symlink(other, journal_path), 0);
    tl_journal *journal;
    tl_err err = {0};
    assert_int_equal(tl_journal_open(NULL, journal_path, journal_hear, &h, &journal, &err),
                     TL_E_IO);
    assert_int_equal(unlink(other), 0);
}

static void what_is_not_a_journal_is_left_alone(void **state)
{
    (void)state;
    static const char *const strange[] = {"my notes\n",
                                          "my notes",
                                          "a\nb\nc\n",
                                          "{\"a\":1}\n{\"a\":2}",
                                          "my notes\n{\"kind\":\"do",
                                          "my notes\n{\"kind\":\"do\n"};
    char after[64];
    static journal_heard h;
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) {
        journal_write_bytes(strange[i], strlen(strange[i]));
        tl_journal *journal;
        tl_err err = {0};
        assert_int_equal(
            tl_journal_open(NULL, journal_path, journal_hear, &h, &journal, &err),
            TL_E_FORMAT);
        assert_non_null(strstr(err.text, "journal.ndjson"));
        const size_t n = journal_read_bytes(after, sizeof after);
        assert_int_equal(n, strlen(strange[i]));
        assert_memory_equal(after, strange[i], n);
    }
    tl_journal *journal;
    tl_err err = {0};
    assert_int_equal(
        tl_journal_open(NULL, journal_folder, journal_hear, &h, &journal, &err), TL_E_IO);
    assert_non_null(strstr(err.text, journal_folder));
    assert_int_equal(tl_journal_read(NULL, journal_folder, journal_hear, &h, &err),
                     TL_E_IO);
    (void)unlink(journal_path);
    assert_int_equal(tl_journal_read(NULL, journal_path, journal_hear, &h, &err), TL_E_IO);
    assert_non_null(strstr(err.text, "No such file"));
}

static void a_reason_that_is_none_is_passed_over(void **state)
{
    (void)state;
    const tl_measure known = {0.5, 1.0, TL_WHY_NOT_RUN};
    const tl_measure unknown = {0.5, 1.0, TL_WHY_NOT_RUN + 1};
    tl_record record = {
        .kind = TL_RECORD_DONE, .stage = "a", .measures = 1, .measure = &known};
    static journal_heard h;
    tl_journal *journal;
    (void)unlink(journal_path);
    assert_int_equal(tl_journal_open(NULL, journal_path, journal_hear, &h, &journal, NULL),
                     TL_OK);
    tl_journal_put(journal, &record);
    record.measure = &unknown; /* its CRC is right */
    tl_journal_put(journal, &record);
    assert_int_equal(tl_journal_sync(journal, NULL), TL_OK);
    tl_journal_close(journal);
    assert_int_equal(tl_journal_read(NULL, journal_path, journal_hear, &h, NULL), TL_OK);
    assert_int_equal(h.count, 1);
    assert_int_equal(h.measure[0][0].why, TL_WHY_NOT_RUN);
}

static void a_line_without_end_is_refused(void **state)
{
    (void)state;
    const size_t n = (size_t)18 << 20;
    char *bytes = malloc(n);
    assert_non_null(bytes);
    memset(bytes, 'x', n);
    journal_write_bytes(bytes, n);
    free(bytes);
    static journal_heard h;
    tl_journal *journal;
    tl_err err = {0};
    assert_int_equal(tl_journal_open(NULL, journal_path, journal_hear, &h, &journal, &err),
                     TL_E_FORMAT);
    assert_non_null(strstr(err.text, "line 1 is longer than 16 MiB"));
}

static void a_file_without_permission_is_refused(void **state)
{
    (void)state;
    if (geteuid() == 0) skip(); /* root may write everything */
    static char bytes[8192];
    static journal_heard h;
    (void)journal_write_samples(bytes, sizeof bytes);
    assert_int_equal(chmod(journal_path, 0400), 0);
    tl_journal *journal;
    tl_err err = {0};
    assert_int_equal(tl_journal_open(NULL, journal_path, journal_hear, &h, &journal, &err),
                     TL_E_IO);
    h.count = 0;
    assert_int_equal(tl_journal_read(NULL, journal_path, journal_hear, &h, &err), TL_OK);
    assert_int_equal(h.count, JOURNAL_SAMPLES);
}

static void a_full_disk_is_said_and_leaves_whole_lines(void **state)
{
    (void)state;
    static char bytes[8192], after[16384];
    static journal_heard h;
    const size_t n = journal_write_samples(bytes, sizeof bytes);
    tl_journal *journal;
    h.count = 0;
    assert_int_equal(tl_journal_open(NULL, journal_path, journal_hear, &h, &journal, NULL),
                     TL_OK);
    struct rlimit old, tight;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    tight = old;
    tight.rlim_cur = n + 100; /* within the next record */
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    const tl_record record = journal_sample(2);
    tl_journal_put(journal, &record);
    tl_err err = {0}, again = {0};
    const tl_status status = tl_journal_sync(journal, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    (void)signal(SIGXFSZ, handler);
    assert_int_equal(status, TL_E_IO);
    assert_non_null(strstr(err.text, journal_path));
    assert_non_null(strstr(err.text, "File too large"));
    /* there is room again, but the error stays */
    tl_journal_put(journal, &record);
    assert_int_equal(tl_journal_sync(journal, &again), TL_E_IO);
    assert_string_equal(again.text, err.text);
    tl_journal_close(journal);
    assert_int_equal(journal_read_bytes(after, sizeof after), n);
    assert_memory_equal(after, bytes, n);
}

static tl_status stop_at_second(void *self, const tl_record *record, tl_err *err)
{
    int *count = self;
    (void)record;
    return ++*count == 2 ? tl_fail(err, TL_E_ARG, "enough") : TL_OK;
}

static void the_reader_can_stop(void **state)
{
    (void)state;
    static char bytes[8192];
    (void)journal_write_samples(bytes, sizeof bytes);
    int count = 0;
    tl_err err = {0};
    assert_int_equal(tl_journal_read(NULL, journal_path, stop_at_second, &count, &err),
                     TL_E_ARG);
    assert_string_equal(err.text, "enough");
    assert_int_equal(count, 2);
}

static void text_that_is_not_utf8_stays_readable(void **state)
{
    (void)state;
    static const char *const bad[] = {"\xff", "a\xc3", "\xed\xa0\x80", "\xc0\x80", "\xf5z"};
    static journal_heard h;
    tl_journal *journal;
    h.count = 0;
    assert_int_equal(tl_journal_open(NULL, journal_path, journal_hear, &h, &journal, NULL),
                     TL_OK);
    for (int i = 0; i < 5; i++) {
        tl_record record = journal_sample(4);
        record.text = bad[i];
        record.when = 0.0;
        tl_journal_put(journal, &record);
    }
    assert_int_equal(tl_journal_sync(journal, NULL), TL_OK);
    tl_journal_close(journal);
    assert_int_equal(tl_journal_read(NULL, journal_path, journal_hear, &h, NULL), TL_OK);
    assert_int_equal(h.count, 5);
    assert_string_equal(h.text[0], "\xef\xbf\xbd");
    assert_string_equal(h.text[1], "a\xef\xbf\xbd");
    assert_true(h.record[0].when > 1.7e9); /* dated by the journal */
}

/* The body of a line with its CRC, read. */
static tl_line_state read_body(const char *body, tl_line *line)
{
    tl_text text = {0};
    tl_text_print(&text, "%s,\"crc\":\"%08x\"}", body,
                  (unsigned)tl_crc32(body, strlen(body)));
    const tl_line_state state = tl_journal_line_read(text.at, text.length, line);
    tl_text_close(&text);
    return state;
}

#define KEY "\"key\":\"00112233445566778899aabbccddeeff\""
#define LOST \
    "{\"kind\":\"lost\"," KEY ",\"stage\":\"x\",\"first\":0,\"width\":1,\"seconds\":0"

static void only_what_the_writer_writes_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *body, *text; /* NULL: refused */
    } cases[] = {
        {LOST ",\"when\":1,\"text\":\"a \\\"b\\\" \\\\ \\u0009\\u007f\\ufffd\"",
         "a \"b\" \\ \t\x7f\xef\xbf\xbd"},
        {LOST ",\"when\":1,\"text\":\"\xc3\xa9\"", "\xc3\xa9"},
        {LOST ",\"when\":1,\"text\":\"\"", ""},
        {LOST ", \"when\":1", NULL},
        {LOST ",\"when\":1,\"text\":\"\\n\"", NULL},
        {LOST ",\"when\":1,\"text\":\"\\u0000\"", NULL},
        {LOST ",\"when\":1,\"text\":\"\\u0041\"", NULL},
        {LOST ",\"when\":1,\"text\":\"\\u001F\"", NULL},
        {LOST ",\"when\":1,\"text\":\"\\", NULL},
        {LOST ",\"when\":1,\"text\":\"a", NULL},
        {LOST ",\"when\":1,\"text\":\"\t\"", NULL},
        {LOST ",\"when\":1,\"text\":\"\x7f\"", NULL},
        {LOST ",\"when\":1,\"text\":\"\xc3\"", NULL},
        {LOST ",\"when\":1,\"text\":\"a\",\"more\":1", NULL},
        {LOST ",\"text\":\"a\",\"when\":1", NULL},
        {LOST ",\"when\":1e999", NULL},
        {LOST ",\"when\":", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tl_line line;
        const tl_line_state found = read_body(cases[i].body, &line);
        assert_int_equal(found, cases[i].text ? TL_LINE_GOOD : TL_LINE_STRANGE);
        if (found != TL_LINE_GOOD) continue;
        assert_string_equal(line.record.text, cases[i].text);
        tl_journal_line_close(&line);
    }
}

/* Whatever is cut off or changed, with a right CRC. */
static void a_line_that_is_taken_holds_what_it_may(void **state)
{
    (void)state;
    for (int i = 0; i < JOURNAL_SAMPLES; i++) {
        const tl_record record = journal_sample(i);
        tl_text text = {0};
        tl_journal_line_write(&text, &record);
        const size_t n = text.length - 1 - strlen(",\"crc\":\"00000000\"}");
        text.at[n] = '\0';
        for (size_t at = 0; at < 2 * n; at++) {
            char *body = strdup(text.at);
            tl_line line;
            if (at < n) {
                body[at] = '\0';
            } else {
                body[at - n] ^= 0x15;
            }
            if (read_body(body, &line) == TL_LINE_GOOD) {
                assert_in_range(line.record.measures, 0, TL_MAX_METRICS);
                tl_journal_line_close(&line);
            }
            free(body);
        }
        tl_text_close(&text);
    }
}

#define FACT(name) \
    cmocka_unit_test_setup_teardown(name, journal_make_folder, journal_remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(records_come_back_bit_for_bit),
        FACT(random_bits_come_back),
        FACT(a_step_names_the_build_it_was_done_under),
        FACT(a_journal_that_moved_is_out_of_place),
        FACT(a_link_is_no_journal),
        FACT(what_is_not_a_journal_is_left_alone),
        FACT(a_reason_that_is_none_is_passed_over),
        FACT(a_line_without_end_is_refused),
        FACT(a_file_without_permission_is_refused),
        FACT(a_full_disk_is_said_and_leaves_whole_lines),
        FACT(the_reader_can_stop),
        FACT(only_what_the_writer_writes_is_read),
        FACT(a_line_that_is_taken_holds_what_it_may),
        FACT(text_that_is_not_utf8_stays_readable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
