/* Posts in both directions, with a coordinator thread beside a worker on rank 0. */
#include "tests/support/mpi_main.h"

#include "cluster/comm/mailbox.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 200, LARGE = 300000 };

typedef struct letter {
    int number;
    int from;
} letter;

/* Every worker gets ROUNDS orders, one after the other, and answers each. */
static void *coordinate(void *argument)
{
    bool *is_right = argument;
    const int size = tl_cluster_size(cluster_here());
    int *next = calloc((size_t)size, sizeof *next);
    tl_message message = {0};
    int done = 0;
    *is_right = next != NULL;
    for (int rank = 0; *is_right && rank < size; rank++) {
        const letter order = {.number = 0};
        *is_right = tl_mailbox_send(cluster_here(), rank, TL_TAG_ORDER, &order,
                                    sizeof order, NULL) == TL_OK;
    }
    while (*is_right && done < size * ROUNDS) {
        if (!tl_mailbox_receive(cluster_here(), TL_TAGS(TL_TAG_RESULT), &message, NULL)) {
            sched_yield();
            continue;
        }
        letter result;
        memcpy(&result, message.bytes, sizeof result);
        *is_right = message.n == sizeof result && result.from == message.from &&
                    result.number == next[message.from];
        done++;
        const letter order = {.number = ++next[message.from]};
        if (order.number < ROUNDS &&
            tl_mailbox_send(cluster_here(), message.from, TL_TAG_ORDER, &order,
                            sizeof order, NULL) != TL_OK)
            *is_right = false;
    }
    tl_message_close(&message);
    free(next);
    return NULL;
}

static bool work(void)
{
    tl_message message = {0};
    bool is_right = true;
    for (int expected = 0; is_right && expected < ROUNDS;) {
        if (!tl_mailbox_receive(cluster_here(), TL_TAGS(TL_TAG_ORDER), &message, NULL)) {
            sched_yield();
            continue;
        }
        letter order;
        memcpy(&order, message.bytes, sizeof order);
        is_right =
            message.n == sizeof order && message.from == 0 && order.number == expected;
        expected++;
        order.from = tl_cluster_rank(cluster_here());
        is_right = is_right && tl_mailbox_send(cluster_here(), 0, TL_TAG_RESULT, &order,
                                               sizeof order, NULL) == TL_OK;
    }
    tl_message_close(&message);
    return is_right;
}

static void coordinator_and_worker_share_rank_0(void **state)
{
    (void)state;
    pthread_t thread;
    bool is_right = true;
    const bool leads = tl_cluster_rank(cluster_here()) == 0;
    if (leads) assert_int_equal(pthread_create(&thread, NULL, coordinate, &is_right), 0);
    const bool has_worked = work();
    if (leads) (void)pthread_join(thread, NULL);
    assert_all(is_right && has_worked);
}

static void large_messages_arrive_whole_and_in_order(void **state)
{
    (void)state;
    const int rank = tl_cluster_rank(cluster_here()),
              size = tl_cluster_size(cluster_here());
    unsigned char *bytes = malloc(LARGE);
    assert_all(bytes != NULL);
    for (int k = 0; k < 3; k++) {
        memset(bytes, k + rank, LARGE);
        assert_all(tl_mailbox_send(cluster_here(), (rank + 1) % size, TL_TAG_RESULT, bytes,
                                   (size_t)(LARGE - k), NULL) == TL_OK);
    }
    free(bytes);
    tl_message message = {0};
    const int from = (rank + size - 1) % size;
    bool is_right = true;
    for (int k = 0; k < 3;) {
        if (!tl_mailbox_receive(cluster_here(), TL_TAGS(TL_TAG_RESULT), &message, NULL))
            continue;
        is_right = is_right && message.from == from && message.n == (size_t)(LARGE - k);
        for (size_t i = 0; is_right && i < message.n; i++)
            is_right = message.bytes[i] == (unsigned char)(k + from);
        k++;
    }
    tl_message_close(&message);
    assert_all(is_right);
}

static void the_wish_to_stop_reaches_everybody(void **state)
{
    (void)state;
    const int last = tl_cluster_size(cluster_here()) - 1;
    assert_all(!tl_heartbeat_is_stopping(cluster_here()));
    /* As mpirun's USR1 on one rank would. */
    if (tl_cluster_rank(cluster_here()) == last) tl_heartbeat_request_stop(cluster_here());
    while (!tl_heartbeat_is_stopping(cluster_here())) sched_yield();
}

const struct CMUnitTest tests_here[] = {
    cmocka_unit_test(coordinator_and_worker_share_rank_0),
    cmocka_unit_test(large_messages_arrive_whole_and_in_order),
    cmocka_unit_test(the_wish_to_stop_reaches_everybody),
};
const size_t tests_here_count = sizeof tests_here / sizeof tests_here[0];
