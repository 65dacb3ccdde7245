/*
 * The sharded trainer: it learns, its bits do not depend on the team or on interruptions,
 * and a training that diverges says so.
 */
#include "compute/train/trainer.h"

#include "compute/nn/blas.h"
#include "compute/nn/loss.h"
#include "compute/train/optimizer.h"
#include "tests/support/team_threads.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { ROWS = 90, PIXELS = 64, CLASSES = 3, MOST_PARAMS = 4096, MOST_STATE = 65536 };

/* Rows whose class is the third of the image that is bright; 90 = 2 batches of 37 and 16.
 */
static float pixel[ROWS * PIXELS];
static int32_t label[ROWS];
static float target[ROWS * CLASSES];
static int row[ROWS];

static int make_rows(void **state)
{
    (void)state;
    tl_rng rng = tl_rng_stream(3, 0, "test", 0, "rows");
    for (int r = 0; r < ROWS; r++) {
        label[r] = r % CLASSES;
        row[r] = ROWS - 1 - r;
        for (int c = 0; c < CLASSES; c++) target[r * CLASSES + c] = (float)(c == label[r]);
        for (int i = 0; i < PIXELS; i++) {
            const double bright = i * CLASSES / PIXELS == label[r] ? 1.0 : 0.0;
            pixel[r * PIXELS + i] = (float)(bright + 0.3 * tl_rng_normal(&rng));
        }
    }
    return 0;
}

static const tl_recipe by_adamw = {.epochs = 6,
                                   .batch = 37,
                                   .shards = 8,
                                   .optimizer = TL_ADAMW,
                                   .lr = 0.01,
                                   .weight_decay = 0.01};
static const tl_recipe by_sgd = {.epochs = 6,
                                 .batch = 37,
                                 .shards = 8,
                                 .optimizer = TL_SGD,
                                 .lr = 0.05,
                                 .momentum = 0.9,
                                 .weight_decay = 0.001};

/* --- a training on any team, with what it came to on each member -----------------------
 */

typedef struct training {
    tl_model_spec spec;
    tl_recipe recipe;
    tl_train_rows data;
    bool is_kept; /* has a checkpoint */
    unsigned char state[MOST_STATE];
    size_t state_size; /* 0: none */
    double every;
    int loads, saves;
    tl_status status[TEAM_THREADS_MOST];
    tl_err err[TEAM_THREADS_MOST];
    tl_train_report report[TEAM_THREADS_MOST];
    float param[TEAM_THREADS_MOST][MOST_PARAMS];
    size_t params;
} training;

static training *open_training(const tl_recipe *recipe)
{
    training *it = calloc(1, sizeof *it);
    assert_non_null(it);
    it->spec = (tl_model_spec){
        .kind = TL_MODEL_CNN, .width = 4, .depth = 2, .in = {1, 8, 8}, .classes = CLASSES};
    it->recipe = *recipe;
    it->data = (tl_train_rows){.pixel = pixel, .label = label, .row = row, .rows = ROWS};
    it->params = tl_model_count(&it->spec);
    assert_in_range(it->params, 1, MOST_PARAMS);
    return it;
}

static tl_status load(void *self, tl_arena *arena, void **bytes, size_t *n, tl_err *err)
{
    training *it = self;
    it->loads++;
    *bytes = NULL;
    *n = it->state_size;
    if (it->state_size == 0) return TL_OK;
    unsigned char *copy;
    TL_TAKE(copy, arena, it->state_size, err);
    memcpy(copy, it->state, it->state_size);
    *bytes = copy;
    return TL_OK;
}

static tl_status save(void *self, const void *bytes, size_t n, tl_err *err)
{
    training *it = self;
    it->saves++;
    TL_CHECK(n <= MOST_STATE, err, TL_E_IO, "no room for %zu bytes", n);
    memcpy(it->state, bytes, n);
    it->state_size = n;
    return TL_OK;
}

static void train(const tl_team *team, void *self)
{
    training *it = self;
    const int r = team->rank;
    tl_arena arena = tl_arena_open(0);
    const tl_rng init = tl_rng_stream(1, 0, "train", 0, "init");
    const tl_rng order = tl_rng_stream(1, 0, "train", 0, "order");
    const tl_checkpoint checkpoint = {it, load, save, it->every};
    tl_model *model;
    it->status[r] = tl_model_new(&it->spec, &arena, &model, NULL);
    if (it->status[r] == TL_OK) {
        tl_model_init(model, &init);
        it->status[r] =
            tl_train(model, &it->recipe, &it->data, &order, team,
                     it->is_kept ? &checkpoint : NULL, &arena, &it->report[r], &it->err[r]);
        memcpy(it->param[r], model->param, model->params * sizeof *model->param);
    }
    tl_arena_close(&arena);
}

/* The parameters of an uninterrupted training by one member. */
static training *train_alone(const tl_recipe *recipe)
{
    training *it = open_training(recipe);
    const tl_team one = tl_team_alone();
    train(&one, it);
    assert_int_equal(it->status[0], TL_OK);
    return it;
}

static void assert_same(const training *it, int size, const training *wanted)
{
    for (int r = 0; r < size; r++) {
        assert_int_equal(it->status[r], TL_OK);
        assert_memory_equal(it->param[r], wanted->param[0], it->params * sizeof(float));
        assert_true(it->report[r].last_loss == wanted->report[0].last_loss);
        assert_int_equal(it->report[r].updates, wanted->report[0].updates);
    }
}

/* --- facts ---------------------------------------------------------------------------- */

static void shards_are_a_power_of_two(void **state)
{
    (void)state;
    static const int cases[][3] = {{64, 8, 8},   {64, 7, 4},  {31, 8, 4}, {32, 8, 8},
                                   {4, 8, 1},    {7, 8, 1},   {8, 8, 2},  {1, 8, 1},
                                   {64, 16, 16}, {63, 16, 8}, {64, 1, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const tl_recipe recipe = {.batch = cases[i][0], .shards = cases[i][1]};
        assert_int_equal(tl_recipe_shards(&recipe), cases[i][2]);
    }
}

static void separable_classes_are_learned(void **state)
{
    (void)state;
    const tl_recipe recipes[2] = {by_adamw, by_sgd};
    for (int k = 0; k < 4; k++) {
        training *it = open_training(&recipes[k / 2]);
        const tl_team one = tl_team_alone();
        if (k % 2)
            it->spec = (tl_model_spec){.kind = TL_MODEL_MLP,
                                       .width = 16,
                                       .depth = 2,
                                       .in = {1, 8, 8},
                                       .classes = CLASSES};
        it->recipe.epochs = 20;
        train(&one, it);
        assert_int_equal(it->status[0], TL_OK);
        assert_int_equal(it->report[0].updates, 20 * 3);
        assert_true(it->report[0].last_loss < 0.05);
        tl_arena arena = tl_arena_open(0);
        tl_model *model;
        float logits[ROWS * CLASSES];
        int32_t best[ROWS];
        assert_int_equal(tl_model_new(&it->spec, &arena, &model, NULL), TL_OK);
        memcpy(model->param, it->param[0], model->params * sizeof *model->param);
        assert_int_equal(tl_model_logits(model, pixel, ROWS, &one, &arena, logits, NULL),
                         TL_OK);
        tl_argmax(logits, ROWS, CLASSES, best);
        assert_memory_equal(best, label, sizeof label);
        tl_arena_close(&arena);
        free(it);
    }
}

static void bits_do_not_depend_on_the_team(void **state)
{
    (void)state;
    const tl_recipe recipes[2] = {by_adamw, by_sgd};
    for (int k = 0; k < 2; k++) {
        training *wanted = train_alone(&recipes[k]);
        for (int size = 1; size <= 8; size *= 2) {
            training *it = open_training(&recipes[k]);
            team_threads_run(size, train, it);
            assert_same(it, size, wanted);
            free(it);
        }
        free(wanted);
    }
}

static void bits_depend_on_shards_and_stream(void **state)
{
    (void)state; /* else the tests of equal bits would prove nothing */
    tl_recipe recipe = by_adamw;
    training *a = train_alone(&recipe);
    recipe.shards = 4;
    training *b = train_alone(&recipe);
    assert_memory_not_equal(a->param[0], b->param[0], a->params * sizeof(float));
    for (size_t i = 0; i < a->params; i++) { /* but by rounding only */
        assert_true(fabs((double)a->param[0][i] - (double)b->param[0][i]) < 1e-2);
    }
    free(a);
    free(b);
}

static void partial_batch_counts_its_own_rows(void **state)
{
    (void)state;
    tl_recipe recipe = by_sgd;
    recipe.batch = ROWS;
    training *wanted = train_alone(&recipe);
    recipe.batch = 2 * ROWS; /* as many shards, half of a batch present */
    training *it = train_alone(&recipe);
    assert_int_equal(it->report[0].updates, wanted->report[0].updates);
    for (size_t i = 0; i < it->params; i++) { /* shards of other sizes round otherwise */
        assert_true(fabsf(it->param[0][i] - wanted->param[0][i]) < 1e-4f);
    }
    free(it);
    free(wanted);
}

static void rows_fewer_than_shards_train(void **state)
{
    (void)state; /* a last batch of 5 rows leaves three of eight shards empty */
    training *wanted = open_training(&by_adamw);
    const tl_team one = tl_team_alone();
    wanted->data.rows = 37 + 5;
    train(&one, wanted);
    assert_int_equal(wanted->status[0], TL_OK);
    training *it = open_training(&by_adamw);
    it->data.rows = 37 + 5;
    team_threads_run(8, train, it);
    assert_same(it, 8, wanted);
    free(it);
    free(wanted);
}

/* Stops once on a team of `first`, goes on with one of `second`. */
static void check_resumed(const tl_recipe *recipe, int first, int second, long tick)
{
    training *wanted = train_alone(recipe), *it = open_training(recipe);
    it->is_kept = true;
    team_threads_run_asked(first, first - 1, tick, train, it);
    for (int r = 0; r < first; r++) {
        assert_int_equal(it->status[r], TL_E_STOP);
        assert_string_equal(it->err[r].text, "stopped after epoch 2 of 6");
    }
    assert_int_equal(it->loads, 1);
    assert_int_equal(it->saves, 1);
    team_threads_run(second, train, it);
    assert_int_equal(it->loads, 2);
    assert_int_equal(it->saves, 1);
    assert_same(it, second, wanted);
    free(it);
    free(wanted);
}

static void resumed_training_equals_a_whole_one(void **state)
{
    (void)state; /* three batches an epoch: ticks 4, 5, 6 are in the second */
    check_resumed(&by_adamw, 1, 4, 4);
    check_resumed(&by_adamw, 4, 1, 5);
    check_resumed(&by_sgd, 2, 8, 6);
    check_resumed(&by_sgd, 8, 2, 4);
}

static void checkpoint_by_time_goes_on_from_there(void **state)
{
    (void)state;
    training *wanted = train_alone(&by_adamw), *it = open_training(&by_adamw);
    it->is_kept = true;
    it->every = 1e-9;
    team_threads_run(2, train, it);
    assert_same(it, 2, wanted);
    assert_int_equal(it->saves, by_adamw.epochs - 1); /* the end is not a checkpoint */
    team_threads_run(4, train, it);
    assert_same(it, 4, wanted);
    assert_int_equal(it->saves, by_adamw.epochs - 1); /* one epoch was left */
    free(it);
    free(wanted);
}

static void state_of_another_training_is_left(void **state)
{
    (void)state;
    training *wanted = train_alone(&by_adamw), *it = open_training(&by_adamw);
    it->is_kept = true;
    it->state_size = 100;
    memset(it->state, 0x55, sizeof it->state);
    team_threads_run(2, train, it);
    assert_same(it, 2, wanted);
    it->state_size = 5000; /* whatever it holds */
    team_threads_run(2, train, it);
    assert_same(it, 2, wanted);
    free(it);
    free(wanted);
}

static void stop_without_checkpoint_is_a_stop(void **state)
{
    (void)state;
    training *it = open_training(&by_adamw);
    team_threads_run_asked(4, 2, 1, train, it);
    for (int r = 0; r < 4; r++) assert_int_equal(it->status[r], TL_E_STOP);
    assert_int_equal(it->report[0].updates, 3);
    free(it);
}

/* Images to be given back as they are. */
static training *open_autoencoder(void)
{
    training *it = open_training(&by_adamw);
    it->spec = (tl_model_spec){.kind = TL_MODEL_AUTOENCODER,
                               .width = 4,
                               .depth = 1,
                               .in = {1, 8, 8},
                               .classes = PIXELS};
    it->params = tl_model_count(&it->spec);
    assert_in_range(it->params, 1, MOST_PARAMS);
    it->recipe.epochs = 30;
    it->data = (tl_train_rows){
        .pixel = pixel, .target = pixel, .row = row, .rows = ROWS, .loss = TL_LOSS_SQUARED};
    return it;
}

static void squared_loss_teaches_the_same_on_any_team(void **state)
{
    (void)state;
    training *wanted = open_autoencoder();
    const tl_team one = tl_team_alone();
    train(&one, wanted);
    assert_int_equal(wanted->status[0], TL_OK);
    /* The images' mean square is 1/3 + 0.09: an output of nothing at all costs that. */
    assert_true(wanted->report[0].last_loss < 0.1);
    for (int size = 2; size <= 8; size *= 4) {
        training *it = open_autoencoder();
        team_threads_run(size, train, it);
        assert_same(it, size, wanted);
        free(it);
    }
    free(wanted);
}

static void one_hot_targets_equal_labels(void **state)
{
    (void)state;
    training *wanted = train_alone(&by_adamw), *it = open_training(&by_adamw);
    const tl_team one = tl_team_alone();
    it->data.label = NULL;
    it->data.target = target;
    train(&one, it);
    assert_same(it, 1, wanted);
    free(it);
    free(wanted);
}

static void soft_targets_pull_to_their_own_probabilities(void **state)
{
    (void)state;
    static float soft[ROWS * CLASSES];
    for (int i = 0; i < ROWS * CLASSES; i++) soft[i] = 0.1f + 0.7f * target[i];
    training *it = open_training(&by_adamw);
    const tl_team one = tl_team_alone();
    it->data.label = NULL;
    it->data.target = soft;
    it->recipe.epochs = 40;
    train(&one, it);
    assert_int_equal(it->status[0], TL_OK);
    /* Cross-entropy is at least the entropy of the targets, reached when p equals them. */
    const double entropy = -(0.8 * log(0.8) + 0.2 * log(0.1));
    assert_true(it->report[0].last_loss > entropy - 1e-6);
    assert_true(it->report[0].last_loss < entropy + 0.02);
    free(it);
}

static void divergence_names_the_update(void **state)
{
    (void)state;
    for (int size = 1; size <= 4; size *= 4) {
        training *it = open_training(&by_sgd);
        it->recipe.lr = 1e30;
        team_threads_run(size, train, it);
        for (int r = 0; r < size; r++) {
            assert_int_equal(it->status[r], TL_E_NUM);
            assert_non_null(strstr(it->err[r].text, "not finite at update 2"));
        }
        free(it);
    }
    const float kept = pixel[5];
    training *it = open_training(&by_adamw);
    pixel[5] = NAN;
    team_threads_run(2, train, it);
    pixel[5] = kept;
    assert_int_equal(it->status[0], TL_E_NUM);
    assert_int_equal(it->status[1], TL_E_NUM);
    free(it);
}

static void no_rows_and_no_room_are_clean_failures(void **state)
{
    (void)state;
    training *it = open_training(&by_adamw);
    it->data.rows = 0;
    team_threads_run(2, train, it);
    assert_int_equal(it->status[1], TL_E_ARG);
    tl_arena arena = tl_arena_open(0), tiny = tl_arena_open(2000);
    const tl_rng rng = tl_rng_stream(1, 0, "train", 0, "order");
    const tl_team one = tl_team_alone();
    tl_model *model;
    tl_err err = {0};
    assert_int_equal(tl_model_new(&it->spec, &arena, &model, NULL), TL_OK);
    it->data.rows = ROWS;
    assert_int_equal(
        tl_train(model, &it->recipe, &it->data, &rng, &one, NULL, &tiny, NULL, &err),
        TL_E_SPACE);
    assert_int_equal(tl_arena_mark(&tiny), 0);
    tl_arena_close(&tiny);
    tl_arena_close(&arena);
    free(it);
}

static void memory_stays_within_what_is_said(void **state)
{
    (void)state;
    training *it = open_training(&by_adamw);
    tl_arena arena = tl_arena_open(0), scratch = tl_arena_open(0);
    const tl_rng rng = tl_rng_stream(1, 0, "train", 0, "order");
    const tl_team one = tl_team_alone();
    const tl_checkpoint checkpoint = {it, load, save, 1e-9};
    tl_model *model;
    assert_int_equal(tl_model_new(&it->spec, &arena, &model, NULL), TL_OK);
    for (int run = 0; run < 2; run++) { /* the second one reads a checkpoint */
        assert_int_equal(tl_train(model, &it->recipe, &it->data, &rng, &one, &checkpoint,
                                  &scratch, NULL, NULL),
                         TL_OK);
        assert_true(it->state_size > 0);
    }
    const double said = tl_train_memory(&it->spec, &it->recipe);
    const double order = ROWS * sizeof(int), slack = 64.0 * 64.0; /* alignment */
    assert_true((double)scratch.peak <= said + order + slack);
    tl_arena_close(&scratch);
    tl_arena_close(&arena);
    free(it);
}

/* Two steps of one parameter, by hand from the formulas, in double precision. */
static void optimizers_are_those_of_their_papers(void **state)
{
    (void)state;
    const tl_recipe sgd = {
        .optimizer = TL_SGD, .lr = 0.1, .momentum = 0.9, .weight_decay = 0.5};
    const tl_recipe adamw = {.optimizer = TL_ADAMW, .lr = 0.1, .weight_decay = 0.5};
    float w = 1.0f, first = 0.0f, second = 0.0f;
    const float g1 = 2.0f, g2 = -1.0f;
    tl_moments moments = {&first, NULL};
    tl_optimizer_step(&sgd, 1, &g1, 1, &moments, &w); /* v = 2.5, w = 0.75 */
    assert_true(fabs((double)w - 0.75) < 1e-6);
    tl_optimizer_step(&sgd, 2, &g2, 1, &moments, &w); /* v = 2.25 - 1 + 0.375 = 1.625 */
    assert_true(fabs((double)w - 0.5875) < 1e-6);
    w = 1.0f, first = 0.0f;
    moments = (tl_moments){&first, &second};
    double m = 0.0, v = 0.0, x = 1.0;
    for (int t = 1; t <= 2; t++) {
        const float g = t == 1 ? g1 : g2;
        tl_optimizer_step(&adamw, t, &g, 1, &moments, &w);
        m = 0.9 * m + 0.1 * (double)g;
        v = 0.999 * v + 0.001 * (double)g * (double)g;
        x -= 0.1 *
             (m / (1.0 - pow(0.9, t)) / (sqrt(v / (1.0 - pow(0.999, t))) + 1e-8) + 0.5 * x);
        assert_true(fabs((double)w - x) < 1e-5);
    }
}

int main(void)
{
    tl_blas_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shards_are_a_power_of_two),
        cmocka_unit_test(separable_classes_are_learned),
        cmocka_unit_test(bits_do_not_depend_on_the_team),
        cmocka_unit_test(bits_depend_on_shards_and_stream),
        cmocka_unit_test(partial_batch_counts_its_own_rows),
        cmocka_unit_test(rows_fewer_than_shards_train),
        cmocka_unit_test(resumed_training_equals_a_whole_one),
        cmocka_unit_test(checkpoint_by_time_goes_on_from_there),
        cmocka_unit_test(state_of_another_training_is_left),
        cmocka_unit_test(stop_without_checkpoint_is_a_stop),
        cmocka_unit_test(squared_loss_teaches_the_same_on_any_team),
        cmocka_unit_test(one_hot_targets_equal_labels),
        cmocka_unit_test(soft_targets_pull_to_their_own_probabilities),
        cmocka_unit_test(divergence_names_the_update),
        cmocka_unit_test(no_rows_and_no_room_are_clean_failures),
        cmocka_unit_test(memory_stays_within_what_is_said),
        cmocka_unit_test(optimizers_are_those_of_their_papers),
    };
    return cmocka_run_group_tests(tests, make_rows, NULL);
}
