#include "runner/results/success.h"

#include "analysis/table/schema.h"
#include "experiments/stage/stage.h"

#include <string.h>

/* The metric found so far: the one whose name ends last in the column's, and is longest. */
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
            if (end < best->end || (end == best->end && length <= best->length)) continue;
            *best = (found){end, length, metric->is_success};
        }
    }
}

static bool is_success(const tl_column *column)
{
    found best = {.end = column->name};
    int count;
    const tl_stage *const *stage = tl_stages(&count);
    for (int i = 0; i < count; i++) {
        if (stage[i]->role != TL_ROLE_ATTACK || !stage[i]->taxonomy ||
            !tl_column_says(column, TL_NAME_FLOW, tl_flow_name(stage[i]->flow)) ||
            !tl_column_says(column, TL_NAME_THREAT, stage[i]->taxonomy)) {
            continue;
        }
        look(column->name, stage[i]->metrics, &best);
        look(column->name, stage[i]->judge_metrics, &best);
    }
    return best.is_success;
}

void tl_success_mark(tl_table *table)
{
    for (int i = 0; i < table->columns; i++) {
        tl_column *column = &table->column[i];
        column->is_success =
            tl_column_says(column, TL_NAME_ROLE, tl_role_name(TL_ROLE_ATTACK)) &&
            is_success(column);
    }
}
