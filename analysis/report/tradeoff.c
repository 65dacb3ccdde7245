#include "analysis/report/tradeoff.h"

#include "analysis/report/label.h"
#include "analysis/table/schema.h"

#include <math.h>
#include <string.h>

enum { MOST_POINTS = 24, LINES = 19, LETTERS = 40, MOST_FIGURES = 8 };

/* A level: the contrasts on accuracy and on risk. */
typedef struct point {
    const tl_effect *utility, *risk;
} point;

static int gather(const tl_findings *found, const char *factor, const char *metric,
                  point list[MOST_POINTS])
{
    const tl_column *utility = tl_findings_utility(found);
    int count = 0;
    for (int k = 0; k < found->effects->count && count < MOST_POINTS; k++) {
        const tl_effect *e = &found->effects->effect[k];
        if (e->kind != TL_EFFECT_CONTRAST || e->at || isnan(e->low) ||
            strcmp(e->factor, factor) != 0 || strcmp(e->metric, metric) != 0)
            continue;
        const tl_effect *other = tl_findings_same(found, e, utility->name);
        if (!other || isnan(other->low)) continue;
        bool is_there =
            strcmp(e->reference, count ? list[0].risk->reference : e->reference) != 0;
        for (int i = 0; i < count; i++)
            is_there |= strcmp(list[i].risk->level, e->level) == 0;
        if (!is_there) list[count++] = (point){other, e};
    }
    return count;
}

static double at(const tl_effect *e, double difference)
{
    return e->reference_mean + difference;
}

/* Labels by number: a key below would take the room of the plot. */
static void draw(const tl_findings *found, tl_figure *figure, const point *list, int count)
{
    tl_text *s = &figure->script;
    const tl_column *utility = tl_findings_utility(found);
    const char *metric = list[0].risk->metric;
    figure->lines = LINES + count + 1;
    tl_figure_frame(figure, 78, 24, 3.0 + count + 1);
    tl_text_print(s,
                  "set xlabel %s offset 0,0.9\nset xtics autofreq\nset offsets graph 0.08, "
                  "graph 0.08, graph 0.08, graph 0.08\n",
                  tl_figure_text(figure, tl_label_metric(found, utility->name, true)).name);
    tl_text_print(s, "set ylabel %s offset 1.5,0\n",
                  tl_figure_text(figure, tl_label_metric(found, metric, false)).name);
    for (int i = -1; i < count; i++) {
        const char *level = i < 0 ? list[0].risk->reference : list[i].risk->level;
        char *text =
            tl_arena_print(found->arena, NULL, "%d  %s%s", i + 1,
                           tl_label_level(found, level), i < 0 ? " (reference)" : "");
        tl_text_print(s, "set label %s at screen 0.16, screen %.4f left\n",
                      tl_figure_text(figure, text ? text : "?").name,
                      (count - 0.4 - i) / figure->lines);
        const tl_effect *u = list[i < 0 ? 0 : i].utility, *r = list[i < 0 ? 0 : i].risk;
        tl_text_print(s, "set label '%d' at %.17g,%.17g offset 0.8,0.5\n", i + 1,
                      at(u, i < 0 ? 0.0 : u->mean), at(r, i < 0 ? 0.0 : r->mean));
    }
    tl_text_print(s, "$reference << E\n%.17g %.17g\nE\n$levels << E\n",
                  list[0].utility->reference_mean, list[0].risk->reference_mean);
    for (int i = 0; i < count; i++) {
        const tl_effect *u = list[i].utility, *r = list[i].risk;
        tl_text_print(s, "%.17g %.17g %.17g %.17g %.17g %.17g\n", at(u, u->mean),
                      at(r, r->mean), at(u, u->low), at(u, u->high), at(r, r->low),
                      at(r, r->high));
    }
    tl_text_add(
        s, "E\nplot $levels using 1:2:3:4:5:6 with xyerrorbars pt 7 ps 0.8 lw 1.5 lc rgb "
           "'#0072b2', $reference using 1:2 with points pt 5 ps 1.1 lc rgb '#d55e00'\n");
}

static tl_status fill(tl_figure *figure, const point *list, int count, tl_err *err)
{
    static const char *const names[] = {"level",
                                        "accuracy at reference",
                                        "difference",
                                        "low",
                                        "high",
                                        "risk at reference",
                                        "risk difference",
                                        "risk low",
                                        "risk high",
                                        NULL};
    const char **level;
    double *column[8];
    TL_TRY(tl_figure_data(figure, count, names, 1, &level, column, err));
    for (int i = 0; i < count; i++) {
        const tl_effect *const both[] = {list[i].utility, list[i].risk};
        level[i] = list[i].risk->level;
        for (int b = 0; b < 2; b++) {
            column[4 * b][i] = both[b]->reference_mean;
            column[4 * b + 1][i] = both[b]->mean;
            column[4 * b + 2][i] = both[b]->low;
            column[4 * b + 3][i] = both[b]->high;
        }
    }
    return TL_OK;
}

static tl_status add(const tl_findings *found, tl_figures *figures, const point *list,
                     int count, tl_err *err)
{
    const tl_effect *first = list[0].risk;
    tl_figure *figure;
    const char *what =
        tl_arena_print(found->arena, err, "%s-%s", first->factor, first->metric);
    if (!what) return TL_E_NOMEM;
    TL_TRY(tl_figures_add(found, figures, "tradeoff", what, &figure, err));
    figure->title = tl_arena_print(found->arena, err, "Utility against risk: %s by %s",
                                   tl_label_metric(found, first->metric, false),
                                   tl_label_factor(found, first->factor));
    figure->about = tl_arena_print(
        found->arena, err,
        "Accuracy to the right, %s upwards, for the reference as a square and %d levels as "
        "circles with the 95 %% intervals of their differences from it.",
        tl_label_metric(found, first->metric, true), count);
    if (!figure->title || !figure->about) return TL_E_NOMEM;
    TL_TRY(fill(figure, list, count, err));
    draw(found, figure, list, count);
    return TL_OK;
}

/* Choices; without any, all factors. */
static bool has_choice(const tl_findings *found)
{
    for (int f = 0; f < found->table->columns; f++)
        if (tl_column_says(&found->table->column[f], TL_NAME_FACTOR, TL_CHOICE))
            return true;
    return false;
}

tl_status tl_tradeoff_make(const tl_findings *found, tl_figures *figures, tl_err *err)
{
    point list[MOST_POINTS];
    int made = 0;
    const tl_column *utility = tl_findings_utility(found);
    const bool of_choices = has_choice(found);
    for (int f = 0; f < found->table->columns && utility; f++) {
        const tl_column *factor = &found->table->column[f];
        if (!tl_column_attribute(factor, TL_NAME_FACTOR)) continue;
        if (of_choices && !tl_column_says(factor, TL_NAME_FACTOR, TL_CHOICE)) continue;
        for (int m = 0; m < found->table->columns && made < MOST_FIGURES; m++) {
            const tl_column *metric = &found->table->column[m];
            if (!metric->is_success || metric == utility) continue;
            const int count = gather(found, factor->name, metric->name, list);
            if (count == 0) continue;
            TL_TRY(add(found, figures, list, count, err));
            made++;
        }
    }
    return TL_OK;
}
