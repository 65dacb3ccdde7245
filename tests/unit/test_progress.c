/* runner/execute: the line of progress fits into any terminal and shows whole numbers. */
#include "runner/execute/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void a_narrow_terminal_gets_less_and_no_part_of_a_number(void **state)
{
    (void)state;
    static const char *const forms[] = {
        "1234567 of 2400000 steps (51 %), 4321 failed or skipped, 16 running, 12 h 00 min "
        "elapsed, 11 h 06 min to 12 h 00 min left",
        "1234567 of 2400000 steps (51 %), 4321 failed or skipped, 11 h 06 min to 12 h 00 min left",
        "1234567 of 2400000 steps, 4321 bad", "51 %"};
    tl_scheduler_counts counts = {.left = {.least = 39960.0, .most = 43200.0}};
    counts.in[TL_STEP_DONE] = 1230246;
    counts.in[TL_STEP_FAILED] = 4321;
    counts.in[TL_STEP_RUNNING] = 16;
    counts.in[TL_STEP_WAITING] = 2400000 - 1230246 - 4321 - 16;
    for (int columns = 19; columns < 140; columns++) {
        char line[200];
        (void)tl_progress_line(&counts, 43200.0, columns, line, sizeof line);
        assert_true((int)strlen(line) <= columns);
        int form = 0;
        while (form < 4 && strcmp(line, forms[form]) != 0) form++;
        if (form == 4) fail_msg("%d columns: '%s'", columns, line);
        if (form > 0) assert_true((int)strlen(forms[form - 1]) > columns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_narrow_terminal_gets_less_and_no_part_of_a_number)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
