/* runner/journal_plain: the quick way to read a line says the same as reading it as JSON.
 */
#include "runner/store/journal_fast.h"

#include "compute/core/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ROUNDS = 400, CRC_SPACE = 18, LINE_SPACE = 4096 };

static double random_double(const tl_rng *rng, uint64_t item)
{
    uint32_t word[4];
    tl_rng_block(rng, item, word);
    const uint64_t bits = (uint64_t)word[0] << 32 | word[1];
    double value;
    memcpy(&value, &bits, sizeof value);
    if (word[3] % 4 == 0) value = (double)(word[2] % 100000);
    if (word[3] % 4 == 1) value = (double)(bits >> 4);
    if (word[3] % 16 == 2) value = -0.0;
    return isfinite(value) ? value : (double)NAN;
}

/* A record of round `round`; `measure` has room for all its metrics. */
static tl_record make(int round, tl_measure measure[TL_MAX_METRICS])
{
    const tl_rng rng = tl_rng_stream(7, (uint32_t)round, "test", 0, "record");
    for (int i = 0; i < TL_MAX_METRICS; i++) {
        const uint64_t item = 2 * (uint64_t)i;
        measure[i] =
            (tl_measure){random_double(&rng, item + 10), random_double(&rng, item + 11),
                         round % (TL_WHY_NOT_RUN + 1)};
    }
    const bool is_done = round % 5 != 0;
    return (tl_record){.kind = is_done ? TL_RECORD_DONE : TL_RECORD_START,
                       .key = tl_key_of(&round, sizeof round),
                       .stage = round % 2 ? "measure.idle" : "train",
                       .first = round * 1000 - 7,
                       .width = round % 9 ? 1 : 2147483647,
                       .seconds = is_done ? random_double(&rng, 0) : 0.0,
                       .measures = is_done ? round % (TL_MAX_METRICS + 1) : 0,
                       .measure = measure,
                       .build = is_done ? 0x9ABCDEF0u * (uint32_t)round : 0,
                       .when = 1.7e9 + 0.123 * round};
}

static bool same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static void assert_same(const tl_record *a, const tl_record *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_true(tl_key_equal(&a->key, &b->key));
    assert_string_equal(a->stage, b->stage);
    assert_int_equal(a->first, b->first);
    assert_int_equal(a->width, b->width);
    assert_true(same_bits(a->seconds, b->seconds) && same_bits(a->when, b->when));
    assert_int_equal(a->build, b->build);
    assert_int_equal(a->measures, b->measures);
    for (int i = 0; i < a->measures; i++) {
        assert_true(same_bits(a->measure[i].value, b->measure[i].value));
        assert_true(same_bits(a->measure[i].n, b->measure[i].n));
        assert_int_equal(a->measure[i].why, b->measure[i].why);
    }
}

/* The line with a blank before its second member, which JSON allows and the writer never
 * puts; with its CRC. \return its length without newline */
static size_t respace(const tl_text *line, char out[LINE_SPACE])
{
    const char *comma = memchr(line->at, ',', line->length);
    const size_t before = (size_t)(comma - line->at) + 1;
    const size_t body = line->length - 1 - CRC_SPACE + 1;
    memcpy(out, line->at, before);
    out[before] = ' ';
    memcpy(out + before + 1, line->at + before, body - 1 - before);
    const int crc = snprintf(out + body, LINE_SPACE - body, ",\"crc\":\"%08x\"}",
                             (unsigned)tl_crc32(out, body));
    return body + (size_t)crc;
}

static void both_ways_say_the_same(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        tl_measure measure[TL_MAX_METRICS];
        const tl_record record = make(round, measure);
        tl_text text = {0};
        tl_line quick = {0}, json = {0};
        char spaced[LINE_SPACE];
        tl_journal_line_write(&text, &record);
        assert_true(tl_journal_plain_read(text.at, text.length - 1 - CRC_SPACE, &quick));
        const size_t n = respace(&text, spaced);
        assert_false(tl_journal_plain_read(spaced, n - CRC_SPACE, &json));
        assert_int_equal(tl_journal_line_read(spaced, n, &json), TL_LINE_GOOD);
        assert_same(&quick.record, &record);
        assert_same(&json.record, &record);
        tl_journal_line_close(&json);
        tl_text_close(&text);
    }
}

/* Whatever is cut off or changed: no byte outside of the line is read, and a line that is
 * taken holds no more than it may. */
static void what_is_not_plain_is_left_to_json(void **state)
{
    (void)state;
    for (int round = 1; round < 20; round++) {
        tl_measure measure[TL_MAX_METRICS];
        const tl_record record = make(round, measure);
        tl_text text = {0};
        tl_line line = {0};
        char copy[LINE_SPACE];
        tl_journal_line_write(&text, &record);
        const size_t n = text.length - 1 - CRC_SPACE;
        for (size_t cut = 0; cut < n; cut++) {
            char *exact = test_malloc(cut + 1); /* bounds are watched by cmocka */
            memcpy(exact, text.at, cut);
            if (tl_journal_plain_read(exact, cut, &line))
                assert_int_equal(line.record.kind, TL_RECORD_START);
            test_free(exact);
            memcpy(copy, text.at, n);
            copy[cut] ^= 0x15;
            (void)tl_journal_plain_read(copy, n, &line);
            assert_in_range(line.record.measures, 0, TL_MAX_METRICS);
        }
        tl_text_close(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways_say_the_same),
        cmocka_unit_test(what_is_not_plain_is_left_to_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
