#include "analysis/report/effects_list.h"

#include "analysis/effect/effect_text.h"
#include "analysis/table/schema.h"

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
    (void)fputs("  accounts for:", file);
    for (int i = 0; i < found && i < MOST_SHARES; i++) {
        (void)fprintf(file, "%s %s %.1f %% (%.1f by chance)", i > 0 ? "," : "",
                      of[i]->factor, 100.0 * of[i]->share, 100.0 * of[i]->chance);
    }
    if (found > MOST_SHARES) (void)fprintf(file, ", %d more", found - MOST_SHARES);
    if (adds_up)
        (void)fprintf(file, "; the rest %.1f %%", 100.0 * fmax(rest, 0.0));
    else
        (void)fputs("; levels are not met equally often, so shares overlap", file);
    (void)fputc('\n', file);
}

/* --- effects ------------------------------------------------------------------------- */

static void say_ratios(FILE *file, const tl_effect *e)
{
    const bool has_ratio = !isnan(e->ratio_low), has_odds = !isnan(e->odds_low);
    const bool is_pair = e->kind == TL_EFFECT_INTERACTION;
    if (has_ratio)
        (void)fprintf(file, "      ratio %.4g [%.4g, %.4g]", e->ratio, e->ratio_low,
                      e->ratio_high);
    if (has_odds)
        (void)fprintf(file, "%s%s %.4g [%.4g, %.4g]", has_ratio ? ", " : "      ",
                      is_pair ? "ratio of odds ratios" : "odds ratio", e->odds, e->odds_low,
                      e->odds_high);
    if (has_ratio || has_odds) (void)fputc('\n', file);
    if (!isnan(e->data_sd))
        (void)fprintf(file,
                      "      standard deviation %.4g from one data draw to the next, %.4g "
                      "among training seeds of one\n",
                      e->data_sd, e->training_sd);
}

static void print_one(FILE *file, const tl_effect *e, bool is_hypothesis)
{
    static const char *const kind[] = {"", "interaction, ", "trend, "};
    char number[24];
    (void)fprintf(file, "  %s", kind[e->kind]);
    if (is_hypothesis)
        (void)fprintf(file, "hypothesis %s, %s: ", tl_effect_number(e, number),
                      tl_effect_verdict(e));
    tl_effect_print_name(file, e, is_hypothesis || e->kind == TL_EFFECT_TREND);
    if (!is_hypothesis && e->kind != TL_EFFECT_TREND && e->pooled)
        (void)fprintf(file, ", pooled over %s", e->pooled);
    (void)fputs(": ", file);
    tl_effect_print_numbers(file, e, is_hypothesis);
    say_ratios(file, e);
}

/* Prints the metric's name and what it is. */
static void say_metric(FILE *file, const tl_table *table, const char *name)
{
    const tl_column *column = tl_table_find(table, name);
    const char *about = column ? tl_column_attribute(column, TL_NAME_LONG_NAME) : NULL;
    const char *better = column ? tl_column_attribute(column, TL_NAME_BETTER) : NULL;
    (void)fprintf(file, "\n%s", name);
    if (about) (void)fprintf(file, ": %s", about);
    if (better && strcmp(better, TL_NEITHER) != 0)
        (void)fprintf(file, " (%s is better for the owner)", better);
    (void)fputc('\n', file);
}

void tl_effects_list(FILE *file, const tl_table *table, const tl_effects *effects,
                     const tl_importance *list, int count, bool is_all)
{
    const char *metric = "";
    int hidden = 0, none = 0, hypotheses = 0;
    for (int i = 0; i < effects->count; i++) {
        const tl_effect *e = &effects->effect[i];
        if (e->hypothesis < 0) continue;
        if (hypotheses++ == 0) (void)fputs("hypotheses\n", file);
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
    if (effects->count == 0) (void)fputs("no metric is downstream of a factor\n", file);
    if (*metric) (void)fputs("\nall but the hypotheses is exploratory\n", file);
    if (hidden + none > 0)
        (void)fprintf(file,
                      "not shown (--all): %d effects of exactly 0 in every replicate, %d "
                      "without a value\n",
                      hidden, none);
    if (effects->left_out > 0)
        (void)fprintf(file, "%d interactions left out: too many\n", effects->left_out);
}
