#include "analysis/report/forest.h"

#include "analysis/effect/effect_text.h"
#include "analysis/report/label.h"
#include "analysis/table/schema.h"

#include <math.h>
#include <string.h>

enum { MOST_LINES = 40, LETTERS = 50 };

/* A line of the plot. */
typedef struct line {
    const char *label, *verdict;
    double mean, low, high;
    int shape; /* index into `shapes` */
} line;

/* Points of gnuplot with their colours: shape says what colour says. */
static const struct {
    const char *verdict, *look, *point;
} shapes[] = {{"supported", "Filled circle", "pt 7 ps 0.9 lw 2 lc rgb '#0072b2'"},
              {"refuted", "Filled square", "pt 5 ps 0.9 lw 2 lc rgb '#d55e00'"},
              {"equivalent", "Open square", "pt 4 ps 0.9 lw 1.5 lc rgb '#00825f'"},
              {"unclear", "Open triangle", "pt 8 ps 0.9 lw 1.5 lc rgb '#a8548c'"},
              {"not resolved", "Open circle", "pt 6 ps 0.9 lw 1.5 lc rgb '#767676'"},
              {"exploratory", "Open diamond", "pt 12 ps 0.9 lw 1.5 lc rgb '#767676'"},
              {"control model", "Cross", "pt 2 ps 0.8 lw 1 dt 3 lc rgb '#767676'"}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static int shape_of(const char *verdict)
{
    for (int i = 0; i < SHAPES; i++)
        if (strcmp(shapes[i].verdict, verdict) == 0) return i;
    return SHAPES - 1;
}

/* --- its lines ------------------------------------------------------------------------ */

static void add_effect(const tl_findings *found, const tl_effect *e, line *list, int *count)
{
    char number[24] = "";
    if (isnan(e->low) || *count + 2 > MOST_LINES) return;
    const char *verdict = tl_effect_verdict(e);
    if (e->hypothesis >= 0) (void)tl_effect_number(e, number);
    const char *label = tl_arena_print(found->arena, NULL, "%s%s%s", number,
                                       *number ? "  " : "", tl_label_change(found, e));
    list[(*count)++] =
        (line){label ? label : "?", verdict, e->mean, e->low, e->high, shape_of(verdict)};
    if (!e->control || isnan(e->control_low)) return;
    list[(*count)++] = (line){"the same on a control model, without access",
                              "control model",
                              e->control_effect,
                              e->control_low,
                              e->control_high,
                              SHAPES - 1};
}

/* The hypotheses on a metric, or without any its contrasts. */
static int gather(const tl_findings *found, const char *metric, bool of_hypotheses,
                  line *list)
{
    int count = 0;
    for (int k = 0; k < found->effects->count; k++) {
        const tl_effect *e = &found->effects->effect[k];
        if (strcmp(e->metric, metric) != 0) continue;
        if (of_hypotheses ? e->hypothesis < 0 : e->kind != TL_EFFECT_CONTRAST) continue;
        if (of_hypotheses && e->kind == TL_EFFECT_TREND) continue; /* of another unit */
        add_effect(found, e, list, &count);
    }
    return count;
}

static bool has_hypotheses(const tl_findings *found)
{
    return found->effects->count > 0 && found->effects->effect[0].hypothesis >= 0;
}

/* --- drawing -------------------------------------------------------------------------- */

static tl_status fill_data(tl_figure *figure, const line *list, int count, tl_err *err)
{
    static const char *const name[] = {"comparison", "verdict", "difference",
                                       "low",        "high",    NULL};
    const char **text[2];
    double *number[3];
    TL_TRY(tl_figure_data(figure, count, name, 2, text, number, err));
    for (int i = 0; i < count; i++) {
        text[0][i] = list[i].label;
        text[1][i] = list[i].verdict;
        number[0][i] = list[i].mean;
        number[1][i] = list[i].low;
        number[2][i] = list[i].high;
    }
    return TL_OK;
}

/* From the top down: the label's lines, then the interval, with a piece of the line at 0.
 */
static void draw_lines(tl_figure *figure, const line *list, int count, int height)
{
    tl_text *s = &figure->script;
    for (int i = 0, y = height; i < count; i++) {
        y -= tl_figure_label(figure, 0.0, y - 0.5, LETTERS, list[i].label) + 1;
        tl_text_print(s, "$e%d << E\n%.17g %d.5 %.17g %.17g\nE\n", i, list[i].mean, y,
                      list[i].low, list[i].high);
        tl_text_print(s, "set arrow from 0,%d to 0,%d nohead lc rgb '#767676'\n", y, y + 1);
    }
    tl_text_add(s, "plot ");
    for (int i = 0; i < count; i++)
        tl_text_print(s, "%s$e%d using 1:2:3:4 with xerrorbars %s", i ? ", " : "", i,
                      shapes[list[i].shape].point);
    tl_text_add(s, "\n");
}

static void draw(tl_figure *figure, const line *list, int count, const char *axis)
{
    tl_text *s = &figure->script;
    double least = 0.0, most = 0.0;
    int height = 0;
    for (int i = 0; i < count; i++) {
        least = fmin(least, list[i].low);
        most = fmax(most, list[i].high);
        height += tl_figure_label_lines(LETTERS, list[i].label) + 1;
    }
    const double margin = most > least ? 0.04 * (most - least) : 1.0;
    figure->lines = height + 3;
    tl_text_print(s, "set border 1\nset xrange [%.17g:%.17g]\nset yrange [0:%d]\n",
                  least - margin, most + margin, height);
    tl_figure_frame(figure, 14, 18, 2.7);
    tl_text_print(s, "unset ytics\nset xtics %.3g\n", tl_figure_step(most - least));
    tl_text_print(s, "set xlabel %s offset 0,0.9\n", tl_figure_text(figure, axis).name);
    draw_lines(figure, list, count, height);
}

/* What can be seen: only the verdicts that there are. */
static const char *describe(const tl_findings *found, const line *list, int count)
{
    tl_text text = {0};
    tl_text_print(
        &text, "%d comparisons, each with its 95 %% interval, and a line at no difference.",
        count);
    for (int k = 0; k < SHAPES; k++) {
        bool is_there = false;
        for (int i = 0; i < count; i++) is_there |= list[i].shape == k;
        if (is_there) tl_text_print(&text, " %s: %s.", shapes[k].look, shapes[k].verdict);
    }
    const char *kept = text.is_short ? NULL : tl_arena_text(found->arena, text.at, NULL);
    tl_text_close(&text);
    return kept;
}

static tl_status add(const tl_findings *found, tl_figures *figures, const char *metric,
                     bool of_hypotheses, tl_err *err)
{
    line list[MOST_LINES];
    tl_figure *figure;
    const int count = gather(found, metric, of_hypotheses, list);
    if (count == 0) return TL_OK;
    const char *label = tl_label_metric(found, metric, false);
    TL_TRY(tl_figures_add(found, figures, "forest", metric, &figure, err));
    figure->title = tl_arena_print(found->arena, err, "Differences of %s", label);
    figure->about = describe(found, list, count);
    if (!figure->title || !figure->about) return TL_E_NOMEM;
    TL_TRY(fill_data(figure, list, count, err));
    draw(figure, list, count, tl_label_metric(found, metric, true));
    return TL_OK;
}

tl_status tl_forest_make(const tl_findings *found, tl_figures *figures, tl_err *err)
{
    const bool of_hypotheses = has_hypotheses(found);
    for (int i = 0; i < found->table->columns; i++) {
        const tl_column *column = &found->table->column[i];
        if (column->type != TL_COLUMN_REAL || !tl_column_attribute(column, TL_NAME_BETTER))
            continue;
        if (!of_hypotheses && !column->is_success && column != tl_findings_utility(found))
            continue;
        TL_TRY(add(found, figures, column->name, of_hypotheses, err));
    }
    return TL_OK;
}
