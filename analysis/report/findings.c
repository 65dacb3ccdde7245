#include "analysis/report/findings.h"

#include "analysis/table/schema.h"

#include <math.h>
#include <string.h>

static const double LEVEL = 0.05;
static const char utility[] = "_utility_accuracy";

uint32_t tl_findings_trials(const tl_findings *found, int wanted)
{
    const tl_column *status = tl_table_find(found->table, TL_NAME_STATUS);
    uint32_t count = 0;
    if (!status || status->type != TL_COLUMN_FLAG) return 0;
    for (uint32_t t = 0; t < found->table->trials; t++)
        count += status->integer[t] == wanted ? 1 : 0;
    return count;
}

bool tl_findings_is_partial(const tl_findings *found)
{
    return tl_findings_trials(found, TL_TRIAL_PLANNED) > 0 ||
           tl_findings_trials(found, TL_TRIAL_RUNNING) > 0;
}

bool tl_findings_excludes_zero(const tl_effect *effect)
{
    const double p = effect->hypothesis < 0 ? effect->p : effect->q;
    return p <= LEVEL && (effect->low > 0.0 || effect->high < 0.0);
}

static bool is_same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

const tl_effect *tl_findings_same(const tl_findings *found, const tl_effect *effect,
                                  const char *metric)
{
    const tl_effect *over_all = NULL;
    for (int k = 0; k < found->effects->count; k++) {
        const tl_effect *one = &found->effects->effect[k];
        if (one->kind != effect->kind || !is_same_text(one->metric, metric) ||
            !is_same_text(one->factor, effect->factor) ||
            !is_same_text(one->level, effect->level) ||
            !is_same_text(one->reference, effect->reference))
            continue;
        if (is_same_text(one->at, effect->at)) return one;
        if (!one->at) over_all = one;
    }
    return over_all;
}

const tl_column *tl_findings_utility(const tl_findings *found)
{
    for (int i = 0; i < found->table->columns; i++) {
        const tl_column *column = &found->table->column[i];
        const size_t length = strlen(column->name), suffix = sizeof utility - 1;
        if (length >= suffix && strcmp(column->name + length - suffix, utility) == 0 &&
            tl_column_attribute(column, TL_NAME_BETTER))
            return column;
    }
    return NULL;
}

double tl_findings_majority(const tl_findings *found)
{
    const tl_column *accuracy = tl_findings_utility(found);
    const size_t length = accuracy ? strlen(accuracy->name) - strlen("accuracy") : 0;
    double sum = 0.0, count = 0.0;
    const char *name = accuracy ? tl_arena_print(found->arena, NULL, "%.*smajority_rate",
                                                 (int)length, accuracy->name)
                                : NULL;
    const tl_column *rate = name ? tl_table_find(found->table, name) : NULL;
    for (uint32_t t = 0; rate && rate->type == TL_COLUMN_REAL && t < found->table->trials;
         t++) {
        if (isnan(rate->real[t])) continue;
        sum += rate->real[t];
        count += 1.0;
    }
    return count > 0.0 ? sum / count : (double)NAN;
}

static bool is_asked(const tl_findings *found, const char *metric)
{
    for (int k = 0; k < found->effects->count; k++) {
        const tl_effect *e = &found->effects->effect[k];
        if (e->hypothesis < 0) break; /* they come first */
        if (strcmp(e->metric, metric) == 0) return true;
    }
    return false;
}

bool tl_findings_is_main(const tl_findings *found, const tl_column *column)
{
    if (column->type != TL_COLUMN_REAL || !tl_column_attribute(column, TL_NAME_BETTER))
        return false;
    if (is_asked(found, column->name)) return true;
    return tl_column_has_value(found->table, column) &&
           (column->is_success || column == tl_findings_utility(found));
}
