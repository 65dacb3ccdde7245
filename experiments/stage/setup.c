#include "experiments/stage/setup.h"

#include <stdio.h>
#include <string.h>

static const char *const model_kinds[] = {"mlp",   "cnn",    "resnet", "gpt",
                                          "llama", "linear", NULL};
static const char *const optimizers[] = {"sgd", "adamw", NULL};
static const char *const schedules[] = {"constant", "cosine", "linear", NULL};
static const char *const reductions[] = {"tree", "fast", NULL};
static const char *const decays[] = {"all", "matrices", NULL};

const tl_param tl_data_params[TL_DATA_PARAMS + 1] = {
    [TL_DATA_SOURCE] = {.name = "source",
                        .type = TL_PARAM_TEXT,
                        .text_fallback = "synthetic/lesions",
                        .about = "data set by name (threatloop data list)"},
    [TL_DATA_OFFICIAL] = {.name = "official",
                          .type = TL_PARAM_BOOL,
                          .about = "the source's own splits (split: official)"},
    [TL_DATA_POOL] = {.name = "pool",
                      .type = TL_PARAM_INT,
                      .fallback = 1000,
                      .high = 1e8,
                      .about = "rows of the owner"},
    [TL_DATA_KEEP] = {.name = "keep",
                      .type = TL_PARAM_REAL,
                      .high = 0.9,
                      .about = "share of the pool that is trained on; the rest are "
                               "non-members (0: all of it, non-members are the test rows)"},
    [TL_DATA_VALIDATION] = {.name = "validation",
                            .type = TL_PARAM_INT,
                            .high = 1e8,
                            .about = "rows for choices"},
    [TL_DATA_ATTACKER] = {.name = "attacker",
                          .type = TL_PARAM_INT,
                          .high = 1e8,
                          .about = "rows of the attacker"},
    [TL_DATA_TEST] = {.name = "test",
                      .type = TL_PARAM_INT,
                      .fallback = 1000,
                      .high = 1e8,
                      .about = "rows for reported numbers"},
    [TL_DATA_ATTACKER_FROM_POOL] = {.name = "attacker_from_pool",
                                    .type = TL_PARAM_INT,
                                    .high = 1e8,
                                    .about =
                                        "with official splits: pool rows that go to the "
                                        "attacker"},
    [TL_DATA_EXAMPLES] = {.name = "examples",
                          .type = TL_PARAM_INT,
                          .high = 1e7,
                          .about =
                              "generated sources: rows to make (0: as many as the roles "
                              "need)"},
    [TL_DATA_CLASSES] = {.name = "classes",
                         .type = TL_PARAM_INT,
                         .fallback = 4,
                         .low = 2,
                         .high = 65536,
                         .about = "generated sources: classes (lesions: 2 to 10) or tokens "
                                  "(markov)"},
    [TL_DATA_DIFFICULTY] = {.name = "difficulty",
                            .type = TL_PARAM_REAL,
                            .fallback = 0.4,
                            .high = 1,
                            .about = "generated sources: 0 easy to 1 hard"},
    [TL_DATA_CONTEXT] = {.name = "context",
                         .type = TL_PARAM_INT,
                         .fallback = 64,
                         .low = TL_CONTEXT_LEAST,
                         .high = TL_CONTEXT_MOST,
                         .units = "token",
                         .about = "sources of tokens: tokens per row"},
};

const tl_param tl_model_params[TL_MODEL_PARAMS + 1] = {
    [TL_MODEL_KIND] = {.name = "kind",
                       .type = TL_PARAM_CHOICE,
                       .fallback = TL_MODEL_CNN,
                       .choices = model_kinds,
                       .about = "architecture"},
    [TL_MODEL_WIDTH] = {.name = "width",
                        .type = TL_PARAM_INT,
                        .fallback = 16,
                        .low = 1,
                        .high = 65536,
                        .about = "channels of the first convolution, units of a hidden "
                                 "layer, or features of a token"},
    [TL_MODEL_DEPTH] = {.name = "layers",
                        .type = TL_PARAM_INT,
                        .high = 64,
                        .about = "mlp: hidden layers (0: 2); cnn: convolutions (0: 3); "
                                 "resnet: stages of two blocks (0: 4); gpt, llama: blocks "
                                 "(0: 4); linear: has none"},
    [TL_MODEL_HEADS] = {.name = "heads",
                        .type = TL_PARAM_INT,
                        .fallback = 4,
                        .low = 1,
                        .high = 1024,
                        .about = "gpt, llama: attention heads; must divide width"},
    [TL_MODEL_KV_HEADS] = {.name = "kv_heads",
                           .type = TL_PARAM_INT,
                           .high = 1024,
                           .about =
                               "llama: heads of keys and values; must divide heads (0: as "
                               "many)"},
    [TL_MODEL_SPLITS] =
        {.name = "splits",
         .type = TL_PARAM_INT,
         .fallback = 1,
         .low = 1,
         .high = TL_MODEL_SPLITS_MOST,
         .about =
             "gpt, llama: parts that each block is split into over the ranks of a team: a "
             "power of two that divides the heads (1: not split)"},
    [TL_MODEL_FILE] = {.name = "file",
                       .type = TL_PARAM_TEXT,
                       .text_fallback = "",
                       .about =
                           "a model of your own, .safetensors: it is the target, and train "
                           "fine-tunes it (none: train begins with drawn weights)"},
    [TL_MODEL_ACCURACY] =
        {.name = "accuracy",
         .type = TL_PARAM_REAL,
         .high = 1,
         .about = "accuracy of the file's model on the test rows as you know "
                  "it; a run that finds another, by more than .01, stops there "
                  "(0: it is not compared)"},
};

const tl_param tl_target_params[TL_TARGET_PARAMS + 1] = {
    [TL_TARGET_ANSWERS] = {.name = "answers",
                           .type = TL_PARAM_TEXT,
                           .text_fallback = "",
                           .about =
                               "recorded answers to the data's rows, .npz, in place of "
                               "a target"},
    [TL_TARGET_ACCURACY] = {.name = "accuracy",
                            .type = TL_PARAM_REAL,
                            .high = 1,
                            .about = "their accuracy on the test rows as you know it, as "
                                     "model.accuracy (0: it is not compared)"},
};

const tl_param tl_recipe_params[TL_RECIPE_PARAMS + 1] = {
    [TL_RECIPE_EPOCHS] = {.name = "epochs",
                          .type = TL_PARAM_INT,
                          .fallback = 20,
                          .high = 100000,
                          .about = "passes over the training rows (0: untrained)"},
    [TL_RECIPE_BATCH] = {.name = "batch",
                         .type = TL_PARAM_INT,
                         .fallback = 64,
                         .low = 1,
                         .high = 1e6,
                         .about = "rows of a batch"},
    [TL_RECIPE_SHARDS] = {.name = "shards",
                          .type = TL_PARAM_INT,
                          .fallback = 8,
                          .low = 1,
                          .high = 1024,
                          .about = "virtual shards of a batch: a power of two, at most a "
                                   "quarter of it (of tokens: all of it); bounds the "
                                   "team, changes the bits"},
    [TL_RECIPE_OPTIMIZER] = {.name = "optimizer",
                             .type = TL_PARAM_CHOICE,
                             .fallback = TL_ADAMW,
                             .choices = optimizers,
                             .about = "optimiser"},
    [TL_RECIPE_LR] = {.name = "lr",
                      .type = TL_PARAM_REAL,
                      .fallback = 1e-3,
                      .high = 100,
                      .low_is_open = true,
                      .about = "step size, the largest of the schedule"},
    [TL_RECIPE_MOMENTUM] = {.name = "momentum",
                            .type = TL_PARAM_REAL,
                            .fallback = 0.9,
                            .high = 0.9999,
                            .about = "sgd: momentum"},
    [TL_RECIPE_WEIGHT_DECAY] = {.name = "weight_decay",
                                .type = TL_PARAM_REAL,
                                .high = 100,
                                .about = "adamw: decoupled decay; sgd: L2 penalty"},
    [TL_RECIPE_SCHEDULE] =
        {.name = "schedule",
         .type = TL_PARAM_CHOICE,
         .choices = schedules,
         .about =
             "decay of the step size after the warm-up, over the updates of all epochs"},
    [TL_RECIPE_WARMUP] =
        {.name = "warmup",
         .type = TL_PARAM_REAL,
         .high = 1,
         .about = "share of all updates in which the step size rises from 0 to lr"},
    [TL_RECIPE_LR_END] = {.name = "lr_end",
                          .type = TL_PARAM_REAL,
                          .high = 1,
                          .about = "share of lr that a falling schedule ends at"},
    [TL_RECIPE_ACCUMULATE] = {.name = "accumulate",
                              .type = TL_PARAM_INT,
                              .fallback = 1,
                              .low = 1,
                              .high = 1024,
                              .about = "batches whose gradients are summed for one update"},
    [TL_RECIPE_CLIP] = {.name = "clip",
                        .type = TL_PARAM_REAL,
                        .high = 1e6,
                        .about = "limit of the L2 norm of the mean gradient (0: none)"},
    [TL_RECIPE_DROPOUT] = {.name = "dropout",
                           .type = TL_PARAM_REAL,
                           .high = 0.95,
                           .about = "share of the outputs of hidden dense layers (mlp), of "
                                    "what the last layer gets (cnn, resnet), of embeddings "
                                    "and of each block's two outputs (gpt, llama) that are "
                                    "dropped in training"},
    [TL_RECIPE_LABEL_SMOOTHING] =
        {.name = "label_smoothing",
         .type = TL_PARAM_REAL,
         .high = 0.99,
         .about = "weight of the uniform distribution in labels and soft targets"},
    [TL_RECIPE_DECAY] =
        {.name = "decay",
         .type = TL_PARAM_CHOICE,
         .choices = decays,
         .about =
             "what weight_decay applies to: all, or matrices (no biases or norm gains)"},
    [TL_RECIPE_AVERAGE] =
        {.name = "average",
         .type = TL_PARAM_REAL,
         .high = 0.999999,
         .about =
             "decay of the weights' moving average, which is then the model (0: none)"},
    [TL_RECIPE_PATIENCE] =
        {.name = "patience",
         .type = TL_PARAM_INT,
         .high = 100000,
         .about = "epochs without a better validation loss until training stops; the best "
                  "epoch's weights are the model (0: all epochs run, the last one's are)"},
    [TL_RECIPE_SHIFT] =
        {.name = "shift",
         .type = TL_PARAM_INT,
         .high = 64,
         .about =
             "largest random shift of an image along each axis, pixel; new every epoch"},
    [TL_RECIPE_FLIP] =
        {.name = "flip",
         .type = TL_PARAM_BOOL,
         .about = "mirrors a random half of the images left to right; new every epoch"},
    [TL_RECIPE_REDUCTION] =
        {.name = "reduction",
         .type = TL_PARAM_CHOICE,
         .choices = reductions,
         .about = "how a team sums gradients: in a fixed tree, or fast by MPI_Iallreduce, "
                  "whose bits depend on the number of ranks"},
    [TL_RECIPE_ZERO] = {.name = "zero",
                        .type = TL_PARAM_BOOL,
                        .about =
                            "each rank of a team keeps the optimiser's state of its own "
                            "slice of the parameters (ZeRO-1); changes no bit"},
    [TL_RECIPE_OVERLAP] = {.name = "overlap",
                           .type = TL_PARAM_BOOL,
                           .fallback = 1,
                           .about = "gradients travel while the last shard's backward pass "
                                    "runs; changes no bit"},
    [TL_RECIPE_RECOMPUTE] = {.name = "recompute",
                             .type = TL_PARAM_BOOL,
                             .about =
                                 "recomputes activations within a block in the backward "
                                 "pass instead of keeping them; changes no bit"},
};

static int integer(tl_value value)
{
    return (int)value.number;
}

tl_split tl_setup_split(const tl_value data[TL_DATA_PARAMS])
{
    return (tl_split){.official = data[TL_DATA_OFFICIAL].number != 0.0,
                      .pool = integer(data[TL_DATA_POOL]),
                      .validation = integer(data[TL_DATA_VALIDATION]),
                      .attacker = integer(data[TL_DATA_ATTACKER]),
                      .test = integer(data[TL_DATA_TEST]),
                      .keep = data[TL_DATA_KEEP].number,
                      .attacker_from_pool = integer(data[TL_DATA_ATTACKER_FROM_POOL])};
}

tl_source_want tl_setup_source_want(const tl_value data[TL_DATA_PARAMS])
{
    const tl_split split = tl_setup_split(data);
    const int wanted = split.pool + split.validation + split.attacker + split.test;
    const int examples = integer(data[TL_DATA_EXAMPLES]);
    return (tl_source_want){.examples = examples ? examples : wanted,
                            .classes = integer(data[TL_DATA_CLASSES]),
                            .difficulty = data[TL_DATA_DIFFICULTY].number,
                            .context = integer(data[TL_DATA_CONTEXT])};
}

static int default_depth(tl_model_kind kind)
{
    return kind == TL_MODEL_MLP ? 2 : (kind == TL_MODEL_CNN ? 3 : 4);
}

tl_setup tl_setup_of(const tl_setup_values *values, tl_shape shape, int classes)
{
    const tl_value *model = values->model, *recipe = values->recipe;
    const tl_model_kind kind = (tl_model_kind)integer(model[TL_MODEL_KIND]);
    const bool is_linear = kind == TL_MODEL_LINEAR; /* one shape, whatever the plan says */
    const int depth = is_linear ? 1 : integer(model[TL_MODEL_DEPTH]);
    const char *file = model[TL_MODEL_FILE].text;
    return (tl_setup){
        .model = {.kind = kind,
                  .width = is_linear ? 1 : integer(model[TL_MODEL_WIDTH]),
                  .depth = depth ? depth : default_depth(kind),
                  .in = shape,
                  .classes = classes,
                  .heads = integer(model[TL_MODEL_HEADS]),
                  .kv_heads = integer(model[TL_MODEL_KV_HEADS]),
                  .splits = integer(model[TL_MODEL_SPLITS])},
        .recipe = {.epochs = integer(recipe[TL_RECIPE_EPOCHS]),
                   .batch = integer(recipe[TL_RECIPE_BATCH]),
                   .shards = integer(recipe[TL_RECIPE_SHARDS]),
                   /* One row of tokens is as much as many images. */
                   .least_rows = tl_model_reads_tokens(kind) ? 1 : 0,
                   .optimizer = (tl_optimizer)integer(recipe[TL_RECIPE_OPTIMIZER]),
                   .lr = recipe[TL_RECIPE_LR].number,
                   .momentum = recipe[TL_RECIPE_MOMENTUM].number,
                   .weight_decay = recipe[TL_RECIPE_WEIGHT_DECAY].number,
                   .schedule = (tl_schedule)integer(recipe[TL_RECIPE_SCHEDULE]),
                   .warmup = recipe[TL_RECIPE_WARMUP].number,
                   .lr_end = recipe[TL_RECIPE_LR_END].number,
                   .accumulate = integer(recipe[TL_RECIPE_ACCUMULATE]),
                   .clip = recipe[TL_RECIPE_CLIP].number,
                   .dropout = recipe[TL_RECIPE_DROPOUT].number,
                   .label_smoothing = recipe[TL_RECIPE_LABEL_SMOOTHING].number,
                   .decay = (tl_decay)integer(recipe[TL_RECIPE_DECAY]),
                   .average = recipe[TL_RECIPE_AVERAGE].number,
                   .patience = integer(recipe[TL_RECIPE_PATIENCE]),
                   .shift = integer(recipe[TL_RECIPE_SHIFT]),
                   .flip = recipe[TL_RECIPE_FLIP].number != 0.0,
                   .reduction = (tl_reduction)integer(recipe[TL_RECIPE_REDUCTION]),
                   .zero = recipe[TL_RECIPE_ZERO].number != 0.0,
                   .overlap = recipe[TL_RECIPE_OVERLAP].number != 0.0,
                   .recompute = recipe[TL_RECIPE_RECOMPUTE].number != 0.0},
        .starts_from_file = file && *file};
}

tl_size tl_setup_size(const tl_setup_values *values, const tl_source *source)
{
    tl_size size = {.shape = source->all.shape,
                    .classes = source->all.classes,
                    .vocabulary = source->all.vocabulary};
    const tl_split split = tl_setup_split(values->data);
    tl_split_sizes(source, &split, &size.pool, &size.members, &size.validation,
                   &size.attacker, &size.test);
    size.setup = tl_setup_of(values, size.shape, size.classes);
    return size;
}

static const tl_model_spec *or_setup(const tl_model_spec *spec, const tl_size *size)
{
    return spec->classes > 0 ? spec : &size->setup.model;
}

const tl_model_spec *tl_size_target(const tl_size *size)
{
    return or_setup(&size->target, size);
}

const tl_model_spec *tl_size_surrogate(const tl_size *size)
{
    return or_setup(&size->surrogate, size);
}

const tl_model_spec *tl_size_banked(const tl_size *size)
{
    return or_setup(&size->banked, size);
}

tl_status tl_setup_check_kind(const char *kind, const char *source, int vocabulary,
                              tl_err *err)
{
    const bool is_tokens = vocabulary > 0;
    char others[120] = "";
    for (int k = 0; model_kinds[k]; k++) {
        if (tl_model_reads_tokens((tl_model_kind)k) != is_tokens) continue;
        if (strcmp(model_kinds[k], kind) == 0) return TL_OK;
        const size_t length = strlen(others);
        (void)snprintf(others + length, sizeof others - length, "%s%s",
                       length > 0 ? ", " : "", model_kinds[k]);
    }
    return tl_fail(
        err, TL_E_ARG, "model.kind %s works on %s, but %s gives %s; allowed are %s", kind,
        is_tokens ? "images" : "tokens", source, is_tokens ? "tokens" : "images", others);
}
