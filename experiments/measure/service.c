/*
 * What the service answers beside what the target says, on the test rows: the price that
 * output defences ask of honest users. Asked once, by a client of its own, in no log.
 * Source: accuracy and distortion of the confidence vector as in Jia, Salem, Backes, Zhang,
 * Gong 2019, MemGuard, section 5.1 (there the L1 norm).
 */
#include "experiments/method/target_reading.h"

#include "experiments/score/score.h"

#include "compute/nn/loss.h"

#include <math.h>

enum { ACCURACY, AGREEMENT, DISTORTION, BRIER };

static tl_status take_room(tl_scene *scene, tl_session **session, float **answer,
                           int32_t **guess, tl_err *err)
{
    const tl_dataset *test = scene->world->data[TL_PART_TEST];
    const tl_session_options options = {.service = scene->world->service,
                                        .model = scene->world->model[TL_PART_TARGET],
                                        .recorded = scene->world->recorded,
                                        .budget = (uint64_t)test->rows};
    TL_TRY(tl_session_open(&options, scene->scratch, session, err));
    TL_ALLOC(*answer, scene->scratch, (size_t)test->rows * (size_t)test->classes, err);
    TL_ALLOC(*guess, scene->scratch, test->rows, err);
    return TL_OK;
}

static tl_status run(tl_scene *scene, tl_err *err)
{
    const tl_dataset *test = scene->world->data[TL_PART_TEST];
    const int rows = test->rows, classes = test->classes;
    tl_session *session = NULL;
    float *answer = NULL;
    int32_t *guess = NULL;
    tl_reading bare;
    TL_TRY(
        tl_team_agree(scene->team, take_room(scene, &session, &answer, &guess, err), err));
    TL_INVARIANT(answer && guess);
    const tl_question question = {
        .input = test->input, .rows = rows, .kind = TL_ANSWER_SCORES};
    TL_TRY(tl_session_ask(session, &question, scene->team, scene->scratch, answer, err));
    TL_TRY(tl_target_read(scene, test, &bare, err));
    if (tl_scene_counts(scene)) return TL_OK;
    tl_argmax(answer, rows, classes, guess);
    tl_softmax(bare.logits, rows, classes, bare.logits);
    double distance = 0.0;
    for (size_t i = 0; i < (size_t)rows * (size_t)classes; i++) {
        distance += fabs((double)answer[i] - (double)bare.logits[i]);
    }
    tl_scene_put_rate(scene, ACCURACY, tl_score_matches(guess, test->label, rows), rows);
    tl_scene_put_rate(scene, AGREEMENT, tl_score_matches(guess, bare.guess, rows), rows);
    tl_scene_put(scene, DISTORTION, distance / rows);
    tl_scene_put(scene, BRIER, tl_score_brier(answer, test->label, rows, classes));
    return TL_OK;
}

static tl_status check(const tl_size *size, const void *args, tl_err *err)
{
    (void)args;
    TL_CHECK(size->test > 0, err, TL_E_ARG,
             "the service is asked about the test rows, but data.split.test is 0");
    return TL_OK;
}

static const tl_metric metrics[] = {
    {.name = "accuracy",
     .better = TL_BETTER_HIGHER,
     .is_rate = true,
     .about = "accuracy of the answered top class on the test rows"},
    {.name = "agreement",
     .better = TL_BETTER_HIGHER,
     .is_rate = true,
     .about = "share of test rows on which it is the target's own"},
    {.name = "distortion",
     .better = TL_BETTER_LOWER,
     .about = "mean L1 distance of answered scores from the target's own"},
    {.name = "brier",
     .better = TL_BETTER_LOWER,
     .about = "Brier score of the answers on the test rows, summed over classes"},
    {0}};

const tl_stage tl_stage_measure_service = {
    .name = "measure.service",
    .about = "what the service answers beside what the target says: the price of defences",
    .source = "Jia, Salem, Backes, Zhang, Gong 2019, MemGuard: defending against black-box "
              "membership inference attacks via adversarial examples",
    .version = 1,
    .flow = TL_NO_FLOW,
    .role = TL_ROLE_MEASURE,
    .taxonomy = "none",
    .access = TL_KNOWS_TRUTH,
    .reads = TL_PARTS_ASKED | TL_BIT(TL_PART_TEST),
    .metrics = metrics,
    .run = run,
    .check = check,
    .answers_suffice = tl_answers_suffice,
};
