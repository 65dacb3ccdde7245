#include "analysis/report/histogram.h"

#include "analysis/report/arms.h"
#include "analysis/report/label.h"

#include <math.h>

enum { BINS = 24, LINES = 19 };

/* Shares of members and non-members by score. */
typedef struct shares {
    double low, high, of[2][BINS], rows[2];
} shares;

static bool find_range(const tl_stored *stored, const tl_arms *arms, shares *out)
{
    out->low = (double)INFINITY;
    out->high = -(double)INFINITY;
    for (int l = 0; l < stored->lists; l++) {
        for (size_t i = 0; i < stored->list[l].rows && arms->arm[l] == 0; i++) {
            const double score = stored->list[l].score[i];
            if (!isfinite(score)) continue;
            out->low = fmin(out->low, score);
            out->high = fmax(out->high, score);
        }
    }
    return out->high > out->low;
}

static void count(const tl_stored *stored, const tl_arms *arms, shares *out)
{
    for (int l = 0; l < stored->lists; l++) {
        const tl_stored_list *list = &stored->list[l];
        for (size_t i = 0; i < list->rows && arms->arm[l] == 0; i++) {
            if (!isfinite(list->score[i])) continue;
            const double part = (list->score[i] - out->low) / (out->high - out->low);
            const int bin = part < 1.0 ? (int)(part * BINS) : BINS - 1;
            const int side = list->member[i] ? 1 : 0;
            out->of[side][bin] += 1.0;
            out->rows[side] += 1.0;
        }
    }
    for (int side = 0; side < 2; side++)
        for (int b = 0; b < BINS && out->rows[side] > 0.0; b++)
            out->of[side][b] /= out->rows[side];
}

static double edge(const shares *s, int bin)
{
    return s->low + (s->high - s->low) * bin / BINS;
}

static void draw(tl_figure *figure, const shares *h)
{
    tl_text *s = &figure->script;
    figure->lines = LINES;
    tl_figure_frame(figure, 76, 10, 5.2);
    tl_text_print(s, "set xrange [%.17g:%.17g]\nset yrange [0:*]\n", h->low, h->high);
    tl_text_add(
        s,
        "set xlabel 'score: higher, more likely a member' offset 0,0.9\n"
        "set ylabel 'share of rows' offset 1.5,0\nset key at screen 0.5, screen 0.12 center top maxcols 1 Left reverse "
        "samplen 3\n"
        "$d << E\n");
    for (int b = 0; b < BINS; b++)
        tl_text_print(s, "%.17g %.17g %.17g\n", 0.5 * (edge(h, b) + edge(h, b + 1)),
                      h->of[1][b], h->of[0][b]);
    tl_text_add(
        s, "E\nplot $d using 1:3 with boxes fs solid 0.25 noborder lc rgb '#767676' title "
           "'non-members', $d using 1:2 with histeps lw 2 lc rgb '#0072b2' title "
           "'members'\n");
}

static tl_status fill(tl_figure *figure, const shares *h, tl_err *err)
{
    static const char *const names[] = {"score from", "to", "share of members",
                                        "share of non-members", NULL};
    double *column[4];
    TL_TRY(tl_figure_data(figure, BINS, names, 0, NULL, column, err));
    for (int b = 0; b < BINS; b++) {
        column[0][b] = edge(h, b);
        column[1][b] = edge(h, b + 1);
        column[2][b] = h->of[1][b];
        column[3][b] = h->of[0][b];
    }
    return TL_OK;
}

static tl_status add(const tl_findings *found, const tl_stored *stored, int source,
                     tl_figures *figures, tl_err *err)
{
    tl_arms arms;
    shares h = {0};
    tl_figure *figure;
    TL_TRY(tl_arms_find(found, stored, source, &arms, err));
    if (!find_range(stored, &arms, &h)) return TL_OK;
    count(stored, &arms, &h);
    const tl_group_source *from = &stored->source[source];
    const char *what = tl_arena_print(found->arena, err, "%s%s%s-round%d", from->instance,
                                      *from->name ? "-" : "", from->name, from->round);
    if (!what) return TL_E_NOMEM;
    TL_TRY(tl_figures_add(found, figures, "scores", what, &figure, err));
    figure->title = tl_arena_print(found->arena, err, "Scores of %s, %s",
                                   tl_arms_source(found, stored, source),
                                   tl_arms_name(found, &arms, 0));
    figure->about = tl_arena_print(
        found->arena, err,
        "Histograms of scores: %.0f rows of members as a line, %.0f of non-members as bars.",
        h.rows[1], h.rows[0]);
    if (!figure->title || !figure->about) return TL_E_NOMEM;
    TL_TRY(fill(figure, &h, err));
    draw(figure, &h);
    return TL_OK;
}

tl_status tl_histogram_make(const tl_findings *found, tl_figures *figures, tl_err *err)
{
    const tl_stored *stored = &found->stored[TL_GROUP_SAMPLES];
    for (int s = 0; s < stored->sources && stored->lists > 0; s++)
        TL_TRY(add(found, stored, s, figures, err));
    return TL_OK;
}
