#include "analysis/report/summary.h"

#include "analysis/effect/effect_text.h"
#include "analysis/effect/gain.h"
#include "analysis/table/schema.h"
#include "compute/core/print.h"

#include <math.h>
#include <string.h>

enum { MOST_GAINS = 12 };

static uint32_t count_status(const tl_table *table, tl_trial_status wanted)
{
    const tl_column *status = tl_table_find(table, TL_NAME_STATUS);
    uint32_t count = 0;
    if (!status || status->type != TL_COLUMN_FLAG) return 0;
    for (uint32_t t = 0; t < table->trials; t++)
        count += status->integer[t] == (int32_t)wanted;
    return count;
}

static void say_trials(FILE *file, const tl_table *table)
{
    static const struct {
        tl_trial_status status;
        const char *text;
    } other[] = {{TL_TRIAL_FAILED, "failed"},       {TL_TRIAL_LOST, "lost"},
                 {TL_TRIAL_TIMEOUT, "out of time"}, {TL_TRIAL_DIVERGED, "diverged"},
                 {TL_TRIAL_SKIPPED, "skipped"},     {TL_TRIAL_PLANNED, "not run"},
                 {TL_TRIAL_RUNNING, "not finished"}};
    const char *title = tl_table_attribute(table, TL_NAME_TITLE);
    const char *source = tl_table_attribute(table, TL_NAME_DATA_SOURCE);
    const char *note = tl_table_attribute(table, TL_NAME_DATA_NOTE);
    const char *split = tl_table_attribute(table, TL_NAME_SPLIT);
    tl_print(file, "%s: %u of %u trials done", title ? title : "sweep",
             count_status(table, TL_TRIAL_DONE), table->trials);
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        const uint32_t count = count_status(table, other[i].status);
        if (count > 0) tl_print(file, ", %u %s", count, other[i].text);
    }
    if (source) tl_print(file, ", on %s", source);
    if (note && *note) tl_print(file, " (%s)", note);
    tl_print(file, "%s%s.\n", split ? "; " : "", split ? split : "");
}

/* How right the target is that the plan brought, as it was measured. */
static void say_target(FILE *file, const tl_table *table)
{
    const tl_column *accuracy = tl_table_find(table, TL_NAME_OWN_ACCURACY);
    const char *name = tl_table_attribute(table, TL_NAME_TARGET);
    double low = INFINITY, high = -INFINITY;
    if (!accuracy || accuracy->type != TL_COLUMN_REAL) return;
    for (uint32_t t = 0; t < table->trials; t++) {
        low = accuracy->real[t] < low ? accuracy->real[t] : low; /* not where it is NaN */
        high = accuracy->real[t] > high ? accuracy->real[t] : high;
    }
    if (!(low <= high)) return;
    tl_print(file, "The target, %s, is right on %.4f", name ? name : "brought along", low);
    if (low < high) tl_print(file, " to %.4f", high);
    tl_print(file, " of the test rows (%s).\n", TL_NAME_OWN_ACCURACY);
}

static void say_hypotheses(FILE *file, const tl_effects *effects)
{
    for (int i = 0; i < effects->count; i++) {
        const tl_effect *effect = &effects->effect[i];
        static const char *const claim[] = TL_DIRECTIONS;
        char number[24];
        if (effect->hypothesis < 0 || effect->claim) continue; /* claims are in a table */
        tl_print(file, "Hypothesis %s, that %s %s %s, is %s:\n  ",
                 tl_effect_number(effect, number), effect->factor,
                 claim[effect->direction + 1], effect->metric, tl_effect_verdict(effect));
        tl_effect_print(file, effect);
    }
}

int tl_summary_claims(FILE *file, const tl_effects *effects)
{
    int count = 0;
    for (int i = 0; i < effects->count; i++) {
        const tl_effect *e = &effects->effect[i];
        if (!e->claim) continue;
        if (count++ == 0) {
            tl_print(file, "\n%-13s %-34s %4s %8s %8s  %s\n", "verdict",
                     "effect [95 % interval]", "n", "p", "q", "claim");
        }
        char number[64] = "no interval";
        if (!isnan(e->low)) {
            (void)snprintf(number, sizeof number, "%+.4g [%+.4g, %+.4g]", e->mean, e->low,
                           e->high);
        }
        tl_print(file, "%-13s %-34s %4d %8.3g %8.3g  %s (", tl_effect_verdict(e), number,
                 e->replicates, e->p, e->q, e->claim);
        tl_effect_print_name(file, e, true);
        tl_effect_print_control(file, e);
        tl_print(file, ")\n");
    }
    return count;
}

/* Names the metrics that the samples are too small for. */
static void say_unresolved(FILE *file, const tl_table *table)
{
    bool has_spoken = false;
    for (int i = 0; i < table->columns; i++) {
        const tl_column *why = &table->column[i];
        const size_t length = strlen(why->name), suffix = strlen(TL_SUFFIX_REASON);
        if (why->type != TL_COLUMN_FLAG || length <= suffix) continue;
        if (strcmp(why->name + length - suffix, TL_SUFFIX_REASON) != 0) continue;
        uint32_t unresolvable = 0;
        for (uint32_t t = 0; t < table->trials; t++)
            unresolvable += why->integer[t] == TL_REASON_UNRESOLVABLE;
        if (unresolvable == 0) continue;
        tl_print(file, "%s%.*s",
                 has_spoken ? ", " : "Too few cases to resolve: ", (int)(length - suffix),
                 why->name);
        if (unresolvable < table->trials) {
            tl_print(file, " (in %u of %u trials)", unresolvable, table->trials);
        }
        has_spoken = true;
    }
    if (has_spoken) tl_print(file, ".\n");
}

/* Prints the means of metrics that are differences. */
static void say_gain(FILE *file, const tl_table *table)
{
    tl_arena arena = tl_arena_open(0);
    tl_gain *gain = NULL;
    int count = 0;
    if (tl_gain_estimate(table, &arena, &gain, &count, NULL) != TL_OK) count = 0;
    const char *last = NULL;
    for (int i = 0; i < count; i++) {
        const tl_gain *g = &gain[i];
        if (g->metric != last && last) tl_print(file, "\n");
        if (g->metric != last) tl_print(file, "%s: ", g->metric);
        if (g->metric == last) tl_print(file, "; ");
        last = g->metric;
        if (isnan(g->mean)) tl_print(file, "no complete replicate");
        if (!isnan(g->mean)) tl_print(file, "%+.4f", g->mean);
        if (!isnan(g->low)) tl_print(file, " [%+.4f, %+.4f]", g->low, g->high);
        if (g->factor) tl_print(file, " at %s=%s", g->factor, g->level);
        if (g->pooled) tl_print(file, " pooled over %s", g->pooled);
        tl_print(file, ", n=%d", g->replicates);
        if (g->left_out > 0) tl_print(file, " (%d left out)", g->left_out);
    }
    if (last) tl_print(file, "\n");
    tl_arena_close(&arena);
}

void tl_summary_print(FILE *file, const tl_table *table, const tl_effects *effects)
{
    say_trials(file, table);
    say_target(file, table);
    say_hypotheses(file, effects);
    say_gain(file, table);
    say_unresolved(file, table);
    (void)tl_summary_claims(file, effects);
    tl_summary_gains(file, table, effects, MOST_GAINS);
    if (effects->left_out > 0) {
        tl_print(file, "%d interactions left out: too many for %u trials.\n",
                 effects->left_out, table->trials);
    }
    tl_summary_table(file, table);
    (void)fflush(file);
}
