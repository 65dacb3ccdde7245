#include "experiments/score/reading.h"

#include "compute/nn/loss.h"

#include <math.h>

/* Of a class that is said to be impossible: as in score/answers.h. */
static const double LEAST = 1e-45;

static tl_status take(const tl_dataset *data, tl_arena *scratch, tl_reading *out,
                      tl_err *err)
{
    TL_ALLOC(out->logits, scratch, (size_t)data->rows * (size_t)data->classes, err);
    TL_ALLOC(out->guess, scratch, data->rows, err);
    TL_ALLOC(out->loss, scratch, data->rows, err);
    return TL_OK;
}

/* Classifies the rows by their logits. */
static void classify(const tl_dataset *data, tl_reading *out)
{
    tl_argmax(out->logits, data->rows, data->classes, out->guess);
    tl_cross_entropy(out->logits, data->label, data->rows, data->classes, out->loss);
}

tl_status tl_reading_make(const tl_model *model, const tl_dataset *data,
                          const tl_team *team, tl_arena *scratch, tl_reading *out,
                          tl_err *err)
{
    *out = (tl_reading){0};
    TL_TRY(tl_team_agree(team, take(data, scratch, out, err), err));
    TL_INVARIANT(out->loss != NULL);
    TL_TRY(
        tl_model_logits(model, data->input, data->rows, team, scratch, out->logits, err));
    if (!tl_arena_counts(scratch)) classify(data, out);
    return TL_OK;
}

static tl_status look_up(const tl_recorded *recorded, const tl_dataset *data,
                         tl_reading *out, tl_err *err)
{
    const size_t size = (size_t)tl_shape_size(data->shape);
    for (int i = 0; i < data->rows; i++) {
        float *logits = out->logits + (size_t)i * (size_t)data->classes;
        const double *answer = tl_recorded_find(recorded, data->input + (size_t)i * size);
        TL_CHECK(answer, err, TL_E_ARG, "%s has no answer to row %u of the data",
                 recorded->label, (unsigned)data->origin[i]);
        for (int c = 0; c < data->classes; c++) {
            const double score = answer[c] > LEAST ? answer[c] : LEAST;
            logits[c] = (float)(recorded->has_logits ? answer[c] : log(score));
        }
    }
    classify(data, out);
    return TL_OK;
}

tl_status tl_reading_recorded(const tl_recorded *recorded, const tl_dataset *data,
                              const tl_team *team, tl_arena *scratch, tl_reading *out,
                              tl_err *err)
{
    *out = (tl_reading){0};
    tl_status mine = take(data, scratch, out, err);
    if (mine == TL_OK && !tl_arena_counts(scratch))
        mine = look_up(recorded, data, out, err);
    return tl_team_agree(team, mine, err);
}
