/*
 * The graph of steps of a sweep: what is to be computed once, and what must come before.
 * Rank 0 alone holds it. Knows nothing of plans: steps are named by key and by one (trial,
 * position) that says the same.
 */
#ifndef TL_RUNNER_SCHEDULE_GRAPH_H
#define TL_RUNNER_SCHEDULE_GRAPH_H

#include "compute/core/arena.h"
#include "compute/core/hash.h"

#include <stdbool.h>

#define TL_NO_STEP UINT32_MAX /**< the id of no step */

/** A growing graph of steps. */
typedef struct tl_graph tl_graph;

/** What a step is, besides its parents. */
typedef struct tl_graph_step {
    tl_key key;         /**< first: steps are found by it */
    uint32_t trial;     /**< the first trial that wants it */
    uint16_t position;  /**< its place there */
    uint16_t max_ranks; /**< largest useful team; kept as the power of two below */
    float cost;         /**< FLOP; only ratios matter */
    uint16_t kind;      /**< steps of one kind share one rate (for time estimates) */
    uint16_t min_ranks; /**< smallest team whose members have the memory for it, a power of
                           two; 0 counts as 1. The widest is at least that */
} tl_graph_step;

/** An empty graph; tl_graph_close frees it. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_graph_open(tl_graph **out, tl_err *err);
void tl_graph_close(tl_graph *graph); /* NULL allowed */

/**
 * Adds a step, or finds the one with this key.
 * \param parent [parents] ids of steps already in the graph
 * \param id result \param is_new result, may be NULL
 * \return TL_E_NOMEM; TL_E_ARG beyond 2^27 steps, for a cost that is negative or not
 * finite, or a parent that is not there
 */
TL_MUST_USE tl_status tl_graph_add(tl_graph *graph, const tl_graph_step *step,
                                   const uint32_t *parent, int parents, uint32_t *id,
                                   bool *is_new, tl_err *err);

/** The step with this key, or TL_NO_STEP. */
uint32_t tl_graph_find(const tl_graph *graph, const tl_key *key);

/** How many steps there are, and one of them, borrowed until the next is added. */
uint32_t tl_graph_steps(const tl_graph *graph);
const tl_graph_step *tl_graph_step_at(const tl_graph *graph, uint32_t id);

/** Parents and children of a step [*count], borrowed; sets *count. Children are valid after
 * tl_graph_finish. */
const uint32_t *tl_graph_parents(const tl_graph *graph, uint32_t id, int *count);
const uint32_t *tl_graph_children(const tl_graph *graph, uint32_t id, int *count);

/** Builds children and critical paths; no step is added afterwards. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_graph_finish(tl_graph *graph, tl_err *err);

/** Cost of the dearest path from this step to an end, itself included. */
double tl_graph_path(const tl_graph *graph, uint32_t id);

#endif
