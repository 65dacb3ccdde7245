#include "analysis/report/compared_list.h"

#include "analysis/effect/effect_text.h"
#include "analysis/report/effects_list.h"
#include "analysis/table/schema.h"
#include "compute/core/print.h"

#include <math.h>
#include <string.h>

static const double LEVEL = 0.05;

static void say_file(FILE *file, char letter, const char *name, const tl_table *table)
{
    const char *title = tl_table_attribute(table, TL_NAME_TITLE);
    const char *source = tl_table_attribute(table, TL_NAME_DATA_SOURCE);
    tl_print(file, "%c  %s: %s", letter, name, title ? title : "");
    if (source) tl_print(file, ", on %s", source);
    tl_print(file, "\n");
}

/* Says which of the files' own words differ. */
static void say_differences(FILE *file, const tl_table *const table[2])
{
    static const char *const what[] = {TL_NAME_SOURCE,       TL_NAME_DATA_SOURCE,
                                       TL_NAME_DATA_CONTENT, TL_NAME_SPLIT,
                                       TL_NAME_SEED,         TL_NAME_POOLABLE};
    bool any = false;
    for (size_t i = 0; i < sizeof what / sizeof *what; i++) {
        const char *a = tl_table_attribute(table[0], what[i]);
        const char *b = tl_table_attribute(table[1], what[i]);
        if (a && b ? strcmp(a, b) == 0 : a == b) continue;
        tl_print(file, "%s%s", any ? ", " : "they differ in: ", what[i]);
        any = true;
    }
    tl_print(file, any ? "\n" : "they are of one plan and one version\n");
}

/* What the difference says, with its bound. */
static void say_difference(FILE *file, const tl_compared *c)
{
    const double p = isnan(c->q) ? c->p : c->q;
    const bool excludes = c->low > 0.0 || c->high < 0.0;
    if (c->missing) {
        tl_print(file, "    B - A  ");
        if (!isnan(c->difference)) tl_print(file, "%+.4g: ", c->difference);
        tl_print(file, "%s\n", c->missing);
        return;
    }
    tl_print(file, "    B - A  %+.4g [%+.4g, %+.4g], n=%d, p=%.3g", c->difference, c->low,
             c->high, c->n, c->p);
    if (!isnan(c->q)) tl_print(file, ", q=%.3g", c->q);
    if (c->low >= c->high)
        tl_print(file, ": the same in every replicate\n");
    else if (excludes && p <= LEVEL)
        tl_print(file, ": they differ\n");
    else if (!excludes && p > LEVEL)
        tl_print(file, ": not resolved; one larger than %.3g is excluded\n",
                 fmax(-c->low, c->high));
    else
        tl_print(file, ": unclear, test and interval disagree\n");
}

static void say_side(FILE *file, char letter, const tl_effect *e)
{
    tl_print(file, "    %c  ", letter);
    if (isnan(e->mean))
        tl_print(file, "no value");
    else if (isnan(e->low))
        tl_print(file, "%+.4g", e->mean);
    else
        tl_print(file, "%+.4g [%+.4g, %+.4g]", e->mean, e->low, e->high);
    tl_print(file, ", n=%d", e->replicates);
    if (e->hypothesis >= 0) tl_print(file, ", %s", tl_effect_verdict(e));
    tl_print(file, "\n");
}

static void print_one(FILE *file, const tl_compared *c)
{
    char number[24];
    tl_print(file, "  ");
    if (c->a->kind == TL_EFFECT_MEAN) {
        tl_print(file, "mean%s%s", c->a->pooled ? " over " : "",
                 c->a->pooled ? c->a->pooled : "");
    } else {
        if (c->a->hypothesis >= 0)
            tl_print(file, "hypothesis %s: ", tl_effect_number(c->a, number));
        tl_effect_print_name(file, c->a, c->a->hypothesis >= 0);
    }
    tl_print(file, "\n");
    say_side(file, 'A', c->a);
    say_side(file, 'B', c->b);
    say_difference(file, c);
}

void tl_compared_print(FILE *file, const char *const name[2],
                       const tl_table *const table[2], const tl_compared_list *list,
                       bool is_all)
{
    const char *metric = NULL;
    int hidden = 0;
    for (int k = 0; k < 2; k++) say_file(file, k == 0 ? 'A' : 'B', name[k], table[k]);
    say_differences(file, table);
    tl_print(file, "%s: %s\n",
             list->is_paired ? "paired by replicate (Student's t, sign flips)"
                             : "as independent samples (Welch's t)",
             list->why);
    for (int i = 0; i < list->count; i++) {
        const tl_compared *c = &list->one[i];
        if (tl_effect_is_idle(c->a) && tl_effect_is_idle(c->b) && !is_all) {
            hidden++;
            continue;
        }
        const char *head = c->a->hypothesis >= 0 ? "hypotheses" : c->a->metric;
        if (!metric || strcmp(metric, head) != 0) tl_print(file, "\n%s\n", head);
        metric = head;
        print_one(file, c);
    }
    tl_print(file, "\n%d compared", list->count);
    if (list->only_a > 0) tl_print(file, ", %d only in A", list->only_a);
    if (list->only_b > 0) tl_print(file, ", %d only in B", list->only_b);
    if (hidden > 0) tl_print(file, ", %d that say nothing not shown (--all)", hidden);
    tl_print(file, "; q is over the hypotheses, all else is exploratory\n");
}
