/* Models: shapes that are refused, counts, starting weights, inference in padded blocks. */
#include "compute/nn/model.h"

#include "compute/core/blas.h"
#include "tests/support/team_threads.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const tl_model_spec small_cnn = {
    .kind = TL_MODEL_CNN, .width = 4, .depth = 2, .in = {1, 8, 8}, .classes = 3};

static void impossible_specs_are_refused(void **state)
{
    (void)state;
    static const struct {
        tl_model_spec spec;
        const char *text;
    } cases[] = {
        {{.kind = TL_MODEL_CNN, .width = 4, .depth = 4, .in = {1, 8, 8}, .classes = 3},
         "a cnn of 4 layers does not fit images of 8x8"},
        {{.kind = TL_MODEL_CNN, .width = 4, .depth = 1, .in = {1, 1, 8}, .classes = 3},
         "a cnn of 1 layers does not fit images of 1x8"},
        {{.kind = TL_MODEL_CNN, .width = 40000, .depth = 2, .in = {1, 8, 8}, .classes = 3},
         "too wide: its block 2 has 80000"},
        {{.kind = TL_MODEL_CNN,
          .width = 65536,
          .depth = 1,
          .in = {1, 512, 512},
          .classes = 3},
         "too wide: its block 1 has 65536"},
        {{.kind = TL_MODEL_MLP, .width = 0, .depth = 1, .in = {1, 8, 8}, .classes = 3},
         "needs width 1 to 65536"},
        {{.kind = TL_MODEL_MLP, .width = 4, .depth = 0, .in = {1, 8, 8}, .classes = 3},
         "1 to 64 layers"},
        {{.kind = TL_MODEL_MLP, .width = 4, .depth = 1, .in = {1, 8, 8}, .classes = 1},
         "2 to 65536 classes"},
        {{.kind = TL_MODEL_MLP,
          .width = 4,
          .depth = 1,
          .in = {1, 8, 8},
          .classes = INT32_MAX},
         "2 to 65536 classes"},
        {{.kind = TL_MODEL_MLP, .width = 4, .depth = 1, .in = {0, 8, 8}, .classes = 3},
         "not 0x8x8"},
        {{.kind = TL_MODEL_MLP, .width = 4, .depth = 1, .in = {1, -8, 8}, .classes = 3},
         "not 1x-8x8"},
        {{.kind = TL_MODEL_MLP,
          .width = 4,
          .depth = 1,
          .in = {1000000, 1000000, 1000000},
          .classes = 3},
         "not 1000000x1000000x"},
        {{.kind = TL_MODEL_CNN,
          .width = 4,
          .depth = 1,
          .in = {INT32_MAX, INT32_MAX, 2},
          .classes = 3},
         "numbers"},
        {{.kind = TL_MODEL_GPT,
          .width = 32,
          .depth = 1,
          .in = {1, 1, 43000},
          .classes = 50257,
          .heads = 4},
         "their outputs are more"},
        {{.kind = TL_MODEL_LLAMA,
          .width = 30,
          .depth = 1,
          .in = {1, 1, 16},
          .classes = 256,
          .heads = 4},
         "30 is not a multiple of 4"},
        {{.kind = TL_MODEL_GPT,
          .width = 24,
          .depth = 1,
          .in = {1, 1, 16},
          .classes = 256,
          .heads = 6,
          .splits = 3},
         "a power of two, at most 64, not 3"},
        {{.kind = TL_MODEL_GPT,
          .width = 24,
          .depth = 1,
          .in = {1, 1, 16},
          .classes = 256,
          .heads = 6,
          .splits = 4},
         "4 splits do not divide 6 heads, 6 of keys and values"},
        {{.kind = TL_MODEL_LLAMA,
          .width = 32,
          .depth = 1,
          .in = {1, 1, 16},
          .classes = 256,
          .heads = 8,
          .kv_heads = 2,
          .splits = 4},
         "8 heads, 2 of keys and values"},
        {{.kind = TL_MODEL_LLAMA,
          .width = 64,
          .depth = 1,
          .in = {1, 1, 16},
          .classes = 256,
          .heads = 32,
          .splits = 32},
         "32 splits do not divide the 176 units"},
        {{.kind = TL_MODEL_CNN,
          .width = 4,
          .depth = 1,
          .in = {1, 8, 8},
          .classes = 3,
          .splits = 2},
         "a cnn has 1 split, not 2"},
        {{.kind = TL_MODEL_AUTOENCODER,
          .width = 4,
          .depth = 1,
          .in = {1, 8, 8},
          .classes = 3},
         "as many outputs, not 3"},
        {{.kind = TL_MODEL_AUTOENCODER,
          .width = 65536,
          .depth = 1,
          .in = {1, 64, 64},
          .classes = 4096},
         "65536 is too wide"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tl_arena arena = tl_arena_open(0);
        tl_model *model = NULL;
        tl_err err = {0};
        assert_int_equal(tl_model_new(&cases[i].spec, &arena, &model, &err), TL_E_ARG);
        assert_non_null(strstr(err.text, cases[i].text));
        assert_int_equal(tl_model_count(&cases[i].spec), 0);
        assert_true(tl_model_flop(&cases[i].spec) == 0.0);
        tl_arena_close(&arena);
    }
}

static void counts_are_those_by_hand(void **state)
{
    (void)state;
    /* conv 1->4: 36 + 4; conv 4->8: 288 + 8; 8 planes of 2x2 -> 3: 96 + 3 */
    assert_int_equal(tl_model_count(&small_cnn), 40 + 296 + 99);
    assert_true(tl_model_flop(&small_cnn) == 2.0 * (36 * 64 + 288 * 16 + 96));
    const tl_model_spec mlp = {
        .kind = TL_MODEL_MLP, .width = 5, .depth = 2, .in = {1, 2, 3}, .classes = 4};
    assert_int_equal(tl_model_count(&mlp), 6 * 5 + 5 + 25 + 5 + 20 + 4);
    assert_true(tl_model_flop(&mlp) == 2.0 * (30 + 25 + 20));
    const tl_model_spec linear = {
        .kind = TL_MODEL_LINEAR, .width = 9, .depth = 9, .in = {1, 2, 3}, .classes = 4};
    assert_int_equal(tl_model_count(&linear), 6 * 4 + 4);
    assert_true(tl_model_flop(&linear) == 2.0 * 24);
}

static void tensors_cover_the_parameters_once(void **state)
{
    (void)state;
    tl_arena arena = tl_arena_open(0);
    tl_model *model;
    tl_tensor *tensor;
    int count;
    assert_int_equal(tl_model_new(&small_cnn, &arena, &model, NULL), TL_OK);
    assert_int_equal(tl_model_tensors(model, &arena, &tensor, &count, NULL), TL_OK);
    static const char *const names[] = {"conv0.weight", "conv0.bias",    "conv1.weight",
                                        "conv1.bias",   "dense0.weight", "dense0.bias"};
    assert_int_equal(count, 6);
    size_t at = 0;
    for (int i = 0; i < count; i++) {
        size_t size = 1;
        for (int d = 0; d < tensor[i].rank; d++) size *= (size_t)tensor[i].size[d];
        assert_string_equal(tensor[i].name, names[i]);
        assert_int_equal(tensor[i].at, at);
        assert_int_equal(tensor[i].count, size);
        at += size;
    }
    assert_int_equal(at, model->params);
    tl_arena_close(&arena);
}

static void starting_weights_have_their_variance(void **state)
{
    (void)state;
    tl_arena arena = tl_arena_open(0);
    const tl_model_spec spec = {
        .kind = TL_MODEL_CNN, .width = 16, .depth = 2, .in = {1, 16, 16}, .classes = 10};
    const double inputs[] = {9, 9 * 16, 32 * 16};
    tl_model *model;
    tl_tensor *tensor;
    int count;
    const tl_rng rng = tl_rng_stream(1, 0, "train", 0, "init");
    assert_int_equal(tl_model_new(&spec, &arena, &model, NULL), TL_OK);
    assert_int_equal(tl_model_tensors(model, &arena, &tensor, &count, NULL), TL_OK);
    for (size_t i = 0; i < model->params; i++) model->param[i] = 7.0f;
    tl_model_init(model, &rng);
    for (int i = 0; i < count; i++) {
        const double n = (double)tensor[i].count, wanted = 2.0 / inputs[i / 2];
        double sum = 0.0, squares = 0.0;
        for (size_t j = 0; j < tensor[i].count; j++) {
            const double x = (double)model->param[tensor[i].at + j];
            sum += x;
            squares += x * x;
        }
        if (i % 2 == 1) { /* biases */
            assert_true(squares == 0.0);
            continue;
        }
        /* Four standard errors: of a mean sqrt(v/n), of a variance v sqrt(2/n). */
        assert_true(fabs(sum / n) < 4.0 * sqrt(wanted / n));
        assert_true(fabs(squares / n - wanted) < 4.0 * wanted * sqrt(2.0 / n));
    }
    tl_arena_close(&arena);
}

/* --- inference ------------------------------------------------------------------------ */

enum { MOST_ROWS = 300, CLASSES = 3, PIXELS = 64 };

typedef struct inference {
    tl_model *model;
    float *input; /* [MOST_ROWS x PIXELS] */
    int rows;
    tl_status status[TEAM_THREADS_MOST];
    float logits[TEAM_THREADS_MOST][MOST_ROWS * CLASSES];
} inference;

static inference *open_inference(tl_arena *arena)
{
    inference *it = tl_arena_take(arena, 1, sizeof *it, NULL);
    assert_non_null(it);
    it->input = tl_arena_take(arena, MOST_ROWS * PIXELS, sizeof(float), NULL);
    assert_non_null(it->input);
    assert_int_equal(tl_model_new(&small_cnn, arena, &it->model, NULL), TL_OK);
    tl_rng rng = tl_rng_stream(2, 0, "train", 0, "init");
    tl_model_init(it->model, &rng);
    for (int i = 0; i < MOST_ROWS * PIXELS; i++) {
        it->input[i] = (float)tl_rng_uniform(&rng);
    }
    return it;
}

static void infer(const tl_team *team, void *self)
{
    inference *it = self;
    tl_arena scratch = tl_arena_open(0);
    it->status[team->rank] = tl_model_logits(it->model, it->input, it->rows, team, &scratch,
                                             it->logits[team->rank], NULL);
    tl_arena_close(&scratch);
}

static void logits_do_not_depend_on_the_team(void **state)
{
    (void)state;
    tl_arena arena = tl_arena_open(0);
    inference *it = open_inference(&arena);
    static const int rows[] = {0, 1, 63, 64, 65, 200, MOST_ROWS};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        float alone[MOST_ROWS * CLASSES] = {0};
        const tl_team one = tl_team_alone();
        const size_t bytes = (size_t)(rows[i] * CLASSES) * sizeof *alone;
        assert_int_equal(
            tl_model_logits(it->model, it->input, rows[i], &one, &arena, alone, NULL),
            TL_OK);
        it->rows = rows[i];
        for (int size = 2; size <= 8; size *= 2) {
            team_threads_run(size, infer, it);
            for (int r = 0; r < size; r++) {
                assert_int_equal(it->status[r], TL_OK);
                assert_memory_equal(it->logits[r], alone, bytes);
            }
        }
    }
    tl_arena_close(&arena);
}

static void padded_block_equals_a_full_one(void **state)
{
    (void)state;
    tl_arena arena = tl_arena_open(0);
    inference *it = open_inference(&arena);
    const tl_team one = tl_team_alone();
    float full[TL_INFER_ROWS * CLASSES], part[TL_INFER_ROWS * CLASSES];
    assert_int_equal(
        tl_model_logits(it->model, it->input, TL_INFER_ROWS, &one, &arena, full, NULL),
        TL_OK);
    for (int rows = 1; rows < TL_INFER_ROWS; rows++) {
        assert_int_equal(
            tl_model_logits(it->model, it->input, rows, &one, &arena, part, NULL), TL_OK);
        assert_memory_equal(part, full, (size_t)(rows * CLASSES) * sizeof *full);
    }
    tl_arena_close(&arena);
}

static void full_arena_is_a_clean_failure(void **state)
{
    (void)state;
    tl_arena arena = tl_arena_open(0);
    inference *it = open_inference(&arena);
    tl_arena tiny = tl_arena_open(1000);
    const tl_team one = tl_team_alone();
    tl_err err = {0};
    assert_int_equal(
        tl_model_logits(it->model, it->input, 3, &one, &tiny, it->logits[0], &err),
        TL_E_NOMEM);
    assert_int_equal(tl_arena_mark(&tiny), 0);
    tl_arena_close(&tiny);
    tl_arena_close(&arena);
}

int main(void)
{
    tl_blas_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(impossible_specs_are_refused),
        cmocka_unit_test(counts_are_those_by_hand),
        cmocka_unit_test(tensors_cover_the_parameters_once),
        cmocka_unit_test(starting_weights_have_their_variance),
        cmocka_unit_test(logits_do_not_depend_on_the_team),
        cmocka_unit_test(padded_block_equals_a_full_one),
        cmocka_unit_test(full_arena_is_a_clean_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
