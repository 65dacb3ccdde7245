#include "analysis/effect/effect_text.h"

#include <math.h>
#include <stdbool.h>

static const double LEVEL = 0.05;

static bool holds_zero(const tl_effect *effect)
{
    return effect->low <= 0.0 && effect->high >= 0.0;
}

const char *tl_effect_verdict(const tl_effect *effect)
{
    if (effect->hypothesis < 0) return "exploratory";
    if (isnan(effect->q)) return "not resolved";
    const bool is_found = effect->q <= LEVEL, is_beyond = !holds_zero(effect);
    if (is_found != is_beyond) return "unclear";
    if (!is_found) return "not resolved";
    if (effect->direction == 0) return "supported";
    return (effect->mean > 0.0) == (effect->direction > 0) ? "supported" : "refuted";
}

/* Prints what the numbers mean: an effect that is not resolved always with its bound. */
static void say_bound(FILE *file, const tl_effect *effect)
{
    const double p = isnan(effect->q) ? effect->p : effect->q;
    const char *name = isnan(effect->q) ? "p" : "q";
    if (effect->low >= effect->high) {
        (void)fputs(": the same in every replicate", file);
    } else if (holds_zero(effect) && p <= LEVEL) {
        (void)fprintf(file, ": unclear, %s <= %.2g but the interval holds 0", name, LEVEL);
    } else if (holds_zero(effect)) {
        const double bound = fmax(-effect->low, effect->high);
        (void)fprintf(file, ": not resolved; one larger than %.3g is excluded", bound);
    } else if (effect->least_p > LEVEL) {
        (void)fprintf(file, ": %d replicates cannot reach p = %.2g", effect->replicates,
                      LEVEL);
    } else if (p > LEVEL) {
        (void)fprintf(file, ": unclear, the interval excludes 0 but %s > %.2g", name,
                      LEVEL);
    }
    if (effect->floor_sd > 0.0) {
        (void)fputs(" (all replicates are equal: interval as if one row of each rate were "
                    "discordant)",
                    file);
    }
}

/* Prints an interaction as log odds if that disagrees. */
static void say_scales(FILE *file, const tl_effect *effect)
{
    if (effect->scales != TL_SCALES_DISAGREE) return;
    (void)fprintf(file, "; DISAGREES on the log-odds scale: %+.4g [%+.4g, %+.4g]",
                  effect->logit_mean, effect->logit_low, effect->logit_high);
}

void tl_effect_print(FILE *file, const tl_effect *effect)
{
    if (effect->kind == TL_EFFECT_TREND)
        (void)fprintf(file, "%s, slope of %s per %s: ", effect->factor, effect->metric,
                      effect->reference);
    else
        (void)fprintf(file, "%s=%s against %s, on %s: ", effect->factor, effect->level,
                      effect->reference, effect->metric);
    if (isnan(effect->low)) {
        (void)fprintf(file, "%s", effect->missing ? effect->missing : "no number");
        if (!isnan(effect->mean)) (void)fprintf(file, " (difference %+.4g)", effect->mean);
        if (effect->left_out > 0) {
            (void)fprintf(file, "; %d of %d replicates are incomplete", effect->left_out,
                          effect->left_out + effect->replicates);
        }
        (void)fputc('\n', file);
        return;
    }
    (void)fprintf(file, "%+.4g [%+.4g, %+.4g], n=%d", effect->mean, effect->low,
                  effect->high, effect->replicates);
    if (effect->left_out > 0) (void)fprintf(file, " (%d left out)", effect->left_out);
    (void)fprintf(file, ", p=%.3g (least reachable %.2g)", effect->p, effect->least_p);
    if (!isnan(effect->q)) (void)fprintf(file, ", q=%.3g", effect->q);
    say_bound(file, effect);
    say_scales(file, effect);
    (void)fputc('\n', file);
}
