/* Plans that cannot mean anything are refused before they run: attacks that read models. */
#include "tests/support/toy_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void plans_without_meaning_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *stage, *param;
        double number;
        int attacker, test;
        const char *wanted; /* NULL: passes */
    } cases[] = {
        {"d2m.truth_serum", "targets", 200, 500, 130, NULL},
        {"d2m.truth_serum", "targets", 201, 500, 130, "the pool has 200 rows"},
        {"d2d.pgd", "steps", 0, 0, 130, NULL},
        {"d2d.pgd", "steps", 10, 500, 0, "data.split.test is 0"},
        {"d2d.transfer_pgd", "queries", 501, 500, 130, NULL},
        {"d2d.transfer_pgd", "queries", 500, 0, 130, "the attacker's rows"},
        {"d2d.transfer_pgd", "queries", 500, 500, 0, "data.split.test is 0"},
        {"m2d.inversion", "images", 1, 1, 0, NULL},
        {"m2d.inversion", "images", 1, 0, 130, "the attacker's rows"},
        {"m2d.surrogate_inversion", "images", 1, 0, 130, "the attacker's rows"},
    };
    toy_world toy;
    toy_world_open(&toy, NULL);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        const tl_stage *stage = tl_stage_find(cases[c].stage);
        tl_value arg[TL_MAX_PARAMS];
        toy_defaults(stage, arg);
        toy_set(cases[c].stage, arg, cases[c].param, cases[c].number);
        tl_size size = toy.size;
        size.attacker = cases[c].attacker;
        size.test = cases[c].test;
        tl_err err = {0};
        const tl_status status = tl_stage_check(stage, &size, arg, &err);
        assert_int_equal(status, cases[c].wanted ? TL_E_ARG : TL_OK);
        if (cases[c].wanted) assert_non_null(strstr(err.text, cases[c].wanted));
    }
    toy_world_close(&toy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_without_meaning_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
