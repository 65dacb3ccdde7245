/* Ranks are numbered node by node, whatever order they were started in. */
#include "cluster/comm/rank_order.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { MOST = 12 };

typedef struct sample {
    const char *host[MOST + 1]; /* by rank; ends in NULL */
    int order[MOST], node[MOST];
} sample;

static void check(const sample *it)
{
    tl_ordered_rank order[MOST];
    int n = 0;
    for (; it->host[n]; n++) order[n] = (tl_ordered_rank){it->host[n], "", n, 0};
    tl_rank_order_sort(order, n);
    for (int k = 0; k < n; k++) {
        assert_int_equal(order[k].rank, it->order[k]);
        assert_int_equal(order[k].node, it->node[k]);
    }
}

static void whole_nodes_stay_as_they_are(void **state)
{
    (void)state;
    check(&(sample){{"a"}, {0}, {0}});
    check(&(sample){{"a", "a", "a"}, {0, 1, 2}, {0, 0, 0}});
    /* The first node stays first, whatever its name. */
    check(&(sample){{"z", "z", "m", "m", "a"}, {0, 1, 2, 3, 4}, {0, 0, 2, 2, 4}});
}

static void ranks_placed_in_turn_come_together(void **state)
{
    (void)state;
    check(&(sample){{"b", "a", "b", "a"}, {0, 2, 1, 3}, {0, 0, 1, 1}});
    check(&(sample){
        {"c", "a", "b", "a", "c", "b", "a"}, {0, 4, 1, 3, 6, 2, 5}, {0, 0, 1, 1, 1, 2, 2}});
}

static void equal_names_in_two_pid_namespaces_are_two_nodes(void **state)
{
    (void)state;
    tl_ordered_rank order[4] = {
        {"a", "1", 0, 0}, {"a", "2", 1, 0}, {"a", "1", 2, 0}, {"a", "2", 3, 0}};
    tl_rank_order_sort(order, 4);
    const int expected[] = {0, 2, 1, 3};
    for (int k = 0; k < 4; k++) assert_int_equal(order[k].rank, expected[k]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_nodes_stay_as_they_are),
        cmocka_unit_test(ranks_placed_in_turn_come_together),
        cmocka_unit_test(equal_names_in_two_pid_namespaces_are_two_nodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
