/*
 * The same weights on every aligned block of ranks, of all ways to exchange gradients.
 */
#include "compute/train/adversarial.h"
#include "tests/support/mpi_main.h"
#include "tests/support/wide.h"

#include <math.h>
#include <mpi.h>
#include <stdlib.h>
#include <string.h>

static tl_status train_on(int width, const tl_recipe *recipe, float *param)
{
    const int rank = tl_cluster_rank(cluster_here());
    wide it = {.recipe = *recipe};
    tl_team team = {0};
    tl_status status = tl_team_mpi_open(cluster_here(), rank / width * width, width,
                                        next_epoch(), 30.0, &team, NULL);
    if (status == TL_OK) status = wide_train(&it, &team, param);
    tl_team_mpi_close(&team);
    free(it.state);
    return status;
}

/* What one rank alone comes to, on every rank: rank 0 trains. */
static tl_status train_alone(const tl_recipe *recipe, float *param)
{
    const tl_team alone = tl_team_alone();
    wide it = {.recipe = *recipe};
    tl_status status = TL_OK;
    if (tl_cluster_rank(cluster_here()) == 0) status = wide_train(&it, &alone, param);
    MPI_Bcast(param, (int)wide_params(), MPI_FLOAT, 0, MPI_COMM_WORLD);
    free(it.state);
    return status;
}

/* On all ranks, and on halves of them side by side. */
static void blocks_come_to_the_same_weights(void **state)
{
    (void)state;
    const size_t bytes = wide_params() * sizeof(float);
    float *wanted = malloc(bytes), *found = malloc(bytes);
    assert_all(wanted && found);
    for (int kind = 0; kind < WIDE_KINDS; kind++) {
        tl_recipe recipe = wide_recipe(kind);
        assert_all(train_alone(&recipe, wanted) == TL_OK);
        const int all = tl_cluster_size(cluster_here());
        for (int width = all > 2 ? all / 2 : 2; width <= all; width *= 2) {
            recipe.zero = (kind + width) % 3 != 0;
            assert_all(train_on(width, &recipe, found) == TL_OK);
            assert_all(memcmp(wanted, found, bytes) == 0);
        }
    }
    free(wanted);
    free(found);
}

static void fast_sums_train_as_well(void **state)
{
    (void)state;
    const size_t params = wide_params();
    float *wanted = malloc(params * sizeof(float)), *found = malloc(params * sizeof(float));
    assert_all(wanted && found);
    tl_recipe recipe = wide_recipe(1); /* SGD: rounding stays as small as it is */
    assert_all(train_alone(&recipe, wanted) == TL_OK);
    recipe.reduction = TL_REDUCTION_FAST;
    for (int zero = 0; zero < 2; zero++) {
        recipe.zero = zero;
        assert_all(train_on(tl_cluster_size(cluster_here()), &recipe, found) == TL_OK);
        double worst = 0.0;
        for (size_t i = 0; i < params; i++) {
            worst = fmax(worst, fabs((double)wanted[i] - (double)found[i]));
        }
        assert_all(worst < 1e-5);
    }
    free(wanted);
    free(found);
}

/* Rows count by their loss. */
static void weigh(const double *number, const tl_hook_losses *losses, float *weight)
{
    for (int r = 0; r < losses->rows; r++) weight[r] = (float)(number[7] * losses->loss[r]);
}

static void mask_some(const double *number, const tl_model *model, unsigned char *mask)
{
    (void)number;
    for (size_t i = 0; i < model->params; i++) mask[i] = i % 3 != 0;
}

static void hooks_come_to_the_same_weights(void **state)
{
    (void)state; /* clipping with noise, adversarial inputs, all with a mask and weights */
    const size_t bytes = wide_params() * sizeof(float);
    const tl_adversarial near = {
        .radius = 0.1, .steps = 2, .step = 0.05, .is_random = true, .high = 1.0};
    float *wanted = malloc(bytes), *found = malloc(bytes);
    assert_all(wanted && found);
    for (int kind = 0; kind < 4; kind++) {
        tl_recipe recipe = wide_recipe(kind == 3 ? 4 : kind);
        if (kind > 0) assert_all(tl_adversarial_set(&near, &recipe.hooks, NULL) == TL_OK);
        if (kind != 1) {
            recipe.hooks.clip_each = 0.5;
            recipe.hooks.noise = 0.3;
        }
        if (kind == 3) {
            recipe.hooks.number[7] = 0.7;
            recipe.hooks.weights = weigh;
            recipe.hooks.mask = mask_some;
        }
        assert_all(train_alone(&recipe, wanted) == TL_OK);
        const int all = tl_cluster_size(cluster_here());
        for (int width = all > 2 ? all / 2 : all; width <= all; width *= 2) {
            recipe.zero = (kind + width) % 3 != 0;
            assert_all(train_on(width, &recipe, found) == TL_OK);
            assert_all(memcmp(wanted, found, bytes) == 0);
        }
    }
    free(wanted);
    free(found);
}

const struct CMUnitTest tests_here[] = {
    cmocka_unit_test(blocks_come_to_the_same_weights),
    cmocka_unit_test(fast_sums_train_as_well),
    cmocka_unit_test(hooks_come_to_the_same_weights),
};
const size_t tests_here_count = sizeof tests_here / sizeof tests_here[0];
