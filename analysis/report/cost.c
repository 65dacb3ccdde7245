#include "analysis/report/cost.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_STAGES = 32, LETTERS = 40 };

typedef struct stage_cost {
    const char *name;
    double steps, seconds;
} stage_cost;

static int by_seconds(const void *a, const void *b)
{
    const stage_cost *x = a, *y = b;
    return x->seconds > y->seconds ? -1 : x->seconds < y->seconds;
}

/* Stages by their time. \return how many */
static int gather(const tl_table *account, stage_cost list[MOST_STAGES])
{
    const tl_column *stage = tl_table_find(account, "stage");
    const tl_column *seconds = tl_table_find(account, "seconds");
    int count = 0;
    if (stage->type != TL_COLUMN_TEXT || seconds->type != TL_COLUMN_REAL) return 0;
    for (uint32_t t = 0; t < account->trials; t++) {
        int i = 0;
        if (isnan(seconds->real[t])) continue;
        while (i < count && strcmp(list[i].name, stage->text[t]) != 0) i++;
        if (i == MOST_STAGES) continue;
        if (i == count) list[count++] = (stage_cost){.name = stage->text[t]};
        list[i].steps += 1.0;
        list[i].seconds += seconds->real[t];
    }
    qsort(list, (size_t)count, sizeof *list, by_seconds);
    return count;
}

static void draw(tl_figure *figure, const stage_cost *list, int count)
{
    tl_text *s = &figure->script;
    figure->lines = 2 * count + 3;
    tl_text_print(s, "set border 1\nunset ytics\nset xrange [0:*]\nset yrange [0:%d]\n",
                  2 * count);
    tl_figure_frame(figure, 8, 12, 2.7);
    tl_text_add(s, "set xlabel 'seconds of all ranks together' offset 0,0.9\n");
    for (int i = 0; i < count; i++)
        (void)tl_figure_label(figure, 0.0, 2 * (count - i) - 0.5, LETTERS, list[i].name);
    tl_text_add(s, "$bars << E\n");
    for (int i = 0; i < count; i++)
        tl_text_print(s, "%.17g %d.5\n", list[i].seconds, 2 * (count - i) - 2);
    tl_text_add(
        s, "E\nplot $bars using ($1/2):2:($1/2):(0.35) with boxxyerror fs solid 0.6 lc "
           "rgb '#0072b2'\n");
}

tl_status tl_cost_make(const tl_findings *found, tl_figures *figures, tl_err *err)
{
    static const char *const names[] = {"stage", "steps", "seconds", "seconds a step",
                                        NULL};
    stage_cost list[MOST_STAGES];
    tl_figure *figure;
    const char **stage;
    double *column[3];
    const int count = found->account ? gather(found->account, list) : 0;
    if (count == 0) return TL_OK;
    TL_TRY(tl_figures_add(found, figures, "cost", NULL, &figure, err));
    figure->title = "Time by stage";
    figure->about =
        "The seconds that the steps of each stage took together, as bars from the "
        "longest down. Steps that trials share are run and counted once.";
    TL_TRY(tl_figure_data(figure, count, names, 1, &stage, column, err));
    for (int i = 0; i < count; i++) {
        stage[i] = list[i].name;
        column[0][i] = list[i].steps;
        column[1][i] = list[i].seconds;
        column[2][i] = list[i].seconds / list[i].steps;
    }
    draw(figure, list, count);
    return TL_OK;
}
