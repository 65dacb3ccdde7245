#include "analysis/effect/effect_text.h"

#include "compute/core/print.h"

#include <math.h>

static const double LEVEL = 0.05;

/* Whether the interval excludes 0; of a one-sided test on the side that it is about. */
static bool is_beyond(const tl_effect *effect)
{
    if (effect->sides != 1) return effect->low > 0.0 || effect->high < 0.0;
    return effect->direction > 0 ? effect->lower > 0.0 : effect->upper < 0.0;
}

const char *tl_effect_verdict(const tl_effect *effect)
{
    if (effect->hypothesis < 0) return "exploratory";
    if (isnan(effect->q)) return "not resolved";
    const bool is_found = effect->q <= LEVEL, excludes = is_beyond(effect);
    if (is_found && excludes) {
        if (effect->direction == 0) return "supported";
        return (effect->mean > 0.0) == (effect->direction > 0) ? "supported" : "refuted";
    }
    if (effect->equivalence_p <= LEVEL) return "equivalent";
    return is_found != excludes ? "unclear" : "not resolved";
}

char *tl_effect_number(const tl_effect *effect, char out[24])
{
    const int part = effect->part;
    if (effect->parts < 2)
        (void)snprintf(out, 24, "%d", effect->hypothesis + 1);
    else if (part < 26)
        (void)snprintf(out, 24, "%d%c", effect->hypothesis + 1, 'a' + part);
    else
        (void)snprintf(out, 24, "%d.%d", effect->hypothesis + 1, part + 1);
    return out;
}

/* Prints what an effect within the margin, or one that cannot be, means. */
static void say_margin(FILE *file, const tl_effect *effect)
{
    if (isnan(effect->equivalence_p)) return;
    tl_print(file, effect->equivalence_p <= LEVEL ? "; within" : "; not shown within");
    tl_print(file, " +-%.3g (p=%.3g)", effect->margin, effect->equivalence_p);
}

/* Prints what the numbers mean: an effect that is not resolved always with its bound. */
static void say_bound(FILE *file, const tl_effect *effect)
{
    const double p = isnan(effect->q) ? effect->p : effect->q;
    const char *name = isnan(effect->q) ? "p" : "q";
    const bool excludes = is_beyond(effect);
    if (effect->low >= effect->high) {
        tl_print(file, ": the same in every replicate");
    } else if (!excludes && p <= LEVEL) {
        tl_print(file, ": unclear, %s <= %.2g but the interval holds 0", name, LEVEL);
    } else if (!excludes) {
        const double bound = fmax(-effect->low, effect->high);
        tl_print(file, ": not resolved; one larger than %.3g is excluded", bound);
    } else if (effect->least_p > LEVEL) {
        tl_print(file, ": %d replicates cannot reach p = %.2g", effect->replicates, LEVEL);
    } else if (p > LEVEL) {
        tl_print(file, ": unclear, the interval excludes 0 but %s > %.2g", name, LEVEL);
    }
    if (effect->floor_sd > 0.0) {
        tl_print(file,
                 " (all replicates are equal: interval as if one row of each rate were "
                 "discordant)");
    }
    say_margin(file, effect);
}

/* Prints an interaction as log odds if that disagrees. */
static void say_scales(FILE *file, const tl_effect *effect)
{
    if (effect->scales != TL_SCALES_DISAGREE) return;
    tl_print(file, "; DISAGREES on the log-odds scale: %+.4g [%+.4g, %+.4g]",
             effect->logit_mean, effect->logit_low, effect->logit_high);
}

void tl_effect_print_control(FILE *file, const tl_effect *effect)
{
    if (!effect->control) return;
    tl_print(file, "; without access %.3f, effect %+.3g [%+.3g, %+.3g]",
             effect->control_mean, effect->control_effect, effect->control_low,
             effect->control_high);
    const bool is_moved = effect->control_low > 0.0 || effect->control_high < 0.0;
    if (is_moved && effect->control_effect * effect->mean > 0.0)
        tl_print(file, ": NOT by access alone");
}

void tl_effect_print_name(FILE *file, const tl_effect *effect, bool has_metric)
{
    if (effect->kind == TL_EFFECT_TREND)
        tl_print(file, "%s, slope", effect->factor);
    else
        tl_print(file, "%s=%s against %s", effect->factor, effect->level,
                 effect->reference);
    if (effect->at) tl_print(file, " at %s", effect->at);
    if (!has_metric) return;
    if (effect->kind == TL_EFFECT_TREND)
        tl_print(file, " of %s per %s", effect->metric, effect->reference);
    else
        tl_print(file, ", on %s", effect->metric);
    if (effect->pooled) tl_print(file, ", pooled over %s", effect->pooled);
}

void tl_effect_print_numbers(FILE *file, const tl_effect *effect, bool has_least)
{
    if (isnan(effect->low)) {
        tl_print(file, "%s", effect->missing ? effect->missing : "no number");
        if (!isnan(effect->mean)) tl_print(file, " (difference %+.4g)", effect->mean);
        if (effect->left_out > 0) {
            tl_print(file, "; %d of %d replicates are incomplete", effect->left_out,
                     effect->left_out + effect->replicates);
        }
        tl_print(file, "\n");
        return;
    }
    tl_print(file, "%+.4g [%+.4g, %+.4g], n=%d", effect->mean, effect->low, effect->high,
             effect->replicates);
    if (effect->left_out > 0) tl_print(file, " (%d left out)", effect->left_out);
    tl_print(file, ", %sp=%.3g", effect->sides == 1 ? "one-sided " : "", effect->p);
    if (has_least) tl_print(file, " (least reachable %.2g)", effect->least_p);
    if (!isnan(effect->q)) tl_print(file, ", q=%.3g", effect->q);
    say_bound(file, effect);
    say_scales(file, effect);
    tl_effect_print_control(file, effect);
    tl_print(file, "\n");
}

void tl_effect_print(FILE *file, const tl_effect *effect)
{
    tl_effect_print_name(file, effect, true);
    tl_print(file, ": ");
    tl_effect_print_numbers(file, effect, true);
}
