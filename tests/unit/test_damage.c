/* runner/journal and runner/sweep: a journal of at most 4 kB, cut at every byte and with
 * every bit flipped, gives what its whole lines say and nothing else, and can be made
 * whole.
 */
#include "compute/core/log.h"
#include "runner/sweep/sweep.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static const char text[] =
    "name: t\nreplicates: 3\n"
    "data: {source: synthetic/lesions, examples: 300, split: {pool: 100, keep: 0.5, "
    "validation: 20, attacker: 20, test: 60}}\n"
    "recipe: {epochs: 1}\nchain:\n  - train\n  - measure.utility\n";

enum { MOST_BYTES = 4096, MOST_STEPS = 16 };

typedef struct room {
    char folder[64], path[96];
    tl_plan *plan;
    tl_sweep sweep;
    size_t mark; /* of the sweep's arena when nothing was restored */
    uint32_t steps;
    char bytes[MOST_BYTES]; /* of the journal as it was written */
    size_t size;
    long step_of[MOST_BYTES];  /* the step that is lost with this byte, or -1 */
    size_t end_of[MOST_STEPS]; /* behind the line that says a step is done */
} room;

/* What a step came to; each number its own. */
static tl_record done_record(const room *it, uint32_t id, tl_measure *measure)
{
    const tl_graph_step *step = tl_graph_step_at(it->sweep.graph, id);
    const int measures = tl_metrics_count(it->sweep.metrics[step->kind]);
    for (int i = 0; i < measures; i++)
        measure[i] = (tl_measure){1.0 / (3.0 + id + 100.0 * i), id, TL_WHY_HAS_VALUE};
    return (tl_record){.kind = TL_RECORD_DONE,
                       .key = step->key,
                       .stage = "train",
                       .width = 1,
                       .seconds = 0.5 + id,
                       .measures = measures,
                       .measure = measure,
                       .when = 1e9};
}

static tl_status take(void *self, const tl_record *record, tl_err *err)
{
    return tl_sweep_restore(self, record, err);
}

static void put_done(room *it, tl_journal *journal, uint32_t id)
{
    tl_measure measure[TL_MAX_METRICS];
    const tl_record record = done_record(it, id, measure);
    tl_journal_put(journal, &record);
    assert_int_equal(tl_journal_sync(journal, NULL), TL_OK);
}

static void forget_all(room *it)
{
    memset(it->sweep.outcome, 0, it->steps * sizeof *it->sweep.outcome);
    tl_arena_rewind(&it->sweep.arena, it->mark);
}

static void write_journal(room *it)
{
    tl_journal *journal;
    assert_int_equal(tl_journal_open(NULL, it->path, take, &it->sweep, &journal, NULL),
                     TL_OK);
    const tl_record head = {.kind = TL_RECORD_HEAD, .text = "{\"v\":1}", .when = 1e9};
    tl_journal_put(journal, &head);
    size_t at = 0;
    for (size_t i = 0; i < MOST_BYTES; i++) it->step_of[i] = -1;
    for (uint32_t id = 0; id < it->steps; id++) {
        tl_record start = {.kind = TL_RECORD_START, .stage = "train", .when = 1e9};
        start.key = tl_graph_step_at(it->sweep.graph, id)->key;
        tl_journal_put(journal, &start);
        put_done(it, journal, id);
    }
    tl_journal_close(journal);
    FILE *file = fopen(it->path, "rb");
    assert_non_null(file);
    it->size = fread(it->bytes, 1, MOST_BYTES, file);
    assert_int_equal(fclose(file), 0);
    assert_in_range(it->size, MOST_BYTES / 4, MOST_BYTES - 1);
    for (uint32_t line = 0; line < 1 + 2 * it->steps; line++) {
        const size_t end =
            (size_t)((char *)memchr(it->bytes + at, '\n', it->size - at) - it->bytes) + 1;
        const bool is_done = line > 0 && line % 2 == 0;
        const uint32_t id = line / 2 - 1;
        /* a record is whole without its newline, but for the last one */
        for (size_t i = at; is_done && i < end - (end < it->size); i++)
            it->step_of[i] = (long)id;
        if (is_done) it->end_of[id] = end;
        at = end;
    }
    assert_int_equal(at, it->size);
}

static int open_room(void **state)
{
    room *it = calloc(1, sizeof *it);
    assert_non_null(it);
    tl_log_set(TL_LOG_ERROR, -1);
    const tl_plan_options options = {.is_shared = true};
    (void)snprintf(it->folder, sizeof it->folder, "%s/tl-damage-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(it->folder));
    (void)snprintf(it->path, sizeof it->path, "%s/journal.ndjson", it->folder);
    assert_int_equal(tl_plan_parse("t", text, &options, &it->plan, NULL), TL_OK);
    assert_int_equal(tl_sweep_open(it->plan, &it->sweep, NULL), TL_OK);
    it->steps = tl_graph_steps(it->sweep.graph);
    assert_in_range(it->steps, 4, MOST_STEPS);
    it->mark = tl_arena_mark(&it->sweep.arena);
    write_journal(it);
    *state = it;
    return 0;
}

static int close_room(void **state)
{
    room *it = *state;
    (void)unlink(it->path);
    assert_int_equal(rmdir(it->folder), 0);
    tl_sweep_close(&it->sweep);
    tl_plan_close(it->plan);
    free(it);
    return 0;
}

static void assert_true_value(const room *it, uint32_t id)
{
    tl_measure wanted[TL_MAX_METRICS];
    const tl_record record = done_record(it, id, wanted);
    const tl_outcome *outcome = &it->sweep.outcome[id];
    tl_measure found[TL_MAX_METRICS];
    assert_int_equal(outcome->state, TL_STEP_DONE);
    assert_int_equal(tl_sweep_measures(&it->sweep, id, found), record.measures);
    assert_true((double)outcome->seconds == record.seconds);
    for (int i = 0; i < record.measures; i++) {
        assert_true(found[i].value == wanted[i].value);
        assert_true(found[i].n == wanted[i].n);
        assert_int_equal(found[i].why, wanted[i].why);
    }
}

/* Opens what is in the file: all is done but what `is_lost` says; then makes it whole. */
static void check(room *it, const char *bytes, size_t n, const bool *is_lost)
{
    FILE *file = fopen(it->path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
    forget_all(it);
    tl_journal *journal;
    tl_err err;
    if (tl_journal_open(NULL, it->path, take, &it->sweep, &journal, &err) != TL_OK)
        fail_msg("%s", err.text);
    for (uint32_t id = 0; id < it->steps; id++) {
        if (!is_lost[id]) {
            assert_true_value(it, id);
        } else {
            assert_int_equal(it->sweep.outcome[id].state, TL_STEP_WAITING);
            put_done(it, journal, id);
        }
    }
    tl_journal_close(journal);
    forget_all(it);
    assert_int_equal(tl_journal_read(NULL, it->path, take, &it->sweep, NULL), TL_OK);
    for (uint32_t id = 0; id < it->steps; id++) assert_true_value(it, id);
}

static void every_prefix_gives_its_whole_lines(void **state)
{
    room *it = *state;
    for (size_t n = 0; n <= it->size; n++) {
        bool is_lost[MOST_STEPS];
        for (uint32_t id = 0; id < it->steps; id++) is_lost[id] = it->end_of[id] > n;
        check(it, it->bytes, n, is_lost);
    }
    print_message("%zu prefixes of %zu bytes, %u steps\n", it->size + 1, it->size,
                  it->steps);
}

static void every_flipped_bit_costs_its_line_at_most(void **state)
{
    room *it = *state;
    static const unsigned char flip[] = {1, 2, 4, 8, 16, 32, 64, 128, 255};
    for (size_t at = 0; at < it->size; at++) {
        const char was = it->bytes[at];
        bool is_lost[MOST_STEPS] = {false};
        if (it->step_of[at] >= 0) is_lost[it->step_of[at]] = true;
        for (size_t i = 0; i < sizeof flip; i++) {
            it->bytes[at] = (char)(was ^ flip[i]);
            check(it, it->bytes, it->size, is_lost);
        }
        it->bytes[at] = was;
    }
    print_message("%zu flipped bytes\n", it->size * sizeof flip);
}

static void every_line_lost_costs_its_step(void **state)
{
    room *it = *state;
    static char bytes[2 * MOST_BYTES];
    for (size_t at = 0; at < it->size;) {
        const size_t end =
            (size_t)((char *)memchr(it->bytes + at, '\n', it->size - at) - it->bytes) + 1;
        bool is_lost[MOST_STEPS] = {false};
        memcpy(bytes, it->bytes, end);
        memcpy(bytes + end, it->bytes + at, it->size - at);
        check(it, bytes, it->size + end - at, is_lost); /* twice is once */
        if (it->step_of[at] >= 0) is_lost[it->step_of[at]] = true;
        memcpy(bytes + at, it->bytes + end, it->size - end);
        check(it, bytes, it->size - (end - at), is_lost);
        at = end;
    }
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, open_room, close_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(every_prefix_gives_its_whole_lines),
        FACT(every_flipped_bit_costs_its_line_at_most),
        FACT(every_line_lost_costs_its_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
