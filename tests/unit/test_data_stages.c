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

/* Fails when images that are not the owner's are marked, or count where marks are read. */
static void images_of_others_carry_no_mark_and_no_backdoor(void **state)
{
    (void)state;
    toy_world toy;
    tl_measure measure[TL_MAX_METRICS];
    const args arg = with(marking, "others", 0.4);
    toy_world_open(&toy, NULL);
    const tl_dataset *plain = pool_of(&toy);
    toy_do(&toy, marking, arg.value, NULL);
    const tl_dataset *marked = pool_of(&toy);
    int others = 0;
    for (int i = 0; i < 200; i++) {
        const bool is_other = (marked->flags[i] & TL_ROW_OTHERS) != 0;
        const size_t at = (size_t)i * 784;
        assert_int_equal(marked->flags[i] & ~TL_ROW_OTHERS, plain->flags[i]);
        assert_true(is_other == (memcmp(marked->input + at, plain->input + at,
                                        784 * sizeof(float)) == 0));
        others += is_other;
    }
    assert_in_range(others, 52, 108); /* 80, 4 standard deviations of 6.9 */
    toy_judge(&toy, marking, arg.value, TL_PART_POOL, measure);
    const tl_metric *judged = tl_stage_find(marking)->judge_metrics;
    assert_true(of(measure, judged, "detection").n == 200 - others);
    toy_do(&toy, "d2m.badnets", with("d2m.badnets", "rate", 1.0).value, NULL);
    for (int i = 0; i < 200; i++) {
        const unsigned flags = pool_of(&toy)->flags[i];
        assert_true(!(flags & TL_ROW_OTHERS) == !!(flags & TL_ROW_POISONED));
    }
    toy_world_close(&toy);
}

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
            /* As many wrong labels as a backdoor of this dose has, in the same rows. */
            if (label == 2) assert_true((before == 1) == (after == before));
        }
        if (label == 1) assert_int_equal(hops[0], poisoned);
        /* The other classes alike: 4 deviations of 70. */
        const int wrong = poisoned - hops[0];
        if (label == 2) assert_in_range(hops[1], wrong / 2 - 17, wrong / 2 + 17);
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

/* Opens a world whose pool is marked but for 0.3 of other people's images, then has labels
 * flipped, and whose second half comes back without the mark. */
static void open_submissions(toy_world *toy)
{
    toy_world_open(toy, NULL);
    const tl_dataset *plain = pool_of(toy);
    toy_do(toy, marking, with(marking, "others", 0.3).value, NULL);
    toy_do(toy, "d2m.label_flip", with("d2m.label_flip", "rate", 0.4).value, NULL);
    tl_dataset *mixed;
    assert_int_equal(
        tl_dataset_copy(pool_of(toy), TL_COPY_INPUTS, &toy->arena, &mixed, NULL), TL_OK);
    memcpy(mixed->input + (size_t)100 * 784, plain->input + (size_t)100 * 784,
           (size_t)100 * 784 * sizeof(float));
    toy->world.data[TL_PART_POOL] = mixed;
}

/* Rows meant for training; [1] poisoned, [0] clean. */
typedef struct seen {
    int rows[2], dropped[2];
} seen;

/* Fails when the filter decides by anything but hand-in and mark: all of the owner's rows
 * are handed in, so that those in the first half are dropped, poisoned or not, member or
 * not, and all others stay as they are. */
static seen check_dropped(const tl_dataset *before, const tl_dataset *after)
{
    seen sum = {0};
    for (int i = 0; i < 200; i++) {
        const unsigned flags = before->flags[i];
        const bool is_dropped = i < 100 && !(flags & TL_ROW_OTHERS);
        const unsigned wanted =
            is_dropped ? (flags & ~(unsigned)TL_ROW_MEMBER) | TL_ROW_DROPPED : flags;
        assert_int_equal(after->flags[i], wanted);
        if (!(flags & TL_ROW_MEMBER)) continue;
        sum.rows[(flags & TL_ROW_POISONED) != 0]++;
        sum.dropped[(flags & TL_ROW_POISONED) != 0] += is_dropped;
    }
    return sum;
}

static void marked_rows_from_outside_leave_training(void **state)
{
    (void)state;
    toy_world toy;
    tl_measure measure[TL_MAX_METRICS];
    open_submissions(&toy);
    const tl_dataset *mixed = pool_of(&toy);
    args arg = with(filter, "benign", 1.0);
    set(&arg, filter, "p", 1e-4); /* 16 bits reach 3e-5, images without a mark hardly */
    toy_do(&toy, filter, arg.value, measure);
    const seen sum = check_dropped(mixed, pool_of(&toy));
    const tl_metric *metrics = tl_stage_find(filter)->metrics;
    assert_in_range(sum.dropped[0], 1, sum.rows[0] - 1);
    assert_in_range(sum.dropped[1], 1, sum.rows[1] - 1);
    const tl_measure kept = of(measure, metrics, "poison_kept");
    const tl_measure lost = of(measure, metrics, "clean_lost");
    assert_true(kept.n == sum.rows[1] && lost.n == sum.rows[0]);
    assert_true(kept.value == 1.0 - (double)sum.dropped[1] / sum.rows[1]);
    assert_true(lost.value == (double)sum.dropped[0] / sum.rows[0]);
    assert_true(of(measure, metrics, "dropped").n == sum.rows[0] + sum.rows[1]);
    assert_true(of(measure, metrics, "false_drops").n == 130.0);
    assert_true(of(measure, metrics, "false_drops").value < 0.05);
    toy_world_close(&toy);
}

/* The share of clean member rows lost at `benign` and `p`; [rows] which were dropped. */
static double lost_at(double benign, double p, bool *is_dropped)
{
    toy_world toy;
    tl_measure measure[TL_MAX_METRICS];
    toy_world_open(&toy, NULL);
    toy_do(&toy, marking, with(marking, "others", 0.3).value, NULL);
    args arg = with(filter, "benign", benign);
    set(&arg, filter, "p", p);
    toy_do(&toy, filter, arg.value, measure);
    for (int i = 0; i < 200; i++)
        is_dropped[i] = (pool_of(&toy)->flags[i] & TL_ROW_DROPPED) != 0;
    toy_world_close(&toy);
    return of(measure, tl_stage_find(filter)->metrics, "clean_lost").value;
}

/* Republished rows of a larger share hold those of a smaller, and a larger p drops more of
 * what has no mark. Fails when a row's draw depends on how many were drawn before. */
static void more_is_lost_the_more_is_republished_and_the_larger_p(void **state)
{
    (void)state;
    bool few[200], many[200], eager[200];
    const double none = lost_at(0.0, 1e-4, few), at_02 = lost_at(0.2, 1e-4, few);
    const double at_05 = lost_at(0.5, 1e-4, many), at_p = lost_at(0.5, 0.3, eager);
    assert_true(none == 0.0);
    /* 0.7 of the rows are the owner's; 4 standard deviations of 100 members. */
    assert_true(fabs(at_02 - 0.14) < 0.14 && at_02 > 0.0);
    assert_true(fabs(at_05 - 0.35) < 0.19 && at_05 > at_02);
    assert_true(at_p > at_05);
    for (int i = 0; i < 200; i++) assert_true(few[i] <= many[i] && many[i] <= eager[i]);
}

static void nothing_submitted_is_missing_not_zero(void **state)
{
    (void)state;
    toy_world toy;
    tl_measure measure[TL_MAX_METRICS];
    toy_world_open(&toy, NULL);
    toy_do(&toy, marking, NULL, NULL);
    toy_do(&toy, filter, with(filter, "benign", 0.0).value, measure);
    const tl_metric *metrics = tl_stage_find(filter)->metrics;
    assert_int_equal(of(measure, metrics, "dropped").why, TL_WHY_UNRESOLVABLE);
    assert_int_equal(of(measure, metrics, "poison_kept").why, TL_WHY_UNRESOLVABLE);
    assert_true(of(measure, metrics, "clean_lost").value == 0.0);
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
        cmocka_unit_test(images_of_others_carry_no_mark_and_no_backdoor),
        cmocka_unit_test(marked_rows_from_outside_leave_training),
        cmocka_unit_test(more_is_lost_the_more_is_republished_and_the_larger_p),
        cmocka_unit_test(nothing_submitted_is_missing_not_zero),
        cmocka_unit_test(plans_without_meaning_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
