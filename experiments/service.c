#include "experiments/service.h"

#include "compute/nn/loss.h"

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
    TL_TRY(tl_model_logits(target, question->pixel, rows, team, scratch, answer, err));
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
