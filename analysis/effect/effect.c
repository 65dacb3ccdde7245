#include "analysis/effect/effect.h"

#include <math.h>
#include <string.h>

enum { LEAST_ROOM = 64 };

tl_status tl_effects_add(tl_effects *effects, const char *metric, tl_arena *arena,
                         tl_effect **out, tl_err *err)
{
    TL_CHECK(effects->count < TL_MOST_EFFECTS, err, TL_E_NOMEM, "more than %d effects",
             TL_MOST_EFFECTS);
    if (effects->count == effects->room) {
        tl_effect *more;
        const int room = effects->room ? 2 * effects->room : LEAST_ROOM;
        TL_ALLOC(more, arena, room, err);
        if (effects->count > 0)
            memcpy(more, effects->effect, (size_t)effects->count * sizeof *more);
        effects->effect = more;
        effects->room = room;
    }
    const double none = (double)NAN;
    *out = &effects->effect[effects->count++];
    **out = (tl_effect){.metric = metric,
                        .reference_mean = none,
                        .mean = none,
                        .low = none,
                        .high = none,
                        .lower = none,
                        .upper = none,
                        .sides = 2,
                        .p = none,
                        .least_p = none,
                        .logit_mean = none,
                        .logit_low = none,
                        .logit_high = none,
                        .odds = none,
                        .odds_low = none,
                        .odds_high = none,
                        .ratio = none,
                        .ratio_low = none,
                        .ratio_high = none,
                        .data_sd = none,
                        .training_sd = none,
                        .hypothesis = -1,
                        .q = none,
                        .family_wise = none,
                        .margin = none,
                        .equivalence_p = none,
                        .control_mean = none,
                        .control_effect = none,
                        .control_low = none,
                        .control_high = none};
    return TL_OK;
}
