/*
 * Utility: how good the target is, on the clean rows it was trained on and on the test
 * rows. Brier score: Brier 1950, multi-class. AUC: see score.h.
 */
#include "experiments/method/target_reading.h"

#include "compute/nn/loss.h"
#include "experiments/score/score.h"

#include <math.h>

enum { TRAIN_ACCURACY, ACCURACY, BALANCED, AUC, LOSS, TRAIN_LOSS, GAP, BRIER, MAJORITY };

static double mean(const double *x, int n)
{
    double sum = 0.0;
    for (int i = 0; i < n; i++) sum += x[i];
    return sum / n;
}

static tl_status pick_members(tl_scene *scene, tl_dataset **out, tl_err *err)
{
    const tl_dataset *pool = scene->world->data[TL_PART_POOL];
    int *row, rows;
    TL_ALLOC(row, scene->scratch, pool->rows, err);
    if (tl_scene_counts(scene))
        rows = scene->size->members;
    else
        tl_dataset_select(pool, TL_ROW_MEMBER | TL_ROW_POISONED, TL_ROW_MEMBER, row, &rows);
    return tl_dataset_pick(pool, row, rows, scene->scratch, out, err);
}

/* Rows of the most frequent class. */
static tl_status count_majority(tl_scene *scene, const tl_dataset *rows, int *out,
                                tl_err *err)
{
    int *count;
    TL_ALLOC(count, scene->scratch, rows->classes, err);
    *out = 0;
    if (tl_scene_counts(scene)) return TL_OK;
    for (int i = 0; i < rows->rows; i++) {
        const int now = ++count[rows->label[i]];
        if (now > *out) *out = now;
    }
    return TL_OK;
}

static tl_status run(tl_scene *scene, tl_err *err)
{
    const tl_dataset *test = scene->world->data[TL_PART_TEST];
    int majority;
    tl_dataset *members = NULL;
    TL_TRY(tl_team_agree(scene->team, pick_members(scene, &members, err), err));
    TL_INVARIANT(members != NULL);
    tl_reading on_train, on_test;
    TL_TRY(tl_target_read(scene, members, &on_train, err));
    TL_TRY(tl_target_read(scene, test, &on_test, err));
    double auc;
    float *probability = on_test.logits; /* in place */
    if (!tl_scene_counts(scene))
        tl_softmax(on_test.logits, test->rows, test->classes, probability);
    TL_TRY(tl_score_class_auc(probability, test->label, test->rows, test->classes,
                              scene->scratch, &auc, err));
    TL_TRY(count_majority(scene, test, &majority, err));
    if (tl_scene_counts(scene)) return TL_OK;
    const int right = tl_score_matches(on_test.guess, test->label, test->rows);
    const int learnt = tl_score_matches(on_train.guess, members->label, members->rows);
    tl_scene_put_rate(scene, TRAIN_ACCURACY, learnt, members->rows);
    tl_scene_put_rate(scene, ACCURACY, right, test->rows);
    tl_scene_put_rate(scene, MAJORITY, majority, test->rows);
    tl_scene_put(scene, BALANCED,
                 tl_score_balanced(on_test.guess, test->label, test->rows, test->classes));
    tl_scene_put_if(scene, AUC, !isnan(auc), auc, TL_WHY_UNRESOLVABLE);
    tl_scene_put(scene, LOSS, mean(on_test.loss, test->rows));
    tl_scene_put(scene, BRIER,
                 tl_score_brier(probability, test->label, test->rows, test->classes));
    const double rows = members->rows; /* 0 if every row was poisoned */
    tl_scene_put_if(scene, TRAIN_LOSS, rows > 0.0, mean(on_train.loss, members->rows),
                    TL_WHY_UNRESOLVABLE);
    tl_scene_put_if(scene, GAP, rows > 0.0, learnt / rows - (double)right / test->rows,
                    TL_WHY_UNRESOLVABLE);
    return TL_OK;
}

static tl_status check(const tl_size *size, const void *args, tl_err *err)
{
    (void)args;
    TL_CHECK(size->test > 0, err, TL_E_ARG,
             "utility is measured on the test rows, but data.split.test is 0");
    return TL_OK;
}

static double cost(const tl_size *size, const void *args)
{
    (void)args;
    return tl_model_flop(&size->setup.model) * (size->members + size->test);
}

static const tl_metric metrics[] = {
    {.name = "train_accuracy",
     .is_rate = true,
     .about = "accuracy on the clean rows trained on",
     .can_be_missing = true},
    {.name = "accuracy",
     .better = TL_BETTER_HIGHER,
     .is_rate = true,
     .about = "accuracy on the test rows"},
    {.name = "balanced_accuracy",
     .better = TL_BETTER_HIGHER,
     .high = 1,
     .about = "mean over classes of the accuracy on their test rows"},
    {.name = "auc",
     .better = TL_BETTER_HIGHER,
     .high = 1,
     .can_be_missing = true,
     .about =
         "area under the ROC curve on the test rows; over 2 classes the unweighted mean of "
         "one against the rest"},
    {.name = "loss",
     .units = "nat",
     .better = TL_BETTER_LOWER,
     .about = "mean cross-entropy on the test rows"},
    {.name = "train_loss",
     .units = "nat",
     .can_be_missing = true,
     .about = "mean cross-entropy on the clean rows trained on"},
    {.name = "generalisation_gap",
     .better = TL_BETTER_LOWER,
     .low = -1,
     .high = 1,
     .can_be_missing = true,
     .about = "accuracy on clean rows trained on minus test accuracy"},
    {.name = "brier",
     .better = TL_BETTER_LOWER,
     .high = 2,
     .about = "Brier score on the test rows, summed over classes"},
    {.name = "majority_rate",
     .is_rate = true,
     .of_bank = true,
     .about = "share of the most frequent class among the test rows: the accuracy of a "
              "constant answer"},
    {0}};

const tl_stage tl_stage_measure_utility = {
    .name = "measure.utility",
    .about = "how good the target is: accuracy beside the majority's, AUC, loss, gap, "
             "Brier score",
    .source =
        "Brier 1950, Verification of forecasts; Provost, Domingos 2000, Well-trained PETs",
    .version = 1,
    .flow = TL_NO_FLOW,
    .role = TL_ROLE_MEASURE,
    .taxonomy = "none",
    .access = TL_KNOWS_TRUTH,
    .reads = TL_BIT(TL_PART_TARGET) | TL_BIT(TL_PART_POOL) | TL_BIT(TL_PART_TEST),
    .metrics = metrics,
    .run = run,
    .check = check,
    .answers_suffice = tl_answers_suffice,
    .cost = cost,
};
