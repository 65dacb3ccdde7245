/*
 * Curves are averaged at fixed false positive rates: the true positive rate of each, a
 * staircase, is read there. Source: Fawcett 2006, An introduction to ROC analysis, section
 * 7.1 (vertical averaging).
 */
#include "analysis/report/roc_figure.h"

#include "analysis/report/arms.h"
#include "analysis/report/label.h"

#include <math.h>
#include <string.h>

enum { GRID = 61, LINES = 21 };

static const double DECADES = 3.0; /* of the axes, from 0.001 to 1 */

/* The mean curve of one arm. */
typedef struct mean_curve {
    int arm, lists;
    double y[GRID], area;
} mean_curve;

static double grid_at(int i)
{
    return pow(10.0, DECADES * ((double)i / (GRID - 1) - 1.0));
}

/* The height of a staircase at `x`. */
static double height_at(const tl_stored_list *list, double x)
{
    double height = 0.0;
    for (size_t i = 0; i < list->rows && list->x[i] <= x; i++)
        height = fmax(height, list->y[i]);
    return height;
}

static double area_of(const tl_stored_list *list)
{
    double area = 0.0;
    for (size_t i = 1; i < list->rows; i++)
        area += 0.5 * (list->x[i] - list->x[i - 1]) * (list->y[i] + list->y[i - 1]);
    return area;
}

static mean_curve average(const tl_stored *stored, const tl_arms *arms, int arm)
{
    mean_curve mean = {.arm = arm};
    for (int l = 0; l < stored->lists; l++) {
        if (arms->arm[l] != arm) continue;
        mean.lists++;
        mean.area += area_of(&stored->list[l]);
        for (int i = 0; i < GRID; i++) mean.y[i] += height_at(&stored->list[l], grid_at(i));
    }
    for (int i = 0; i < GRID && mean.lists > 0; i++) mean.y[i] /= mean.lists;
    if (mean.lists > 0) mean.area /= mean.lists;
    return mean;
}

/* The mean curves of all arms, the strongest first. \return how many */
static int gather(const tl_stored *stored, const tl_arms *arms,
                  mean_curve list[TL_MOST_ARMS])
{
    int count = 0;
    for (int a = 0; a < arms->count; a++) {
        const mean_curve one = average(stored, arms, a);
        int at = count;
        if (one.lists == 0) continue;
        for (; at > 0 && list[at - 1].area < one.area; at--) list[at] = list[at - 1];
        list[at] = one;
        count++;
    }
    return count;
}

static void draw(const tl_findings *found, tl_figure *figure, const tl_arms *arms,
                 const mean_curve *list, int count)
{
    static const char *const look[TL_MOST_ARMS] = {
        "lw 2.5 lc rgb '#d55e00'",    "lw 2 dt 2 lc rgb '#0072b2'",
        "lw 2 dt 4 lc rgb '#00825f'", "lw 2 dt 5 lc rgb '#a8548c'",
        "lw 1 lc rgb 'black'",        "lw 1 dt 3 lc rgb 'black'"};
    tl_text *s = &figure->script;
    figure->lines = LINES + count;
    tl_figure_frame(figure, 76, 14, 3.2 + count);
    tl_text_print(
        s,
        "set logscale xy\nset xrange [%.4g:1]\nset yrange [%.4g:1]\n"
        "set xlabel 'false positive rate' offset 0,0.9\n"
        "set ylabel 'true positive rate' offset 2.8,0\n"
        "set key at screen 0.5, screen %.4f center top maxcols 1 Left reverse samplen 3 "
        "spacing 0.95\n",
        grid_at(0), grid_at(0), (count + 0.3) / figure->lines);
    for (int c = 0; c < count; c++) {
        tl_text_print(s, "$c%d << E\n", c);
        for (int i = 0; i < GRID; i++)
            if (list[c].y[i] > 0.0)
                tl_text_print(s, "%.17g %.17g\n", grid_at(i), list[c].y[i]);
        tl_text_add(s, "1 1\nE\n");
    }
    tl_text_add(s, "plot x with lines lw 1 dt 3 lc rgb '#767676' notitle");
    for (int c = 0; c < count; c++)
        tl_text_print(s, ", $c%d using 1:2 with lines %s title %s", c, look[c],
                      tl_figure_text(figure, tl_arms_name(found, arms, list[c].arm)).name);
    tl_text_add(s, "\n");
}

static tl_status fill(const tl_findings *found, tl_figure *figure, const tl_arms *arms,
                      const mean_curve *list, int count, tl_err *err)
{
    static const char *const names[] = {"trials at", "false positive rate",
                                        "true positive rate", "curves", NULL};
    const char **arm;
    double *column[3];
    TL_TRY(tl_figure_data(figure, count * GRID, names, 1, &arm, column, err));
    for (int k = 0; k < count * GRID; k++) {
        const mean_curve *one = &list[k / GRID];
        arm[k] = tl_arms_name(found, arms, one->arm);
        column[0][k] = grid_at(k % GRID);
        column[1][k] = one->y[k % GRID];
        column[2][k] = one->lists;
    }
    return TL_OK;
}

static tl_status add(const tl_findings *found, const tl_stored *stored, int source,
                     tl_figures *figures, tl_err *err)
{
    tl_arms arms;
    mean_curve list[TL_MOST_ARMS];
    tl_figure *figure;
    TL_TRY(tl_arms_find(found, stored, source, &arms, err));
    const int count = gather(stored, &arms, list);
    if (count == 0) return TL_OK;
    const char *what =
        tl_arena_print(found->arena, err, "%s%s%.0d", stored->source[source].instance,
                       stored->source[source].round > 1 ? "-round" : "",
                       stored->source[source].round > 1 ? stored->source[source].round : 0);
    if (!what) return TL_E_NOMEM;
    TL_TRY(tl_figures_add(found, figures, "roc", what, &figure, err));
    figure->title = tl_arena_print(found->arena, err, "ROC of %s",
                                   tl_arms_source(found, stored, source));
    figure->about = tl_arena_print(
        found->arena, err,
        "True against false positive rate, both on log axes, of %d groups of trials, averaged "
        "over trials at each false positive rate; the dotted diagonal is guessing.",
        count);
    if (!figure->title || !figure->about) return TL_E_NOMEM;
    TL_TRY(fill(found, figure, &arms, list, count, err));
    draw(found, figure, &arms, list, count);
    return TL_OK;
}

tl_status tl_roc_figure_make(const tl_findings *found, tl_figures *figures, tl_err *err)
{
    const tl_stored *stored = &found->stored[TL_GROUP_CURVES];
    for (int s = 0; s < stored->sources && stored->lists > 0; s++)
        if (strcmp(stored->source[s].name, "roc") == 0)
            TL_TRY(add(found, stored, s, figures, err));
    return TL_OK;
}
