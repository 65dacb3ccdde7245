/*
 * Which rank is which: the numbers that the ranks of a run bear are given out node by node,
 * so that a team, an aligned block of them, lies within as few nodes as can be, however the
 * ranks were spread by who started them.
 */
#ifndef TL_CLUSTER_COMM_RANK_ORDER_H
#define TL_CLUSTER_COMM_RANK_ORDER_H

/** A rank as it was started. */
typedef struct tl_ordered_rank {
    const char *host, *pid_namespace; /**< borrowed; the same two texts: the same node */
    int rank;                         /**< its number where it comes from */
    int node;                         /**< result: the lowest such number on its node */
} tl_ordered_rank;

/**
 * Sorts `order` [n] by node, in the order of the nodes' lowest ranks, and by rank within a
 * node: order[k] becomes rank k. Rank 0 stays, and so do all where nodes are whole already.
 */
void tl_rank_order_sort(tl_ordered_rank *order, int n);

#endif
