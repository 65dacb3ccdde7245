#include "cluster/comm/rank_order.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const void *left, const void *right)
{
    const tl_place *a = left, *b = right;
    int order = strcmp(a->host, b->host);
    if (order == 0) order = strcmp(a->nest, b->nest);
    return order != 0 ? order : (a->rank > b->rank) - (a->rank < b->rank);
}

static int by_node(const void *left, const void *right)
{
    const tl_place *a = left, *b = right;
    if (a->node != b->node) return a->node > b->node ? 1 : -1;
    return (a->rank > b->rank) - (a->rank < b->rank);
}

void tl_place_sort(tl_place *place, int n)
{
    qsort(place, (size_t)n, sizeof *place, by_name);
    for (int k = 0; k < n; k++) {
        const tl_place *before = &place[k > 0 ? k - 1 : 0];
        const bool is_same = k > 0 && strcmp(before->host, place[k].host) == 0 &&
                             strcmp(before->nest, place[k].nest) == 0;
        place[k].node = is_same ? before->node : place[k].rank;
    }
    qsort(place, (size_t)n, sizeof *place, by_node);
}
