#include "analysis/report/paired.h"

#include "analysis/effect/effect_text.h"
#include "analysis/report/label.h"

#include <math.h>

enum { LINES = 9, STACK = 5 };

/* Where its axis begins and ends: dots, interval, 0, and the margin if there is one. */
static void find_range(const tl_effect *e, double *least, double *most)
{
    *least = fmin(0.0, e->low);
    *most = fmax(0.0, e->high);
    for (int r = 0; r < e->replicates; r++) {
        *least = fmin(*least, e->difference[r]);
        *most = fmax(*most, e->difference[r]);
    }
    if (!isnan(e->margin)) {
        *least = fmin(*least, -e->margin);
        *most = fmax(*most, e->margin);
    }
    const double room = *most > *least ? 0.05 * (*most - *least) : 1.0;
    *least -= room;
    *most += room;
}

static void draw(tl_figure *figure, const tl_effect *e, const char *axis)
{
    tl_text *s = &figure->script;
    double least, most;
    find_range(e, &least, &most);
    figure->lines = LINES;
    tl_text_print(s, "set border 1\nunset ytics\nset xrange [%.17g:%.17g]\n", least, most);
    tl_text_print(s, "set yrange [-1.6:%d]\nset xtics %.3g\n", STACK,
                  tl_figure_step(most - least));
    tl_figure_frame(figure, 14, 18, 2.7);
    tl_text_print(s, "set xlabel %s offset 0,0.9\n", tl_figure_text(figure, axis).name);
    tl_text_add(s, "set arrow from 0,graph 0 to 0,graph 1 nohead lc rgb '#767676'\n");
    for (int side = -1; side <= 1 && !isnan(e->margin); side += 2)
        tl_text_print(s,
                      "set arrow from %.17g,graph 0 to %.17g,graph 1 nohead dt 2 lc rgb "
                      "'#00825f'\n",
                      side * e->margin, side * e->margin);
    tl_text_add(s, "$dots << E\n");
    for (int r = 0; r < e->replicates; r++)
        tl_text_print(s, "%.17g %d\n", e->difference[r], r % STACK);
    tl_text_print(s, "E\n$mean << E\n%.17g -1 %.17g %.17g\nE\n", e->mean, e->low, e->high);
    tl_text_add(s,
                "plot $dots using 1:2 with points pt 6 ps 0.6 lw 1.3 lc rgb 'black', "
                "$mean using 1:2:3:4 with xerrorbars pt 13 ps 1 lw 2 lc rgb '#0072b2'\n");
}

static tl_status add(const tl_findings *found, tl_figures *figures, const tl_effect *e,
                     tl_err *err)
{
    static const char *const names[] = {"replicate", "difference", NULL};
    char number[24];
    tl_figure *figure;
    double *column[2];
    TL_TRY(tl_figures_add(found, figures, "paired", tl_effect_number(e, number), &figure,
                          err));
    figure->title =
        tl_arena_print(found->arena, err, "Hypothesis %s: each replicate", number);
    figure->about = tl_arena_print(
        found->arena, err,
        "The difference of %s in each of %d replicates as a circle; below them their mean with "
        "its 95 %% interval; an upright line at no difference%s.",
        tl_label_metric(found, e->metric, false), e->replicates,
        isnan(e->margin) ? "" : ", dashed ones at the margin");
    if (!figure->title || !figure->about) return TL_E_NOMEM;
    TL_TRY(tl_figure_data(figure, e->replicates, names, 0, NULL, column, err));
    for (int r = 0; r < e->replicates; r++) {
        column[0][r] = r + 1;
        column[1][r] = e->difference[r];
    }
    draw(figure, e, tl_label_metric(found, e->metric, true));
    return TL_OK;
}

tl_status tl_paired_make(const tl_findings *found, tl_figures *figures, tl_err *err)
{
    for (int k = 0; k < found->effects->count; k++) {
        const tl_effect *e = &found->effects->effect[k];
        if (e->hypothesis < 0) break;
        if (e->difference && !isnan(e->low)) TL_TRY(add(found, figures, e, err));
    }
    return TL_OK;
}
