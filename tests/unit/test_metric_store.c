/* runner/measure_store: what is put comes back bit for bit, in few bytes. */
#include "runner/store/metric_store.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { STEPS = 40000, MOST = 5 };

/* Metrics of step `step`: 0 to 5 of them, of every kind that there is. */
static int make(uint32_t step, tl_measure measure[MOST])
{
    const double value[] = {0.1, -0.0, 5e-324, 1.7976931348623157e308, 3.0};
    const double n[] = {0.0, 60.0, 4294967295.0, 4294967296.0, 0.5};
    const int count = (int)(step % (MOST + 1));
    for (int i = 0; i < count; i++) {
        const uint32_t turn = step / 6 + (uint32_t)i;
        const int32_t why = turn % 3 == 0 ? (int32_t)(turn % 6) : TL_WHY_HAS_VALUE;
        measure[i] =
            (tl_measure){why ? (double)NAN : value[turn % 5] + step, n[turn / 5 % 5], why};
    }
    return count;
}

static void what_is_put_comes_back_bit_for_bit(void **state)
{
    (void)state;
    tl_measure_store store = {0};
    tl_measure wanted[MOST], found[TL_MAX_METRICS];
    uint32_t *at = malloc(STEPS * sizeof *at);
    tl_err err;
    assert_non_null(at);
    for (uint32_t step = 0; step < STEPS; step++) {
        const int count = make(step, wanted);
        assert_int_equal(tl_measure_store_put(&store, wanted, count, &at[step], &err),
                         TL_OK);
        assert_int_not_equal(at[step], 0);
    }
    assert_true(store.blocks > 4);
    for (uint32_t step = 0; step < STEPS; step++) {
        const int count = make(step, wanted);
        assert_int_equal(tl_measure_store_get(&store, at[step], found), count);
        for (int i = 0; i < count; i++) {
            if (wanted[i].why == TL_WHY_HAS_VALUE)
                assert_memory_equal(&found[i].value, &wanted[i].value, sizeof(double));
            else
                assert_true(isnan(found[i].value));
            assert_true(found[i].n == wanted[i].n && found[i].why == wanted[i].why);
        }
    }
    tl_measure_store_close(&store);
    free(at);
}

static void one_plain_number_takes_twelve_bytes(void **state)
{
    (void)state;
    tl_measure_store store = {0};
    const tl_measure one = {0.25, 0.0, TL_WHY_HAS_VALUE};
    uint32_t first, second;
    tl_err err;
    assert_int_equal(tl_measure_store_put(&store, &one, 1, &first, &err), TL_OK);
    assert_int_equal(tl_measure_store_put(&store, &one, 1, &second, &err), TL_OK);
    assert_int_equal(second - first, 3); /* units of 4 bytes */
    tl_measure_store_close(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_comes_back_bit_for_bit),
        cmocka_unit_test(one_plain_number_takes_twelve_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
