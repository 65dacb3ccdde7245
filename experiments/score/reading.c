#include "experiments/score/reading.h"

#include "compute/nn/loss.h"

static tl_status take(const tl_dataset *data, tl_arena *scratch, tl_reading *out,
                      tl_err *err)
{
    TL_ALLOC(out->logits, scratch, (size_t)data->rows * (size_t)data->classes, err);
    TL_ALLOC(out->guess, scratch, data->rows, err);
    TL_ALLOC(out->loss, scratch, data->rows, err);
    return TL_OK;
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
    if (tl_arena_counts(scratch)) return TL_OK;
    tl_argmax(out->logits, data->rows, data->classes, out->guess);
    tl_cross_entropy(out->logits, data->label, data->rows, data->classes, out->loss);
    return TL_OK;
}
