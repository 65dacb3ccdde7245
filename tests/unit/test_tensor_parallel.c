/*
 * compute/nn: shares of split models. Logits and gradients are held against those of the
 * same model in one piece, computed in double precision from the definitions, and have the
 * same bits on any team.
 */
#include "compute/nn/pass.h"
#include "compute/nn/tensor_parallel.h"
#include "tests/support/plain_sequence.h"
#include "tests/support/team_threads.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { ROWS = 3, CONTEXT = 9, VOCABULARY = 11, LAYERS = 64, PLACES = 150 };

/* Two of each kind; the second have groups of query heads, and 8 splits of one head each.
 */
static const tl_model_spec specs[] = {
    {TL_MODEL_GPT, 16, 2, {1, 1, CONTEXT}, VOCABULARY, 4, 0, 4},
    {TL_MODEL_LLAMA, 32, 2, {1, 1, CONTEXT}, VOCABULARY, 8, 4, 4},
    {TL_MODEL_GPT, 32, 1, {1, 1, CONTEXT}, VOCABULARY, 8, 0, 8},
    {TL_MODEL_LLAMA, 16, 1, {1, 1, CONTEXT}, VOCABULARY, 4, 2, 2},
};
/* So many parameters that what is kept for them is moved in pieces. */
static const tl_model_spec large = {TL_MODEL_GPT, 192, 3, {1, 1, CONTEXT},
                                    VOCABULARY,   4,   0, 4};
enum { SPECS = sizeof specs / sizeof *specs };

/* A model with all its parameters random, tokens, and what the logits are weighed by: the
 * loss is their product. What members find is by team rank. */
typedef struct trial {
    tl_arena arena;
    tl_model *model;
    float token[ROWS * CONTEXT];
    float weight[ROWS * CONTEXT * VOCABULARY];
    double dropout;
    tl_status status[TEAM_THREADS_MOST];
    float logits[TEAM_THREADS_MOST][ROWS * CONTEXT * VOCABULARY];
    tl_model *gradient[TEAM_THREADS_MOST]; /* as a whole model's parameters */
    tl_model *again[TEAM_THREADS_MOST];    /* the parameters, there and back */
} trial;

static trial *open_trial(const tl_model_spec *spec)
{
    trial *it = calloc(1, sizeof *it);
    assert_non_null(it);
    assert_int_equal(tl_model_new(spec, &it->arena, &it->model, NULL), TL_OK);
    tl_rng rng = tl_rng_stream(5, 0, "test", 0, "share");
    tl_model_init(it->model, &rng);
    for (size_t i = 0; i < it->model->params; i++)
        it->model->param[i] += (float)(0.2 * tl_rng_normal(&rng));
    for (int i = 0; i < ROWS * CONTEXT; i++)
        it->token[i] = (float)tl_rng_below(&rng, VOCABULARY);
    for (int i = 0; i < ROWS * CONTEXT * VOCABULARY; i++)
        it->weight[i] = (float)tl_rng_normal(&rng);
    for (int r = 0; r < TEAM_THREADS_MOST; r++) {
        assert_int_equal(tl_model_new(spec, &it->arena, &it->gradient[r], NULL), TL_OK);
        assert_int_equal(tl_model_new(spec, &it->arena, &it->again[r], NULL), TL_OK);
    }
    return it;
}

static void close_trial(trial *it)
{
    tl_arena_close(&it->arena);
    free(it);
}

/* Forward and backward on `model`, whose team may be NULL, twice: the gradient is set, and
 * then added to. */
static tl_status run_pass(trial *it, const tl_model *model, const tl_team *team,
                          tl_arena *arena, float *logits, float *grad)
{
    const size_t size = ROWS * CONTEXT * VOCABULARY * sizeof(float);
    tl_pass pass;
    TL_TRY(tl_pass_new(model, ROWS + 2, TL_PASS_BACKWARD, arena, &pass, NULL));
    pass.team = team;
    pass.dropout = (tl_dropout){it->dropout, tl_rng_stream(1, 0, "test", 0, "drop"), 4};
    tl_pass_refresh(&pass);
    for (int time = 0; time < 2; time++) {
        memcpy(logits, tl_pass_forward(&pass, it->token, NULL, ROWS), size);
        memcpy(tl_pass_d_logits(&pass), it->weight, size);
        tl_pass_backward(&pass, ROWS, grad, time > 0);
    }
    return pass.status;
}

static tl_status work(trial *it, const tl_team *team, tl_arena *arena)
{
    tl_tensor_parallel share;
    float *grad;
    const int r = team->rank;
    TL_TRY(tl_tensor_parallel_new(it->model, team, arena, &share, NULL));
    TL_TRY(tl_tensor_parallel_put(&share, arena, it->again[r], NULL));
    TL_ALLOC(grad, arena, share.model.params, NULL);
    for (size_t i = 0; i < share.model.params; i++) grad[i] = NAN; /* it is set */
    TL_TRY(run_pass(it, &share.model, team, arena, it->logits[r], grad));
    memcpy(share.model.param, grad, share.model.params * sizeof *grad);
    return tl_tensor_parallel_put(&share, arena, it->gradient[r], NULL);
}

static void member(const tl_team *team, void *self)
{
    trial *it = self;
    tl_arena arena = tl_arena_open(0);
    it->status[team->rank] = work(it, team, &arena);
    tl_arena_close(&arena);
}

/* --- the same model in one piece, in double precision --------------------------------- */

static void plain_layer(const tl_layer *layer, const double *param, const double *in,
                        const double *with, double *out)
{
    const int inputs = layer->in.channels, outputs = layer->out.channels;
    if (layer->kind == TL_LAYER_ADD) {
        for (int i = 0; i < outputs * CONTEXT; i++) out[i] = in[i] + with[i];
    } else if (layer->kind == TL_LAYER_DENSE) {
        for (int i = 0; i < outputs * CONTEXT; i++) {
            const double *x = in + i / outputs * inputs;
            const double *w = param + layer->weight + i % outputs * inputs;
            out[i] = layer->has_bias ? param[layer->bias + (size_t)(i % outputs)] : 0.0;
            for (int k = 0; k < inputs; k++) out[i] += w[k] * x[k];
        }
    } else {
        tl_plain_sequence(layer, param, in, out);
    }
}

/* The loss; the logits too, unless NULL. */
static double plain_loss(const trial *it, const double *param, double *logits)
{
    static double out[LAYERS][CONTEXT * 256];
    const tl_model *model = it->model;
    double loss = 0.0;
    for (int r = 0; r < ROWS; r++) {
        double token[CONTEXT];
        for (int i = 0; i < CONTEXT; i++) token[i] = (double)it->token[r * CONTEXT + i];
        const double *last = out[0];
        for (int l = 0; l < model->layers; l++) {
            const tl_layer *layer = &model->layer[l];
            plain_layer(layer, param, l == 0 ? token : out[layer->from], out[layer->with],
                        out[l]);
            last = out[l];
        }
        for (int i = 0; i < CONTEXT * VOCABULARY; i++) {
            const int at = r * CONTEXT * VOCABULARY + i;
            loss += (double)it->weight[at] * last[i];
            if (logits) logits[at] = last[i];
        }
    }
    return loss;
}

static double largest_of(const float *x, size_t n)
{
    double largest = 0.0;
    for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs((double)x[i]));
    return largest;
}

/* --- facts ---------------------------------------------------------------------------- */

static void shares_make_up_the_model(void **state)
{
    (void)state;
    for (int s = 0; s < SPECS; s++) {
        for (int size = 1; size <= specs[s].splits; size *= 2) {
            trial *it = open_trial(&specs[s]);
            team_threads_run(size, member, it);
            for (int r = 0; r < size; r++) {
                assert_int_equal(it->status[r], TL_OK);
                assert_memory_equal(it->again[r]->param, it->model->param,
                                    it->model->params * sizeof(float));
            }
            close_trial(it);
        }
    }
}

/* Rounding: 1e-5 of the largest, as whole passes of test_sequence.c. */
static void split_logits_are_those_of_the_definition(void **state)
{
    (void)state;
    static double wide[1 << 16], logits[ROWS * CONTEXT * VOCABULARY];
    for (int s = 0; s < SPECS; s++) {
        trial *it = open_trial(&specs[s]);
        assert_in_range(it->model->params, 1, 1 << 16);
        for (size_t i = 0; i < it->model->params; i++)
            wide[i] = (double)it->model->param[i];
        (void)plain_loss(it, wide, logits);
        team_threads_run(2, member, it);
        const double bound = 1e-5 * largest_of(it->logits[0], ROWS * CONTEXT * VOCABULARY);
        for (int i = 0; i < ROWS * CONTEXT * VOCABULARY; i++)
            assert_true(fabs((double)it->logits[0][i] - logits[i]) <= bound);
        close_trial(it);
    }
}

/* Central differences with a step of 1e-5, at places spread over all parameters. */
static void split_gradients_are_those_of_the_definition(void **state)
{
    (void)state;
    static double wide[1 << 16];
    for (int s = 0; s < SPECS; s++) {
        trial *it = open_trial(&specs[s]);
        const size_t params = it->model->params;
        for (size_t i = 0; i < params; i++) wide[i] = (double)it->model->param[i];
        team_threads_run(2, member, it);
        const float *gradient = it->gradient[0]->param;
        const double bound = 1e-5 * largest_of(gradient, params);
        for (size_t i = 0; i < params; i += params / PLACES) {
            const double here = wide[i];
            wide[i] = here + 1e-5;
            const double above = plain_loss(it, wide, NULL);
            wide[i] = here - 1e-5;
            const double slope = 2.0 * (above - plain_loss(it, wide, NULL)) / 2e-5;
            wide[i] = here;
            assert_true(fabs((double)gradient[i] - slope) <= bound);
        }
        close_trial(it);
    }
}

/* With dropout, which is by the layers' numbers and so the same. */
static void split_gradients_are_those_of_the_whole(void **state)
{
    (void)state;
    for (int s = 0; s < SPECS; s++) {
        trial *it = open_trial(&specs[s]);
        const size_t params = it->model->params;
        it->dropout = 0.3;
        float *grad = calloc(params, sizeof *grad), *logits = it->logits[8];
        assert_non_null(grad);
        assert_int_equal(run_pass(it, it->model, NULL, &it->arena, logits, grad), TL_OK);
        team_threads_run(2, member, it);
        const double bound = 1e-5 * largest_of(grad, params);
        for (size_t i = 0; i < params; i++) {
            assert_true(fabs((double)it->gradient[0]->param[i] - (double)grad[i]) <= bound);
        }
        free(grad);
        close_trial(it);
    }
}

static void teams_of_any_size_come_to_the_same_bits(void **state)
{
    (void)state;
    for (int s = 0; s < SPECS; s++) {
        trial *alone = open_trial(&specs[s]);
        alone->dropout = 0.3;
        team_threads_run(1, member, alone);
        for (int size = 2; size <= specs[s].splits; size *= 2) {
            trial *it = open_trial(&specs[s]);
            it->dropout = 0.3;
            team_threads_run(size, member, it);
            for (int r = 0; r < size; r++) {
                assert_int_equal(it->status[r], TL_OK);
                assert_memory_equal(it->logits[r], alone->logits[0], sizeof it->logits[r]);
                assert_memory_equal(it->gradient[r]->param, alone->gradient[0]->param,
                                    it->model->params * sizeof(float));
            }
            close_trial(it);
        }
        close_trial(alone);
    }
}

/* What is kept for the parameters is the same whole from any team, and comes back. */
static tl_status keep_and_return(trial *it, const tl_team *team, tl_arena *arena)
{
    tl_tensor_parallel share;
    float *room, *all = it->gradient[team->rank]->param, *back;
    TL_TRY(tl_tensor_parallel_new(it->model, team, arena, &share, NULL));
    TL_ALLOC(room, arena, tl_tensor_parallel_room(&share), NULL);
    TL_ALLOC(back, arena, share.model.params, NULL);
    TL_TRY(tl_tensor_parallel_collect(&share, share.model.param, room, all, NULL));
    TL_TRY(tl_tensor_parallel_deal(&share, team->rank ? NULL : all, room, back, NULL));
    const size_t size = share.model.params * sizeof *back;
    return memcmp(back, share.model.param, size) == 0 ? TL_OK : TL_E_NUMERIC;
}

static void keeper(const tl_team *team, void *self)
{
    trial *it = self;
    tl_arena arena = tl_arena_open(0);
    it->status[team->rank] = keep_and_return(it, team, &arena);
    tl_arena_close(&arena);
}

static void what_is_kept_does_not_depend_on_the_team(void **state)
{
    (void)state;
    for (int s = 0; s <= SPECS; s++) {
        const tl_model_spec *spec = s < SPECS ? &specs[s] : &large;
        trial *it = open_trial(spec);
        const size_t size = it->model->params * sizeof(float);
        float *wanted = malloc(size);
        assert_non_null(wanted);
        for (int members = 1; members <= spec->splits; members *= 2) {
            team_threads_run(members, keeper, it);
            if (members == 1) memcpy(wanted, it->gradient[0]->param, size);
            for (int r = 0; r < members; r++) {
                assert_int_equal(it->status[r], TL_OK);
                assert_memory_equal(it->gradient[r]->param, wanted, size);
            }
        }
        assert_true(s < SPECS || it->model->params > 1 << 20);
        free(wanted);
        close_trial(it);
    }
}

/* Inference on shares: all members on all blocks, of which the last is padded. */
static tl_status infer(trial *it, const tl_team *team, tl_arena *arena)
{
    tl_tensor_parallel share;
    float *token;
    enum { MANY = 70 };
    TL_ALLOC(token, arena, MANY * CONTEXT, NULL);
    for (int i = 0; i < MANY * CONTEXT; i++) token[i] = it->token[i % (ROWS * CONTEXT)];
    TL_TRY(tl_tensor_parallel_new(it->model, team, arena, &share, NULL));
    return tl_model_logits(&share.model, token, MANY, team, arena,
                           it->gradient[team->rank]->param, NULL);
}

static void asker(const tl_team *team, void *self)
{
    trial *it = self;
    tl_arena arena = tl_arena_open(0);
    it->status[team->rank] = infer(it, team, &arena);
    tl_arena_close(&arena);
}

static void shares_answer_as_the_whole(void **state)
{
    (void)state;
    for (int s = 0; s < SPECS; s++) {
        trial *it = open_trial(&specs[s]);
        const size_t numbers = 70 * VOCABULARY;
        assert_in_range(numbers, 1, it->model->params);
        float *wanted = it->again[0]->param;
        const tl_team alone = tl_team_alone();
        assert_int_equal(infer(it, &alone, &it->arena), TL_OK);
        memcpy(wanted, it->gradient[0]->param, numbers * sizeof *wanted);
        for (int members = 2; members <= specs[s].splits; members *= 2) {
            team_threads_run(members, asker, it);
            for (int r = 0; r < members; r++) {
                assert_int_equal(it->status[r], TL_OK);
                assert_memory_equal(it->gradient[r]->param, wanted,
                                    numbers * sizeof *wanted);
            }
        }
        float *logits = it->again[1]->param;
        assert_int_equal(
            tl_model_logits(it->model, it->token, ROWS, &alone, &it->arena, logits, NULL),
            TL_OK);
        const double bound = 1e-5 * largest_of(logits, ROWS * VOCABULARY);
        for (int i = 0; i < ROWS * VOCABULARY; i++)
            assert_true(fabs((double)logits[i] - (double)wanted[i]) <= bound);
        close_trial(it);
    }
}

static void a_member_holds_its_parts_alone(void **state)
{
    (void)state;
    for (int s = 0; s < SPECS; s++) {
        trial *it = open_trial(&specs[s]);
        size_t params[2];
        double room[2];
        for (int i = 0; i < 2; i++) {
            tl_tensor_parallel share;
            tl_pass pass;
            tl_arena counter = tl_arena_counter();
            const tl_team team = tl_team_counted(0, i ? specs[s].splits : 1);
            assert_int_equal(
                tl_tensor_parallel_new(it->model, &team, &counter, &share, NULL), TL_OK);
            params[i] = share.model.params - share.shared;
            const size_t before = counter.used;
            assert_int_equal(
                tl_pass_new(&share.model, ROWS, TL_PASS_BACKWARD, &counter, &pass, NULL),
                TL_OK);
            room[i] = (double)(counter.used - before);
            tl_arena_close(&counter);
        }
        assert_int_equal(params[0], params[1] * (size_t)specs[s].splits);
        assert_true(room[1] < room[0]);
        close_trial(it);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_make_up_the_model),
        cmocka_unit_test(split_logits_are_those_of_the_definition),
        cmocka_unit_test(split_gradients_are_those_of_the_definition),
        cmocka_unit_test(split_gradients_are_those_of_the_whole),
        cmocka_unit_test(teams_of_any_size_come_to_the_same_bits),
        cmocka_unit_test(what_is_kept_does_not_depend_on_the_team),
        cmocka_unit_test(shares_answer_as_the_whole),
        cmocka_unit_test(a_member_holds_its_parts_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
