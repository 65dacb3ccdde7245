#include "runner/results/success.h"

#include "analysis/table/schema.h"
#include "experiments/stage/stage.h"

#include <string.h>

/* The metric whose name ends last in a column's, the longest of those. */
typedef struct found {
    const char *end;
    size_t length;
    bool is_success;
} found;

static void look(const char *column, const tl_metric *metric, found *best)
{
    for (; metric && metric->name; metric++) {
        const size_t length = strlen(metric->name);
        for (const char *at = column; (at = strstr(at, metric->name)) != NULL; at++) {
            const char *end = at + length;
            if (at == column || at[-1] != '_' || (*end != '_' && *end != '\0')) continue;
            if (end > best->end || (end == best->end && length > best->length))
                *best = (found){end, length, metric->is_success};
        }
    }
}

void tl_success_mark(tl_table *table)
{
    int stages;
    const tl_stage *const *stage = tl_stages(&stages);
    for (int c = 0; c < table->columns; c++) {
        tl_column *column = &table->column[c];
        found best = {.end = column->name};
        for (int i = 0; i < stages; i++) {
            const tl_stage *one = stage[i];
            if (one->role != TL_ROLE_ATTACK || !one->taxonomy ||
                !tl_column_says(column, TL_NAME_ROLE, tl_role_name(one->role)) ||
                !tl_column_says(column, TL_NAME_FLOW, tl_flow_name(one->flow)) ||
                !tl_column_says(column, TL_NAME_THREAT, one->taxonomy))
                continue;
            look(column->name, one->metrics, &best);
            look(column->name, one->judge_metrics, &best);
        }
        column->is_success = best.is_success;
    }
}
