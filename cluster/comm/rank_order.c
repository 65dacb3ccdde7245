#include "cluster/comm/rank_order.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const void *left, const void *right)
{
    const tl_ordered_rank *a = left, *b = right;
    int order = strcmp(a->host, b->host);
    if (order == 0) order = strcmp(a->pid_namespace, b->pid_namespace);
    return order != 0 ? order : (a->rank > b->rank) - (a->rank < b->rank);
}

static int by_node(const void *left, const void *right)
{
    const tl_ordered_rank *a = left, *b = right;
    if (a->node != b->node) return a->node > b->node ? 1 : -1;
    return (a->rank > b->rank) - (a->rank < b->rank);
}

void tl_rank_order_sort(tl_ordered_rank *order, int n)
{
    qsort(order, (size_t)n, sizeof *order, by_name);
    for (int k = 0; k < n; k++) {
        const tl_ordered_rank *before = &order[k > 0 ? k - 1 : 0];
        const bool is_same = k > 0 && strcmp(before->host, order[k].host) == 0 &&
                             strcmp(before->pid_namespace, order[k].pid_namespace) == 0;
        order[k].node = is_same ? before->node : order[k].rank;
    }
    qsort(order, (size_t)n, sizeof *order, by_node);
}
