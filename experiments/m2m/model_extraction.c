/*
 * Model extraction by training: the attacker asks the target about images and trains a
 * surrogate on the answers. Beside it a twin without access is trained on the same images
 * with their true labels: what the surrogate agrees more than the twin is what the answers
 * were worth. Source: Tramer, Zhang, Juels, Reiter, Ristenpart 2016, Stealing machine
 * learning models via prediction APIs, section 4 (retraining); Orekondy, Schiele, Fritz
 * 2019, Knockoff nets, section 4.
 */
#include "experiments/stage.h"

#include "compute/nn/loss.h"
#include "experiments/score.h"

#include <string.h>

enum { ARG_QUERIES, ARG_ANSWERS, ARG_KIND, ARG_EPOCHS };
enum { NATURAL, AUGMENTED, NOISE };
enum { AGREEMENT, ACCURACY, TWIN_AGREEMENT, TWIN_ACCURACY, GAIN };

typedef struct queries {
    int count;
    float *pixel;
    int32_t *label; /* of the row an image was made from */
    int *row;       /* 0, 1, 2, ... */
} queries;

/* The nearest of 0 .. n-1. */
static int within(int at, int n)
{
    at = at < 0 ? 0 : at;
    return at < n ? at : n - 1;
}

/* Shifts an image by up to 2 pixels each way and mirrors half of them; borders repeat. */
static void augment(tl_rng *rng, tl_shape shape, const float *from, float *to)
{
    const int dy = (int)tl_rng_below(rng, 5) - 2, dx = (int)tl_rng_below(rng, 5) - 2;
    const bool mirrors = tl_rng_below(rng, 2) == 1;
    for (int c = 0; c < shape.channels; c++) {
        for (int y = 0; y < shape.height; y++) {
            const int v = within(y + dy, shape.height);
            for (int x = 0; x < shape.width; x++) {
                const int u = within((mirrors ? shape.width - 1 - x : x) + dx, shape.width);
                *to++ = from[(c * shape.height + v) * shape.width + u];
            }
        }
    }
}

static tl_status take_queries(tl_scene *scene, queries *q, int **order, tl_err *err)
{
    const tl_dataset *own = scene->world->data[TL_PART_ATTACKER];
    q->count = (int)scene->arg[ARG_QUERIES].number;
    TL_TAKE(q->pixel, scene->scratch,
            (size_t)q->count * (size_t)tl_shape_size(scene->world->setup->model.in), err);
    TL_TAKE(q->label, scene->scratch, q->count, err);
    TL_TAKE(q->row, scene->scratch, q->count, err);
    TL_TAKE(*order, scene->scratch, own->rows, err);
    return TL_OK;
}

/*
 * Image i is the same for every budget and for the twin: query i takes row order[i], where
 * the order of the attacker's rows is drawn once, and sub-stream i for all else.
 */
static tl_status make_queries(tl_scene *scene, queries *q, tl_err *err)
{
    const tl_dataset *own = scene->world->data[TL_PART_ATTACKER];
    const size_t size = (size_t)tl_shape_size(scene->world->setup->model.in);
    const int kind = (int)scene->arg[ARG_KIND].number;
    int *order;
    TL_TRY(take_queries(scene, q, &order, err));
    tl_rng shuffle = tl_scene_rng(scene, "rows");
    const tl_rng images = tl_scene_rng(scene, "images");
    for (int i = 0; i < own->rows; i++) order[i] = i;
    tl_rng_shuffle(&shuffle, order, own->rows);
    for (int i = 0; i < q->count; i++) {
        float *to = q->pixel + (size_t)i * size;
        q->row[i] = i;
        if (kind == NOISE) {
            tl_rng rng = tl_rng_sub(&images, (uint64_t)i);
            for (size_t j = 0; j < size; j++) to[j] = (float)tl_rng_uniform(&rng);
            continue;
        }
        const size_t row = (size_t)order[i % own->rows];
        q->label[i] = own->label[row];
        if (i < own->rows) { /* the first time round images are as they are */
            memcpy(to, own->pixel + row * size, size * sizeof *to);
        } else {
            tl_rng rng = tl_rng_sub(&images, (uint64_t)i);
            augment(&rng, own->shape, own->pixel + row * size, to);
        }
    }
    return TL_OK;
}

static tl_recipe recipe_of(const tl_scene *scene)
{
    tl_recipe recipe = scene->world->setup->recipe;
    const int epochs = (int)scene->arg[ARG_EPOCHS].number;
    if (epochs > 0) recipe.epochs = epochs;
    return recipe;
}

/* Trains a model of the plan's kind on the queries; surrogate and twin start alike. */
static tl_status train_copy(tl_scene *scene, const queries *q, const float *answer,
                            tl_model **out, tl_err *err)
{
    const tl_status made = tl_model_new(&scene->world->setup->model, scene->keep, out, err);
    TL_TRY(tl_team_agree(scene->team, made, err));
    const tl_rng init = tl_scene_rng(scene, "init"), order = tl_scene_rng(scene, "order");
    tl_model_init(*out, &init);
    const tl_recipe recipe = recipe_of(scene);
    const tl_train_rows data = {.pixel = q->pixel,
                                .label = answer ? NULL : q->label,
                                .target = answer,
                                .row = q->row,
                                .rows = q->count};
    return tl_train(*out, &recipe, &data, &order, scene->team, scene->checkpoint,
                    scene->scratch, NULL, err);
}

static tl_status run_twin(tl_scene *scene, tl_err *err)
{
    queries q = {0};
    tl_model *twin = NULL;
    TL_TRY(tl_team_agree(scene->team, make_queries(scene, &q, err), err));
    TL_TRY(train_copy(scene, &q, NULL, &twin, err));
    scene->given->model[TL_PART_SURROGATE] = twin;
    return TL_OK;
}

static tl_status guess(tl_scene *scene, const tl_model *model, int32_t *out, tl_err *err)
{
    const tl_dataset *test = scene->world->data[TL_PART_TEST];
    float *logits = tl_arena_take(
        scene->scratch, (size_t)test->rows * (size_t)test->classes, sizeof *logits, err);
    TL_TRY(tl_team_agree(scene->team, logits ? TL_OK : TL_E_SPACE, err));
    TL_TRY(tl_model_logits(model, test->pixel, test->rows, scene->team, scene->scratch,
                           logits, err));
    tl_argmax(logits, test->rows, test->classes, out);
    return TL_OK;
}

static tl_status take_guesses(tl_scene *scene, int32_t *out[3], tl_err *err)
{
    const tl_dataset *test = scene->world->data[TL_PART_TEST];
    for (int i = 0; i < 3; i++) TL_TAKE(out[i], scene->scratch, test->rows, err);
    return TL_OK;
}

static tl_status compare(tl_scene *scene, const tl_model *surrogate, tl_err *err)
{
    const tl_dataset *test = scene->world->data[TL_PART_TEST];
    const int rows = test->rows;
    int32_t *by[3] = {NULL}; /* target, surrogate, twin */
    TL_TRY(tl_team_agree(scene->team, take_guesses(scene, by, err), err));
    TL_TRY(guess(scene, scene->world->model[TL_PART_TARGET], by[0], err));
    TL_TRY(guess(scene, surrogate, by[1], err));
    const int agreement = tl_score_matches(by[0], by[1], rows);
    tl_scene_put_rate(scene, AGREEMENT, agreement, rows);
    tl_scene_put_rate(scene, ACCURACY, tl_score_matches(test->label, by[1], rows), rows);
    if (scene->world->banked == 0) { /* noise has no true labels to train a twin on */
        for (int m = TWIN_AGREEMENT; m <= GAIN; m++) {
            tl_scene_put_missing(scene, m, TL_WHY_NOT_APPLICABLE);
        }
        return TL_OK;
    }
    TL_TRY(guess(scene, scene->world->bank[0], by[2], err));
    const int twin = tl_score_matches(by[0], by[2], rows);
    tl_scene_put_rate(scene, TWIN_AGREEMENT, twin, rows);
    tl_scene_put_rate(scene, TWIN_ACCURACY, tl_score_matches(test->label, by[2], rows),
                      rows);
    tl_scene_put(scene, GAIN, (double)(agreement - twin) / rows);
    return TL_OK;
}

static tl_status run(tl_scene *scene, tl_err *err)
{
    queries q = {0};
    tl_status mine = make_queries(scene, &q, err);
    float *answer = NULL;
    if (mine == TL_OK) {
        answer = tl_arena_take(scene->scratch,
                               (size_t)q.count * (size_t)scene->world->setup->model.classes,
                               sizeof *answer, err);
        if (!answer) mine = TL_E_SPACE;
    }
    TL_TRY(tl_team_agree(scene->team, mine, err));
    const tl_question question = {
        .pixel = q.pixel,
        .rows = q.count,
        .kind = (tl_answers)(int)scene->arg[ARG_ANSWERS].number,
    };
    TL_TRY(tl_service_ask(scene->world->service, scene->world->model[TL_PART_TARGET],
                          &question, scene->team, scene->scratch, answer, err));
    tl_model *surrogate = NULL;
    TL_TRY(train_copy(scene, &q, answer, &surrogate, err));
    scene->given->model[TL_PART_SURROGATE] = surrogate;
    return compare(scene, surrogate, err);
}

static tl_status check(const tl_size *size, const tl_value *arg, tl_err *err)
{
    const int kind = (int)arg[ARG_KIND].number;
    TL_CHECK(kind == NOISE || size->attacker > 0, err, TL_E_ARG,
             "the attacker has no rows: give it some by data.split.attacker, or by "
             "attacker_from_pool with official splits");
    TL_CHECK(
        size->test > 0, err, TL_E_ARG,
        "surrogate and target are compared on the test rows, but data.split.test is 0");
    TL_CHECK(kind != NATURAL || arg[ARG_QUERIES].number <= size->attacker, err, TL_E_ARG,
             "%g natural queries, but the attacker has %d rows; give it more, or use kind: "
             "augmented",
             arg[ARG_QUERIES].number, size->attacker);
    return TL_OK;
}

static int twins(const tl_value *arg)
{
    return (int)arg[ARG_KIND].number == NOISE ? 0 : 1;
}

static double train_cost(const tl_size *size, const tl_value *arg)
{
    tl_recipe recipe = size->setup.recipe;
    if (arg[ARG_EPOCHS].number > 0) recipe.epochs = (int)arg[ARG_EPOCHS].number;
    return tl_train_flop(&size->setup.model, &recipe, (int)arg[ARG_QUERIES].number);
}

static double cost(const tl_size *size, const tl_value *arg)
{
    return train_cost(size, arg) +
           tl_model_flop(&size->setup.model) * (arg[ARG_QUERIES].number + 3.0 * size->test);
}

static double memory(const tl_size *size, const tl_value *arg)
{
    const double asked = arg[ARG_QUERIES].number;
    const int most = asked > size->test ? (int)asked : size->test;
    return tl_train_memory(&size->setup.model, &size->setup.recipe) +
           4.0 * (double)tl_model_count(&size->setup.model) +
           tl_model_logits_memory(&size->setup.model, most) +
           4.0 * asked * (tl_shape_size(size->shape) + size->classes + 3.0) +
           4.0 * size->attacker + 12.0 * size->test * (size->classes + 1.0);
}

static int widest(const tl_size *size, const tl_value *arg)
{
    (void)arg;
    return tl_recipe_shards(&size->setup.recipe);
}

static const char *const answers[] = {"scores", "top1", NULL};
static const char *const kinds[] = {"natural", "augmented", "noise", NULL};
static const tl_param params[] = {
    {.name = "queries",
     .type = TL_PARAM_INT,
     .fallback = 500,
     .low = 1,
     .high = 1e7,
     .units = "1",
     .about = "budget: images the attacker may ask about"},
    {.name = "answers",
     .type = TL_PARAM_CHOICE,
     .choices = answers,
     .high = 1,
     .units = "1",
     .about = "what the service tells: all class probabilities, or the top class"},
    {.name = "kind",
     .type = TL_PARAM_CHOICE,
     .choices = kinds,
     .fallback = AUGMENTED,
     .high = 2,
     .units = "1",
     .about = "images asked about: the attacker's own alone (natural), beyond them "
              "shifted or mirrored copies of them (augmented), or noise"},
    {.name = "epochs",
     .type = TL_PARAM_INT,
     .high = 100000,
     .units = "1",
     .about = "passes over the queries (0: as many as the recipe says)"},
    {0}};
static const tl_metric metrics[] = {
    {.name = "agreement",
     .units = "1",
     .better = TL_BETTER_LOWER,
     .is_rate = true,
     .high = 1,
     .about = "share of test rows that surrogate and target put in the same class"},
    {.name = "accuracy",
     .units = "1",
     .better = TL_BETTER_LOWER,
     .is_rate = true,
     .high = 1,
     .about = "test accuracy of the surrogate"},
    {.name = "twin_agreement",
     .units = "1",
     .is_rate = true,
     .high = 1,
     .can_be_missing = true,
     .about = "agreement of the twin without access, trained on the same images with true "
              "labels"},
    {.name = "twin_accuracy",
     .units = "1",
     .is_rate = true,
     .high = 1,
     .can_be_missing = true,
     .about = "test accuracy of the twin without access"},
    {.name = "agreement_gain",
     .units = "1",
     .better = TL_BETTER_LOWER,
     .low = -1,
     .high = 1,
     .can_be_missing = true,
     .about = "agreement minus the twin's: what the target's answers were worth"},
    {0}};

const tl_stage tl_stage_m2m_model_extraction = {
    .name = "m2m.model_extraction",
    .about = "trains a surrogate on the target's answers, beside a twin without access",
    .source =
        "Tramer, Zhang, Juels, Reiter, Ristenpart 2016, Stealing machine learning models "
        "via prediction APIs; Orekondy, Schiele, Fritz 2019, Knockoff nets",
    .version = 1,
    .flow = TL_M2M,
    .role = TL_ROLE_ATTACK,
    .taxonomy = "model extraction",
    .access = TL_KNOWS_SCORES | TL_KNOWS_LABELS,
    .reads = TL_BIT(TL_PART_TARGET) | TL_BIT(TL_PART_SERVICE) | TL_BIT(TL_PART_ATTACKER) |
             TL_BIT(TL_PART_TEST) | TL_BIT(TL_PART_SETUP),
    .gives = TL_BIT(TL_PART_SURROGATE),
    .draws = true,
    .params = params,
    .metrics = metrics,
    .bank = {.count = twins,
             .reads = TL_BIT(TL_PART_ATTACKER) | TL_BIT(TL_PART_SETUP),
             .args = 1U << ARG_QUERIES | 1U << ARG_KIND | 1U << ARG_EPOCHS,
             .run = run_twin,
             .cost = train_cost},
    .run = run,
    .check = check,
    .cost = cost,
    .memory = memory,
    .widest = widest,
};
