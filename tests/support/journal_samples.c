#include "tests/support/journal_samples.h"

#include "compute/core/log.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

tl_status journal_hear(void *self, const tl_record *record, tl_err *err)
{
    journal_heard *h = self;
    (void)err;
    assert_true(h->count < JOURNAL_MOST);
    const int i = h->count++;
    h->record[i] = *record;
    if (record->measures > 0)
        memcpy(h->measure[i], record->measure,
               (size_t)record->measures * sizeof *record->measure);
    (void)snprintf(h->stage[i], JOURNAL_TEXT, "%s", record->stage ? record->stage : "");
    (void)snprintf(h->text[i], JOURNAL_TEXT, "%s", record->text ? record->text : "");
    return TL_OK;
}

static const tl_measure measures[] = {{0.1, 0.0, TL_WHY_HAS_VALUE},
                                      {1.0 / 3.0, 1000.0, TL_WHY_HAS_VALUE},
                                      {-0.0, 1e16, TL_WHY_HAS_VALUE},
                                      {4.9e-324, 0.0, TL_WHY_HAS_VALUE},
                                      {-1.7976931348623157e308, 7.0, TL_WHY_HAS_VALUE},
                                      {(double)NAN, 3.0, TL_WHY_UNRESOLVABLE}};

tl_record journal_sample(int i)
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

static bool same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

void journal_assert_same(const journal_heard *h, int at, const tl_record *wanted)
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

char journal_folder[64], journal_path[96];

int journal_make_folder(void **state)
{
    (void)state;
    tl_log_set(TL_LOG_ERROR, -1);
    /* in memory where that is possible: thousands of small files are synced */
    (void)snprintf(journal_folder, sizeof journal_folder, "%s/tl-journal-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(journal_folder)) return -1;
    (void)snprintf(journal_path, sizeof journal_path, "%s/journal.ndjson", journal_folder);
    return 0;
}

int journal_remove_folder(void **state)
{
    (void)state;
    (void)unlink(journal_path);
    return rmdir(journal_folder);
}

void journal_write_bytes(const char *bytes, size_t n)
{
    FILE *file = fopen(journal_path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

size_t journal_read_bytes(char *bytes, size_t space)
{
    FILE *file = fopen(journal_path, "rb");
    assert_non_null(file);
    const size_t n = fread(bytes, 1, space, file);
    assert_int_equal(fclose(file), 0);
    return n;
}

size_t journal_write_samples(char *bytes, size_t space)
{
    journal_heard none = {0};
    tl_journal *journal;
    (void)unlink(journal_path);
    assert_int_equal(
        tl_journal_open(NULL, journal_path, journal_hear, &none, &journal, NULL), TL_OK);
    for (int i = 0; i < JOURNAL_SAMPLES; i++) {
        const tl_record record = journal_sample(i);
        tl_journal_put(journal, &record);
        if (i % 3 == 0) assert_int_equal(tl_journal_sync(journal, NULL), TL_OK);
    }
    assert_int_equal(tl_journal_sync(journal, NULL), TL_OK);
    tl_journal_close(journal);
    assert_int_equal(none.count, 0);
    return journal_read_bytes(bytes, space);
}
