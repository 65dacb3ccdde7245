/* A split model trained by all ranks, each with its share, and by each rank alone. */
#include "compute/train/trainer.h"
#include "tests/support/mpi_main.h"

#include <string.h>

enum { ROWS = 40, CONTEXT = 12, VOCABULARY = 7 };

static const tl_model_spec gpt = {.kind = TL_MODEL_GPT,
                                  .width = 32,
                                  .depth = 2,
                                  .in = {1, 1, CONTEXT},
                                  .classes = VOCABULARY,
                                  .heads = 8,
                                  .splits = 8};
static const tl_model_spec llama = {.kind = TL_MODEL_LLAMA,
                                    .width = 32,
                                    .depth = 1,
                                    .in = {1, 1, CONTEXT},
                                    .classes = VOCABULARY,
                                    .heads = 8,
                                    .kv_heads = 4,
                                    .splits = 4};
static const tl_recipe recipe = {.epochs = 3,
                                 .batch = 16,
                                 .shards = 4,
                                 .least_rows = 1,
                                 .optimizer = TL_ADAMW,
                                 .lr = 0.01,
                                 .weight_decay = 0.1,
                                 .clip = 0.2,
                                 .dropout = 0.1,
                                 .decay = TL_DECAY_MATRICES,
                                 .average = 0.8};

static tl_status train(const tl_model_spec *spec, const tl_team *team, tl_arena *arena,
                       tl_model **model, tl_train_report *report)
{
    float token[ROWS * CONTEXT];
    int32_t label[ROWS];
    int row[ROWS];
    tl_rng rng = tl_rng_stream(3, 0, "test", 0, "tokens");
    for (int i = 0; i < ROWS * CONTEXT; i++)
        token[i] = (float)tl_rng_below(&rng, VOCABULARY);
    for (int r = 0; r < ROWS; r++) {
        label[r] = (int32_t)tl_rng_below(&rng, VOCABULARY);
        row[r] = r;
    }
    const tl_train_rows rows = {.input = token, .label = label, .row = row, .rows = ROWS};
    const tl_rng init = tl_rng_stream(1, 0, "train", 0, "init");
    const tl_rng order = tl_rng_stream(1, 0, "train", 0, "order");
    const tl_training job = {.recipe = &recipe, .rows = &rows, .rng = &order, .team = team};
    TL_TRY(tl_model_new(spec, arena, model, NULL));
    tl_model_init(*model, &init);
    return tl_train(*model, &job, arena, report, NULL);
}

static void check(const tl_model_spec *spec)
{
    tl_arena arena = tl_arena_open(0);
    tl_model *ours = NULL, *mine = NULL;
    tl_train_report our_report, my_report;
    tl_team team = {0};
    const tl_team alone = tl_team_alone();
    const int ranks = tl_cluster_size(cluster_here());
    assert_all(tl_team_mpi_open(cluster_here(), 0, ranks, next_epoch(), 30.0, &team,
                                NULL) == TL_OK);
    assert_all(train(spec, &team, &arena, &ours, &our_report) == TL_OK);
    tl_team_mpi_close(&team);
    assert_all(train(spec, &alone, &arena, &mine, &my_report) == TL_OK);
    assert_all(memcmp(ours->param, mine->param, mine->params * sizeof(float)) == 0);
    assert_all(our_report.last_loss == my_report.last_loss);
    tl_arena_close(&arena);
}

static void a_team_comes_to_the_bits_of_one(void **state)
{
    (void)state;
    check(&gpt);
    check(&llama);
}

const struct CMUnitTest tests_here[] = {cmocka_unit_test(a_team_comes_to_the_bits_of_one)};
const size_t tests_here_count = sizeof tests_here / sizeof tests_here[0];
