/* runner: settings of bench train, medians, and time by layer. */
#include "compute/nn/layers/layer.h"
#include "compute/core/sort.h"
#include "compute/nn/model.h"
#include "runner/bench/bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

enum { MOST_SETS = 6 };

typedef struct reading {
    const char *model;
    const char *set[MOST_SETS];
    const char *fault; /* part of the text; NULL: none */
} reading;

static tl_status take(const reading *wanted, tl_bench_job *job, tl_err *err)
{
    int sets = 0;
    while (sets < MOST_SETS && wanted->set[sets]) sets++;
    return tl_bench_job_read(wanted->model, wanted->set, sets, job, err);
}

static void settings_are_checked(void **state)
{
    (void)state;
    static const reading readings[] = {
        {"cnn", {"width=16", "batch=128", "shards=8"}, NULL},
        {"mlp", {"width=512", "layers=2", "lr=0.01", "optimizer=sgd"}, NULL},
        {"resnet", {"channels=3", "side=32"}, NULL},
        {"gpt", {"layers=6", "heads=6", "width=384", "vocabulary=256", "context=64"}, NULL},
        {"linear", {"batch=32"}, NULL},
        {"llama", {"width=64", "heads=4", "kv_heads=2"}, NULL},
        {"cnn", {"wdith=16"}, "allowed: width, layers, "},
        {"cnn", {"wdith=16"}, "context, vocabulary, channels, side, classes, rows"},
        {"cnn", {"kind=mlp"}, "no setting 'kind'"},
        {"cnn", {"epochs=3"}, "no setting 'epochs'"},
        {"cnn", {"width"}, "--set needs NAME=VALUE"},
        {"cnn", {"width=wide"}, "width must be a whole number, found 'wide'"},
        {"cnn", {"width=1.5"}, "width must be a whole number"},
        {"cnn", {"width=0"}, "width is 0, allowed is from 1"},
        {"cnn", {"lr=0"}, "lr is 0, allowed is above 0"},
        {"cnn",
         {"optimizer=adam"},
         "optimizer cannot be 'adam' (did you mean 'adamw'?); allowed: sgd, adamw"},
        {"cnn", {"side=4"}, "does not fit images of 4x4"},
        {"gpt", {"width=10", "heads=3"}, "not a multiple"},
        {"cnn", {"width=1", "side=1024", "rows=100"}, "too many"},
        {"mlp", {"batch=1000000"}, "too many"},
        {"autoencoder", {NULL}, "allowed: mlp, cnn, resnet, gpt, llama, linear"},
    };
    for (size_t i = 0; i < sizeof readings / sizeof *readings; i++) {
        tl_err err = {0};
        tl_bench_job job;
        const tl_status status = take(&readings[i], &job, &err);
        if (!readings[i].fault) {
            assert_int_equal(status, TL_OK);
            continue;
        }
        assert_int_equal(status, TL_E_ARG);
        if (!strstr(err.text, readings[i].fault))
            fail_msg("'%s' does not say '%s'", err.text, readings[i].fault);
    }
}

static void settings_reach_the_model(void **state)
{
    (void)state;
    const reading wanted = {
        "gpt",
        {"layers=6", "heads=6", "width=384", "vocabulary=300", "context=64", "batch=4"},
        NULL};
    tl_bench_job job;
    assert_int_equal(take(&wanted, &job, NULL), TL_OK);
    const tl_model_spec *spec = &job.setup.model;
    assert_int_equal(spec->kind, TL_MODEL_GPT);
    assert_int_equal(spec->depth, 6);
    assert_int_equal(spec->heads, 6);
    assert_int_equal(spec->width, 384);
    assert_int_equal(spec->classes, 300);
    assert_int_equal(spec->in.width, 64);
    assert_int_equal(job.setup.recipe.batch, 4);
    assert_true(job.rows >= 16 && job.rows % 4 == 0);
}

static void the_middle_value_is_the_median(void **state)
{
    (void)state;
    double odd[] = {5.0, 1.0, 3.0}, even[] = {4.0, 1.0, 3.0, 2.0};
    assert_true(tl_median(odd, 3) == 3.0);
    assert_true(tl_median(even, 4) == 2.5);
}

/* The clock of processors is coarse on some machines: a layer may take none of its ticks.
 */
static void every_layer_has_its_time(void **state)
{
    (void)state;
    const reading wanted = {"cnn", {"width=4", "layers=2", "batch=16", "rows=16"}, NULL};
    tl_arena arena = tl_arena_open(0);
    tl_bench_job job;
    tl_model *model;
    float pixel[16 * 784] = {0};
    int32_t label[16] = {0};
    int row[16];
    for (int i = 0; i < 16; i++) row[i] = i;
    const tl_timer_data data = {pixel, label, row, 16};
    assert_int_equal(take(&wanted, &job, NULL), TL_OK);
    assert_int_equal(tl_model_new(&job.setup.model, &arena, &model, NULL), TL_OK);
    tl_bench_layer layer[16];
    for (int l = 0; l < 16; l++) layer[l] = (tl_bench_layer){-1.0, -1.0};
    assert_true(model->layers <= 16);
    assert_int_equal(tl_bench_profile(model, &job, &data, &arena, layer, NULL), TL_OK);
    for (int l = 0; l < model->layers; l++)
        assert_true(layer[l].forward >= 0.0 && layer[l].backward >= 0.0);
    tl_arena_close(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_are_checked),
        cmocka_unit_test(settings_reach_the_model),
        cmocka_unit_test(the_middle_value_is_the_median),
        cmocka_unit_test(every_layer_has_its_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
