/*
 * Stages that mark, clean, poison and filter data: what each does to rows, labels and
 * flags. How well they do it is measured in tests/science.
 */
#include "experiments/stage/stage_memory.h"
#include "tests/support/team_threads.h"
#include "experiments/stage/part_table.h"
#include "tests/support/toy_world.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

typedef struct args {
    tl_value value[TL_MAX_PARAMS];
} args;

static void set(args *arg, const char *stage, const char *name, double number)
{
    arg->value[tl_params_find(tl_stage_find(stage)->params, name)].number = number;
}

static args with(const char *stage, const char *name, double number)
{
    args out;
    toy_defaults(tl_stage_find(stage), out.value);
    if (name) set(&out, stage, name, number);
    return out;
}

static tl_measure of(const tl_measure *measure, const tl_metric *metrics, const char *name)
{
    int at = 0;
    while (strcmp(metrics[at].name, name) != 0) at++;
    return measure[at];
}

static const tl_dataset *pool_of(const toy_world *toy)
{
    return toy->world.data[TL_PART_POOL];
}

/* --- watermark of the data ------------------------------------------------------------ */

static const char marking[] = "defense.data_watermark";

static void marking_alters_all_images_and_nothing_else(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, NULL);
    const tl_dataset *plain = pool_of(&toy);
    toy_do(&toy, marking, NULL, NULL);
    const tl_dataset *marked = pool_of(&toy);
    assert_ptr_equal(marked->label, plain->label);
    assert_ptr_equal(marked->flags, plain->flags);
    const size_t bytes = 28 * 28 * sizeof(float);
    for (size_t i = 0; i < (size_t)plain->rows; i++) {
        assert_memory_not_equal(marked->input + 784 * i, plain->input + 784 * i, bytes);
    }
    assert_non_null(toy.world.marks);
    assert_int_equal(toy.world.marks->mark[0].watermark.bits, 16);
    toy_world_close(&toy);
}

static void a_second_mark_has_another_key(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, NULL);
    toy_do(&toy, marking, NULL, NULL);
    const tl_mark first = toy.world.marks->mark[0];
    toy.world.marks = NULL;
    toy.replicate = 1;
    toy_do(&toy, marking, NULL, NULL);
    uint32_t a[4], b[4];
    tl_rng_block(&first.watermark.key, 0, a);
    tl_rng_block(&toy.world.marks->mark[0].watermark.key, 0, b);
    assert_memory_not_equal(a, b, sizeof a);
    toy_world_close(&toy);
}

static void marks_are_judged_on_rows_that_nobody_poisoned(void **state)
{
    (void)state;
    const tl_metric *metrics = tl_stage_find(marking)->judge_metrics;
    static const double rate[] = {0.0, 0.4, 1.0};
    for (int r = 0; r < 3; r++) {
        toy_world toy;
        tl_measure measure[TL_MAX_METRICS];
        toy_world_open(&toy, NULL);
        toy_do(&toy, marking, NULL, NULL);
        toy_do(&toy, "d2m.blended", with("d2m.blended", "rate", rate[r]).value, NULL);
        int clean = 0;
        for (int i = 0; i < pool_of(&toy)->rows; i++) {
            clean += !(pool_of(&toy)->flags[i] & TL_ROW_POISONED);
        }
        toy_judge(&toy, marking, NULL, TL_PART_POOL, measure);
        const tl_measure bits = of(measure, metrics, "bits");
        if (clean == 0) {
            assert_int_equal(bits.why, TL_WHY_UNRESOLVABLE);
        } else {
            assert_true(bits.value == 1.0 && bits.n == 16.0 * clean);
            assert_true(of(measure, metrics, "detection").n == clean);
        }
        assert_true(of(measure, metrics, "false_alarm").n == 130.0);
        toy_world_close(&toy);
    }
}

/* --- removal -------------------------------------------------------------------------- */

static const char removal[] = "d2d.watermark_removal";
enum { NONE, MEDIAN, BLUR, JPEG, REGENERATE, METHODS };

static args by(double method)
{
    args arg = with(removal, "method", method);
    set(&arg, removal, "examples", 200);
    set(&arg, removal, "epochs", 4);
    set(&arg, removal, "width", 4);
    return arg;
}

static void nothing_is_what_none_does(void **state)
{
    (void)state;
    toy_world toy;
    tl_measure measure[TL_MAX_METRICS];
    const tl_metric *metrics = tl_stage_find(removal)->metrics;
    toy_world_open(&toy, NULL);
    const tl_dataset *before = pool_of(&toy);
    toy_do(&toy, removal, by(NONE).value, measure);
    assert_ptr_equal(pool_of(&toy)->input, before->input);
    assert_true(fabs(of(measure, metrics, "ssim").value - 1.0) < 1e-12);
    assert_int_equal(of(measure, metrics, "psnr").why, TL_WHY_NOT_APPLICABLE);
    toy_world_close(&toy);
}

static void removal_alters_all_rows_alike(void **state)
{
    (void)state;
    const tl_metric *metrics = tl_stage_find(removal)->metrics;
    for (int method = MEDIAN; method < METHODS; method++) {
        toy_world toy;
        tl_measure measure[TL_MAX_METRICS];
        toy_world_open(&toy, NULL);
        toy_do(&toy, "d2m.label_flip", NULL, NULL);
        const tl_dataset *before = pool_of(&toy);
        toy_do(&toy, removal, by(method).value, measure);
        const tl_dataset *after = pool_of(&toy);
        assert_ptr_equal(after->label, before->label);
        assert_ptr_equal(after->flags, before->flags);
        const size_t bytes = 28 * 28 * sizeof(float);
        for (size_t i = 0; i < (size_t)before->rows; i++) {
            assert_memory_not_equal(after->input + 784 * i, before->input + 784 * i, bytes);
            for (size_t j = 784 * i; j < 784 * (i + 1); j++) {
                assert_true(after->input[j] >= 0.0f && after->input[j] <= 1.0f);
            }
        }
        const double ssim = of(measure, metrics, "ssim").value;
        assert_true(ssim > 0.0 && ssim < 1.0); /* an autoencoder of 28 updates */
        assert_true(of(measure, metrics, "psnr").value > 10.0);
        toy_world_close(&toy);
    }
}

typedef struct crew {
    const toy_world *toy;
    toy_run run[8];
} crew;

static void run_member(const tl_team *team, void *self)
{
    crew *all = self;
    toy_run_stage(all->toy, &all->run[team->rank], team);
}

static tl_key key_of(const toy_run *run)
{
    tl_hash hash = {0};
    tl_world_hash(&run->given, &hash);
    return tl_hash_end(&hash);
}

static void regeneration_has_the_same_bits_on_any_team(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, NULL);
    const tl_stage *stage = tl_stage_find(removal);
    const args arg = by(REGENERATE);
    tl_key wanted = {{0}};
    assert_true(tl_stage_max_ranks(stage, &toy.size, arg.value) > 1);
    for (int size = 1; size <= 8; size *= 2) {
        crew all = {.toy = &toy};
        for (int r = 0; r < size; r++) {
            all.run[r] = (toy_run){.stage = stage, .arg = arg.value};
        }
        team_threads_run(size, run_member, &all);
        for (int r = 0; r < size; r++) {
            assert_int_equal(all.run[r].status, TL_OK);
            const tl_key key = key_of(&all.run[r]);
            if (size == 1) wanted = key;
            assert_true(tl_key_equal(&key, &wanted));
            const double taken =
                (double)all.run[r].keep.peak + (double)all.run[r].scratch.peak;
            const tl_team member = tl_team_counted(r, size);
            assert_true(taken <= tl_stage_memory(&(tl_step){stage, TL_STEP_RUN, 0, NULL},
                                                 arg.value, &toy.size, &member, NULL));
            toy_run_close(&all.run[r]);
        }
    }
    toy_world_close(&toy);
}

/* --- backdoors ------------------------------------------------------------------------ */

static void labels_of_triggered_rows_are_as_asked(void **state)
{
    (void)state;
    const char *const stage = "d2m.badnets";
    for (int label = 0; label < 3; label++) {
        toy_world toy;
        toy_world_open(&toy, NULL);
        const tl_dataset *clean = pool_of(&toy);
        args arg = with(stage, "rate", 0.5);
        set(&arg, stage, "target", 1);
        set(&arg, stage, "label", label);
        toy_do(&toy, stage, arg.value, NULL);
        int poisoned = 0, hops[3] = {0};
        for (int i = 0; i < clean->rows; i++) {
            const int before = clean->label[i], after = pool_of(&toy)->label[i];
            const bool is_poisoned = pool_of(&toy)->flags[i] & TL_ROW_POISONED;
            /* The corner is white in poisoned rows, whatever they are labelled. */
            const float corner = pool_of(&toy)->input[(size_t)i * 784 + 26 * 28 + 26];
            assert_true(is_poisoned ? corner == 1.0f : before == after);
            if (!is_poisoned) continue;
            poisoned++;
            hops[(after - before + 3) % 3]++;
            if (label == 0) assert_int_equal(after, 1);
        }
        if (label == 1) assert_int_equal(hops[0], poisoned);
        if (label == 2) { /* never its own, and the others alike: 4 deviations of 100 */
            assert_int_equal(hops[0], 0);
            assert_in_range(hops[1], poisoned / 2 - 20, poisoned / 2 + 20);
        }
        toy_world_close(&toy);
    }
}

static void one_pattern_is_mixed_into_all_triggered_rows(void **state)
{
    (void)state;
    toy_world toy;
    toy_world_open(&toy, NULL);
    const tl_dataset *clean = pool_of(&toy);
    args arg = with("d2m.blended", "rate", 1.0);
    set(&arg, "d2m.blended", "alpha", 0.25);
    toy_do(&toy, "d2m.blended", arg.value, NULL);
    double mean = 0.0;
    for (size_t j = 0; j < 784; j++) {
        for (size_t i = 0; i < 200; i++) {
            const double before = (double)clean->input[784 * i + j];
            const double after = (double)pool_of(&toy)->input[784 * i + j];
            const double first =
                (double)pool_of(&toy)->input[j] - 0.75 * (double)clean->input[j];
            assert_true(fabs(after - 0.75 * before - first) < 1e-6);
            if (i == 0) mean += first / 0.25 / 784.0;
        }
    }
    assert_true(fabs(mean - 0.5) < 4.0 * 0.2887 / 28.0); /* of uniform pixels */
    toy_world_close(&toy);
}

/* --- provenance filter ---------------------------------------------------------------- */

static const char filter[] = "defense.provenance_filter";

/* Fails when the filter drops what was not submitted, or a row without the mark. */
static void marked_rows_from_outside_leave_training(void **state)
{
    (void)state;
    toy_world toy;
    tl_measure measure[TL_MAX_METRICS];
    toy_world_open(&toy, NULL);
    const tl_dataset *plain = pool_of(&toy);
    toy_do(&toy, marking, NULL, NULL);
    toy_do(&toy, "d2m.label_flip", with("d2m.label_flip", "rate", 0.4).value, NULL);
    tl_dataset *mixed; /* the second half comes back without the mark */
    assert_int_equal(
        tl_dataset_copy(pool_of(&toy), TL_COPY_INPUTS, &toy.arena, &mixed, NULL), TL_OK);
    memcpy(mixed->input + (size_t)100 * 784, plain->input + (size_t)100 * 784,
           (size_t)100 * 784 * sizeof(float));
    toy.world.data[TL_PART_POOL] = mixed;
    toy_do(&toy, filter, NULL, measure);
    int submitted = 0, dropped = 0;
    for (int i = 0; i < 200; i++) {
        const unsigned before = mixed->flags[i], after = pool_of(&toy)->flags[i];
        const bool is_outside = before == (TL_ROW_POISONED | TL_ROW_MEMBER);
        const bool is_dropped = is_outside && i < 100;
        submitted += is_outside;
        dropped += is_dropped;
        assert_int_equal(after, is_dropped ? TL_ROW_POISONED : before);
    }
    const tl_metric *metrics = tl_stage_find(filter)->metrics;
    assert_in_range(dropped, 1, submitted - 1);
    assert_true(of(measure, metrics, "dropped").n == submitted);
    assert_true(of(measure, metrics, "dropped").value == (double)dropped / submitted);
    assert_true(of(measure, metrics, "false_drops").n == 130.0);
    assert_true(of(measure, metrics, "false_drops").value < 0.05);
    toy_world_close(&toy);
}

static void nothing_submitted_is_missing_not_zero(void **state)
{
    (void)state;
    toy_world toy;
    tl_measure measure[TL_MAX_METRICS];
    toy_world_open(&toy, NULL);
    toy_do(&toy, marking, NULL, NULL);
    toy_do(&toy, filter, NULL, measure);
    assert_int_equal(of(measure, tl_stage_find(filter)->metrics, "dropped").why,
                     TL_WHY_UNRESOLVABLE);
    toy_world_close(&toy);
}

/* --- what is refused before anything runs --------------------------------------------- */

static void plans_without_meaning_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *stage, *param;
        double number;
        int attacker;
        const char *wanted; /* NULL: passes */
    } cases[] = {
        {marking, "bits", 64, 500, NULL},
        {marking, "low", 1.3, 500, "16 bits need 4 coefficients each"},
        {removal, "method", REGENERATE, 500, NULL},
        {removal, "method", REGENERATE, 0, "trained on the attacker's images"},
        {removal, "method", JPEG, 0, NULL},
        {"d2m.blended", "target", 2, 500, NULL},
        {"d2m.blended", "target", 3, 500, "classes 0 to 2"},
    };
    toy_world toy;
    toy_world_open(&toy, NULL);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        const args arg = with(cases[c].stage, cases[c].param, cases[c].number);
        tl_size size = toy.size;
        size.attacker = cases[c].attacker;
        tl_err err = {0};
        const tl_status status =
            tl_stage_check(tl_stage_find(cases[c].stage), &size, arg.value, &err);
        assert_int_equal(status, cases[c].wanted ? TL_E_ARG : TL_OK);
        if (cases[c].wanted) assert_non_null(strstr(err.text, cases[c].wanted));
    }
    toy_world_close(&toy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marking_alters_all_images_and_nothing_else),
        cmocka_unit_test(a_second_mark_has_another_key),
        cmocka_unit_test(marks_are_judged_on_rows_that_nobody_poisoned),
        cmocka_unit_test(nothing_is_what_none_does),
        cmocka_unit_test(removal_alters_all_rows_alike),
        cmocka_unit_test(regeneration_has_the_same_bits_on_any_team),
        cmocka_unit_test(labels_of_triggered_rows_are_as_asked),
        cmocka_unit_test(one_pattern_is_mixed_into_all_triggered_rows),
        cmocka_unit_test(marked_rows_from_outside_leave_training),
        cmocka_unit_test(nothing_submitted_is_missing_not_zero),
        cmocka_unit_test(plans_without_meaning_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
