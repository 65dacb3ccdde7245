/* Membership scores from shadow models, held against numbers of the references
 * (tests/peers/lira_scores.py). With the argument "print" it prints its own instead, for
 * that script. */
#include "experiments/score/difficulty_calibration.h"

#include "tests/support/shadow_scores.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { ROWS = 20, CELLS = 1024 };

/* A matrix as numbers. */
typedef struct numbers {
    double value[CELLS], target[ROWS], p[CELLS], p_target[ROWS], z[CELLS], z_target[ROWS];
    bool in[CELLS];
    tl_shadow_values confidence;
    tl_relative_rows rows, population;
} numbers;

static void scale(const int *x, int count, double unit, double *out)
{
    for (int i = 0; i < count; i++) out[i] = x[i] / unit;
}

static void read_matrix(int which, numbers *n)
{
    const matrix *m = &matrices[which];
    const int cells = m->models * m->rows;
    assert_true(cells <= CELLS && m->models * m->population <= CELLS && m->rows <= ROWS);
    scale(m->value, cells, 64.0, n->value);
    scale(m->target, m->rows, 64.0, n->target);
    scale(m->p, cells, 1024.0, n->p);
    scale(m->p_target, m->rows, 1024.0, n->p_target);
    scale(m->z, m->models * m->population, 1024.0, n->z);
    scale(m->z_target, m->population, 1024.0, n->z_target);
    for (int i = 0; i < cells; i++) n->in[i] = m->in[i] != 0;
    n->confidence = (tl_shadow_values){m->models, m->rows, n->value, n->in};
    n->rows = (tl_relative_rows){{m->models, m->rows, n->p, n->in}, n->p_target};
    n->population = (tl_relative_rows){{m->models, m->population, n->z, NULL}, n->z_target};
}

static tl_status lira(const tl_lira *test, numbers *n, double *score, tl_err *err)
{
    tl_arena arena = tl_arena_open(0);
    const tl_status status =
        tl_lira_score(test, &n->confidence, n->target, &arena, score, err);
    assert_int_equal(arena.used, 0);
    tl_arena_close(&arena);
    return status;
}

static tl_status calibrated(numbers *n, double *score, tl_err *err)
{
    tl_arena arena = tl_arena_open(0);
    const tl_status status =
        tl_calibrated_score(&n->confidence, n->target, &arena, score, err);
    tl_arena_close(&arena);
    return status;
}

static tl_status relative(const tl_relative *test, numbers *n, double *score, tl_err *err)
{
    tl_arena arena = tl_arena_open(0);
    const tl_status status =
        tl_relative_score(test, &n->rows, &n->population, &arena, score, err);
    tl_arena_close(&arena);
    return status;
}

static void assert_close(const double *score, const double *wanted, int rows)
{
    for (int r = 0; r < rows; r++) {
        const double size = fabs(wanted[r]) > 1.0 ? fabs(wanted[r]) : 1.0;
        if (!(fabs(score[r] - wanted[r]) <= 1e-12 * size))
            fail_msg("row %d: %.17g, wanted %.17g", r, score[r], wanted[r]);
    }
}

#define COUNT(cases) (sizeof(cases) / sizeof *(cases))

static void likelihood_ratios_are_those_of_the_references(void **state)
{
    (void)state;
    for (size_t c = 0; c < COUNT(lira_cases); c++) {
        numbers n;
        double score[ROWS];
        read_matrix(lira_cases[c].matrix, &n);
        assert_int_equal(lira(&lira_cases[c].test, &n, score, NULL), TL_OK);
        assert_close(score, lira_cases[c].score, n.confidence.rows);
    }
}

static void calibrated_scores_are_those_of_the_reference(void **state)
{
    (void)state;
    for (size_t c = 0; c < COUNT(calibration_cases); c++) {
        numbers n;
        double score[ROWS];
        read_matrix(calibration_cases[c].matrix, &n);
        assert_int_equal(calibrated(&n, score, NULL), TL_OK);
        assert_close(score, calibration_cases[c].score, n.confidence.rows);
    }
}

static void relative_scores_are_those_of_the_references(void **state)
{
    (void)state;
    for (size_t c = 0; c < COUNT(relative_cases); c++) {
        numbers n;
        double score[ROWS];
        read_matrix(relative_cases[c].matrix, &n);
        assert_int_equal(relative(&relative_cases[c].test, &n, score, NULL), TL_OK);
        assert_close(score, relative_cases[c].score, n.rows.shadows.rows);
    }
}

/* Row 0 and the first of the population are alike: the paper counts a ratio of gamma, the
 * programs do not. */
static void a_ratio_of_gamma_counts_in_the_paper_alone(void **state)
{
    (void)state;
    numbers n;
    read_matrix(EVEN, &n);
    for (int scoring = TL_RELATIVE_PAPER; scoring <= TL_RELATIVE_LEAKPRO; scoring++) {
        const tl_relative test = {(tl_relative_scoring)scoring, false, 1.0, 0.3};
        double score[ROWS], alone[ROWS];
        n.population.shadows.rows = 15;
        assert_int_equal(relative(&test, &n, score, NULL), TL_OK);
        tl_relative_rows first = n.population;
        double z[12];
        for (int m = 0; m < 12; m++) z[m] = n.z[(size_t)m * 15];
        first.shadows = (tl_shadow_values){12, 1, z, NULL};
        tl_arena arena = tl_arena_open(0);
        assert_int_equal(tl_relative_score(&test, &n.rows, &first, &arena, alone, NULL),
                         TL_OK);
        tl_arena_close(&arena);
        if (scoring != TL_RELATIVE_PRIVACY_METER) /* there zeros of models with row 0 */
            assert_true(alone[0] == (scoring == TL_RELATIVE_PAPER ? 1.0 : 0.0));
        assert_true(score[0] < 1.0);
    }
}

/* Two models, at 1 and -1: the score is the logarithm of the standard normal distribution.
 * Wanted: log(erfc(-y/sqrt(2))/2) by mpmath with 40 digits. */
static void the_distribution_is_right_far_in_its_tails(void **state)
{
    (void)state;
    static const double cases[][2] = {
        {9.0, -1.1285884059538405e-19}, {3.0, -0.0013508099647481938},
        {0.0, -0.6931471805599453},     {-8.0, -35.01343715991455},
        {-34.9, -613.4772446953714},    {-35.1, -620.4829497048892},
        {-36.0, -652.5032275937984},    {-40.0, -804.6084420137538},
        {-60.0, -1805.0135606805673}};
    const tl_lira test = {TL_LIRA_LEAKPRO, false, false};
    const double value[2] = {1.0, -1.0};
    const tl_shadow_values out = {2, 1, value, NULL};
    tl_arena arena = tl_arena_open(0);
    for (size_t c = 0; c < COUNT(cases); c++) {
        double score;
        assert_int_equal(tl_lira_score(&test, &out, &cases[c][0], &arena, &score, NULL),
                         TL_OK);
        assert_true(fabs(score - cases[c][1]) <= 1e-13 * fabs(cases[c][1]));
    }
    tl_arena_close(&arena);
}

/* LeakPro adds 1e-6: x has .5/(0 + 1e-6), z has 1/(2e-6 + 1e-6), a ratio of 1.5. */
static void leakpro_adds_a_millionth(void **state)
{
    (void)state;
    const double p[2] = {0.0, 2e-6}, target[2] = {0.5, 1.0};
    const tl_relative_rows x = {{1, 1, p, NULL}, target},
                           z = {{1, 1, p + 1, NULL}, target + 1};
    tl_arena arena = tl_arena_open(0);
    for (int i = 0; i < 2; i++) {
        const tl_relative test = {TL_RELATIVE_LEAKPRO, true, i ? 1.51 : 1.49, 0.0};
        double score;
        assert_int_equal(tl_relative_score(&test, &x, &z, &arena, &score, NULL), TL_OK);
        assert_true(score == (i ? 0.0 : 1.0));
    }
    tl_arena_close(&arena);
}

/* The authors' code truncates each row to the fewest values that one has; the others do
 * not. */
static void
a_row_with_few_values_shortens_the_others_in_the_authors_code_alone(void **state)
{
    (void)state;
    for (int scoring = TL_LIRA_ALL; scoring <= TL_LIRA_LEAKPRO; scoring++) {
        const tl_lira test = {(tl_lira_scoring)scoring, true, true};
        double before[ROWS], after[ROWS];
        numbers n;
        read_matrix(EVEN, &n);
        assert_int_equal(lira(&test, &n, before, NULL), TL_OK);
        for (int m = 2; m < 12; m++) n.in[(size_t)m * ROWS + 1] = false; /* one is left */
        assert_int_equal(lira(&test, &n, after, NULL), TL_OK);
        int changed = 0;
        for (int r = 0; r < ROWS; r++) {
            /* without a deviation of its own, row 3 takes all rows' in TL_LIRA_ALL */
            changed += r != 1 && r != 3 && after[r] != before[r];
        }
        if (scoring == TL_LIRA_CARLINI)
            assert_true(changed > 10);
        else
            assert_int_equal(changed, 0);
    }
}

/* In SPARSE no model trained on row 0, and all did on row 1. */
static void rows_without_a_side_are_refused_where_no_rule_is(void **state)
{
    (void)state;
    static const struct {
        tl_lira test;
        const char *text; /* NULL: it has a rule */
    } cases[] = {
        {{TL_LIRA_ALL, true, true}, NULL},
        {{TL_LIRA_POOLED, true, true}, NULL},
        {{TL_LIRA_CARLINI, true, false}, "trained without row 1"},
        {{TL_LIRA_CARLINI, false, false}, "trained without row 1"},
        {{TL_LIRA_LEAKPRO, true, false}, "trained without row 1"},
        {{TL_LIRA_LEAKPRO, false, true}, "trained without row 1"},
    };
    for (size_t c = 0; c < COUNT(cases); c++) {
        numbers n;
        double score[ROWS];
        tl_err err = {0};
        read_matrix(SPARSE, &n);
        const tl_status status = lira(&cases[c].test, &n, score, &err);
        assert_int_equal(status, cases[c].text ? TL_E_ARG : TL_OK);
        if (cases[c].text) assert_non_null(strstr(err.text, cases[c].text));
        /* with a model without row 1 it is row 0 that lacks one, online */
        n.in[1] = false;
        err = (tl_err){0};
        const bool is_refused = cases[c].text && cases[c].test.is_online;
        assert_int_equal(lira(&cases[c].test, &n, score, &err),
                         is_refused ? TL_E_ARG : TL_OK);
        if (is_refused) assert_non_null(strstr(err.text, "trained on row 0"));
    }
    numbers n;
    double score[ROWS];
    read_matrix(SPARSE, &n);
    const tl_relative leakpro = {TL_RELATIVE_LEAKPRO, false, 2.0, 0.33};
    assert_int_equal(relative(&leakpro, &n, score, NULL), TL_E_ARG);
}

static void a_side_that_no_row_has_is_refused(void **state)
{
    (void)state;
    static const tl_lira pooled = {TL_LIRA_POOLED, true, false},
                         all = {TL_LIRA_ALL, true, true};
    const tl_relative paper = {TL_RELATIVE_PAPER, false, 1.0, 0.3},
                      meter = {TL_RELATIVE_PRIVACY_METER, true, 1.0, 0.3};
    numbers n;
    double score[ROWS];
    tl_err err = {0};
    read_matrix(EVEN, &n);
    assert_int_equal(relative(&meter, &n, score, &err), TL_E_ARG);
    assert_non_null(strstr(err.text, "no online variant"));
    memset(n.in, 1, sizeof n.in);
    assert_int_equal(lira(&pooled, &n, score, NULL), TL_E_ARG);
    assert_int_equal(calibrated(&n, score, NULL), TL_E_ARG);
    assert_int_equal(relative(&paper, &n, score, NULL), TL_E_ARG);
    assert_int_equal(lira(&all, &n, score, NULL), TL_OK);
    for (int r = 0; r < ROWS; r++) assert_true(isfinite(score[r]) != 0);
    n.population.shadows.rows = 0;
    memset(n.in, 0, sizeof n.in);
    err = (tl_err){0};
    assert_int_equal(relative(&paper, &n, score, &err), TL_E_ARG);
    assert_non_null(strstr(err.text, "population"));
}

/* As a stage uses it: confidences become scores in place, and an arena that is too small or
 * counts is told so. */
static void scores_may_replace_their_input(void **state)
{
    (void)state;
    const tl_lira test = {TL_LIRA_ALL, true, false};
    numbers n;
    double score[ROWS];
    read_matrix(EVEN, &n);
    assert_int_equal(lira(&test, &n, score, NULL), TL_OK);
    assert_int_equal(lira(&test, &n, n.target, NULL), TL_OK);
    assert_memory_equal(n.target, score, sizeof score);
    const tl_relative paper = {TL_RELATIVE_PAPER, true, 1.0, 0.3};
    assert_int_equal(relative(&paper, &n, score, NULL), TL_OK);
    assert_int_equal(relative(&paper, &n, n.p_target, NULL), TL_OK);
    assert_memory_equal(n.p_target, score, sizeof score);
    tl_arena small = tl_arena_open(64), counter = tl_arena_counter();
    assert_int_equal(tl_lira_score(&test, &n.confidence, n.target, &small, score, NULL),
                     TL_E_NOMEM);
    assert_int_equal(tl_relative_score(&paper, &n.rows, &n.population, &small, score, NULL),
                     TL_E_NOMEM);
    tl_arena_close(&small);
    tl_arena real = tl_arena_open(0);
    assert_int_equal(tl_relative_score(&paper, &n.rows, &n.population, &real, score, NULL),
                     TL_OK);
    assert_int_equal(
        tl_relative_score(&paper, &n.rows, &n.population, &counter, NULL, NULL), TL_OK);
    assert_int_equal(real.peak, counter.peak);
    assert_int_equal(counter.used, 0);
    tl_arena_close(&real);
    tl_arena_close(&counter);
}

/* --- for tests/peers/lira_scores.py --------------------------------------------------- */

static void print_scores(const double *score, int rows)
{
    for (int r = 0; r < rows; r++) printf(" %.17g", score[r]);
    printf("\n");
}

static int print_all(void)
{
    numbers n;
    double score[ROWS];
    static const char *const lira_names[] = {"TL_LIRA_ALL", "TL_LIRA_CARLINI",
                                             "TL_LIRA_POOLED", "TL_LIRA_LEAKPRO"};
    static const char *const relative_names[] = {
        "TL_RELATIVE_PAPER", "TL_RELATIVE_PRIVACY_METER", "TL_RELATIVE_LEAKPRO"};
    static const char *const truth[] = {"false", "true"};
    for (size_t c = 0; c < COUNT(lira_cases); c++) {
        const tl_lira *test = &lira_cases[c].test;
        read_matrix(lira_cases[c].matrix, &n);
        if (lira(test, &n, score, NULL) != TL_OK) return 1;
        printf("lira %s %s %s %s", matrices[lira_cases[c].matrix].name,
               lira_names[test->scoring], truth[test->is_online], truth[test->has_own_sd]);
        print_scores(score, n.confidence.rows);
    }
    for (size_t c = 0; c < COUNT(calibration_cases); c++) {
        read_matrix(calibration_cases[c].matrix, &n);
        if (calibrated(&n, score, NULL) != TL_OK) return 1;
        printf("calibration %s", matrices[calibration_cases[c].matrix].name);
        print_scores(score, n.confidence.rows);
    }
    for (size_t c = 0; c < COUNT(relative_cases); c++) {
        const tl_relative *test = &relative_cases[c].test;
        read_matrix(relative_cases[c].matrix, &n);
        if (relative(test, &n, score, NULL) != TL_OK) return 1;
        printf("relative %s %s %s %.17g %.17g", matrices[relative_cases[c].matrix].name,
               relative_names[test->scoring], truth[test->is_online], test->gamma, test->a);
        print_scores(score, n.rows.shadows.rows);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "print") == 0) return print_all();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(likelihood_ratios_are_those_of_the_references),
        cmocka_unit_test(calibrated_scores_are_those_of_the_reference),
        cmocka_unit_test(relative_scores_are_those_of_the_references),
        cmocka_unit_test(a_ratio_of_gamma_counts_in_the_paper_alone),
        cmocka_unit_test(the_distribution_is_right_far_in_its_tails),
        cmocka_unit_test(leakpro_adds_a_millionth),
        cmocka_unit_test(
            a_row_with_few_values_shortens_the_others_in_the_authors_code_alone),
        cmocka_unit_test(rows_without_a_side_are_refused_where_no_rule_is),
        cmocka_unit_test(a_side_that_no_row_has_is_refused),
        cmocka_unit_test(scores_may_replace_their_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
