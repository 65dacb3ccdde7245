#include "runner/schedule/hang_detector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Ranks 0 to 3, seen at time 0 with counters that stand at 5. */
static tl_hang_detector watch_four(double least)
{
    tl_hang_detector detector;
    assert_int_equal(tl_hang_detector_open(4, least, &detector, NULL), TL_OK);
    for (int r = 0; r < 4; r++) tl_hang_detector_observe(&detector, r, 5, false, 0.5);
    return detector;
}

static void a_still_counter_is_forgiven_for_ten_times_the_expected_time(void **state)
{
    (void)state;
    tl_hang_detector detector = watch_four(10.0);
    const tl_busy_team brief = {.first = 1, .width = 1, .seconds = 0.1, .is_known = true};
    assert_false(tl_hang_detector_is_hung(&detector, &brief, 10.4)); /* least counts */
    assert_true(tl_hang_detector_is_hung(&detector, &brief, 10.6));
    const tl_busy_team lasting = {.first = 1, .width = 1, .seconds = 5, .is_known = true};
    assert_false(tl_hang_detector_is_hung(&detector, &lasting, 50.4));
    assert_true(tl_hang_detector_is_hung(&detector, &lasting, 50.6));
    const tl_busy_team unknown = {.first = 1, .width = 1, .seconds = 0.1};
    assert_false(tl_hang_detector_is_hung(&detector, &unknown, 200.4));
    assert_true(tl_hang_detector_is_hung(&detector, &unknown, 200.6));
    tl_hang_detector_observe(&detector, 1, 5, false, 10.0); /* not moved */
    assert_true(tl_hang_detector_is_hung(&detector, &brief, 10.6));
    tl_hang_detector_observe(&detector, 1, 6, false, 10.0);
    assert_false(tl_hang_detector_is_hung(&detector, &brief, 10.6));
    tl_hang_detector_close(&detector);
}

static void time_before_the_step_began_does_not_count(void **state)
{
    (void)state;
    tl_hang_detector detector = watch_four(10.0);
    const tl_busy_team team = {.first = 2, .width = 1, .since = 100, .is_known = true};
    assert_false(tl_hang_detector_is_hung(&detector, &team, 109.0));
    assert_true(tl_hang_detector_is_hung(&detector, &team, 111.0));
    tl_hang_detector_close(&detector);
}

static void a_team_hangs_only_if_no_member_moves_and_waiting_ones_are_spared(void **state)
{
    (void)state;
    tl_hang_detector detector = watch_four(10.0);
    const tl_busy_team team = {.first = 0, .width = 4, .seconds = 0.1, .is_known = true};
    for (int r = 0; r < 4; r++) tl_hang_detector_observe(&detector, r, 5, r != 2, 1.0);
    tl_hang_detector_observe(&detector, 3, 6, true, 8.0);
    assert_false(tl_hang_detector_is_hung(&detector, &team, 12.0)); /* rank 3 moved */
    assert_true(tl_hang_detector_is_hung(&detector, &team, 18.5));
    for (int r = 0; r < 4; r++)
        assert_int_equal(tl_hang_detector_is_stalled(&detector, &team, r), r == 2);
    tl_hang_detector_observe(&detector, 2, 5, true, 19.0);
    for (int r = 0; r < 4; r++)
        assert_true(tl_hang_detector_is_stalled(&detector, &team, r));
    tl_hang_detector_close(&detector);
}

static void nothing_hangs_where_that_is_switched_off(void **state)
{
    (void)state;
    tl_hang_detector detector = watch_four(0.0);
    const tl_busy_team team = {.first = 0, .width = 1, .is_known = true};
    assert_false(tl_hang_detector_is_hung(&detector, &team, 1e9));
    tl_hang_detector_close(&detector);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_still_counter_is_forgiven_for_ten_times_the_expected_time),
        cmocka_unit_test(time_before_the_step_began_does_not_count),
        cmocka_unit_test(a_team_hangs_only_if_no_member_moves_and_waiting_ones_are_spared),
        cmocka_unit_test(nothing_hangs_where_that_is_switched_off)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
