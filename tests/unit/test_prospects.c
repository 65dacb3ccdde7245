/* What `plan` says of hypotheses before anything is run. */
#include "runner/cli/prospects.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define assert_near(value, wanted, slack) assert_true(fabs((value) - (wanted)) <= (slack))

#define PLAN                                                                      \
    "name: t\nreplicates: 6\n"                                                    \
    "data: {source: synthetic/lesions, split: {pool: 60, keep: 0.5, validation: " \
    "20, attacker: 40, test: 40}}\n"                                              \
    "chain:\n"                                                                    \
    "  - one_of: {as: poison, options: [none, d2m.label_flip: {rate: 0.1}, "      \
    "d2m.badnets: {rate: [0.1, 0.2], size: 3}]}\n"                                \
    "  - train\n  - m2m.model_extraction: {queries: [10, 20]}\n"                  \
    "exclude: [{poison: d2m.label_flip, m2m.model_extraction.queries: 20}]\n"     \
    "hypotheses:\n"
#define ON ", on: m2m_model_extraction_agreement, direction: raises, "

static void look(const char *text, bool is_shared, tl_plan **plan, tl_prospects *out)
{
    tl_err err = {0};
    tl_sweep sweep;
    const tl_plan_options options = {.is_shared = is_shared};
    const tl_power_request none = {0};
    if (tl_plan_parse("t", text, &options, plan, &err) != TL_OK) fail_msg("%s", err.text);
    assert_int_equal(tl_sweep_open(*plan, &sweep, &err), TL_OK);
    if (tl_prospects_open(&sweep, &none, out, &err) != TL_OK) fail_msg("%s", err.text);
    tl_sweep_close(&sweep);
}

static const char hypotheses[] =
    PLAN "  - {effect: 'queries:poison'" ON "level: '20:d2m.badnets'}\n"
         "  - {effect: 'poison:queries'" ON "level: 'd2m.label_flip:20'}\n"
         "  - {effect: poison, on: m2m_model_extraction_twin_accuracy, direction: raises}\n"
         "  - {effect: queries" ON "at: {poison: d2m.label_flip}}\n"
         "  - {effect: poison" ON "level: d2m.badnets, against: d2m.label_flip, "
         "one_sided: true, margin: 0.1, at: {queries: 10}}\n";

static void it_says_which_hypotheses_can_be_answered_and_why_not(void **state)
{
    (void)state;
    static const char *const why[] = {NULL, "no trials have values in all four cells",
                                      "the metric is not downstream of it",
                                      "no trial of the plan is at this level", NULL};
    for (int shared = 0; shared < 2; shared++) { /* the outlook needs no shared keys */
        tl_plan *plan;
        tl_prospects p;
        look(hypotheses, shared, &plan, &p);
        assert_int_equal(p.effects->count, 5);
        assert_int_equal(p.tests, 2);
        for (int k = 0; k < 5; k++) {
            const tl_effect *e = &p.effects->effect[k];
            assert_int_equal(e->hypothesis, k);
            assert_int_equal(e->replicates, why[k] ? 0 : 1);
            if (why[k]) assert_string_equal(e->missing, why[k]);
            assert_true(isnan(p.least_p[k]) == (why[k] != NULL));
        }
        tl_prospects_close(&p);
        tl_plan_close(plan);
    }
}

/* A rate at 1 % false positives takes 1,000 non-members, a control rows of the attacker. */
static void it_says_where_the_rows_are_too_few(void **state)
{
    (void)state;
    static const char form[] =
        "name: t\nreplicates: 6\n"
        "data: {source: synthetic/lesions, examples: 9000, split: {pool: %d, keep: 0.5, "
        "validation: 20, attacker: %d, test: 40}}\n"
        "chain:\n  - d2m.label_flip: {rate: [0, 0.1]}\n  - train\n  - m2d.global_threshold\n"
        "hypotheses:\n"
        "  - {effect: rate, on: m2d_global_threshold_auc, direction: raises}\n"
        "  - {effect: rate, on: m2d_global_threshold_tpr_at_1pct, direction: raises}\n"
        "  - {effect: rate, on: m2d_global_threshold_auc_without_access, direction: "
        "raises}\n";
    for (int few = 0; few < 2; few++) {
        char text[1000];
        tl_plan *plan;
        tl_prospects p;
        (void)snprintf(text, sizeof text, form, few ? 1990 : 2000, few ? 0 : 9);
        look(text, true, &plan, &p);
        for (int k = 0; k < 3; k++) {
            const char *why = p.effects->effect[k].missing;
            const bool is_refused = why && strstr(why, "the rows are too few");
            if (is_refused != (few && k > 0)) fail_msg("%d: %s", k, why ? why : "");
        }
        tl_prospects_close(&p);
        tl_plan_close(plan);
    }
}

/* What the plan says arrives at the estimator by the attribute of the result file. */
static void what_is_asked_goes_through_the_file(void **state)
{
    (void)state;
    tl_plan *plan;
    tl_prospects p;
    look(hypotheses, true, &plan, &p);
    const tl_effect *e = &p.effects->effect[0];
    assert_string_equal(e->factor, "poison:m2m_model_extraction_queries");
    assert_string_equal(e->level, "d2m.badnets:20");
    assert_string_equal(e->pooled, "d2m_badnets_rate (2 levels)");
    e = &p.effects->effect[4];
    assert_string_equal(e->reference, "d2m.label_flip");
    assert_string_equal(e->at, "m2m_model_extraction_queries=10");
    assert_int_equal(e->sides, 1);
    assert_near(e->margin, 0.1, 0.0);
    tl_prospects_close(&p);
    tl_plan_close(plan);
}

/* Two tests of 6 replicates: p >= 2^-5 and, one-sided, 2^-6. Alone q is twice p; if both
 * are there, the larger p decides: min(2 * 2^-6 / 1, 2 * 2^-5 / 2). */
static void the_smallest_q_depends_on_the_family(void **state)
{
    (void)state;
    tl_plan *plan;
    tl_prospects p;
    look(hypotheses, true, &plan, &p);
    assert_near(p.least_p[0], 1.0 / 32.0, 0.0);
    assert_near(p.least_p[4], 1.0 / 64.0, 0.0);
    assert_near(p.alone[0], 1.0 / 16.0, 1e-15);
    assert_near(p.alone[4], 1.0 / 32.0, 1e-15);
    assert_near(p.together[0], 1.0 / 32.0, 1e-15);
    assert_near(p.together[4], 1.0 / 32.0, 1e-15);
    tl_prospects_close(&p);
    tl_plan_close(plan);
}

/* On generated images where a plan's data are files. Fails when a shipped plan asks about a
 * metric that its factor cannot move, or compares cells that `exclude` leaves out. */
static void every_hypothesis_of_a_shipped_plan_can_be_answered(void **state)
{
    (void)state;
    static const char *const generated[] = {"data.source=synthetic/lesions"};
    for (const tl_shipped_plan *p = tl_plans_shipped(); p->name; p++) {
        const int sets = strstr(p->text, "source: synthetic/") ? 0 : 1;
        const tl_plan_options options = {.is_shared = true, .set = generated, .sets = sets};
        const tl_power_request none = {0};
        tl_err err = {0};
        tl_plan *plan;
        tl_sweep sweep;
        tl_prospects seen = {0};
        if (tl_plan_parse(p->name, p->text, &options, &plan, &err) != TL_OK)
            fail_msg("%s", err.text);
        assert_int_equal(tl_sweep_open(plan, &sweep, &err), TL_OK);
        if (plan->hypotheses > 0)
            assert_int_equal(tl_prospects_open(&sweep, &none, &seen, &err), TL_OK);
        tl_sweep_close(&sweep);
        for (int k = 0; seen.effects && k < seen.effects->count; k++) {
            const tl_effect *e = &seen.effects->effect[k];
            if (!isfinite(seen.least_p[k]))
                fail_msg("%s: %s of %s on %s: %s", p->name, e->level, e->factor, e->metric,
                         e->missing);
            /* Some verdict other than 'not resolved' can be reached. */
            if (seen.together[k] > 0.05)
                fail_msg("%s: q >= %g on %s", p->name, seen.together[k], e->metric);
        }
        tl_prospects_close(&seen);
        tl_plan_close(plan);
    }
}

static void a_power_is_two_numbers(void **state)
{
    (void)state;
    static const char *const bad[] = {"",      "0.1", "0.1,", ",1",
                                      "0.1,0", "0,1", "a,b",  "1,2,3"};
    tl_power_request got;
    tl_err err;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(tl_power_read(bad[i], &got, &err), TL_E_ARG);
    assert_int_equal(tl_power_read("-0.01,2e-2", &got, &err), TL_OK);
    assert_true(got.effect == -0.01 && got.sd == 0.02);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_which_hypotheses_can_be_answered_and_why_not),
        cmocka_unit_test(it_says_where_the_rows_are_too_few),
        cmocka_unit_test(what_is_asked_goes_through_the_file),
        cmocka_unit_test(the_smallest_q_depends_on_the_family),
        cmocka_unit_test(every_hypothesis_of_a_shipped_plan_can_be_answered),
        cmocka_unit_test(a_power_is_two_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
