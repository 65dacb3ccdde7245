#include "analysis/report/summary_plot.h"

#include "analysis/effect/effect_text.h"
#include "analysis/report/label.h"
#include "analysis/report/summary_cards.h"
#include "compute/core/print.h"
#include "compute/core/text.h"

#include <math.h>
#include <string.h>

enum { LABEL = 26, LEAST_PLOT = 16, MOST_PLOT = 120, INDENT = 2, LINE = 512 };

/* Whether effect k is one of the plot of `metric`. */
static bool is_shown(const tl_findings *found, int k, const char *metric)
{
    const tl_effect *e = &found->effects->effect[k];
    return !isnan(e->low) && strcmp(e->metric, metric) == 0;
}

static int count(const tl_findings *found, int answers, const char *metric)
{
    int shown = 0;
    for (int k = 0; k < answers; k++) shown += is_shown(found, k, metric) ? 1 : 0;
    return shown;
}

/* The metric that most hypotheses ask about, of equals the first; NULL without any. */
static const char *pick_metric(const tl_findings *found, int answers, int *shown)
{
    const char *best = NULL;
    *shown = 0;
    for (int k = 0; k < answers; k++) {
        const char *metric = found->effects->effect[k].metric;
        const int now = count(found, answers, metric);
        if (now <= *shown) continue;
        *shown = now;
        best = metric;
    }
    return best;
}

/* Where x is among the columns of a plot from low to high. */
static int column_of(double x, double low, double high, int columns)
{
    const double place = (x - low) / (high - low) * (columns - 1);
    return place < 0.0 ? 0 : place > columns - 1 ? columns - 1 : (int)lround(place);
}

static void say_interval(FILE *file, const tl_effect *e, double low, double high,
                         int columns, const tl_screen *screen)
{
    tl_sign sign[MOST_PLOT];
    bool is_set[MOST_PLOT] = {false};
    const int left = column_of(e->low, low, high, columns);
    const int right = column_of(e->high, low, high, columns);
    const int zero = column_of(0.0, low, high, columns);
    for (int i = 0; i < columns; i++) {
        is_set[i] = i == zero || (i >= left && i <= right);
        sign[i] = i >= left && i <= right ? TL_SIGN_LINE : TL_SIGN_ZERO;
    }
    sign[left] = TL_SIGN_LEFT;
    sign[right] = TL_SIGN_RIGHT;
    sign[column_of(e->mean, low, high, columns)] = TL_SIGN_POINT;
    int last = columns - 1;
    while (last > 0 && !is_set[last]) last--;
    for (int i = 0; i <= last; i++)
        tl_print(file, "%s", is_set[i] ? tl_screen_sign(screen, sign[i]) : " ");
}

int tl_summary_plot(FILE *file, const tl_findings *found, const tl_screen *screen, int most)
{
    const int answers = tl_summary_answers(found);
    int shown, lines = 1;
    const char *metric = pick_metric(found, answers, &shown);
    int columns = screen->columns - INDENT - LABEL - 1;
    if (!metric || shown < 2 || most < 3 || columns < LEAST_PLOT) return 0;
    if (columns > MOST_PLOT) columns = MOST_PLOT;
    double low = 0.0, high = 0.0;
    for (int k = 0; k < answers; k++) {
        const tl_effect *e = &found->effects->effect[k];
        if (!is_shown(found, k, metric)) continue;
        low = fmin(low, e->low);
        high = fmax(high, e->high);
    }
    if (!(high > low)) return 0;
    char cut[LINE];
    tl_print(file, "\n%*sEffects on %s, %+.3g to %+.3g (%s: none)\n", INDENT, "",
             tl_text_cut(tl_label_metric(found, metric, false), 30, cut, sizeof cut), low,
             high, tl_screen_sign(screen, TL_SIGN_ZERO));
    for (int k = 0; k < answers && lines + 1 < most; k++) {
        const tl_effect *e = &found->effects->effect[k];
        if (!is_shown(found, k, metric)) continue;
        char number[24];
        const char *label =
            tl_arena_print(found->arena, NULL, "%s %s", tl_effect_number(e, number),
                           tl_summary_change(found, e));
        (void)tl_text_cut(label ? label : "?", LABEL, cut, sizeof cut);
        tl_print(file, "%*s%s%*s ", INDENT, "", cut, LABEL - tl_text_columns(cut), "");
        say_interval(file, e, low, high, columns, screen);
        tl_print(file, "\n");
        lines++;
    }
    return lines + 1;
}
