/* What the first rank of a node publishes, the others find: whole, read-only, and no longer
 * once it is frozen. All ranks of these tests are on one node. */
#include "tests/support/mpi_main.h"

#include "cluster/node/node_blocks.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BYTES = 3000001 };

static unsigned char byte_at(size_t i)
{
    return (unsigned char)(i * 7 + i / 1000);
}

static tl_key key_of(const char *text)
{
    return tl_key_of(text, strlen(text));
}

static bool is_right(const unsigned char *at, size_t n)
{
    if (!at || n != BYTES) return false;
    for (size_t i = 0; i < n; i++)
        if (at[i] != byte_at(i)) return false;
    return true;
}

/* Whether a write to `at` ends the process that does it. */
static bool is_read_only(unsigned char *at)
{
    const pid_t child = fork();
    if (child == 0) {
        *(volatile unsigned char *)at = 1;
        _exit(0);
    }
    int how = 0;
    return child > 0 && waitpid(child, &how, 0) == child && !WIFEXITED(how);
}

static void blocks_are_found_by_their_keys(void **state)
{
    (void)state;
    const tl_key key = key_of("a"), other = key_of("b");
    tl_node_blocks *memory = tl_node_blocks_open(cluster_here());
    const tl_shared_blocks *shared_blocks = tl_node_blocks_shared(memory);
    const bool is_alone = tl_cluster_size(cluster_here()) == 1;
    const bool leads = tl_cluster_rank(cluster_here()) == 0;
    assert_all((shared_blocks == NULL) == is_alone);
    if (is_alone) return;
    assert_all(shared_blocks->publishes == leads);
    size_t n = 0;
    unsigned char *at =
        leads ? shared_blocks->begin(shared_blocks->self, &key, BYTES) : NULL;
    assert_all(!leads || at != NULL);
    for (size_t i = 0; leads && i < BYTES; i++) at[i] = byte_at(i);
    /* Begun, but not yet published. */
    assert_all(leads || shared_blocks->find(shared_blocks->self, &key, &n) == NULL);
    if (leads) at = shared_blocks->end(shared_blocks->self, at);
    n = BYTES;
    assert_all(!leads || at != NULL);
    if (!leads) at = shared_blocks->find(shared_blocks->self, &key, &n);
    assert_all(is_right(at, n));
    assert_all(leads || shared_blocks->find(shared_blocks->self, &other, &n) == NULL);
    assert_all(is_read_only(at));
    tl_node_blocks_freeze(memory);
    assert_all(is_right(at, BYTES));
    assert_all(leads || shared_blocks->find(shared_blocks->self, &key, &n) == NULL);
    tl_node_blocks_close(memory);
    assert_all(true);
}

static void no_room_is_no_block(void **state)
{
    (void)state;
    const tl_key key = key_of("c");
    tl_node_blocks *memory = tl_node_blocks_open(cluster_here());
    const tl_shared_blocks *shared_blocks = tl_node_blocks_shared(memory);
    const size_t much = (size_t)1 << 62;
    assert_all(!shared_blocks || !shared_blocks->publishes ||
               shared_blocks->begin(shared_blocks->self, &key, much) == NULL);
    tl_node_blocks_close(memory);
}

const struct CMUnitTest tests_here[] = {
    cmocka_unit_test(blocks_are_found_by_their_keys),
    cmocka_unit_test(no_room_is_no_block),
};
const size_t tests_here_count = sizeof tests_here / sizeof tests_here[0];
