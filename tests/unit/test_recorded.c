/*
 * Recorded answers in a target's place: a session on them answers as one on the model does,
 * for the rows recorded and no others; a file keeps them as they are.
 */
#include "compute/core/blas.h"
#include "experiments/method/target_reading.h"
#include "experiments/stage/part_table.h"
#include "tests/support/file_bytes.h"
#include "tests/support/team_threads.h"
#include "tests/support/toy_world.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

enum { ROWS = 100, MOST = 1 << 16 };

typedef struct room {
    toy_world toy;
    const tl_dataset *pool;
    tl_team alone;
    tl_recorded scores, logits; /* of the first ROWS rows of the pool */
    float *logit;               /* [pool rows x classes] of the target */
    tl_err err;
} room;

static int by_question(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(tl_key));
}

/* What the target says about the first ROWS rows, as a file would have it. */
static tl_recorded record(room *it, bool has_logits)
{
    const int classes = it->pool->classes, size = tl_shape_size(it->pool->shape);
    tl_recorded out = {.label = "said.npz",
                       .rows = ROWS,
                       .size = size,
                       .classes = classes,
                       .has_logits = has_logits,
                       .content = tl_key_of(has_logits ? "l" : "s", 1)};
    out.question = tl_arena_take(&it->toy.arena, ROWS, sizeof *out.question, NULL);
    out.answer =
        tl_arena_take(&it->toy.arena, (size_t)(ROWS * classes), sizeof *out.answer, NULL);
    assert_true(out.question && out.answer);
    for (int i = 0; i < ROWS; i++)
        out.question[i] =
            tl_key_of(it->pool->input + i * size, (size_t)size * sizeof(float));
    tl_key unsorted[ROWS];
    memcpy(unsorted, out.question, sizeof unsorted);
    qsort(out.question, ROWS, sizeof *out.question, by_question);
    for (int i = 0; i < ROWS; i++) {
        int place = 0;
        while (!tl_key_equal(&out.question[place], &unsorted[i])) place++;
        double *row = out.answer + place * classes, sum = 0.0;
        for (int c = 0; c < classes; c++) {
            row[c] = (double)it->logit[i * classes + c];
            if (!has_logits) sum += row[c] = exp(row[c]);
        }
        for (int c = 0; c < classes && !has_logits; c++) row[c] /= sum;
    }
    return out;
}

static int open_room(void **state)
{
    room *it = calloc(1, sizeof *it);
    assert_non_null(it);
    tl_blas_start();
    toy_world_open(&it->toy, NULL);
    toy_do(&it->toy, "train", NULL, NULL);
    it->alone = tl_team_alone();
    it->pool = it->toy.world.data[TL_PART_POOL];
    it->logit = tl_arena_take(&it->toy.arena, (size_t)(it->pool->rows * it->pool->classes),
                              sizeof *it->logit, NULL);
    assert_non_null(it->logit);
    assert_int_equal(tl_model_logits(it->toy.world.model[TL_PART_TARGET], it->pool->input,
                                     it->pool->rows, &it->alone, &it->toy.arena, it->logit,
                                     NULL),
                     TL_OK);
    it->scores = record(it, false);
    it->logits = record(it, true);
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

/* Asks about `rows` rows from `first` on; of the model where `recorded` is NULL. */
static tl_status ask(room *it, const tl_recorded *recorded, tl_answers kind, int first,
                     int rows, float *answer)
{
    const tl_session_options options = {
        .service = tl_service_plain(),
        .model = recorded ? NULL : it->toy.world.model[TL_PART_TARGET],
        .recorded = recorded,
        .budget = ROWS};
    const tl_question question = {.input = it->pool->input +
                                           first * tl_shape_size(it->pool->shape),
                                  .rows = rows,
                                  .kind = kind};
    tl_session *session;
    it->err = (tl_err){0};
    assert_int_equal(tl_session_open(&options, &it->toy.arena, &session, NULL), TL_OK);
    return tl_session_ask(session, &question, &it->alone, &it->toy.arena, answer, &it->err);
}

static void they_say_what_the_model_says(void **state)
{
    room *it = *state;
    static float by_model[ROWS * 8], by_record[ROWS * 8];
    const tl_answers kinds[] = {TL_ANSWER_SCORES, TL_ANSWER_LABELS, TL_ANSWER_LOGITS};
    for (int k = 0; k < 3; k++) {
        for (int l = k == 2; l < 2; l++) { /* logits are said by logits alone */
            const tl_recorded *recorded = l ? &it->logits : &it->scores;
            assert_int_equal(ask(it, NULL, kinds[k], 0, ROWS, by_model), TL_OK);
            assert_int_equal(ask(it, recorded, kinds[k], 0, ROWS, by_record), TL_OK);
            for (int i = 0; i < ROWS * it->pool->classes; i++) {
                if (fabsf(by_model[i] - by_record[i]) > 1e-6F)
                    fail_msg("kind %d: %g by the model, %g recorded", k,
                             (double)by_model[i], (double)by_record[i]);
            }
        }
    }
}

static void other_rows_and_other_questions_are_refused(void **state)
{
    room *it = *state;
    float answer[16 * 8];
    assert_int_equal(ask(it, &it->scores, TL_ANSWER_SCORES, ROWS - 2, 4, answer), TL_E_ARG);
    assert_non_null(strstr(it->err.text, "said.npz has no answer to row 2 of the 4"));
    assert_int_equal(ask(it, &it->scores, TL_ANSWER_LOGITS, 0, 4, answer), TL_E_ARG);
    assert_non_null(strstr(it->err.text, "said.npz has scores and no logits"));
    /* A pixel that differs is another question. */
    float *input = it->toy.world.data[TL_PART_POOL]->input;
    const float before = input[0];
    input[0] = before > 0.5F ? before - 0.25F : before + 0.25F;
    assert_int_equal(ask(it, &it->scores, TL_ANSWER_SCORES, 0, 1, answer), TL_E_ARG);
    input[0] = before;
    assert_int_equal(ask(it, &it->scores, TL_ANSWER_SCORES, 0, 1, answer), TL_OK);
}

static void a_file_keeps_them(void **state)
{
    room *it = *state;
    char path[] = "/tmp/tl_recorded_XXXXXX";
    static unsigned char bytes[MOST], damaged[MOST];
    const tl_key step = {{1, 2, 3}}, other = {{4}};
    const tl_part_ops *ops = tl_part_of(TL_PART_TARGET);
    tl_world world = {.recorded = &it->logits}, read = {0};
    const int file = mkstemp(path);
    assert_true(file >= 0 && close(file) == 0);
    assert_int_equal(ops->save(&world, TL_PART_TARGET, &step, NULL, path, &it->err), TL_OK);
    assert_int_equal(
        ops->load(&read, TL_PART_TARGET, &step, NULL, path, &it->toy.arena, &it->err),
        TL_OK);
    const tl_recorded *again = read.recorded;
    assert_true(again && !read.model[TL_PART_TARGET]);
    assert_string_equal(again->label, "said.npz");
    assert_true(again->rows == ROWS && again->size == it->logits.size && again->has_logits);
    assert_memory_equal(again->question, it->logits.question, ROWS * sizeof(tl_key));
    assert_memory_equal(again->answer, it->logits.answer,
                        (size_t)(ROWS * again->classes) * sizeof(double));
    assert_true(tl_key_equal(&again->content, &it->logits.content));
    assert_int_equal(
        ops->load(&read, TL_PART_TARGET, &other, NULL, path, &it->toy.arena, &it->err),
        TL_E_FORMAT);
    const size_t n = file_read(path, bytes, MOST);
    for (size_t at = 0; at < n; at += 97) {
        memcpy(damaged, bytes, n);
        damaged[at] ^= 1;
        file_write(path, damaged, n);
        assert_int_not_equal(
            ops->load(&read, TL_PART_TARGET, &step, NULL, path, &it->toy.arena, &it->err),
            TL_OK);
    }
    assert_int_equal(remove(path), 0);
}

/* A target of either kind goes through the same part; measures on it are the same. */
static void utility_is_the_same(void **state)
{
    room *it = *state;
    const tl_dataset *test = it->toy.world.data[TL_PART_TEST];
    tl_dataset own = *it->pool;
    tl_measure by_model[TL_MAX_METRICS], by_record[TL_MAX_METRICS];
    own.rows = ROWS;
    it->toy.world.data[TL_PART_POOL] = it->toy.world.data[TL_PART_TEST] = &own;
    toy_do(&it->toy, "measure.utility", NULL, by_model);
    const tl_model *target = it->toy.world.model[TL_PART_TARGET];
    it->toy.world.model[TL_PART_TARGET] = NULL;
    it->toy.world.recorded = &it->scores;
    toy_do(&it->toy, "measure.utility", NULL, by_record);
    const char *const metric[] = {"accuracy", "auc", "loss", "brier", "train_loss"};
    for (size_t m = 0; m < sizeof metric / sizeof *metric; m++) {
        const double a = toy_metric("measure.utility", by_model, metric[m]);
        const double b = toy_metric("measure.utility", by_record, metric[m]);
        if (!(fabs(a - b) <= 1e-6)) fail_msg("%s: %g and %g", metric[m], a, b);
    }
    it->toy.world.model[TL_PART_TARGET] = target;
    it->toy.world.recorded = NULL;
    it->toy.world.data[TL_PART_POOL] = it->pool;
    it->toy.world.data[TL_PART_TEST] = test;
}

/* --- the start of a training ---------------------------------------------------------- */

/* Without an epoch, what begins with a model is that model: target, shadows and control. */
static void trainings_begin_with_the_file(void **state)
{
    room *it = *state;
    static const char *const stage[] = {"train", "m2d.shadow_lira"};
    const tl_team alone = tl_team_alone();
    tl_model start = *it->toy.world.model[TL_PART_TARGET];
    const int epochs = it->toy.size.setup.recipe.epochs;
    it->toy.size.setup.recipe.epochs = 0;
    for (int has_start = 0; has_start < 2; has_start++) {
        it->toy.world.start = has_start ? &start : NULL;
        for (int s = 0; s < 2; s++) {
            tl_value arg[TL_MAX_PARAMS];
            toy_run run = {.stage = tl_stage_find(stage[s]), .arg = arg};
            toy_defaults(run.stage, arg);
            if (s == 0)
                toy_run_stage(&it->toy, &run, &alone);
            else
                toy_run_bank(&it->toy, &run, 1, &alone);
            assert_int_equal(run.status, TL_OK);
            const tl_model *made =
                run.given.model[s == 0 ? TL_PART_TARGET : TL_PART_SURROGATE];
            const size_t n = start.params * sizeof *start.param;
            assert_int_equal(memcmp(made->param, start.param, n) == 0, has_start);
            toy_run_close(&run);
        }
    }
    it->toy.world.start = NULL;
    it->toy.size.setup.recipe.epochs = epochs;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_say_what_the_model_says),
        cmocka_unit_test(other_rows_and_other_questions_are_refused),
        cmocka_unit_test(a_file_keeps_them),
        cmocka_unit_test(utility_is_the_same),
        cmocka_unit_test(trainings_begin_with_the_file),
    };
    return cmocka_run_group_tests(tests, open_room, close_room);
}
