#include "analysis/report/effects_list.h"

#include "analysis/effect/effect_text.h"
#include "analysis/table/schema.h"
#include "compute/core/print.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SHARES = 6, MOST_PER_METRIC = 4096 };

bool tl_effect_is_idle(const tl_effect *effect)
{
    if (effect->hypothesis >= 0) return false;
    if (isnan(effect->low)) return isnan(effect->mean) || effect->mean == 0.0;
    const bool is_equal = effect->low >= effect->high || effect->floor_sd > 0.0;
    return is_equal && effect->mean == 0.0;
}

/* --- importance ---------------------------------------------------------------------- */

static int by_share(const void *a, const void *b)
{
    const tl_importance *x = *(tl_importance *const *)a, *y = *(tl_importance *const *)b;
    return (x->share < y->share) - (x->share > y->share);
}

/* Prints what the factors of a metric account for, the largest first. */
static void say_importance(FILE *file, const char *metric, const tl_importance *list,
                           int count)
{
    const tl_importance *of[MOST_PER_METRIC];
    int found = 0;
    double rest = 1.0;
    bool adds_up = true;
    for (int i = 0; i < count && found < MOST_PER_METRIC; i++) {
        if (strcmp(list[i].metric, metric) != 0) continue;
        of[found++] = &list[i];
        rest -= list[i].share;
        adds_up &= list[i].is_alone;
    }
    if (found == 0) return;
    qsort(of, (size_t)found, sizeof *of, by_share);
    tl_print(file, "  accounts for:");
    for (int i = 0; i < found && i < MOST_SHARES; i++) {
        tl_print(file, "%s %s %.1f %% (%.1f by chance)", i > 0 ? "," : "", of[i]->factor,
                 100.0 * of[i]->share, 100.0 * of[i]->chance);
    }
    if (found > MOST_SHARES) tl_print(file, ", %d more", found - MOST_SHARES);
    if (adds_up)
        tl_print(file, "; the rest %.1f %%", 100.0 * fmax(rest, 0.0));
    else
        tl_print(file, "; levels are not met equally often, so shares overlap");
    tl_print(file, "\n");
}

/* --- effects ------------------------------------------------------------------------- */

static void say_ratios(FILE *file, const tl_effect *e)
{
    const bool has_ratio = !isnan(e->ratio_low), has_odds = !isnan(e->odds_low);
    const bool is_pair = e->kind == TL_EFFECT_INTERACTION;
    if (has_ratio)
        tl_print(file, "      ratio %.4g [%.4g, %.4g]", e->ratio, e->ratio_low,
                 e->ratio_high);
    if (has_odds)
        tl_print(file, "%s%s %.4g [%.4g, %.4g]", has_ratio ? ", " : "      ",
                 is_pair ? "ratio of odds ratios" : "odds ratio", e->odds, e->odds_low,
                 e->odds_high);
    if (has_ratio || has_odds) tl_print(file, "\n");
    if (!isnan(e->data_sd))
        tl_print(file,
                 "      standard deviation %.4g from one data draw to the next, %.4g "
                 "among training seeds of one\n",
                 e->data_sd, e->training_sd);
}

static void print_one(FILE *file, const tl_effect *e, bool is_hypothesis)
{
    static const char *const kind[] = {"", "interaction, ", "trend, "};
    char number[24];
    tl_print(file, "  %s", kind[e->kind]);
    if (is_hypothesis)
        tl_print(file, "hypothesis %s, %s: ", tl_effect_number(e, number),
                 tl_effect_verdict(e));
    tl_effect_print_name(file, e, is_hypothesis || e->kind == TL_EFFECT_TREND);
    if (!is_hypothesis && e->kind != TL_EFFECT_TREND && e->pooled)
        tl_print(file, ", pooled over %s", e->pooled);
    tl_print(file, ": ");
    tl_effect_print_numbers(file, e, is_hypothesis);
    say_ratios(file, e);
}

/* Prints the metric's name and what it is. */
static void say_metric(FILE *file, const tl_table *table, const char *name)
{
    const tl_column *column = tl_table_find(table, name);
    const char *about = column ? tl_column_attribute(column, TL_NAME_LONG_NAME) : NULL;
    const char *better = column ? tl_column_attribute(column, TL_NAME_BETTER) : NULL;
    tl_print(file, "\n%s", name);
    if (about) tl_print(file, ": %s", about);
    if (better && strcmp(better, TL_NEITHER) != 0)
        tl_print(file, " (%s is better for the owner)", better);
    tl_print(file, "\n");
}

void tl_effects_list(FILE *file, const tl_table *table, const tl_effects *effects,
                     const tl_importance *list, int count, bool is_all)
{
    const char *metric = "";
    int hidden = 0, none = 0, hypotheses = 0;
    for (int i = 0; i < effects->count; i++) {
        const tl_effect *e = &effects->effect[i];
        if (e->hypothesis < 0) continue;
        if (hypotheses++ == 0) tl_print(file, "hypotheses\n");
        print_one(file, e, true);
    }
    for (int i = 0; i < effects->count; i++) {
        const tl_effect *e = &effects->effect[i];
        if (e->hypothesis >= 0) continue;
        if (tl_effect_is_idle(e) && !is_all) {
            hidden += isnan(e->low) ? 0 : 1;
            none += isnan(e->low) ? 1 : 0;
            continue;
        }
        if (strcmp(metric, e->metric) != 0) {
            metric = e->metric;
            say_metric(file, table, metric);
            say_importance(file, metric, list, count);
        }
        print_one(file, e, false);
    }
    if (effects->count == 0) tl_print(file, "no metric is downstream of a factor\n");
    if (*metric) tl_print(file, "\nall but the hypotheses is exploratory\n");
    if (hidden + none > 0)
        tl_print(file,
                 "not shown (--all): %d effects of exactly 0 in every replicate, %d "
                 "without a value\n",
                 hidden, none);
    if (effects->left_out > 0)
        tl_print(file, "%d interactions left out: too many\n", effects->left_out);
}
