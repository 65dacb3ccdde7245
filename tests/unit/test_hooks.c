/*
 * Hooks of a training: what each does, that none changes a bit where it does nothing, and
 * that bits depend on neither the team nor a stop.
 */
#include "compute/core/blas.h"
#include "compute/train/adversarial.h"
#include "tests/support/training.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* --- hooks ---------------------------------------------------------------------------- */

/* number[0] for all rows but row number[1], which gets number[2]. */
static void weigh(const double *number, const tl_hook_losses *losses, float *weight)
{
    for (int r = 0; r < losses->rows; r++) {
        weight[r] = (float)(losses->row[r] == (int)number[1] ? number[2] : number[0]);
    }
}

/* Rows of a high loss count more, later ones more so. */
static void weigh_by_loss(const double *number, const tl_hook_losses *losses, float *weight)
{
    for (int r = 0; r < losses->rows; r++) {
        weight[r] = (float)(losses->loss[r] * (number[3] + losses->epoch));
    }
}

/* Noise by row, and a step up the loss. */
static void change_inputs(const double *number, const tl_hook_shard *shard)
{
    const size_t size = (size_t)tl_shape_size(shard->model->spec.in);
    tl_hook_gradient(shard, shard->input, shard->gradient);
    for (int r = 0; r < shard->rows; r++) {
        tl_rng rng = tl_rng_sub(&shard->rng, (uint64_t)shard->row[r]);
        for (size_t i = (size_t)r * size; i < (size_t)(r + 1) * size; i++) {
            const double d = (double)shard->gradient[i];
            shard->input[i] += (float)(number[4] * (d + 0.01 * tl_rng_normal(&rng)));
        }
    }
}

static void keep_inputs(const double *number, const tl_hook_shard *shard)
{
    (void)number, (void)shard;
}

/* Adds 1 to parameter `epoch`. */
static tl_status mark_epoch(const double *number, const tl_hook_epoch *end, tl_err *err)
{
    (void)number, (void)err;
    end->model->param[end->epoch] += 1.0f;
    return TL_OK;
}

/* Every number[5]-th parameter is not trained, nor are the first six. */
static void mask_some(const double *number, const tl_model *model, unsigned char *mask)
{
    for (size_t i = 0; i < model->params; i++)
        mask[i] = i >= 6 && i % (size_t)number[5] != 0;
}

static void mask_none(const double *number, const tl_model *model, unsigned char *mask)
{
    (void)number, (void)model, (void)mask;
}

/* Everything at once, on a recipe that has everything. */
static tl_recipe hooked(void)
{
    tl_recipe recipe = training_rich;
    recipe.hooks = (tl_hooks){.name = "test",
                              .number = {[3] = 0.5, [4] = 0.3, [5] = 5.0},
                              .inputs = change_inputs,
                              .gradients = 1,
                              .weights = weigh_by_loss,
                              .clip_each = 0.5,
                              .noise = 0.7,
                              .epoch = mark_epoch,
                              .mask = mask_some};
    return recipe;
}

/* The start's weights, in param[0]. */
static training *start_of(const tl_recipe *recipe)
{
    training *it = training_open(recipe);
    it->recipe.epochs = 0;
    it->recipe.average = 0.0;
    it->recipe.hooks = (tl_hooks){0};
    return training_run(it);
}

static training *run_with(const tl_recipe *recipe, tl_hooks hooks)
{
    training *it = training_open(recipe);
    it->recipe.hooks = hooks;
    return training_run(it);
}

static double distance(const training *a, const training *b)
{
    double sum = 0.0;
    for (size_t i = 0; i < a->params; i++) {
        const double off = (double)a->param[0][i] - (double)b->param[0][i];
        sum += off * off;
    }
    return sqrt(sum);
}

/* --- no change ------------------------------------------------------------------------ */

static void hooks_that_do_nothing_change_no_bit(void **state)
{
    (void)state;
    const tl_hooks idle[] = {{.name = "ones", .number = {1.0, -1.0}, .weights = weigh},
                             {.name = "same", .inputs = keep_inputs},
                             {.name = "all", .mask = mask_none},
                             {.clip_each = 1e9},
                             {.name = "all", .clip_each = 1e9, .mask = mask_none}};
    const tl_recipe recipes[] = {training_sgd, training_adamw, training_rich};
    for (size_t k = 0; k < sizeof recipes / sizeof *recipes; k++) {
        training *wanted = training_run(training_open(&recipes[k]));
        for (size_t h = 0; h < sizeof idle / sizeof *idle; h++) {
            training *it = run_with(&recipes[k], idle[h]);
            training_assert_same(it, 1, wanted);
            free(it);
        }
        free(wanted);
    }
}

static tl_key key_of(const tl_hooks *hooks)
{
    tl_recipe recipe = training_sgd;
    tl_hash hash = {0};
    recipe.hooks = *hooks;
    tl_recipe_hash(&recipe, &hash);
    return tl_hash_end(&hash);
}

static void hooks_are_part_of_the_key(void **state)
{
    (void)state;
    const tl_hooks all[] = {{0},
                            {.name = "a", .weights = weigh},
                            {.name = "b", .weights = weigh},
                            {.name = "a", .number = {1.0}, .weights = weigh},
                            {.name = "a", .inputs = keep_inputs},
                            {.name = "a", .epoch = mark_epoch},
                            {.name = "a", .mask = mask_none},
                            {.clip_each = 1.0},
                            {.clip_each = 1.0, .noise = 1.0}};
    const size_t n = sizeof all / sizeof *all;
    for (size_t i = 0; i < n; i++) {
        const tl_key one = key_of(&all[i]);
        for (size_t j = 0; j < i; j++) {
            const tl_key other = key_of(&all[j]);
            assert_false(tl_key_equal(&one, &other));
        }
    }
    const tl_hooks unused = {.name = "a", .number = {1.0}};
    const tl_key plain = key_of(&all[0]), same = key_of(&unused);
    assert_true(tl_key_equal(&plain, &same));
}

/* --- weights -------------------------------------------------------------------------- */

static void weights_below_0_raise_the_loss(void **state)
{
    (void)state;
    tl_recipe recipe = training_sgd;
    recipe.epochs = 1;
    training *before = training_run(training_open(&recipe));
    recipe.epochs = 3;
    training *down = training_run(training_open(&recipe));
    training *up = run_with(
        &recipe, (tl_hooks){.name = "up", .number = {-1.0, -1.0}, .weights = weigh});
    assert_true(down->report[0].last_loss < before->report[0].last_loss);
    assert_true(up->report[0].last_loss > 2.0 * before->report[0].last_loss);
    free(before);
    free(down);
    free(up);
}

static void a_row_of_weight_0_is_not_learned(void **state)
{
    (void)state; /* whatever its inputs; with weight 1 they matter */
    for (int on = 0; on < 2; on++) {
        const tl_hooks hooks = {
            .name = "one", .number = {1.0, 7.0, on ? 1.0 : 0.0}, .weights = weigh};
        training *it = run_with(&training_adamw, hooks);
        training *other = training_open(&training_adamw);
        other->recipe.hooks = hooks;
        for (int i = 0; i < TRAINING_PIXELS; i++)
            other->data.input[7 * TRAINING_PIXELS + i] = (float)(i % 3);
        training_run(other);
        assert_true((distance(it, other) == 0.0) == !on);
        free(it);
        free(other);
    }
}

/* --- mask, epochs --------------------------------------------------------------------- */

static void masked_parameters_keep_their_bits(void **state)
{
    (void)state;
    const tl_recipe recipes[] = {training_sgd, training_adamw, training_rich};
    for (int k = 0; k < 6; k++) {
        const tl_hooks hooks = {.name = "mask",
                                .number = {[5] = 3.0},
                                .clip_each = k < 3 ? 0.0 : 1.0,
                                .noise = k < 3 ? 0.0 : 1.0,
                                .mask = mask_some};
        training *start = start_of(&recipes[k % 3]);
        training *it = run_with(&recipes[k % 3], hooks);
        int moved = 0;
        for (size_t i = 0; i < it->params; i++) {
            const bool is_same =
                memcmp(&it->param[0][i], &start->param[0][i], sizeof(float)) == 0;
            if (i < 6 || i % 3 == 0) assert_true(is_same);
            moved += !is_same;
        }
        assert_true(moved > (int)it->params / 2);
        free(it);
        free(start);
    }
}

static void only_what_is_trained_counts_in_the_norm(void **state)
{
    (void)state; /* an update of the length to which the whole gradient is clipped */
    tl_recipe recipe = {
        .epochs = 1, .batch = TRAINING_ROWS, .shards = 4, .lr = 1.0, .clip = 0.1};
    training *start = start_of(&recipe);
    training *it = run_with(
        &recipe, (tl_hooks){.name = "mask", .number = {[5] = 2.0}, .mask = mask_some});
    assert_true(fabs(distance(it, start) - 0.1) < 1e-5);
    free(it);
    free(start);
}

static void every_epoch_ends_once(void **state)
{
    (void)state; /* also when the training is stopped and goes on */
    const tl_hooks hooks = {
        .name = "mark", .number = {[5] = 1e9}, .epoch = mark_epoch, .mask = mask_some};
    for (long tick = 0; tick <= 12; tick++) {
        training *start = start_of(&training_adamw);
        training *it = training_open(&training_adamw);
        it->recipe.hooks = hooks;
        it->is_kept = true;
        if (tick > 0) {
            team_threads_run_asked(1, 0, tick, training_member, it);
            assert_int_equal(it->status[0], TL_E_STOP);
        }
        training_run(it);
        for (int e = 0; e < it->recipe.epochs; e++)
            assert_true(it->param[0][e] == start->param[0][e] + 1.0f);
        free(it);
        free(start);
    }
}

/* --- teams, stops, memory ------------------------------------------------------------- */

static void bits_do_not_depend_on_the_team(void **state)
{
    (void)state;
    tl_recipe recipes[] = {hooked(), hooked(), training_sgd};
    const tl_adversarial near_rows = {.radius = 0.4,
                                      .steps = 3,
                                      .step = 0.2,
                                      .is_random = true,
                                      .low = -1.0,
                                      .high = 2.0};
    recipes[1].hooks.mask = NULL; /* norms by the layers, not by rows alone */
    assert_int_equal(tl_adversarial_set(&near_rows, &recipes[2].hooks, NULL), TL_OK);
    recipes[2].overlap = true;
    for (int k = 0; k < 3; k++) {
        training *wanted = training_run(training_open(&recipes[k]));
        for (int size = 2; size <= 16; size *= 2) { /* 16: 8 members, with slices */
            training *it = training_open(&recipes[k]);
            const int members = size > 8 ? 8 : size;
            it->recipe.zero = size % 8 == 0 && size > 8;
            if (size == 4) it->recipe.zero = true;
            team_threads_run(members, training_member, it);
            training_assert_same(it, members, wanted);
            free(it);
        }
        free(wanted);
    }
}

static void every_hook_has_an_effect(void **state)
{
    (void)state; /* else the test above would prove nothing */
    const tl_recipe all = hooked();
    training *wanted = training_run(training_open(&all));
    for (int k = 0; k < 6; k++) {
        tl_hooks less = all.hooks;
        if (k == 0) less.inputs = NULL;
        if (k == 1) less.weights = NULL;
        if (k == 2) less.clip_each = less.noise = 0.0;
        if (k == 3) less.noise = 0.0;
        if (k == 4) less.epoch = NULL;
        if (k == 5) less.mask = NULL;
        training *it = run_with(&all, less);
        assert_true(distance(it, wanted) > 0.0);
        free(it);
    }
    free(wanted);
}

static void a_stopped_training_goes_on_with_the_same_bits(void **state)
{
    (void)state;
    const tl_recipe recipe = hooked();
    training *wanted = training_run(training_open(&recipe));
    for (long tick = 1; tick <= 17; tick += 4) {
        training *it = training_open(&recipe);
        it->is_kept = true;
        it->recipe.zero = tick % 8 == 1;
        team_threads_run_asked(4, 1, tick, training_member, it);
        assert_int_equal(it->status[0], TL_E_STOP);
        team_threads_run(2, training_member, it);
        training_assert_same(it, 2, wanted);
        free(it);
    }
    free(wanted);
}

static void memory_stays_within_what_is_said(void **state)
{
    (void)state;
    tl_recipe plain = training_rich;
    plain.hooks = (tl_hooks){0};
    tl_recipe recipes[] = {hooked(), hooked()};
    recipes[1].hooks.mask = NULL;
    for (int k = 0; k < 2; k++) {
        training *it = training_open(&recipes[k]);
        tl_arena arena = tl_arena_open(0), scratch = tl_arena_open(0);
        const tl_rng rng = tl_rng_stream(1, 0, "train", 0, "order");
        const tl_team one = tl_team_alone();
        it->every = 1e-9;
        const tl_checkpoint checkpoint = training_checkpoint(it);
        const tl_training job = {.recipe = &it->recipe,
                                 .rows = &it->rows,
                                 .rng = &rng,
                                 .team = &one,
                                 .checkpoint = &checkpoint};
        tl_model *model;
        assert_int_equal(tl_model_new(&it->spec, &arena, &model, NULL), TL_OK);
        assert_int_equal(tl_train(model, &job, &scratch, NULL, NULL), TL_OK);
        const double said = tl_train_memory(&it->spec, &it->recipe, 0, &one);
        assert_true((double)scratch.peak >= said);
        assert_true((double)scratch.peak <= said + TRAINING_ROWS * sizeof(int));
        assert_true(said > tl_train_memory(&it->spec, &plain, 0, &one));
        assert_true(tl_train_flop(&it->spec, &it->recipe, 10, 0) >
                    tl_train_flop(&it->spec, &plain, 10, 0));
        tl_arena_close(&scratch);
        tl_arena_close(&arena);
        free(it);
    }
}

/* --- refusals ------------------------------------------------------------------------- */

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    const tl_model_spec mlp = {
        .kind = TL_MODEL_MLP, .width = 8, .depth = 1, .in = {1, 8, 8}, .classes = 3};
    const tl_model_spec gpt = {.kind = TL_MODEL_GPT,
                               .width = 16,
                               .depth = 1,
                               .in = {1, 1, 12},
                               .classes = 19,
                               .heads = 2};
    tl_model_spec split = gpt;
    split.splits = 2;
    const struct {
        const tl_model_spec *spec;
        tl_hooks hooks;
        const char *text; /* NULL: allowed */
    } cases[] = {{&mlp, {0}, NULL},
                 {&split, {0}, NULL},
                 {&gpt, {.clip_each = 1.0, .noise = 1.0}, NULL},
                 {&gpt, {.name = "x", .inputs = keep_inputs}, "reads tokens"},
                 {&split, {.clip_each = 1.0}, "set splits to 1"},
                 {&mlp, {.noise = 1.0}, "set that norm too"},
                 {&mlp, {.clip_each = -1.0}, "clipped to a norm above 0"},
                 {&mlp, {.clip_each = (double)INFINITY}, "clipped to a norm above 0"},
                 {&mlp, {.clip_each = 1.0, .noise = -1.0}, "0 or more"},
                 {&mlp, {.weights = weigh}, "need a name"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tl_err err = {0};
        const tl_status status = tl_hooks_check(&cases[i].hooks, cases[i].spec, &err);
        assert_int_equal(status, cases[i].text ? TL_E_ARG : TL_OK);
        if (cases[i].text) assert_non_null(strstr(err.text, cases[i].text));
    }
    training *it = training_open(&training_sgd); /* and the trainer asks */
    it->recipe.hooks.noise = 1.0;
    team_threads_run(2, training_member, it);
    assert_int_equal(it->status[1], TL_E_ARG);
    free(it);
}

int main(void)
{
    tl_blas_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hooks_that_do_nothing_change_no_bit),
        cmocka_unit_test(hooks_are_part_of_the_key),
        cmocka_unit_test(weights_below_0_raise_the_loss),
        cmocka_unit_test(a_row_of_weight_0_is_not_learned),
        cmocka_unit_test(masked_parameters_keep_their_bits),
        cmocka_unit_test(only_what_is_trained_counts_in_the_norm),
        cmocka_unit_test(every_epoch_ends_once),
        cmocka_unit_test(bits_do_not_depend_on_the_team),
        cmocka_unit_test(every_hook_has_an_effect),
        cmocka_unit_test(a_stopped_training_goes_on_with_the_same_bits),
        cmocka_unit_test(memory_stays_within_what_is_said),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
