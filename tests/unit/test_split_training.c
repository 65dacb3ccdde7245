/*
 * compute/train: split models, whose parts the members of a team share out.
 */
#include "compute/core/failpoint.h"
#include "compute/nn/tensor_parallel.h"
#include "tests/support/training.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { CONTEXT = 8, VOCABULARY = 5, SPLITS = 4 };

static const tl_model_spec gpt = {.kind = TL_MODEL_GPT,
                                  .width = 8,
                                  .depth = 2,
                                  .in = {1, 1, CONTEXT},
                                  .classes = VOCABULARY,
                                  .heads = 4,
                                  .splits = SPLITS};
static const tl_model_spec llama = {.kind = TL_MODEL_LLAMA,
                                    .width = 16,
                                    .depth = 1,
                                    .in = {1, 1, CONTEXT},
                                    .classes = VOCABULARY,
                                    .heads = 8,
                                    .kv_heads = 4,
                                    .splits = SPLITS};

/* Rows of tokens in which each follows from the two before it, but for some noise. */
static training *open_tokens(const tl_recipe *recipe, const tl_model_spec *spec)
{
    training *it = training_open(recipe);
    tl_rng rng = tl_rng_stream(3, 0, "test", 0, "tokens");
    it->spec = *spec;
    it->recipe.least_rows = 1;
    it->recipe.shift = 0;
    it->recipe.flip = false;
    for (int r = 0; r < TRAINING_ROWS; r++) {
        int before = 0, last = (int)tl_rng_below(&rng, VOCABULARY);
        for (int i = 0; i <= CONTEXT; i++) {
            const int noise = tl_rng_below(&rng, 8) == 0;
            const int next = (2 * before + last + 1 + noise) % VOCABULARY;
            if (i < CONTEXT) it->data.input[r * CONTEXT + i] = (float)next;
            it->data.label[r] = next;
            before = last;
            last = next;
        }
    }
    it->params = tl_model_count(&it->spec);
    assert_in_range(it->params, 1, TRAINING_PARAMS);
    return it;
}

static void validate(training *it)
{
    training_validate(it, 0);
    memcpy(it->data.other, it->data.label, sizeof it->data.other);
    it->validation.classes = it->validation.vocabulary = VOCABULARY;
    it->recipe.patience = 2;
}

static void check_teams(const tl_recipe *recipe, const tl_model_spec *spec, bool is_patient)
{
    training *alone = open_tokens(recipe, spec);
    if (is_patient) validate(alone);
    training_run(alone);
    for (int size = 2; size <= SPLITS; size *= 2) {
        training *it = open_tokens(recipe, spec);
        if (is_patient) validate(it);
        team_threads_run(size, training_member, it);
        training_assert_same(it, size, alone);
        free(it);
    }
    free(alone);
}

static void any_team_trains_the_same_bits(void **state)
{
    (void)state;
    check_teams(&training_sgd, &gpt, false);
    check_teams(&training_adamw, &llama, false);
    check_teams(&training_rich, &gpt, true);
    check_teams(&training_rich, &llama, true);
}

/* How the optimiser's state would be cut among members of a whole model is nothing here. */
static void ways_to_sum_change_no_bit(void **state)
{
    (void)state;
    training *alone = training_run(open_tokens(&training_rich, &gpt));
    for (int way = 0; way < 4; way++) {
        training *it = open_tokens(&training_rich, &gpt);
        it->recipe.zero = way & 1;
        it->recipe.overlap = way & 2;
        team_threads_run(2, training_member, it);
        training_assert_same(it, 2, alone);
        free(it);
    }
    free(alone);
}

/* The same starting weights, batches and dropout: what is left is rounding. */
static void a_split_model_trains_as_the_whole(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        training *split = training_run(open_tokens(&training_sgd, i ? &llama : &gpt));
        training *whole = open_tokens(&training_sgd, i ? &llama : &gpt);
        whole->spec.splits = 1;
        training_run(whole);
        assert_memory_not_equal(split->param[0], whole->param[0],
                                whole->params * sizeof(float));
        for (size_t k = 0; k < whole->params; k++) {
            const double a = (double)split->param[0][k], b = (double)whole->param[0][k];
            assert_true(fabs(a - b) <= 1e-4 * (1.0 + fabs(b)));
        }
        assert_true(fabs(split->report[0].last_loss - whole->report[0].last_loss) <= 1e-4);
        free(split), free(whole);
    }
}

static void limits_of_the_norm_are_of_the_whole_gradient(void **state)
{
    (void)state;
    training *split = open_tokens(&training_sgd, &gpt);
    training *whole = open_tokens(&training_sgd, &gpt);
    whole->spec.splits = 1;
    split->recipe.clip = whole->recipe.clip = 0.05;
    split->recipe.epochs = whole->recipe.epochs = 1;
    training_run(split), training_run(whole);
    for (size_t k = 0; k < whole->params; k++) {
        const double a = (double)split->param[0][k], b = (double)whole->param[0][k];
        assert_true(fabs(a - b) <= 1e-6 * (1.0 + fabs(b)));
    }
    free(split), free(whole);
}

/* Asked after some batches on one team, it goes on on another: the state is the same, and
 * so is what comes of it. */
static void a_stopped_training_goes_on_in_any_team(void **state)
{
    (void)state;
    static const int sizes[][2] = {{1, 4}, {4, 1}, {2, 4}, {4, 2}, {2, 1}};
    training *wanted = training_run(open_tokens(&training_rich, &llama));
    unsigned char *first = NULL;
    for (int i = 0; i < (int)(sizeof sizes / sizeof *sizes); i++) {
        training *it = open_tokens(&training_rich, &llama);
        it->is_kept = true;
        team_threads_run_asked(sizes[i][0], sizes[i][0] - 1, 8, training_member, it);
        for (int r = 0; r < sizes[i][0]; r++) assert_int_equal(it->status[r], TL_E_STOP);
        assert_true(it->state_size > it->params * 4 * sizeof(float));
        if (!first) {
            first = malloc(it->state_size);
            assert_non_null(first);
            memcpy(first, it->state, it->state_size);
        }
        assert_memory_equal(it->state, first, it->state_size);
        team_threads_run(sizes[i][1], training_member, it);
        training_assert_same(it, sizes[i][1], wanted);
        free(it);
    }
    free(first);
    free(wanted);
}

static void another_number_of_splits_begins_anew(void **state)
{
    (void)state;
    training *it = open_tokens(&training_rich, &gpt);
    it->is_kept = true;
    team_threads_run_asked(2, 0, 8, training_member, it);
    assert_int_equal(it->status[0], TL_E_STOP);
    it->spec.splits = 2;
    team_threads_run(2, training_member, it);
    training *wanted = open_tokens(&training_rich, &gpt);
    wanted->spec.splits = 2;
    training_assert_same(it, 2, training_run(wanted));
    free(it), free(wanted);
}

/* The gradient of one member is spoilt, which the others do not see in theirs. */
static void all_leave_when_a_number_is_not_finite(void **state)
{
    (void)state;
    assert_int_equal(tl_failpoint_arm("nan,after=start:1", 0, NULL), TL_OK);
    tl_failpoint_pass(TL_FAILPOINT_START);
    training *it = open_tokens(&training_sgd, &gpt);
    team_threads_run(SPLITS, training_member, it);
    for (int r = 0; r < SPLITS; r++) {
        assert_int_equal(it->status[r], TL_E_NUMERIC);
        assert_string_equal(it->err[r].text, "loss or gradient is not finite at update 1");
    }
    free(it);
}

typedef struct measured {
    training *it;
    size_t peak[TEAM_THREADS_MOST];
} measured;

static void measuring_member(const tl_team *team, void *self)
{
    measured *m = self;
    training *it = m->it;
    tl_arena arena = tl_arena_open(0), scratch = tl_arena_open(0);
    const tl_rng init = tl_rng_stream(1, 0, "train", 0, "init");
    const tl_rng order = tl_rng_stream(1, 0, "train", 0, "order");
    const tl_checkpoint checkpoint = training_checkpoint(it);
    const tl_training job = {.recipe = &it->recipe,
                             .rows = &it->rows,
                             .validation = &it->validation,
                             .rng = &order,
                             .team = team,
                             .checkpoint = &checkpoint};
    tl_model *model;
    const int r = team->rank;
    it->status[r] = tl_model_new(&it->spec, &arena, &model, NULL);
    if (it->status[r] == TL_OK) {
        tl_model_init(model, &init);
        it->status[r] = tl_train(model, &job, &scratch, NULL, NULL);
    }
    m->peak[r] = scratch.peak;
    tl_arena_close(&arena), tl_arena_close(&scratch);
}

static void memory_is_bounded_and_falls_with_the_team(void **state)
{
    (void)state;
    double before = (double)INFINITY;
    for (int size = 1; size <= SPLITS; size *= 2) {
        measured m = {.it = open_tokens(&training_rich, &gpt)};
        m.it->every = 1e-9; /* saves after every update */
        validate(m.it);
        team_threads_run(size, measuring_member, &m);
        const double order = TRAINING_ROWS * sizeof(int);
        const tl_model_spec *spec = &m.it->spec;
        const int looks = m.it->validation.rows;
        const tl_team first = tl_team_counted(0, size);
        const double said = tl_train_memory(spec, &m.it->recipe, looks, &first);
        for (int r = 0; r < size; r++) {
            const tl_team member = tl_team_counted(r, size);
            const double own = tl_train_memory(spec, &m.it->recipe, looks, &member);
            assert_int_equal(m.it->status[r], TL_OK);
            assert_true((double)m.peak[r] >= own && (double)m.peak[r] <= own + order);
        }
        assert_true(said < before);
        assert_true(m.it->saves > 3);
        before = said;
        free(m.it);
    }
}

static void the_largest_team_has_a_member_for_each_split(void **state)
{
    (void)state;
    tl_model_spec spec = gpt;
    assert_int_equal(tl_train_max_ranks(&spec, &training_adamw), SPLITS);
    spec.splits = 1;
    assert_int_equal(tl_train_max_ranks(&spec, &training_adamw), 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_team_trains_the_same_bits),
        cmocka_unit_test(ways_to_sum_change_no_bit),
        cmocka_unit_test(a_split_model_trains_as_the_whole),
        cmocka_unit_test(limits_of_the_norm_are_of_the_whole_gradient),
        cmocka_unit_test(a_stopped_training_goes_on_in_any_team),
        cmocka_unit_test(another_number_of_splits_begins_anew),
        cmocka_unit_test(all_leave_when_a_number_is_not_finite),
        cmocka_unit_test(memory_is_bounded_and_falls_with_the_team),
        cmocka_unit_test(the_largest_team_has_a_member_for_each_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
