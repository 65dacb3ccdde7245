/*
 * What attacks gain from what precedes them in the chain. Columns of factors and of metrics
 * are in the order of the chain: effects are sorted by both.
 */
#include "analysis/report/summary.h"

#include "analysis/effect/effect_text.h"
#include "analysis/table/schema.h"
#include "compute/core/print.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 4096 };

typedef struct gain {
    int factor, metric, effect; /* columns of the table; index of the effect */
} gain;

static int by_chain(const void *a, const void *b)
{
    const gain *x = a, *y = b;
    if (x->factor != y->factor) return x->factor - y->factor;
    if (x->metric != y->metric) return x->metric - y->metric;
    return x->effect - y->effect;
}

/* Whether it chooses among alternatives in a chain, not among chains. */
static bool is_one_of(const tl_column *factor)
{
    return tl_column_says(factor, TL_NAME_FACTOR, TL_CHOICE) &&
           strcmp(factor->name, TL_NAME_CHAIN) != 0;
}

/* Whether effect k is a gain; one that answers two hypotheses counts once. */
static bool find_gain(const tl_table *table, const tl_effects *effects, int k, gain *out)
{
    const tl_effect *e = &effects->effect[k];
    if (e->kind != TL_EFFECT_CONTRAST || isnan(e->mean)) return false;
    const tl_column *factor = tl_table_find(table, e->factor);
    const tl_column *metric = tl_table_find(table, e->metric);
    const bool is_round = !factor && strcmp(e->factor, TL_NAME_ROUND) == 0;
    if (!metric || !metric->is_success) return false;
    if (!is_round && !(factor && is_one_of(factor))) return false;
    for (int i = 0; i < k && effects->effect[i].hypothesis >= 0; i++) {
        const tl_effect *other = &effects->effect[i];
        if (strcmp(other->factor, e->factor) == 0 &&
            strcmp(other->metric, e->metric) == 0 && strcmp(other->level, e->level) == 0) {
            return false;
        }
    }
    /* The previous round comes last. */
    const int place = is_round ? table->columns : (int)(factor - table->column);
    *out = (gain){place, (int)(metric - table->column), k};
    return true;
}

void tl_summary_gains(FILE *file, const tl_table *table, const tl_effects *effects,
                      int most)
{
    gain list[MOST];
    int count = 0;
    for (int k = 0; k < effects->count && count < MOST; k++) {
        count += find_gain(table, effects, k, &list[count]);
    }
    if (count == 0) return;
    qsort(list, (size_t)count, sizeof *list, by_chain);
    tl_print(file, "\nGains of attacks from what precedes them in the chain:\n");
    const int shown = most < 0 || count < most ? count : most;
    for (int i = 0; i < shown; i++) {
        tl_print(file, "  ");
        tl_effect_print(file, &effects->effect[list[i].effect]);
    }
    if (shown < count) {
        tl_print(file, "  %d more; threatloop effects lists all\n", count - shown);
    }
}
