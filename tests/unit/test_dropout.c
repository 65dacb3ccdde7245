/* Dropout: its share, its scale, and that a row's fate hangs on its place in the batch. */
#include "compute/nn/layers/dropout.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

enum { ROWS = 40, SIZE = 501 };

static tl_dropout dropout_of(double rate, int first_row)
{
    return (tl_dropout){rate, tl_rng_stream(1, 0, "test", 0, "dropout"), first_row};
}

static void its_share_is_dropped_and_the_rest_made_up_for(void **state)
{
    (void)state;
    static float x[ROWS * SIZE];
    for (int i = 0; i < ROWS * SIZE; i++) x[i] = 1.0f;
    const tl_dropout dropout = dropout_of(0.3, 0);
    tl_dropout_apply(&dropout, 2, ROWS, SIZE, x);
    int dropped = 0;
    for (int i = 0; i < ROWS * SIZE; i++) {
        dropped += x[i] == 0.0f;
        assert_true(x[i] == 0.0f || x[i] == (float)(1.0 / 0.7));
    }
    const double n = ROWS * SIZE; /* four standard deviations */
    assert_true(fabs(dropped - 0.3 * n) < 4.0 * sqrt(n * 0.3 * 0.7));
}

static void rows_fare_alike_in_any_group(void **state)
{
    (void)state;
    static float whole[ROWS * SIZE], parts[ROWS * SIZE], other[ROWS * SIZE];
    for (int i = 0; i < ROWS * SIZE; i++) whole[i] = parts[i] = other[i] = 1.0f;
    tl_dropout dropout = dropout_of(0.5, 0);
    tl_dropout_apply(&dropout, 2, ROWS, SIZE, whole);
    tl_dropout_apply(&dropout, 3, ROWS, SIZE, other);
    for (int r = 0; r < ROWS; r += 8) {
        dropout.first_row = r;
        tl_dropout_apply(&dropout, 2, 8, SIZE, parts + (ptrdiff_t)r * SIZE);
    }
    assert_memory_equal(whole, parts, sizeof whole);
    assert_memory_not_equal(whole, other, sizeof whole);
    assert_memory_not_equal(whole, whole + SIZE, SIZE * sizeof *whole);
}

static void a_rate_of_0_drops_nothing(void **state)
{
    (void)state;
    float x[3] = {1.0f, -2.0f, 3.0f};
    const tl_dropout nothing = {0};
    tl_dropout_apply(&nothing, 0, 1, 3, x);
    assert_true(x[0] == 1.0f && x[1] == -2.0f && x[2] == 3.0f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_share_is_dropped_and_the_rest_made_up_for),
        cmocka_unit_test(rows_fare_alike_in_any_group),
        cmocka_unit_test(a_rate_of_0_drops_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
