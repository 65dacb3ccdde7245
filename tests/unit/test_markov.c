/* compute/data/markov: what a row depends on, and that the chain has its entropy. */
#include "compute/data/markov.h"
#include "compute/data/source.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { TOKENS = 16 };

static tl_source make(int rows, int tokens, double difficulty, int context, tl_arena *arena)
{
    const tl_source_want want = {rows, tokens, difficulty, context, false};
    tl_source source = {0};
    tl_err err = {0};
    if (tl_markov_make(&want, arena, &source, &err) != TL_OK) fail_msg("%s", err.text);
    return source;
}

static void a_row_is_the_same_in_a_larger_set_and_begins_a_longer_one(void **state)
{
    (void)state;
    tl_arena arena = tl_arena_open(0);
    const tl_dataset few = make(30, TOKENS, 0.3, 20, &arena).all,
                     many = make(90, TOKENS, 0.3, 20, &arena).all,
                     longer = make(30, TOKENS, 0.3, 21, &arena).all;
    assert_memory_equal(few.input, many.input, 30 * 20 * sizeof(float));
    assert_memory_equal(few.label, many.label, 30 * sizeof(int32_t));
    for (int i = 0; i < 30; i++) {
        assert_memory_equal(few.input + i * 20, longer.input + i * 21, 20 * sizeof(float));
        assert_true((float)few.label[i] == longer.input[i * 21 + 20]);
        assert_int_equal(few.origin[i], i);
    }
    assert_int_equal(few.classes, TOKENS);
    assert_int_equal(few.vocabulary, TOKENS);
    tl_arena_close(&arena);
}

/* Entropy of what follows a token, as counted; `share` [TOKENS]: how often each stands. */
static double counted_entropy(const tl_dataset *all, double share[TOKENS])
{
    static double count[TOKENS][TOKENS];
    const int context = all->shape.width;
    double n = 0.0, sum = 0.0;
    memset(count, 0, sizeof count);
    for (int i = 0; i < all->rows; i++) {
        const float *row = all->input + (size_t)i * (size_t)context;
        for (int t = 0; t < context; t++) {
            const int next = t + 1 < context ? (int)row[t + 1] : all->label[i];
            assert_in_range(next, 0, TOKENS - 1);
            count[(int)row[t]][next]++;
            n++;
        }
    }
    for (int s = 0; s < TOKENS; s++) {
        double all_of_s = 0.0;
        for (int t = 0; t < TOKENS; t++) all_of_s += count[s][t];
        for (int t = 0; t < TOKENS; t++) {
            if (count[s][t] > 0.0) sum -= count[s][t] * log(count[s][t] / all_of_s);
        }
        share[s] = all_of_s / n;
    }
    return sum / n;
}

/* 320,000 transitions in 256 cells: counting is biased by 256 / 640,000 = 0.0004 nat and
 * errs by about 1 / sqrt(320,000) = 0.002. */
static void the_entropy_is_that_of_the_rows(void **state)
{
    (void)state;
    static const double difficulty[] = {0.0, 0.3, 0.8, 1.0};
    for (int k = 0; k < 4; k++) {
        tl_arena arena = tl_arena_open(0);
        const tl_source source = make(5000, TOKENS, difficulty[k], 64, &arena);
        double share[TOKENS];
        const double counted = counted_entropy(&source.all, share);
        const double said = tl_markov_entropy(TOKENS, difficulty[k]);
        if (fabs(counted - said) > 0.008) fail_msg("counted %g, said %g", counted, said);
        for (int s = 0; s < TOKENS; s++) {
            assert_true(fabs(share[s] - 1.0 / TOKENS) < 0.005);
        }
        tl_arena_close(&arena);
    }
}

/* Where no two successors of a token agree, the odds 8:4:2:1 have 1.1373 nat; uniform
 * tokens have ln(tokens). */
static void the_entropy_has_its_ends(void **state)
{
    (void)state;
    double most = 0.0;
    for (int k = 0; k < 4; k++) {
        const double p = (8 >> k) / 15.0;
        most -= p * log(p);
    }
    for (int tokens = 2; tokens <= TL_MARKOV_TOKENS; tokens *= 2) {
        assert_true(fabs(tl_markov_entropy(tokens, 1.0) - log(tokens)) < 1e-9);
        assert_true(tl_markov_entropy(tokens, 0.0) <= most + 1e-9);
        assert_true(tl_markov_entropy(tokens, 0.5) > tl_markov_entropy(tokens, 0.1));
    }
    assert_true(tl_markov_entropy(256, 0.0) > 0.97 * most);
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    static const struct {
        tl_source_want want;
        const char *text;
    } cases[] = {
        {{100, 1, 0.5, 64, false},
         "synthetic/markov has 2 to 65536 tokens (data.classes), not 1"},
        {{100, 65537, 0.5, 64, false}, "2 to 65536 tokens"},
        {{100, 4, -0.1, 64, false}, "0 to 1, not -0.1"},
        {{0, 4, 0.5, 64, false}, "needs at least 1 example"},
        {{100, 4, 0.5, 1, false}, "rows of synthetic/markov have 2 to 65536 tokens"}};
    tl_arena arena = tl_arena_open(0);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        tl_source *source;
        tl_err err = {0};
        assert_int_equal(
            tl_source_open("synthetic/markov", NULL, &cases[c].want, &arena, &source, &err),
            TL_E_ARG);
        if (!strstr(err.text, cases[c].text)) fail_msg("%s", err.text);
    }
    tl_arena_close(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_is_the_same_in_a_larger_set_and_begins_a_longer_one),
        cmocka_unit_test(the_entropy_is_that_of_the_rows),
        cmocka_unit_test(the_entropy_has_its_ends),
        cmocka_unit_test(what_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
