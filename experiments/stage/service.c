#include "experiments/stage/service.h"

#include "compute/nn/head.h"
#include "compute/nn/loss.h"
#include "compute/nn/probe.h"

#include <string.h>

const tl_service *tl_service_plain(void)
{
    static const tl_service plain = {.name = "plain"};
    return &plain;
}

tl_status tl_service_ask(const tl_service *service, const tl_model *target,
                         const tl_question *question, const tl_team *team,
                         tl_arena *scratch, float *answer, tl_err *err)
{
    TL_INVARIANT(service != NULL);
    const int classes = target->spec.classes, rows = question->rows;
    TL_TRY(tl_model_logits(target, question->input, rows, team, scratch, answer, err));
    if (question->kind == TL_ANSWER_LOGITS || tl_arena_counts(scratch)) return TL_OK;
    if (question->kind == TL_ANSWER_SCORES) {
        tl_softmax(answer, rows, classes, answer);
        return TL_OK;
    }
    for (int r = 0; r < rows; r++) {
        float *line = answer + (size_t)r * (size_t)classes;
        int32_t best;
        tl_argmax(line, 1, classes, &best);
        memset(line, 0, (size_t)classes * sizeof *line);
        line[best] = 1.0f;
    }
    return TL_OK;
}

/* --- answers in double precision ------------------------------------------------------ */

static tl_status ask_single(const tl_service *service, const tl_model *target,
                            const tl_question *question, const tl_team *team,
                            tl_arena *scratch, double *answer, tl_err *err)
{
    const size_t count = (size_t)question->rows * (size_t)target->spec.classes;
    float *single = tl_arena_take(scratch, count, sizeof *single, err);
    TL_TRY(tl_team_agree(team, single ? TL_OK : TL_E_NOMEM, err));
    TL_TRY(tl_service_ask(service, target, question, team, scratch, single, err));
    if (tl_arena_counts(scratch)) return TL_OK;
    for (size_t i = 0; i < count; i++) answer[i] = (double)single[i];
    return TL_OK;
}

static tl_status ask_double(const tl_model *target, const tl_question *question,
                            const tl_team *team, tl_arena *scratch, double *answer,
                            tl_err *err)
{
    const int rows = question->rows, width = tl_model_features_size(&target->spec);
    tl_head head = {0};
    float *feature =
        tl_arena_take(scratch, (size_t)rows * (size_t)width, sizeof *feature, err);
    const tl_status mine = feature ? tl_head_of(target, scratch, &head, err) : TL_E_NOMEM;
    TL_TRY(tl_team_agree(team, mine, err));
    TL_TRY(tl_model_features(target, question->input, rows, team, scratch, feature, err));
    if (tl_arena_counts(scratch)) return TL_OK;
    tl_head_logits(&head, feature, rows, answer);
    if (question->kind == TL_ANSWER_SCORES) {
        tl_softmax_double(answer, rows, head.classes, answer);
    }
    return TL_OK;
}

tl_status tl_service_ask_exactly(const tl_service *service, const tl_model *target,
                                 const tl_question *question, const tl_team *team,
                                 tl_arena *scratch, double *answer, tl_err *err)
{
    TL_INVARIANT(service != NULL && question->kind != TL_ANSWER_TOP1);
    const size_t mark = tl_arena_mark(scratch);
    const tl_status status =
        question->precision == TL_PRECISION_SINGLE
            ? ask_single(service, target, question, team, scratch, answer, err)
            : ask_double(target, question, team, scratch, answer, err);
    tl_arena_rewind(scratch, mark);
    return status;
}
