#include "experiments/setup.h"

#include <stdio.h>
#include <string.h>

static const char *const model_kinds[] = {"mlp", "cnn", NULL};
static const char *const optimizers[] = {"sgd", "adamw", NULL};

const tl_param tl_data_params[TL_DATA_PARAMS + 1] = {
    [TL_DATA_SOURCE] = {.name = "source",
                        .type = TL_PARAM_TEXT,
                        .units = "1",
                        .text_fallback = "synthetic/lesions",
                        .about = "data set by name (threatloop data list)"},
    [TL_DATA_OFFICIAL] = {.name = "official",
                          .type = TL_PARAM_BOOL,
                          .high = 1,
                          .units = "1",
                          .about = "the source's own splits (split: official)"},
    [TL_DATA_POOL] = {.name = "pool",
                      .type = TL_PARAM_INT,
                      .fallback = 1000,
                      .high = 1e8,
                      .units = "1",
                      .about = "rows of the owner"},
    [TL_DATA_KEEP] = {.name = "keep",
                      .type = TL_PARAM_REAL,
                      .high = 0.9,
                      .units = "1",
                      .about = "share of the pool that is trained on; the rest are "
                               "non-members (0: all of it, non-members are the test rows)"},
    [TL_DATA_VALIDATION] = {.name = "validation",
                            .type = TL_PARAM_INT,
                            .high = 1e8,
                            .units = "1",
                            .about = "rows for choices"},
    [TL_DATA_ATTACKER] = {.name = "attacker",
                          .type = TL_PARAM_INT,
                          .high = 1e8,
                          .units = "1",
                          .about = "rows of the attacker"},
    [TL_DATA_TEST] = {.name = "test",
                      .type = TL_PARAM_INT,
                      .fallback = 1000,
                      .high = 1e8,
                      .units = "1",
                      .about = "rows for reported numbers"},
    [TL_DATA_ATTACKER_FROM_POOL] = {.name = "attacker_from_pool",
                                    .type = TL_PARAM_INT,
                                    .high = 1e8,
                                    .units = "1",
                                    .about =
                                        "with official splits: pool rows that go to the "
                                        "attacker"},
    [TL_DATA_EXAMPLES] = {.name = "examples",
                          .type = TL_PARAM_INT,
                          .high = 1e7,
                          .units = "1",
                          .about =
                              "generated sources: rows to make (0: as many as the roles "
                              "want)"},
    [TL_DATA_CLASSES] = {.name = "classes",
                         .type = TL_PARAM_INT,
                         .fallback = 4,
                         .low = 2,
                         .high = 256,
                         .units = "1",
                         .about = "generated sources: classes (lesions: 2 to 10) or tokens "
                                  "(markov)"},
    [TL_DATA_DIFFICULTY] = {.name = "difficulty",
                            .type = TL_PARAM_REAL,
                            .fallback = 0.4,
                            .high = 1,
                            .units = "1",
                            .about = "generated sources: 0 easy to 1 hard"},
    [TL_DATA_CONTEXT] = {.name = "context",
                         .type = TL_PARAM_INT,
                         .fallback = 64,
                         .low = TL_CONTEXT_LEAST,
                         .high = TL_CONTEXT_MOST,
                         .units = "token",
                         .about = "sources of tokens: tokens of a row"},
};

const tl_param tl_model_params[TL_MODEL_PARAMS + 1] = {
    [TL_MODEL_KIND] = {.name = "kind",
                       .type = TL_PARAM_CHOICE,
                       .fallback = TL_MODEL_CNN,
                       .high = 1,
                       .units = "1",
                       .choices = model_kinds,
                       .about = "architecture"},
    [TL_MODEL_WIDTH] = {.name = "width",
                        .type = TL_PARAM_INT,
                        .fallback = 16,
                        .low = 1,
                        .high = 4096,
                        .units = "1",
                        .about = "channels of the first convolution, or units of a hidden "
                                 "layer"},
    [TL_MODEL_DEPTH] = {.name = "depth",
                        .type = TL_PARAM_INT,
                        .high = 16,
                        .units = "1",
                        .about = "convolution blocks or hidden layers (0: cnn 3, mlp 2)"},
};

const tl_param tl_recipe_params[TL_RECIPE_PARAMS + 1] = {
    [TL_RECIPE_EPOCHS] = {.name = "epochs",
                          .type = TL_PARAM_INT,
                          .fallback = 20,
                          .low = 0,
                          .high = 100000,
                          .units = "1",
                          .about = "passes over the training rows (0: untrained)"},
    [TL_RECIPE_BATCH] = {.name = "batch",
                         .type = TL_PARAM_INT,
                         .fallback = 64,
                         .low = 1,
                         .high = 1e6,
                         .units = "1",
                         .about = "rows of a batch"},
    [TL_RECIPE_SHARDS] = {.name = "shards",
                          .type = TL_PARAM_INT,
                          .fallback = 8,
                          .low = 1,
                          .high = 1024,
                          .units = "1",
                          .about = "virtual shards of a batch: a power of two, at most a "
                                   "quarter of it; bounds the team, changes the bits"},
    [TL_RECIPE_OPTIMIZER] = {.name = "optimizer",
                             .type = TL_PARAM_CHOICE,
                             .fallback = TL_ADAMW,
                             .high = 1,
                             .units = "1",
                             .choices = optimizers,
                             .about = "optimiser"},
    [TL_RECIPE_LR] = {.name = "lr",
                      .type = TL_PARAM_REAL,
                      .fallback = 1e-3,
                      .high = 100,
                      .units = "1",
                      .low_is_open = true,
                      .about = "step size, constant"},
    [TL_RECIPE_MOMENTUM] = {.name = "momentum",
                            .type = TL_PARAM_REAL,
                            .fallback = 0.9,
                            .high = 0.9999,
                            .units = "1",
                            .about = "sgd: momentum"},
    [TL_RECIPE_WEIGHT_DECAY] = {.name = "weight_decay",
                                .type = TL_PARAM_REAL,
                                .high = 100,
                                .units = "1",
                                .about = "adamw: decoupled decay; sgd: L2 penalty"},
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

tl_setup tl_setup_of(const tl_setup_values *values, tl_shape shape, int classes)
{
    const tl_value *model = values->model, *recipe = values->recipe;
    const tl_model_kind kind = (tl_model_kind)integer(model[TL_MODEL_KIND]);
    const int depth = integer(model[TL_MODEL_DEPTH]);
    return (tl_setup){
        .model = {.kind = kind,
                  .width = integer(model[TL_MODEL_WIDTH]),
                  .depth = depth ? depth : (kind == TL_MODEL_CNN ? 3 : 2),
                  .in = shape,
                  .classes = classes},
        .recipe = {.epochs = integer(recipe[TL_RECIPE_EPOCHS]),
                   .batch = integer(recipe[TL_RECIPE_BATCH]),
                   .shards = integer(recipe[TL_RECIPE_SHARDS]),
                   .optimizer = (tl_optimizer)integer(recipe[TL_RECIPE_OPTIMIZER]),
                   .lr = recipe[TL_RECIPE_LR].number,
                   .momentum = recipe[TL_RECIPE_MOMENTUM].number,
                   .weight_decay = recipe[TL_RECIPE_WEIGHT_DECAY].number}};
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

/* What each kind of model is made for. */
static const struct {
    const char *kind;
    bool takes_tokens;
} made_for[] = {{"mlp", false}, {"cnn", false}};

tl_status tl_setup_check_kind(const char *kind, const char *source, int vocabulary,
                              tl_err *err)
{
    const bool is_tokens = vocabulary > 0;
    char others[120] = "";
    for (size_t k = 0; k < sizeof made_for / sizeof *made_for; k++) {
        if (made_for[k].takes_tokens != is_tokens) continue;
        if (strcmp(made_for[k].kind, kind) == 0) return TL_OK;
        const size_t length = strlen(others);
        (void)snprintf(others + length, sizeof others - length, "%s%s",
                       length > 0 ? ", " : "", made_for[k].kind);
    }
    return tl_fail(err, TL_E_ARG, "model.kind %s works on %s, but %s gives %s%s%s", kind,
                   is_tokens ? "images" : "tokens", source, is_tokens ? "tokens" : "images",
                   *others ? "; allowed are " : ", and no kind works on those", others);
}

double tl_size_data_memory(const tl_size *size, int rows)
{
    const double row = (double)sizeof(float) * tl_shape_size(size->shape) +
                       (double)(sizeof(int32_t) + sizeof(uint8_t) + sizeof(uint32_t));
    return row * rows;
}
