/*
 * On the left the levels of factors, on the right what was measured, each side from the top
 * down in the order of the chain: effects are sorted so. A line is solid and has an arrow
 * where test and interval exclude 0, else it is dotted, or not drawn if there are many.
 */
#include "analysis/report/chain_graph.h"

#include "analysis/report/label.h"
#include "analysis/table/schema.h"

#include <math.h>
#include <string.h>

enum { MOST_NODES = 16, MOST_ARROWS = 160, MOST_DOTTED = 24, LETTERS = 16, GAP = 2 };

typedef struct graph {
    const char *left[MOST_NODES];  /* "factor: level" */
    const char *right[MOST_NODES]; /* labels of metrics */
    int lefts, rights, arrows, left_out;
    struct {
        int from, to;
        const tl_effect *effect;
    } arrow[MOST_ARROWS];
} graph;

/* The number of a node, which is new or known; -1 if there are too many. */
static int node(const char **list, int *count, const char *text)
{
    for (int i = 0; i < *count; i++)
        if (strcmp(list[i], text) == 0) return i;
    if (*count == MOST_NODES) return -1;
    list[*count] = text;
    return (*count)++;
}

static bool is_wanted(const tl_findings *found, const tl_effect *e)
{
    const tl_column *metric = tl_table_find(found->table, e->metric);
    const tl_column *factor = tl_table_find(found->table, e->factor);
    return e->kind == TL_EFFECT_CONTRAST && !isnan(e->low) && metric && factor &&
           (metric->is_success || metric == tl_findings_utility(found)) &&
           tl_column_says(factor, TL_NAME_FACTOR, TL_CHOICE);
}

static void gather(const tl_findings *found, graph *g)
{
    for (int k = 0; k < found->effects->count; k++) {
        const tl_effect *e = &found->effects->effect[k];
        if (!is_wanted(found, e)) continue;
        const char *from = tl_arena_print(
            found->arena, NULL, "%s: %s%s%s", tl_label_factor(found, e->factor),
            tl_label_level(found, e->level), e->at ? ", at " : "", e->at ? e->at : "");
        const int a = from ? node(g->left, &g->lefts, from) : -1;
        const int b = node(g->right, &g->rights, tl_label_metric(found, e->metric, false));
        if (a < 0 || b < 0 || g->arrows == MOST_ARROWS) {
            g->left_out++;
            continue;
        }
        g->arrow[g->arrows].from = a;
        g->arrow[g->arrows].to = b;
        g->arrow[g->arrows++].effect = e;
    }
}

/* Draws the nodes of one side from the height `top` down. \param y [count] their middles */
static void draw_nodes(tl_figure *figure, const char *const *list, int count, double x,
                       double top, double *y)
{
    for (int i = 0; i < count; i++) {
        const int lines = tl_figure_label_lines(LETTERS, list[i]);
        tl_text_print(
            &figure->script,
            "set object rectangle from graph %.3f, first %.2f to graph %.3f, first "
            "%.2f fs empty border lc rgb '#767676'\n",
            x - 0.01, top + 0.2, x + 0.30, top - lines - 0.1);
        (void)tl_figure_label(figure, x, top - 0.5, LETTERS, list[i]);
        y[i] = top - lines / 2.0;
        top -= lines + GAP;
    }
}

static int height_of(const char *const *list, int count)
{
    int height = 0;
    for (int i = 0; i < count; i++) height += tl_figure_label_lines(LETTERS, list[i]) + GAP;
    return height;
}

/* The middle of a gain that is written on an arrow, in parts of the graph and lines. */
typedef struct spot {
    double x, y;
} spot;

/* A place on the arrow from height `a` to `b` where no gain is written yet, if there is
 * one. \param taken [count] the others */
static spot find_spot(double a, double b, const spot *taken, int count)
{
    static const double along[] = {0.5, 0.7, 0.3, 0.85, 0.15, 0.6, 0.4};
    enum { TRIES = sizeof along / sizeof *along };
    spot here = {0};
    for (int k = 0; k < TRIES; k++) {
        bool is_free = true;
        here = (spot){0.32 + 0.35 * along[k], a + (b - a) * along[k]};
        for (int i = 0; i < count; i++)
            is_free &= fabs(here.x - taken[i].x) > 0.17 || fabs(here.y - taken[i].y) > 0.9;
        if (is_free) break;
    }
    return here;
}

static void draw_arrows(tl_figure *figure, const graph *g, const double *from,
                        const double *to)
{
    spot taken[MOST_ARROWS];
    int written = 0;
    for (int i = 0; i < g->arrows; i++) {
        const tl_effect *e = g->arrow[i].effect;
        const bool is_beyond = tl_findings_excludes_zero(e);
        if (!is_beyond && g->arrows > MOST_DOTTED) continue;
        const double a = from[g->arrow[i].from], b = to[g->arrow[i].to];
        tl_text_print(
            &figure->script,
            "set arrow from graph 0.32, first %.2f to graph 0.67, first %.2f %s lc rgb '%s'\n",
            a, b, is_beyond ? "head filled size graph 0.015,25 lw 2" : "nohead dt 3",
            !is_beyond      ? "#767676"
            : e->mean > 0.0 ? "#0072b2"
                            : "#d55e00");
        if (!is_beyond) continue;
        const spot at = find_spot(a, b, taken, written);
        tl_text_print(
            &figure->script,
            "set label '%+.3g' at graph %.3f, first %.2f center front offset 0,0.4\n",
            e->mean, at.x, at.y);
        taken[written++] = at;
    }
    tl_text_add(&figure->script, "plot NaN\n");
}

static tl_status fill(const graph *g, tl_figure *figure, tl_err *err)
{
    static const char *const names[] = {
        "what was done", "what was measured", "difference", "low", "high", NULL};
    const char **text[2];
    double *number[3];
    TL_TRY(tl_figure_data(figure, g->arrows, names, 2, text, number, err));
    for (int i = 0; i < g->arrows; i++) {
        const tl_effect *e = g->arrow[i].effect;
        text[0][i] = g->left[g->arrow[i].from];
        text[1][i] = g->right[g->arrow[i].to];
        number[0][i] = e->mean;
        number[1][i] = e->low;
        number[2][i] = e->high;
    }
    return TL_OK;
}

tl_status tl_chain_graph_make(const tl_findings *found, tl_figures *figures, tl_err *err)
{
    graph g = {0};
    tl_figure *figure;
    double from[MOST_NODES], to[MOST_NODES];
    gather(found, &g);
    if (g.arrows == 0) return TL_OK;
    TL_TRY(tl_figures_add(found, figures, "chain", NULL, &figure, err));
    figure->title = "From what was done to what was measured";
    figure->about = tl_arena_print(
        found->arena, err,
        "%d comparisons with the reference as lines from the left, what was done, to the right, "
        "what was measured. Where p (of a hypothesis q) is at most 0.05 and the 95 %% interval "
        "excludes 0, the line is an arrow with the difference on it; else it is %s. %d "
        "comparisons are left out.",
        g.arrows, g.arrows > MOST_DOTTED ? "not drawn" : "dotted", g.left_out);
    if (!figure->about) return TL_E_NOMEM;
    TL_TRY(fill(&g, figure, err));
    const int a = height_of(g.left, g.lefts), b = height_of(g.right, g.rights);
    const int height = a > b ? a : b;
    figure->lines = height + 1;
    tl_text_print(&figure->script,
                  "unset border\nunset xtics\nunset ytics\nset xrange [0:1]\nset yrange "
                  "[0:%d]\n",
                  height);
    tl_figure_frame(figure, 2, 2, 0.5);
    draw_nodes(figure, g.left, g.lefts, 0.01, height - (height - a) / 2.0 - 0.3, from);
    draw_nodes(figure, g.right, g.rights, 0.69, height - (height - b) / 2.0 - 0.3, to);
    draw_arrows(figure, &g, from, to);
    return TL_OK;
}
