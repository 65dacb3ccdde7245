/*
 * Steps are an array; so are all their parents, cut by offsets, and, after a counting sort,
 * all their children. Parents have smaller ids than their children: the order of ids is
 * topological, and critical paths need one pass from the last step to the first.
 */
#include "runner/schedule/graph.h"

#include "compute/core/key_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_SPACE = 512 };
static const uint32_t MOST_STEPS = (uint32_t)1 << 27;

struct tl_graph {
    tl_graph_step *step;   /* [steps] */
    uint32_t *parent_from; /* [steps + 1] where the parents of a step begin */
    uint32_t *parent;      /* [edges] */
    uint32_t *child_from;  /* [steps + 1] */
    uint32_t *child;       /* [edges] */
    double *path;          /* [steps] */
    tl_key_table ids;
    uint32_t steps, step_space, edges, edge_space;
};

tl_status tl_graph_open(tl_graph **out, tl_err *err)
{
    tl_graph *graph = calloc(1, sizeof *graph);
    if (graph) graph->parent_from = calloc(1, sizeof *graph->parent_from);
    if (!graph || !graph->parent_from) {
        free(graph);
        return tl_fail(err, TL_E_NOMEM, "no memory for the graph of steps");
    }
    *out = graph;
    return TL_OK;
}

void tl_graph_close(tl_graph *graph)
{
    if (!graph) return;
    free(graph->step);
    free(graph->parent_from);
    free(graph->parent);
    free(graph->child_from);
    free(graph->child);
    free(graph->path);
    tl_key_table_close(&graph->ids);
    free(graph);
}

/* `max_ranks` rounded down to a power of two; at least 1. */
static uint16_t team_of(uint16_t max_ranks)
{
    int team = 1;
    while (team * 2 <= max_ranks) team *= 2;
    return (uint16_t)team;
}

uint32_t tl_graph_find(const tl_graph *graph, const tl_key *key)
{
    return tl_key_table_find(&graph->ids, graph->step, sizeof *graph->step, key);
}

static tl_status grow_steps(tl_graph *graph, tl_err *err)
{
    const uint32_t space = graph->step_space ? graph->step_space * 2 : LEAST_SPACE;
    tl_graph_step *step = realloc(graph->step, space * sizeof *step);
    if (step) graph->step = step;
    uint32_t *from = realloc(graph->parent_from, ((size_t)space + 1) * sizeof *from);
    if (from) graph->parent_from = from;
    if (!step || !from) return tl_fail(err, TL_E_NOMEM, "no memory for %u steps", space);
    graph->step_space = space;
    return TL_OK;
}

static tl_status grow_edges(tl_graph *graph, uint32_t wanted, tl_err *err)
{
    uint64_t space = graph->edge_space ? graph->edge_space : LEAST_SPACE;
    while (space < wanted) space *= 2;
    if (space > UINT32_MAX) space = UINT32_MAX;
    uint32_t *parent = realloc(graph->parent, space * sizeof *parent);
    if (!parent) return tl_fail(err, TL_E_NOMEM, "no memory for %u edges", wanted);
    graph->parent = parent;
    graph->edge_space = (uint32_t)space;
    return TL_OK;
}

static tl_status check_step(const tl_graph *graph, const tl_graph_step *step,
                            const uint32_t *parent, int parents, tl_err *err)
{
    TL_CHECK(isfinite(step->cost) && step->cost >= 0.0F, err, TL_E_ARG,
             "the cost of a step must be finite and not negative, found %g",
             (double)step->cost);
    for (int i = 0; i < parents; i++)
        TL_CHECK(parent[i] < graph->steps, err, TL_E_ARG,
                 "parent %u of a new step is not among the %u steps before it", parent[i],
                 graph->steps);
    TL_CHECK(graph->steps < MOST_STEPS, err, TL_E_ARG,
             "the sweep has more than %u steps: split it into several plans", MOST_STEPS);
    TL_CHECK((uint32_t)parents < UINT32_MAX - graph->edges, err, TL_E_ARG,
             "the steps of the sweep have more than %u parents in all", UINT32_MAX);
    return TL_OK;
}

tl_status tl_graph_add(tl_graph *graph, const tl_graph_step *step, const uint32_t *parent,
                       int parents, uint32_t *id, bool *is_new, tl_err *err)
{
    TL_INVARIANT(!graph->path && parents >= 0);
    *id = tl_graph_find(graph, &step->key);
    if (is_new) *is_new = *id == TL_NO_STEP;
    if (*id != TL_NO_STEP) return TL_OK;
    TL_TRY(check_step(graph, step, parent, parents, err));
    const uint32_t edges = graph->edges + (uint32_t)parents;
    if (graph->steps == graph->step_space) TL_TRY(grow_steps(graph, err));
    if (edges > graph->edge_space) TL_TRY(grow_edges(graph, edges, err));

    const uint32_t new_id = graph->steps;
    graph->step[new_id] = *step;
    graph->step[new_id].min_ranks = team_of(step->min_ranks);
    graph->step[new_id].max_ranks =
        team_of(step->max_ranks > step->min_ranks ? step->max_ranks : step->min_ranks);
    TL_TRY(tl_key_table_add(&graph->ids, graph->step, sizeof *step, err));
    if (parents > 0)
        memcpy(graph->parent + graph->edges, parent, (size_t)parents * sizeof *parent);
    graph->edges = edges;
    graph->steps++;
    graph->parent_from[graph->steps] = edges;
    *id = new_id;
    return TL_OK;
}

uint32_t tl_graph_steps(const tl_graph *graph)
{
    return graph->steps;
}

const tl_graph_step *tl_graph_step_at(const tl_graph *graph, uint32_t id)
{
    TL_INVARIANT(id < graph->steps);
    return &graph->step[id];
}

const uint32_t *tl_graph_parents(const tl_graph *graph, uint32_t id, int *count)
{
    TL_INVARIANT(id < graph->steps);
    *count = (int)(graph->parent_from[id + 1] - graph->parent_from[id]);
    return graph->parent + graph->parent_from[id];
}

const uint32_t *tl_graph_children(const tl_graph *graph, uint32_t id, int *count)
{
    TL_INVARIANT(graph->child_from && id < graph->steps);
    *count = (int)(graph->child_from[id + 1] - graph->child_from[id]);
    return graph->child + graph->child_from[id];
}

static void sort_children(tl_graph *graph)
{
    uint32_t *from = graph->child_from; /* at first: where the next child goes */
    for (uint32_t e = 0; e < graph->edges; e++) from[graph->parent[e] + 1]++;
    for (uint32_t id = 0; id < graph->steps; id++) from[id + 1] += from[id];
    for (uint32_t id = 0; id < graph->steps; id++)
        for (uint32_t e = graph->parent_from[id]; e < graph->parent_from[id + 1]; e++)
            graph->child[from[graph->parent[e]]++] = id;
    for (uint32_t id = graph->steps; id > 0; id--) from[id] = from[id - 1];
    from[0] = 0;
}

static void sum_paths(tl_graph *graph)
{
    for (uint32_t id = graph->steps; id-- > 0;) {
        const double path = graph->path[id] + (double)graph->step[id].cost;
        graph->path[id] = path;
        for (uint32_t e = graph->parent_from[id]; e < graph->parent_from[id + 1]; e++) {
            double *above = &graph->path[graph->parent[e]];
            if (path > *above) *above = path;
        }
    }
}

/* Frees unused room; a list that cannot shrink stays as it is. */
static void trim(tl_graph *graph)
{
    const size_t steps = graph->steps, edges = graph->edges;
    tl_graph_step *step = realloc(graph->step, (steps + 1) * sizeof *step);
    if (step) graph->step = step;
    uint32_t *from = realloc(graph->parent_from, (steps + 1) * sizeof *from);
    if (from) graph->parent_from = from;
    uint32_t *parent = realloc(graph->parent, (edges + 1) * sizeof *parent);
    if (parent) graph->parent = parent;
}

tl_status tl_graph_finish(tl_graph *graph, tl_err *err)
{
    TL_INVARIANT(!graph->path);
    trim(graph);
    uint32_t *from = calloc((size_t)graph->steps + 1, sizeof *from);
    uint32_t *child = calloc((size_t)graph->edges + 1, sizeof *child);
    double *path = calloc((size_t)graph->steps + 1, sizeof *path);
    if (!from || !child || !path) {
        free(from);
        free(child);
        free(path);
        return tl_fail(err, TL_E_NOMEM, "no memory for the paths of %u steps",
                       graph->steps);
    }
    graph->child_from = from;
    graph->child = child;
    graph->path = path;
    sort_children(graph);
    sum_paths(graph);
    return TL_OK;
}

double tl_graph_path(const tl_graph *graph, uint32_t id)
{
    TL_INVARIANT(graph->path && id < graph->steps);
    return graph->path[id];
}
