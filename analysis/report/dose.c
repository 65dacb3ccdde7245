#include "analysis/report/dose.h"

#include "analysis/report/label.h"
#include "analysis/table/schema.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LEVELS = 64, LINES = 17 };

static const double DECADE = 10.0;

/* A level: its value, place on the axis, and effect; of the reference none. */
typedef struct dose {
    double value, place;
    const char *level;
    const tl_effect *effect;
} dose;

static int by_value(const void *a, const void *b)
{
    const dose *x = a, *y = b;
    return x->value < y->value ? -1 : x->value > y->value;
}

static bool is_same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_of_curve(const tl_effect *e, const tl_effect *first)
{
    return e->kind == TL_EFFECT_CONTRAST && !isnan(e->low) &&
           strcmp(e->factor, first->factor) == 0 && strcmp(e->metric, first->metric) == 0 &&
           strcmp(e->reference, first->reference) == 0 && is_same_text(e->at, first->at);
}

/* The levels of the curve that `first` is of, by value. \return how many; 0 if a level is
 * no number, or if it is not the first of its curve */
static int gather(const tl_findings *found, int first, dose list[MOST_LEVELS])
{
    const tl_effect *const all = found->effects->effect;
    int count = 1;
    list[0] = (dose){.level = all[first].reference};
    if (!tl_text_real(list[0].level, &list[0].value)) return 0;
    for (int k = 0; k < found->effects->count && count < MOST_LEVELS; k++) {
        if (!is_of_curve(&all[k], &all[first])) continue;
        if (k < first) return 0;
        dose one = {.level = all[k].level, .effect = &all[k]};
        if (!tl_text_real(one.level, &one.value)) return 0;
        bool is_there = false; /* two hypotheses may have asked the same */
        for (int i = 0; i < count; i++) is_there |= list[i].value == one.value;
        if (!is_there) list[count++] = one;
    }
    qsort(list, (size_t)count, sizeof *list, by_value);
    return count;
}

/* Places levels by value, or at equal distances if they span more than a decade. */
static void place_levels(dose *list, int count)
{
    double least = (double)INFINITY, most = 0.0;
    for (int i = 0; i < count; i++) {
        const double size = fabs(list[i].value);
        most = fmax(most, size);
        if (size > 0.0) least = fmin(least, size);
    }
    for (int i = 0; i < count; i++)
        list[i].place = most > DECADE * least ? i : list[i].value;
}

static void draw_data(tl_text *s, const dose *list, int count)
{
    tl_text_add(s, "$curve << E\n");
    for (int i = 0; i < count; i++) {
        const tl_effect *e = list[i].effect;
        tl_text_print(s, "%.17g %.17g %.17g %.17g\n", list[i].place, e ? e->mean : 0.0,
                      e ? e->low : 0.0, e ? e->high : 0.0);
    }
    tl_text_add(s, "E\n$replicates << E\n");
    int dots = 0;
    for (int i = 0; i < count; i++) {
        const tl_effect *e = list[i].effect;
        for (int r = 0; e && e->difference && r < e->replicates; r++, dots++)
            tl_text_print(s, "%.17g %.17g\n", list[i].place, e->difference[r]);
    }
    tl_text_add(
        s, "E\nplot $curve using 1:3:4 with filledcurves fs solid 0.18 noborder lc rgb "
           "'#0072b2'");
    if (dots > 0)
        tl_text_add(s, ", $replicates using 1:2 with points pt 6 ps 0.4 lc rgb '#767676'");
    tl_text_add(s,
                ", $curve using 1:2 with lines lw 2 lc rgb '#0072b2', $curve using 1:2:3:4 "
                "with yerrorbars pt 7 ps 0.7 lc rgb '#0072b2'\n");
}

static void draw(const tl_findings *found, tl_figure *figure, const dose *list, int count)
{
    tl_text *s = &figure->script;
    const double room = 0.05 * (list[count - 1].place - list[0].place);
    const tl_effect *any = list[0].effect ? list[0].effect : list[1].effect;
    figure->lines = LINES;
    tl_figure_frame(figure, 66, 20, 2.7);
    tl_text_print(s, "set xrange [%.17g:%.17g]\nset xtics (", list[0].place - room,
                  list[count - 1].place + room);
    for (int i = 0; i < count; i++)
        tl_text_print(s, "%s%s %.17g", i ? ", " : "",
                      tl_figure_text(figure, list[i].level).name, list[i].place);
    tl_text_print(s, ")\nset xlabel %s offset 0,0.9\nset xzeroaxis lc rgb '#767676'\n",
                  tl_figure_text(figure, tl_label_factor(found, any->factor)).name);
    draw_data(s, list, count);
}

static tl_status fill(tl_figure *figure, const dose *list, int count, tl_err *err)
{
    static const char *const names[] = {"level", "difference", "low", "high", "n", NULL};
    const char **level;
    double *column[4];
    TL_TRY(tl_figure_data(figure, count, names, 1, &level, column, err));
    for (int i = 0; i < count; i++) {
        const tl_effect *e = list[i].effect;
        level[i] = list[i].level;
        column[0][i] = e ? e->mean : 0.0;
        column[1][i] = e ? e->low : (double)NAN;
        column[2][i] = e ? e->high : (double)NAN;
        column[3][i] = e ? e->replicates : (double)NAN;
    }
    return TL_OK;
}

static tl_status add(const tl_findings *found, tl_figures *figures, const tl_effect *first,
                     dose *list, int count, tl_err *err)
{
    tl_figure *figure;
    const char *what =
        tl_arena_print(found->arena, err, "%s-%s%s%s", first->factor, first->metric,
                       first->at ? "-at-" : "", first->at ? first->at : "");
    if (!what) return TL_E_NOMEM;
    TL_TRY(tl_figures_add(found, figures, "dose", what, &figure, err));
    const char *metric = tl_label_metric(found, first->metric, true);
    const char *factor = tl_label_factor(found, first->factor);
    figure->title = tl_arena_print(found->arena, err, "%s, difference from %s = %s%s%s",
                                   metric, factor, first->reference,
                                   first->at ? ", at " : "", first->at ? first->at : "");
    figure->about = tl_arena_print(
        found->arena, err,
        "The difference of %s from its mean at %s = %s, at %d levels: points joined by lines, "
        "with 95 %% intervals as bars and a band; open circles are replicates.",
        metric, factor, first->reference, count);
    if (!figure->title || !figure->about) return TL_E_NOMEM;
    place_levels(list, count);
    TL_TRY(fill(figure, list, count, err));
    draw(found, figure, list, count);
    return TL_OK;
}

tl_status tl_dose_make(const tl_findings *found, tl_figures *figures, tl_err *err)
{
    dose list[MOST_LEVELS];
    for (int k = 0; k < found->effects->count; k++) {
        const tl_effect *e = &found->effects->effect[k];
        const tl_column *factor = tl_table_find(found->table, e->factor);
        const tl_column *metric = tl_table_find(found->table, e->metric);
        if (e->kind != TL_EFFECT_CONTRAST || isnan(e->low) || !factor || !metric ||
            factor->type == TL_COLUMN_TEXT || !tl_findings_is_main(found, metric))
            continue;
        const int count = gather(found, k, list);
        if (count >= 3) TL_TRY(add(found, figures, e, list, count, err));
    }
    return TL_OK;
}
