/* defense.output: what each of its links does to an answer, in which order, and that all
 * off is as none at all. */
#include "compute/core/blas.h"
#include "tests/support/toy_world.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char output[] = "defense.output";
enum { ROWS = 200, CLASSES = 6 };

/* A target of six classes. */
typedef struct room {
    toy_world toy;
    const tl_dataset *pool;
    tl_team alone;
} room;

static void six(tl_setup_values *values)
{
    values->data[TL_DATA_CLASSES].number = CLASSES;
}

static int open_room(void **state)
{
    room *it = calloc(1, sizeof *it);
    assert_non_null(it);
    toy_world_open(&it->toy, six);
    toy_do(&it->toy, "train", NULL, NULL);
    it->pool = it->toy.world.data[TL_PART_POOL];
    assert_int_equal(it->pool->rows, ROWS);
    assert_int_equal(it->pool->classes, CLASSES);
    it->alone = tl_team_alone();
    *state = it;
    return 0;
}

static int close_room(void **state)
{
    room *it = *state;
    toy_world_close(&it->toy);
    free(it);
    return 0;
}

/* Settings of the defence; zero is all off but for the temperature, whose zero means 1. */
typedef struct settings {
    double digits, top_k, label_only, temperature, noise;
} settings;

/* Sets the world's service to `before` with the defence behind it. */
static void defend(room *it, const tl_service *before, const settings *with)
{
    tl_value arg[TL_MAX_PARAMS];
    toy_defaults(tl_stage_find(output), arg);
    toy_set(output, arg, "digits", with->digits);
    toy_set(output, arg, "top_k", with->top_k);
    toy_set(output, arg, "label_only", with->label_only);
    toy_set(output, arg, "temperature", with->temperature > 0.0 ? with->temperature : 1.0);
    toy_set(output, arg, "noise", with->noise);
    it->toy.world.service = before;
    toy_do(&it->toy, output, arg, NULL);
}

static tl_session *open_session(room *it)
{
    const tl_session_options options = {.service = it->toy.world.service,
                                        .model = it->toy.world.model[TL_PART_TARGET],
                                        .budget = UINT64_MAX};
    tl_session *session;
    assert_int_equal(tl_session_open(&options, &it->toy.arena, &session, NULL), TL_OK);
    return session;
}

static tl_question about(const room *it, tl_answers kind, tl_precision precision)
{
    return (tl_question){
        .input = it->pool->input, .rows = ROWS, .kind = kind, .precision = precision};
}

/* Answers about all rows, behind the world's service; answer [ROWS x CLASSES]. */
static void ask(room *it, tl_answers kind, float *answer)
{
    const tl_question question = about(it, kind, TL_PRECISION_SINGLE);
    assert_int_equal(tl_session_ask(open_session(it), &question, &it->alone, &it->toy.arena,
                                    answer, NULL),
                     TL_OK);
}

static void ask_exactly(room *it, tl_answers kind, tl_precision precision, double *answer)
{
    const tl_question question = about(it, kind, precision);
    assert_int_equal(tl_session_ask_exactly(open_session(it), &question, &it->alone,
                                            &it->toy.arena, answer, NULL),
                     TL_OK);
}

/* --- on an answer that is known ------------------------------------------------------- */

/* Answers the row that self points to. */
static void fix(const tl_service_link *link, const tl_query *query, void *state,
                double *row)
{
    (void)state;
    memcpy(row, link->self, (size_t)query->classes * sizeof *row);
}

/* What the defence makes of `row`; answer [CLASSES]. */
static void make(room *it, const double *row, const settings *with, double *answer)
{
    const tl_service_link fixed = {
        .name = "fix", .gives_logits = true, .self = row, .answer = fix};
    const tl_service *before;
    double all[ROWS * CLASSES];
    assert_int_equal(
        tl_service_add(tl_service_plain(), &fixed, &it->toy.arena, &before, NULL), TL_OK);
    defend(it, before, with);
    ask_exactly(it, TL_ANSWER_SCORES, TL_PRECISION_DOUBLE, all);
    memcpy(answer, all, CLASSES * sizeof *answer);
}

static void each_link_does_what_it_says(void **state)
{
    room *it = *state;
    const struct {
        settings with;
        double row[CLASSES], wanted[CLASSES];
    } cases[] = {
        {{0}, {0.3, 0.2, 0.2, 0.1, 0.1, 0.1}, {0.3, 0.2, 0.2, 0.1, 0.1, 0.1}},
        {{.digits = 1}, {0.449, 0.351, 0.125, 0.05, 0.02, 0.005}, {0.4, 0.4, 0.1, 0.1}},
        {{.digits = 2},
         {0.449, 0.351, 0.125, 0.05, 0.02, 0.004},
         {0.45, 0.35, 0.13, 0.05, 0.02, 0.0}},
        /* ties: the first of equal ones is kept */
        {{.top_k = 2}, {0.1, 0.25, 0.25, 0.25, 0.1, 0.05}, {0, 0.25, 0.25}},
        {{.top_k = 1}, {0.2, 0.2, 0.2, 0.2, 0.1, 0.1}, {0.2}},
        {{.top_k = 4}, {0.5, 0.5, 0, 0, 0, 0}, {0.5, 0.5}},
        {{.top_k = 5}, {0.1, 0.1, 0.1, 0.1, 0.1, 0.5}, {0.1, 0.1, 0.1, 0.1, 0, 0.5}},
        {{.top_k = 6}, {0.3, 0.2, 0.2, 0.1, 0.1, 0.1}, {0.3, 0.2, 0.2, 0.1, 0.1, 0.1}},
        {{.label_only = 1}, {0.1, 0.3, 0.3, 0.1, 0.1, 0.1}, {0, 1}},
        {{.label_only = 1}, {0, 0, 0, 0, 0, 1}, {0, 0, 0, 0, 0, 1}},
        /* the largest, and the label, are chosen before scores are rounded */
        {{.top_k = 2, .digits = 1}, {0.31, 0.28, 0.32, 0.05, 0.03, 0.01}, {0.3, 0, 0.3}},
        {{.digits = 1, .label_only = 1}, {0.31, 0.28, 0.32, 0.05, 0.03, 0.01}, {0, 0, 1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double answer[CLASSES];
        make(it, cases[i].row, &cases[i].with, answer);
        for (int c = 0; c < CLASSES; c++) {
            if (!(fabs(answer[c] - cases[i].wanted[c]) < 1e-15))
                fail_msg("case %zu, class %d: %.17g, not %.17g", i, c, answer[c],
                         cases[i].wanted[c]);
        }
    }
}

static void softening_keeps_sum_and_order(void **state)
{
    room *it = *state;
    const double row[CLASSES] = {0.5, 0.25, 0.25, 0, 0, 0};
    double soft[CLASSES], sharp[CLASSES];
    make(it, row, &(settings){.temperature = 2}, soft);
    make(it, row, &(settings){.temperature = 0.5}, sharp);
    /* p^(1/T), normalised: sqrt(2), 1, 1 and 4, 1, 1 */
    const double root = sqrt(2.0);
    assert_true(fabs(soft[0] - root / (root + 2)) < 1e-15);
    assert_true(fabs(soft[1] - 1 / (root + 2)) < 1e-15 && soft[2] == soft[1]);
    assert_true(fabs(sharp[0] - 4.0 / 6) < 1e-15 && fabs(sharp[1] - 1.0 / 6) < 1e-15);
    for (int c = 3; c < CLASSES; c++) assert_true(soft[c] == 0.0 && sharp[c] == 0.0);
    /* Where scores are so uneven that their powers vanish, they still sum to 1. */
    const double steep[CLASSES] = {1e-300, 1, 0, 0, 0, 0};
    make(it, steep, &(settings){.temperature = 0.01}, sharp);
    assert_true(sharp[1] == 1.0 && sharp[0] == 0.0);
}

/* --- on a model's answers ------------------------------------------------------------- */

static void all_off_is_no_link(void **state)
{
    room *it = *state;
    static const tl_answers kind[] = {TL_ANSWER_SCORES, TL_ANSWER_LOGITS, TL_ANSWER_LABELS};
    for (size_t k = 0; k < 3; k++) {
        float plain[ROWS * CLASSES], off[ROWS * CLASSES];
        double exact[2][ROWS * CLASSES], exact_off[ROWS * CLASSES];
        it->toy.world.service = tl_service_plain();
        ask(it, kind[k], plain);
        ask_exactly(it, kind[k], TL_PRECISION_DOUBLE, exact[TL_PRECISION_DOUBLE]);
        ask_exactly(it, kind[k], TL_PRECISION_SINGLE, exact[TL_PRECISION_SINGLE]);
        defend(it, tl_service_plain(), &(settings){0});
        assert_int_equal(it->toy.world.service->links, 1);
        ask(it, kind[k], off);
        assert_memory_equal(off, plain, sizeof plain);
        for (int p = 0; p < 2; p++) {
            ask_exactly(it, kind[k], (tl_precision)p, exact_off);
            assert_memory_equal(exact_off, exact[p], sizeof exact_off);
        }
    }
}

/* softmax(logits / T) of a row, in double precision. */
static void soften(const double *logit, double temperature, double *p)
{
    double most = logit[0], sum = 0.0;
    for (int c = 1; c < CLASSES; c++) most = fmax(most, logit[c]);
    for (int c = 0; c < CLASSES; c++) sum += p[c] = exp((logit[c] - most) / temperature);
    for (int c = 0; c < CLASSES; c++) p[c] /= sum;
}

static void logits_and_scores_are_softened_alike(void **state)
{
    room *it = *state;
    static double plain[ROWS * CLASSES], logit[ROWS * CLASSES], score[ROWS * CLASSES];
    float single[ROWS * CLASSES];
    it->toy.world.service = tl_service_plain();
    ask_exactly(it, TL_ANSWER_LOGITS, TL_PRECISION_DOUBLE, plain);
    static const double temperature[] = {0.5, 2, 10};
    for (size_t t = 0; t < 3; t++) {
        defend(it, tl_service_plain(), &(settings){.temperature = temperature[t]});
        assert_null(tl_service_withholds_logits(it->toy.world.service));
        ask_exactly(it, TL_ANSWER_LOGITS, TL_PRECISION_DOUBLE, logit);
        ask_exactly(it, TL_ANSWER_SCORES, TL_PRECISION_DOUBLE, score);
        ask(it, TL_ANSWER_SCORES, single);
        for (int r = 0; r < ROWS; r++) {
            double of_plain[CLASSES], of_answer[CLASSES];
            soften(plain + r * CLASSES, temperature[t], of_plain);
            soften(logit + r * CLASSES, 1.0, of_answer);
            for (int c = 0; c < CLASSES; c++) {
                assert_true(fabs(of_plain[c] - of_answer[c]) < 1e-14);
                assert_true(fabs(of_plain[c] - score[r * CLASSES + c]) < 1e-14);
                assert_true(fabs(of_plain[c] - (double)single[r * CLASSES + c]) < 1e-5);
            }
        }
    }
}

/* Links see doubles: what is asked exactly is rounded once, and to the last digit. */
static void links_work_in_double_precision(void **state)
{
    room *it = *state;
    static double plain[ROWS * CLASSES], rounded[ROWS * CLASSES], noisy[ROWS * CLASSES],
        noisy_single[ROWS * CLASSES];
    it->toy.world.service = tl_service_plain();
    ask_exactly(it, TL_ANSWER_SCORES, TL_PRECISION_DOUBLE, plain);
    defend(it, tl_service_plain(), &(settings){.digits = 7});
    ask_exactly(it, TL_ANSWER_SCORES, TL_PRECISION_DOUBLE, rounded);
    defend(it, tl_service_plain(), &(settings){.noise = 1e-3});
    ask_exactly(it, TL_ANSWER_SCORES, TL_PRECISION_DOUBLE, noisy);
    ask_exactly(it, TL_ANSWER_SCORES, TL_PRECISION_SINGLE, noisy_single);
    int fine = 0;
    for (int i = 0; i < ROWS * CLASSES; i++) {
        assert_true(rounded[i] == round(plain[i] * 1e7) / 1e7);
        assert_true(fabs(noisy[i] - noisy_single[i]) < 1e-6); /* the same noise */
        fine += noisy[i] != (double)(float)noisy[i];
    }
    assert_true(fine > ROWS); /* no float was in between */
}

static void noise_is_normal_and_equal_for_equal_questions(void **state)
{
    room *it = *state;
    enum { SCORES = ROWS * CLASSES };
    static const double sd = 0.02;
    float plain[SCORES], noisy[SCORES], again[SCORES];
    it->toy.world.service = tl_service_plain();
    ask(it, TL_ANSWER_SCORES, plain);
    defend(it, tl_service_plain(), &(settings){.noise = sd});
    ask(it, TL_ANSWER_SCORES, noisy);
    ask(it, TL_ANSWER_SCORES, again);
    assert_memory_equal(again, noisy, sizeof noisy);
    double sum = 0.0, square = 0.0;
    int inside = 0;
    for (int i = 0; i < SCORES; i++) {
        assert_true(noisy[i] >= 0.0f && noisy[i] <= 1.0f);
        if (plain[i] < 0.1f || plain[i] > 0.9f) continue; /* five sd from either end */
        const double off = (double)noisy[i] - (double)plain[i];
        sum += off;
        square += off * off;
        inside++;
    }
    assert_true(inside > 300);
    /* Four standard errors of the mean, and of the standard deviation. */
    assert_true(fabs(sum / inside) < 4 * sd / sqrt(inside));
    assert_true(fabs(sqrt(square / inside) / sd - 1) < 4 / sqrt(2.0 * inside));
    toy_world *toy = &it->toy; /* another replicate draws other noise */
    toy->replicate++;
    defend(it, tl_service_plain(), &(settings){.noise = sd});
    ask(it, TL_ANSWER_SCORES, again);
    int equal = 0;
    for (int i = 0; i < SCORES; i++) equal += again[i] == noisy[i];
    assert_true(equal < SCORES / 20);
}

/* An attacker who rebuilds the defence knows what it does, not what it draws. */
static void noise_of_rebuilt_services_is_its_own(void **state)
{
    room *it = *state;
    enum { SCORES = ROWS * CLASSES };
    static float answer[4]
                       [SCORES]; /* of the target, and of the same model as copies 1..3 */
    const tl_question question = about(it, TL_ANSWER_SCORES, TL_PRECISION_SINGLE);
    defend(it, tl_service_plain(), &(settings){.noise = 0.02});
    tl_session *session = open_session(it);
    ask(it, TL_ANSWER_SCORES, answer[0]);
    for (int copy = 1; copy < 4; copy++) {
        tl_session *own;
        assert_int_equal(tl_session_own(session, it->toy.world.model[TL_PART_TARGET],
                                        (uint64_t)copy, true, &it->toy.arena, &own, NULL),
                         TL_OK);
        assert_int_equal(
            tl_session_ask(own, &question, &it->alone, &it->toy.arena, answer[copy], NULL),
            TL_OK);
    }
    float plain[SCORES];
    it->toy.world.service = tl_service_plain();
    ask(it, TL_ANSWER_SCORES, plain);
    for (int a = 0; a < 4; a++) {
        for (int b = 0; b < a; b++) {
            double both = 0.0, of_a = 0.0, of_b = 0.0;
            int inside = 0;
            for (int i = 0; i < SCORES; i++) {
                if (plain[i] < 0.1f || plain[i] > 0.9f) continue; /* never cut off */
                const double x = (double)(answer[a][i] - plain[i]);
                const double y = (double)(answer[b][i] - plain[i]);
                both += x * y;
                of_a += x * x;
                of_b += y * y;
                inside++;
            }
            assert_true(inside > 300 && of_a > 0.0 && of_b > 0.0);
            assert_true(fabs(both / sqrt(of_a * of_b)) <
                        4 / sqrt(inside)); /* no relation */
        }
    }
}

static void what_it_withholds_is_known_beforehand(void **state)
{
    room *it = *state;
    const settings withholding[] = {
        {.digits = 3}, {.top_k = 2}, {.label_only = 1}, {.noise = 0.01}};
    tl_value arg[TL_MAX_PARAMS];
    const tl_stage *stage = tl_stage_find(output);
    toy_defaults(stage, arg);
    assert_false(tl_stage_withholds_logits(stage, arg));
    toy_set(output, arg, "temperature", 3);
    assert_false(tl_stage_withholds_logits(stage, arg));
    for (size_t i = 0; i < sizeof withholding / sizeof *withholding; i++) {
        toy_defaults(stage, arg);
        toy_set(output, arg, "digits", withholding[i].digits);
        toy_set(output, arg, "top_k", withholding[i].top_k);
        toy_set(output, arg, "label_only", withholding[i].label_only);
        toy_set(output, arg, "noise", withholding[i].noise);
        assert_true(tl_stage_withholds_logits(stage, arg));
        defend(it, tl_service_plain(), &withholding[i]);
        const tl_question question = about(it, TL_ANSWER_LOGITS, TL_PRECISION_SINGLE);
        float answer[ROWS * CLASSES];
        tl_err err = {0};
        assert_int_equal(tl_session_ask(open_session(it), &question, &it->alone,
                                        &it->toy.arena, answer, &err),
                         TL_E_ARG);
        assert_non_null(strstr(err.text, "defense.output gives no logits"));
    }
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, open_room, close_room)

int main(void)
{
    tl_blas_start();
    const struct CMUnitTest tests[] = {
        FACT(each_link_does_what_it_says),
        FACT(softening_keeps_sum_and_order),
        FACT(all_off_is_no_link),
        FACT(logits_and_scores_are_softened_alike),
        FACT(links_work_in_double_precision),
        FACT(noise_is_normal_and_equal_for_equal_questions),
        FACT(noise_of_rebuilt_services_is_its_own),
        FACT(what_it_withholds_is_known_beforehand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
