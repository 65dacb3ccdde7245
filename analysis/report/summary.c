#include "analysis/report/summary.h"

#include "analysis/effect/gain.h"

#include <math.h>
#include <string.h>

enum { MOST_GAINS = 12 };
static const double LEVEL = 0.05;

const char *tl_summary_verdict(const tl_effect *effect)
{
    if (effect->hypothesis < 0) return "exploratory";
    if (isnan(effect->q) || effect->q > LEVEL ||
        (effect->low <= 0.0 && effect->high >= 0.0)) {
        return "not resolved";
    }
    if (effect->direction == 0) return "supported";
    return (effect->mean > 0.0) == (effect->direction > 0) ? "supported" : "refuted";
}

/* What may be said beside the numbers: no effect always comes with its bound. */
static void say_bound(FILE *file, const tl_effect *effect)
{
    const bool holds_zero = effect->low <= 0.0 && effect->high >= 0.0;
    if (effect->low >= effect->high) {
        (void)fputs(": the same in every replicate", file);
    } else if (holds_zero) {
        const double bound = fmax(-effect->low, effect->high);
        (void)fprintf(file, ": no effect seen; one larger than %.3g is excluded", bound);
    } else if (effect->least_p > LEVEL) {
        (void)fprintf(file, ": %d replicates cannot reach p = %.2g", effect->replicates,
                      LEVEL);
    }
    if (effect->floor_sd > 0.0) (void)fputs(" (interval from the number of cases)", file);
}

/* An interaction as log odds, where that says something else. */
static void say_scales(FILE *file, const tl_effect *effect)
{
    if (effect->scales != TL_SCALES_DISAGREE) return;
    (void)fprintf(file, "; DISAGREES with the scale of log odds: %+.4g [%+.4g, %+.4g]",
                  effect->logit_mean, effect->logit_low, effect->logit_high);
}

void tl_summary_effect(FILE *file, const tl_effect *effect)
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
        (void)fputc('\n', file);
        return;
    }
    (void)fprintf(file, "%+.4g [%+.4g, %+.4g], n=%d, p=%.3g (least reachable %.2g)",
                  effect->mean, effect->low, effect->high, effect->replicates, effect->p,
                  effect->least_p);
    if (!isnan(effect->q)) (void)fprintf(file, ", q=%.3g", effect->q);
    say_bound(file, effect);
    say_scales(file, effect);
    (void)fputc('\n', file);
}

/* The number of trials whose status is the word-th. */
static uint32_t count_status(const tl_table *table, int word)
{
    const tl_column *status = tl_table_find(table, "status");
    uint32_t count = 0;
    if (!status || status->type != TL_COLUMN_FLAG) return 0;
    for (uint32_t t = 0; t < table->trials; t++) count += status->integer[t] == word;
    return count;
}

static void say_trials(FILE *file, const tl_table *table)
{
    static const struct {
        int word;
        const char *text;
    } other[] = {{3, "failed"},  {4, "lost"},    {5, "out of time"}, {6, "diverged"},
                 {7, "skipped"}, {0, "not run"}, {1, "not finished"}};
    const char *title = tl_table_attribute(table, "title");
    const char *source = tl_table_attribute(table, "data_source");
    const char *note = tl_table_attribute(table, "data_note");
    const char *split = tl_table_attribute(table, "split");
    (void)fprintf(file, "%s: %u of %u trials done", title ? title : "sweep",
                  count_status(table, 2), table->trials);
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        const uint32_t count = count_status(table, other[i].word);
        if (count > 0) (void)fprintf(file, ", %u %s", count, other[i].text);
    }
    if (source) (void)fprintf(file, ", on %s", source);
    if (note && *note) (void)fprintf(file, " (%s)", note);
    (void)fprintf(file, "%s%s.\n", split ? "; " : "", split ? split : "");
}

static void say_hypotheses(FILE *file, const tl_effects *effects)
{
    for (int i = 0; i < effects->count; i++) {
        const tl_effect *effect = &effects->effect[i];
        static const char *const claim[] = {"lowers", "changes", "raises"};
        if (effect->hypothesis < 0 || effect->claim) continue; /* claims have a table */
        (void)fprintf(file, "Hypothesis %d, that %s %s %s, is %s:\n  ",
                      effect->hypothesis + 1, effect->factor, claim[effect->direction + 1],
                      effect->metric, tl_summary_verdict(effect));
        tl_summary_effect(file, effect);
    }
}

int tl_summary_claims(FILE *file, const tl_effects *effects)
{
    int count = 0;
    for (int i = 0; i < effects->count; i++) {
        const tl_effect *e = &effects->effect[i];
        if (!e->claim) continue;
        if (count++ == 0) {
            (void)fprintf(file, "\n%-13s %-34s %4s %8s %8s  %s\n", "verdict",
                          "effect [95 % interval]", "n", "p", "q", "claim");
        }
        char number[64] = "no interval";
        if (!isnan(e->low)) {
            (void)snprintf(number, sizeof number, "%+.4g [%+.4g, %+.4g]", e->mean, e->low,
                           e->high);
        }
        (void)fprintf(file, "%-13s %-34s %4d %8.3g %8.3g  %s (%s=%s, %s)\n",
                      tl_summary_verdict(e), number, e->replicates, e->p, e->q, e->claim,
                      e->factor, e->level, e->metric);
    }
    return count;
}

/* Names the metrics that no sample here can resolve. */
static void say_unresolved(FILE *file, const tl_table *table)
{
    bool has_spoken = false;
    for (int i = 0; i < table->columns; i++) {
        const tl_column *why = &table->column[i];
        const size_t length = strlen(why->name);
        if (why->type != TL_COLUMN_FLAG || length < 8) continue;
        if (strcmp(why->name + length - 7, "_reason") != 0) continue;
        uint32_t unresolvable = 0;
        for (uint32_t t = 0; t < table->trials; t++) unresolvable += why->integer[t] == 1;
        if (unresolvable == 0) continue;
        (void)fprintf(file, "%s%.*s",
                      has_spoken ? ", " : "Too few cases to resolve: ", (int)length - 7,
                      why->name);
        if (unresolvable < table->trials) {
            (void)fprintf(file, " (in %u of %u trials)", unresolvable, table->trials);
        }
        has_spoken = true;
    }
    if (has_spoken) (void)fputs(".\n", file);
}

/* What the metrics that are differences already came to, 0 being nothing. */
static void say_worth(FILE *file, const tl_table *table)
{
    tl_arena arena = tl_arena_open(0);
    tl_worth *gain = NULL;
    int count = 0;
    if (tl_worth_estimate(table, &arena, &gain, &count, NULL) != TL_OK) count = 0;
    const char *last = NULL;
    for (int i = 0; i < count; i++) {
        const tl_worth *g = &gain[i];
        if (g->metric != last) (void)fprintf(file, "%s%s: ", last ? "\n" : "", g->metric);
        if (g->metric == last) (void)fputs("; ", file);
        last = g->metric;
        (void)fprintf(file, "%+.4f", g->mean);
        if (!isnan(g->low)) (void)fprintf(file, " [%+.4f, %+.4f]", g->low, g->high);
        if (g->factor) (void)fprintf(file, " at %s=%.6g", g->factor, g->level);
        if (!g->factor) (void)fputs(" over all trials", file);
        (void)fprintf(file, ", n=%d", g->replicates);
    }
    if (last) (void)fputc('\n', file);
    tl_arena_close(&arena);
}

void tl_summary_print(FILE *file, const tl_table *table, const tl_effects *effects)
{
    say_trials(file, table);
    say_hypotheses(file, effects);
    say_worth(file, table);
    say_unresolved(file, table);
    (void)tl_summary_claims(file, effects);
    tl_summary_gains(file, table, effects, MOST_GAINS);
    if (effects->left_out > 0) {
        (void)fprintf(file, "%d interactions are left out: too many for %u trials.\n",
                      effects->left_out, table->trials);
    }
    tl_summary_table(file, table);
    (void)fflush(file);
}
