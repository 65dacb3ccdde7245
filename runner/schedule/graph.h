/*
 * The graph of a sweep's steps: what is computed once, and what must come before it. Only
 * rank 0 has it. Knows nothing of plans: a step is named by its key, and by one trial and
 * position that means the same.
 */
#ifndef TL_RUNNER_SCHEDULE_GRAPH_H
#define TL_RUNNER_SCHEDULE_GRAPH_H

#include "compute/core/arena.h"
#include "compute/core/hash.h"

#include <stdbool.h>

#define TL_NO_STEP UINT32_MAX /**< the id of no step */

/** A growing graph of steps. */
typedef struct tl_graph tl_graph;

/** A step, but for its parents. */
typedef struct tl_graph_step {
    tl_key key;         /**< first member, as tl_key_table wants */
    uint32_t trial;     /**< the first trial that wants it */
    uint16_t position;  /**< its place there */
    uint16_t max_ranks; /**< largest useful team; rounded down to a power of two */
    float cost;         /**< FLOP; only ratios matter */
    uint16_t kind;      /**< steps of one kind share one rate (for time estimates) */
    uint16_t min_ranks; /**< smallest team with the memory, a power of two; 0 counts as 1;
                           max_ranks is at least that */
} tl_graph_step;

/** Opens an empty graph. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_graph_open(tl_graph **out, tl_err *err);
/** Frees the graph; NULL is allowed. */
void tl_graph_close(tl_graph *graph);

/**
 * Adds a step, or finds the one with this key.
 *
 * \param parent  [parents] ids of steps in the graph
 * \param id      result
 * \param is_new  result, may be NULL
 * \return TL_E_NOMEM; TL_E_ARG beyond 2^27 steps, for a cost that is negative or not
 * finite, or for an unknown parent
 */
TL_MUST_USE tl_status tl_graph_add(tl_graph *graph, const tl_graph_step *step,
                                   const uint32_t *parent, int parents, uint32_t *id,
                                   bool *is_new, tl_err *err);

/** The step with this key, or TL_NO_STEP. */
uint32_t tl_graph_find(const tl_graph *graph, const tl_key *key);

/** How many steps there are, and one of them, borrowed until the next is added. */
uint32_t tl_graph_steps(const tl_graph *graph);
const tl_graph_step *tl_graph_step_at(const tl_graph *graph, uint32_t id);

/** Parents or children of a step, borrowed; *count is how many. Children exist only after
 * tl_graph_finish. */
const uint32_t *tl_graph_parents(const tl_graph *graph, uint32_t id, int *count);
const uint32_t *tl_graph_children(const tl_graph *graph, uint32_t id, int *count);

/** Builds children and critical paths; no step can be added then. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_graph_finish(tl_graph *graph, tl_err *err);

/** Cost of the most expensive path from this step to an end, itself included. */
double tl_graph_path(const tl_graph *graph, uint32_t id);

#endif
