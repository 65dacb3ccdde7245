/* runner/stats: a step counts once, by what it came to last. */
#include "runner/store/journal_stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

typedef struct entry {
    tl_record_kind kind;
    uint32_t step;
    const char *stage;
    double seconds;
} entry;

static tl_status ignore(void *self, const tl_record *record, tl_err *err)
{
    (void)self, (void)record, (void)err;
    return TL_OK;
}

static void counts_of(const entry *list, uint32_t count, tl_journal_stats *out)
{
    char path[] = "/tmp/tl-tally-XXXXXX";
    const int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(close(file), 0);
    tl_journal *journal;
    assert_int_equal(tl_journal_open(NULL, path, ignore, NULL, &journal, NULL), TL_OK);
    for (uint32_t i = 0; i < count; i++) {
        const tl_record record = {.kind = list[i].kind,
                                  .key = tl_key_of(&list[i].step, sizeof list[i].step),
                                  .stage = list[i].stage,
                                  .width = 2,
                                  .seconds = list[i].seconds,
                                  .when = 1000.0 - i};
        tl_journal_put(journal, &record);
    }
    assert_int_equal(tl_journal_sync(journal, NULL), TL_OK);
    tl_journal_close(journal);
    assert_int_equal(tl_journal_stats_read(NULL, path, out, NULL), TL_OK);
    assert_int_equal(unlink(path), 0);
}

static void a_step_counts_by_its_last_record(void **state)
{
    (void)state;
    static const entry list[] = {
        {TL_RECORD_HEAD, 0, NULL, 0},          {TL_RECORD_START, 1, "train", 0},
        {TL_RECORD_START, 2, "train", 0},      {TL_RECORD_DONE, 1, "train", 3},
        {TL_RECORD_FAILED, 2, "train", 9},     {TL_RECORD_START, 3, "utility", 0},
        {TL_RECORD_DIVERGED, 4, "utility", 9}, {TL_RECORD_LOST, 5, "utility", 9},
        {TL_RECORD_HEAD, 0, NULL, 0},          {TL_RECORD_START, 2, "train", 0},
        {TL_RECORD_DONE, 2, "train", 5},       {TL_RECORD_DONE, 2, "train", 50},
        {TL_RECORD_START, 1, "train", 0},
    };
    tl_journal_stats stats;
    counts_of(list, sizeof list / sizeof *list, &stats);
    const long *count = stats.all.count;
    assert_int_equal(count[TL_RECORD_HEAD], 0);
    assert_int_equal(count[TL_RECORD_START], 1);
    assert_int_equal(count[TL_RECORD_DONE], 2);
    assert_int_equal(count[TL_RECORD_FAILED], 0);
    assert_int_equal(count[TL_RECORD_DIVERGED], 1);
    assert_int_equal(count[TL_RECORD_LOST], 1);
    assert_true(stats.all.seconds == 8.0);
    assert_true(stats.rank_seconds == 16.0);
    assert_true(stats.last == 1000.0);
    assert_int_equal(stats.stages, 2);
    assert_string_equal(stats.stage[0].name, "train");
    assert_int_equal(stats.stage[0].counts.count[TL_RECORD_DONE], 2);
    assert_int_equal(stats.stage[1].counts.count[TL_RECORD_START], 1);
    assert_true(stats.stage[1].counts.seconds == 0.0);
    tl_journal_stats_close(&stats);
}

static void many_steps_are_kept_apart(void **state)
{
    (void)state;
    enum { STEPS = 5000 };
    entry *list = calloc(2 * STEPS, sizeof *list);
    assert_non_null(list);
    for (uint32_t i = 0; i < 2 * STEPS; i++) {
        list[i] = (entry){i < STEPS ? TL_RECORD_START : TL_RECORD_DONE, i % STEPS, "x", 1};
    }
    tl_journal_stats stats;
    counts_of(list, 2 * STEPS - 7, &stats);
    assert_int_equal(stats.all.count[TL_RECORD_DONE], STEPS - 7);
    assert_int_equal(stats.all.count[TL_RECORD_START], 7);
    tl_journal_stats_close(&stats);
    free(list);
}

static void an_empty_journal_counts_nothing(void **state)
{
    (void)state;
    tl_journal_stats stats;
    counts_of(NULL, 0, &stats);
    assert_int_equal(stats.stages, 0);
    assert_int_equal(stats.all.count[TL_RECORD_DONE], 0);
    tl_journal_stats_close(&stats);
    tl_err err = {0};
    assert_int_equal(tl_journal_stats_read(NULL, "/nowhere/journal.ndjson", &stats, &err),
                     TL_E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_counts_by_its_last_record),
        cmocka_unit_test(many_steps_are_kept_apart),
        cmocka_unit_test(an_empty_journal_counts_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
