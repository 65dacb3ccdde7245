/*
 * The order of ranks: node by node, so that a team, an aligned block of ranks, spans as few
 * nodes as possible, however the launcher placed them.
 */
#ifndef TL_CLUSTER_COMM_RANK_ORDER_H
#define TL_CLUSTER_COMM_RANK_ORDER_H

/** A rank as it was launched. */
typedef struct tl_ordered_rank {
    const char *host, *pid_namespace; /**< borrowed; both equal: the same node */
    int rank;                         /**< as launched */
    int node;                         /**< result: the lowest launched rank of its node */
} tl_ordered_rank;

/**
 * Sorts `order` [n] by node, nodes by their lowest ranks, and by rank within a node:
 * order[k] becomes rank k. Rank 0 stays, and so do all if nodes are contiguous already.
 */
void tl_rank_order_sort(tl_ordered_rank *order, int n);

#endif
