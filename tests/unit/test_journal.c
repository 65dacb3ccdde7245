/* runner/journal: what is written is read back, and nothing else ever is. */
#include "runner/journal.h"

#include "compute/core/log.h"
#include "compute/core/text.h"

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

enum { MOST = 64, TEXT = 96 };

/* Records, with their own copies of what they point to. */
typedef struct heard {
    int count;
    tl_record record[MOST];
    tl_measure measure[MOST][TL_MAX_METRICS];
    char stage[MOST][TEXT], text[MOST][TEXT];
} heard;

static tl_status hear(void *self, const tl_record *record, tl_err *err)
{
    heard *h = self;
    (void)err;
    assert_true(h->count < MOST);
    const int i = h->count++;
    h->record[i] = *record;
    if (record->measures > 0)
        memcpy(h->measure[i], record->measure,
               (size_t)record->measures * sizeof *record->measure);
    (void)snprintf(h->stage[i], TEXT, "%s", record->stage ? record->stage : "");
    (void)snprintf(h->text[i], TEXT, "%s", record->text ? record->text : "");
    return TL_OK;
}

static const tl_measure measures[] = {{0.1, 0.0, TL_WHY_HAS_VALUE},
                                      {1.0 / 3.0, 1000.0, TL_WHY_HAS_VALUE},
                                      {-0.0, 1e16, TL_WHY_HAS_VALUE},
                                      {4.9e-324, 0.0, TL_WHY_HAS_VALUE},
                                      {-1.7976931348623157e308, 7.0, TL_WHY_HAS_VALUE},
                                      {(double)NAN, 3.0, TL_WHY_UNRESOLVABLE}};

static tl_record sample(int i)
{
    const int number = i;
    const tl_key key = tl_key_of(&number, sizeof number);
    const tl_record all[] = {
        {.kind = TL_RECORD_HEAD,
         .text = "{\"version\":\"0.1\"}\n\t\\ \x01 \xc3\xa9",
         .when = 1e9},
        {.kind = TL_RECORD_START,
         .key = key,
         .stage = "train",
         .first = 4,
         .width = 2,
         .when = 1732416552.1234567},
        {.kind = TL_RECORD_DONE,
         .key = key,
         .stage = "train",
         .first = 4,
         .width = 2,
         .seconds = 1.25e-7,
         .measures = 6,
         .measure = measures,
         .when = 2e9},
        {.kind = TL_RECORD_DONE, .key = key, .stage = "d2m.badnets", .width = 1, .when = 1},
        {.kind = TL_RECORD_FAILED,
         .key = key,
         .stage = "x",
         .text = "no \"rows\"",
         .when = 1},
        {.kind = TL_RECORD_DIVERGED, .key = key, .stage = "x", .seconds = 3, .when = 1},
        {.kind = TL_RECORD_LOST, .key = key, .stage = "x", .text = "", .when = 0.5},
    };
    return all[i % (int)(sizeof all / sizeof *all)];
}
enum { SAMPLES = 7 };

static bool same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static void assert_same(const heard *h, int at, const tl_record *wanted)
{
    const tl_record *found = &h->record[at];
    assert_int_equal(found->kind, wanted->kind);
    assert_true(same_bits(found->when, wanted->when));
    assert_string_equal(h->text[at], wanted->text ? wanted->text : "");
    if (wanted->kind == TL_RECORD_HEAD) return;
    assert_true(tl_key_equal(&found->key, &wanted->key));
    assert_string_equal(h->stage[at], wanted->stage);
    assert_int_equal(found->first, wanted->first);
    assert_int_equal(found->width, wanted->width);
    assert_true(same_bits(found->seconds, wanted->seconds));
    assert_int_equal(found->measures, wanted->measures);
    for (int i = 0; i < wanted->measures; i++) {
        assert_true(same_bits(h->measure[at][i].value, wanted->measure[i].value));
        assert_true(same_bits(h->measure[at][i].n, wanted->measure[i].n));
        assert_int_equal(h->measure[at][i].why, wanted->measure[i].why);
    }
}

/* ---- files -----------------------------------------------------------------------------
 */

static char folder[64], path[96];

static int make_folder(void **state)
{
    (void)state;
    tl_log_set(TL_LOG_ERROR, -1);
    /* in memory where that is possible: thousands of small files are synced */
    (void)snprintf(folder, sizeof folder, "%s/tl-journal-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(folder)) return -1;
    (void)snprintf(path, sizeof path, "%s/journal.ndjson", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder);
}

static void write_bytes(const char *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static size_t read_bytes(char *bytes, size_t space)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    const size_t n = fread(bytes, 1, space, file);
    assert_int_equal(fclose(file), 0);
    return n;
}

static size_t write_samples(char *bytes, size_t space)
{
    heard none = {0};
    tl_journal *journal;
    (void)unlink(path);
    assert_int_equal(tl_journal_open(path, hear, &none, &journal, NULL), TL_OK);
    for (int i = 0; i < SAMPLES; i++) {
        const tl_record record = sample(i);
        tl_journal_put(journal, &record);
        if (i % 3 == 0) assert_int_equal(tl_journal_sync(journal, NULL), TL_OK);
    }
    assert_int_equal(tl_journal_sync(journal, NULL), TL_OK);
    tl_journal_close(journal);
    assert_int_equal(none.count, 0);
    return read_bytes(bytes, space);
}

/* ---- facts -----------------------------------------------------------------------------
 */

static void records_come_back_bit_for_bit(void **state)
{
    (void)state;
    static char bytes[8192];
    static heard h;
    h.count = 0;
    (void)write_samples(bytes, sizeof bytes);
    tl_journal *journal;
    assert_int_equal(tl_journal_open(path, hear, &h, &journal, NULL), TL_OK);
    assert_int_equal(h.count, SAMPLES);
    for (int i = 0; i < SAMPLES; i++) {
        const tl_record wanted = sample(i);
        assert_same(&h, i, &wanted);
    }
    /* the same again: duplicates are two records */
    const tl_record again = sample(2);
    tl_journal_put(journal, &again);
    assert_int_equal(tl_journal_sync(journal, NULL), TL_OK);
    tl_journal_close(journal);
    h.count = 0;
    assert_int_equal(tl_journal_read(path, hear, &h, NULL), TL_OK);
    assert_int_equal(h.count, SAMPLES + 1);
    assert_same(&h, SAMPLES, &again);
    struct stat facts;
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
}

static void random_bits_come_back(void **state)
{
    (void)state;
    static heard h;
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
        (void)unlink(path);
        tl_record record = sample(2);
        record.measure = some;
        record.measures = TL_MAX_METRICS;
        tl_journal *journal;
        h.count = 0;
        assert_int_equal(tl_journal_open(path, hear, &h, &journal, NULL), TL_OK);
        tl_journal_put(journal, &record);
        assert_int_equal(tl_journal_sync(journal, NULL), TL_OK);
        tl_journal_close(journal);
        assert_int_equal(tl_journal_read(path, hear, &h, NULL), TL_OK);
        assert_int_equal(h.count, 1);
        assert_same(&h, 0, &record);
    }
}

static void every_prefix_opens_to_its_whole_records(void **state)
{
    (void)state;
    static char bytes[8192], after[8192];
    static heard h;
    const size_t n = write_samples(bytes, sizeof bytes);
    for (size_t cut = 0; cut <= n; cut++) {
        int whole = 0;
        size_t end = 0;
        for (size_t i = 0; i < cut; i++) {
            if (bytes[i] != '\n') continue;
            whole++;
            end = i + 1;
        }
        write_bytes(bytes, cut);
        h.count = 0;
        assert_int_equal(tl_journal_read(path, hear, &h, NULL), TL_OK);
        assert_int_equal(h.count, whole);
        assert_int_equal(read_bytes(after, sizeof after), cut);
        h.count = 0;
        tl_journal *journal;
        assert_int_equal(tl_journal_open(path, hear, &h, &journal, NULL), TL_OK);
        assert_int_equal(h.count, whole);
        for (int i = 0; i < whole; i++) {
            const tl_record wanted = sample(i);
            assert_same(&h, i, &wanted);
        }
        assert_int_equal(read_bytes(after, sizeof after), end);
        assert_memory_equal(after, bytes, end);
        /* what is written now is a line of its own */
        const tl_record next = sample(1);
        tl_journal_put(journal, &next);
        assert_int_equal(tl_journal_sync(journal, NULL), TL_OK);
        tl_journal_close(journal);
        h.count = 0;
        assert_int_equal(tl_journal_read(path, hear, &h, NULL), TL_OK);
        assert_int_equal(h.count, whole + 1);
        assert_same(&h, whole, &next);
    }
}

static void a_flipped_bit_never_gives_a_wrong_record(void **state)
{
    (void)state;
    static char bytes[8192];
    static heard h;
    const size_t n = write_samples(bytes, sizeof bytes);
    int line = 0;
    for (size_t at = 0; at < n; at++) {
        const char was = bytes[at];
        bytes[at] = (char)(was ^ 1 << at % 8);
        write_bytes(bytes, n);
        bytes[at] = was;
        h.count = 0;
        tl_journal *journal;
        assert_int_equal(tl_journal_open(path, hear, &h, &journal, NULL), TL_OK);
        tl_journal_close(journal);
        /* without the newline between them two records are whole still; the last one counts
         * as torn */
        const int lost = was == '\n' && line + 1 < SAMPLES ? 0 : 1;
        assert_int_equal(h.count, SAMPLES - lost);
        for (int i = 0; i < h.count; i++) {
            const tl_record wanted = sample(i < line ? i : i + lost);
            assert_same(&h, i, &wanted);
        }
        line += was == '\n';
    }
}

static int write_and_hear(const char *bytes, size_t n, heard *h)
{
    tl_journal *journal;
    write_bytes(bytes, n);
    h->count = 0;
    assert_int_equal(tl_journal_open(path, hear, h, &journal, NULL), TL_OK);
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
    static heard h;
    const size_t n = write_samples(bytes, sizeof bytes);
    for (int first = 0; first < SAMPLES; first++) {
        for (int last = first; last + 1 < SAMPLES; last++) { /* from one's middle */
            const size_t from = line_at(bytes, first) + 20, to = line_at(bytes, last) + 30;
            memcpy(hurt, bytes, n);
            memset(hurt + from, 0, to - from);
            const int lost = last - first + 1;
            assert_int_equal(write_and_hear(hurt, n, &h), SAMPLES - lost);
            for (int i = 0; i < h.count; i++) {
                const tl_record wanted = sample(i < first ? i : i + lost);
                assert_same(&h, i, &wanted);
            }
        }
    }
}

/* As a power cut leaves a file whose length was written and whose bytes were not. */
static void zeros_at_the_end_are_cut(void **state)
{
    (void)state;
    static char bytes[8192], hurt[16384];
    static heard h;
    const size_t n = write_samples(bytes, sizeof bytes);
    for (size_t kept = 0; kept <= n; kept += 7) {
        memset(hurt, 0, sizeof hurt);
        memcpy(hurt, bytes, kept);
        int whole = 0;
        for (size_t i = 0; i < kept; i++) whole += bytes[i] == '\n';
        assert_int_equal(write_and_hear(hurt, kept + 4096, &h), whole);
        assert_int_equal(read_bytes(hurt, sizeof hurt), line_at(bytes, whole));
    }
}

static void lines_may_be_lost_come_twice_and_run_together(void **state)
{
    (void)state;
    static char bytes[8192], hurt[16384];
    static heard h;
    const size_t n = write_samples(bytes, sizeof bytes);
    const size_t second = line_at(bytes, 2), third = line_at(bytes, 3);
    memcpy(hurt, bytes, second);
    memcpy(hurt + second, bytes + third, n - third);
    assert_int_equal(write_and_hear(hurt, n - (third - second), &h), SAMPLES - 1);
    memcpy(hurt, bytes, third);
    memcpy(hurt + third, bytes + second, n - second);
    assert_int_equal(write_and_hear(hurt, n + (third - second), &h), SAMPLES + 1);
    const tl_record wanted = sample(2);
    assert_same(&h, 2, &wanted);
    assert_same(&h, 3, &wanted);
    /* What a torn write left, then whole lines by a run that did not cut it. */
    memcpy(hurt, bytes, third - 40);
    memcpy(hurt + third - 40, bytes + third, n - third);
    assert_int_equal(write_and_hear(hurt, n - 40, &h), SAMPLES - 1);
    for (int i = 0; i < h.count; i++) {
        const tl_record one = sample(i < 2 ? i : i + 1);
        assert_same(&h, i, &one);
    }
    /* The line stays: it is passed over again, and its good record is read again. */
    assert_int_equal(read_bytes(hurt, sizeof hurt), n - 40);
}

/* Starts without an end, ends without a start: time must stay linear. */
static void a_long_line_of_fragments_is_read_fast(void **state)
{
    (void)state;
    static const char *const piece[] = {"{\"kind\":\"", ",\"crc\":\"",
                                        "{\"kind\":\"x\",\"crc\":\"00000000\"}"};
    static heard h;
    const size_t n = (size_t)12 << 20;
    char *bytes = malloc(n);
    assert_non_null(bytes);
    for (int k = 0; k < 3; k++) {
        const size_t length = strlen(piece[k]);
        for (size_t i = 0; i < n - 1; i++) bytes[i] = piece[k][i % length];
        bytes[n - 1] = '\n';
        write_bytes(bytes, n);
        h.count = 0;
        assert_int_equal(tl_journal_read(path, hear, &h, NULL), TL_OK);
        assert_int_equal(h.count, 0);
    }
    free(bytes);
}

static void a_step_names_the_build_it_was_done_under(void **state)
{
    (void)state;
    static heard h;
    tl_journal *journal;
    (void)unlink(path);
    assert_int_equal(tl_journal_open(path, hear, &h, &journal, NULL), TL_OK);
    const tl_record first = {.kind = TL_RECORD_HEAD, .text = "one"},
                    second = {.kind = TL_RECORD_HEAD, .text = "two"}, done = sample(2);
    const tl_record *const all[] = {&done, &first, &done, &second, &done};
    for (int i = 0; i < 5; i++) tl_journal_put(journal, all[i]);
    assert_int_equal(tl_journal_sync(journal, NULL), TL_OK);
    tl_journal_close(journal);
    h.count = 0;
    assert_int_equal(tl_journal_read(path, hear, &h, NULL), TL_OK);
    assert_int_equal(h.count, 5);
    assert_int_equal(h.record[0].build, 0);
    assert_int_equal(h.record[2].build, tl_crc32("one", 3));
    assert_int_equal(h.record[4].build, tl_crc32("two", 3));
}

static void a_journal_that_moved_is_out_of_place(void **state)
{
    (void)state;
    static char bytes[8192];
    static heard h;
    char other[112];
    (void)write_samples(bytes, sizeof bytes);
    (void)snprintf(other, sizeof other, "%s.old", path);
    tl_journal *journal;
    h.count = 0;
    assert_int_equal(tl_journal_open(path, hear, &h, &journal, NULL), TL_OK);
    assert_true(tl_journal_is_in_place(journal));
    assert_int_equal(rename(path, other), 0);
    assert_false(tl_journal_is_in_place(journal));
    write_bytes(bytes, 1); /* another file of that name */
    assert_false(tl_journal_is_in_place(journal));
    assert_int_equal(rename(other, path), 0);
    assert_true(tl_journal_is_in_place(journal));
    assert_int_equal(unlink(path), 0);
    assert_false(tl_journal_is_in_place(journal));
    tl_journal_close(journal);
}

static void a_link_is_no_journal(void **state)
{
    (void)state;
    static char bytes[8192];
    static heard h;
    char other[112];
    (void)write_samples(bytes, sizeof bytes);
    (void)snprintf(other, sizeof other, "%s.old", path);
    assert_int_equal(rename(path, other), 0);
    assert_int_equal(symlink(other, path), 0);
    tl_journal *journal;
    tl_err err = {0};
    assert_int_equal(tl_journal_open(path, hear, &h, &journal, &err), TL_E_IO);
    assert_int_equal(unlink(other), 0);
}

static void what_is_not_a_journal_is_left_alone(void **state)
{
    (void)state;
    static const char *const strange[] = {"my notes\n", "my notes", "a\nb\nc\n",
                                          "{\"a\":1}\n{\"a\":2}",
                                          "my notes\n{\"kind\":\"do"};
    char after[64];
    static heard h;
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) {
        write_bytes(strange[i], strlen(strange[i]));
        tl_journal *journal;
        tl_err err = {0};
        assert_int_equal(tl_journal_open(path, hear, &h, &journal, &err), TL_E_FORMAT);
        assert_non_null(strstr(err.text, "journal.ndjson"));
        const size_t n = read_bytes(after, sizeof after);
        assert_int_equal(n, strlen(strange[i]));
        assert_memory_equal(after, strange[i], n);
    }
    tl_journal *journal;
    tl_err err = {0};
    assert_int_equal(tl_journal_open(folder, hear, &h, &journal, &err), TL_E_IO);
    assert_non_null(strstr(err.text, folder));
    assert_int_equal(tl_journal_read(folder, hear, &h, &err), TL_E_IO);
    (void)unlink(path);
    assert_int_equal(tl_journal_read(path, hear, &h, &err), TL_E_IO);
    assert_non_null(strstr(err.text, "No such file"));
}

static void a_reason_that_is_none_is_passed_over(void **state)
{
    (void)state;
    const tl_measure known = {0.5, 1.0, TL_WHY_NOT_RUN};
    const tl_measure unknown = {0.5, 1.0, TL_WHY_NOT_RUN + 1};
    tl_record record = {
        .kind = TL_RECORD_DONE, .stage = "a", .measures = 1, .measure = &known};
    static heard h;
    tl_journal *journal;
    (void)unlink(path);
    assert_int_equal(tl_journal_open(path, hear, &h, &journal, NULL), TL_OK);
    tl_journal_put(journal, &record);
    record.measure = &unknown; /* its CRC is right */
    tl_journal_put(journal, &record);
    assert_int_equal(tl_journal_sync(journal, NULL), TL_OK);
    tl_journal_close(journal);
    assert_int_equal(tl_journal_read(path, hear, &h, NULL), TL_OK);
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
    write_bytes(bytes, n);
    free(bytes);
    static heard h;
    tl_journal *journal;
    tl_err err = {0};
    assert_int_equal(tl_journal_open(path, hear, &h, &journal, &err), TL_E_FORMAT);
    assert_non_null(strstr(err.text, "line 1 is longer than 16 MiB"));
}

static void a_file_without_permission_is_refused(void **state)
{
    (void)state;
    if (geteuid() == 0) skip(); /* root may write everything */
    static char bytes[8192];
    static heard h;
    (void)write_samples(bytes, sizeof bytes);
    assert_int_equal(chmod(path, 0400), 0);
    tl_journal *journal;
    tl_err err = {0};
    assert_int_equal(tl_journal_open(path, hear, &h, &journal, &err), TL_E_IO);
    h.count = 0;
    assert_int_equal(tl_journal_read(path, hear, &h, &err), TL_OK);
    assert_int_equal(h.count, SAMPLES);
}

static void a_full_disk_is_said_and_leaves_whole_lines(void **state)
{
    (void)state;
    static char bytes[8192], after[16384];
    static heard h;
    const size_t n = write_samples(bytes, sizeof bytes);
    tl_journal *journal;
    h.count = 0;
    assert_int_equal(tl_journal_open(path, hear, &h, &journal, NULL), TL_OK);
    struct rlimit old, tight;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    tight = old;
    tight.rlim_cur = n + 100; /* within the next record */
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    const tl_record record = sample(2);
    tl_journal_put(journal, &record);
    tl_err err = {0}, again = {0};
    const tl_status status = tl_journal_sync(journal, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    (void)signal(SIGXFSZ, handler);
    assert_int_equal(status, TL_E_IO);
    assert_non_null(strstr(err.text, path));
    assert_non_null(strstr(err.text, "File too large"));
    /* there is room again, but the error stays */
    tl_journal_put(journal, &record);
    assert_int_equal(tl_journal_sync(journal, &again), TL_E_IO);
    assert_string_equal(again.text, err.text);
    tl_journal_close(journal);
    assert_int_equal(read_bytes(after, sizeof after), n);
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
    (void)write_samples(bytes, sizeof bytes);
    int count = 0;
    tl_err err = {0};
    assert_int_equal(tl_journal_read(path, stop_at_second, &count, &err), TL_E_ARG);
    assert_string_equal(err.text, "enough");
    assert_int_equal(count, 2);
}

static void text_that_is_not_utf8_stays_readable(void **state)
{
    (void)state;
    static const char *const bad[] = {"\xff", "a\xc3", "\xed\xa0\x80", "\xc0\x80", "\xf5z"};
    static heard h;
    tl_journal *journal;
    h.count = 0;
    assert_int_equal(tl_journal_open(path, hear, &h, &journal, NULL), TL_OK);
    for (int i = 0; i < 5; i++) {
        tl_record record = sample(4);
        record.text = bad[i];
        record.when = 0.0;
        tl_journal_put(journal, &record);
    }
    assert_int_equal(tl_journal_sync(journal, NULL), TL_OK);
    tl_journal_close(journal);
    assert_int_equal(tl_journal_read(path, hear, &h, NULL), TL_OK);
    assert_int_equal(h.count, 5);
    assert_string_equal(h.text[0], "\xef\xbf\xbd");
    assert_string_equal(h.text[1], "a\xef\xbf\xbd");
    assert_true(h.record[0].when > 1.7e9); /* dated by the journal */
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(records_come_back_bit_for_bit),
        FACT(random_bits_come_back),
        FACT(every_prefix_opens_to_its_whole_records),
        FACT(a_flipped_bit_never_gives_a_wrong_record),
        FACT(a_block_of_zeros_costs_the_lines_it_touches),
        FACT(zeros_at_the_end_are_cut),
        FACT(lines_may_be_lost_come_twice_and_run_together),
        FACT(a_long_line_of_fragments_is_read_fast),
        FACT(a_step_names_the_build_it_was_done_under),
        FACT(a_journal_that_moved_is_out_of_place),
        FACT(a_link_is_no_journal),
        FACT(what_is_not_a_journal_is_left_alone),
        FACT(a_reason_that_is_none_is_passed_over),
        FACT(a_line_without_end_is_refused),
        FACT(a_file_without_permission_is_refused),
        FACT(a_full_disk_is_said_and_leaves_whole_lines),
        FACT(the_reader_can_stop),
        FACT(text_that_is_not_utf8_stays_readable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
