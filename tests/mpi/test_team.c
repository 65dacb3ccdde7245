/* Every team operation, on every aligned block of the ranks, against the fixed tree. */
#include "compute/core/clock.h"
#include "tests/support/mpi_main.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double value_of(int rank, size_t i)
{
    /* Sizes so different that the order of additions shows. */
    const uint32_t mixed =
        (uint32_t)(i * 2654435761u) ^ (uint32_t)(rank + 1) * 40503u * 65537u;
    const double size = 1.0 + 1e6 * (double)(mixed >> 24 & 7u);
    return ((double)(mixed & 0xffffffu) / 16777216.0 - 0.5) * size;
}

static float tree_float(int first, int width, size_t i)
{
    if (width == 1) return (float)value_of(first, i);
    return tree_float(first, width / 2, i) + tree_float(first + width / 2, width / 2, i);
}

static double tree_double(int first, int width, size_t i)
{
    if (width == 1) return value_of(first, i);
    return tree_double(first, width / 2, i) + tree_double(first + width / 2, width / 2, i);
}

/* The team of this rank among the blocks of `width`. */
static tl_team open_block(int width)
{
    const int rank = tl_cluster_rank(cluster_here());
    tl_team team = {0};
    tl_err err = {0};
    const tl_status status = tl_team_mpi_open(cluster_here(), rank / width * width, width,
                                              next_epoch(), 30.0, &team, &err);
    assert_all(status == TL_OK);
    return team;
}

static bool float_sum_is_the_tree(const tl_team *team, int first, size_t n)
{
    float *x = calloc(n + 1, sizeof *x);
    bool is_right = x != NULL;
    for (size_t i = 0; is_right && i < n; i++)
        x[i] = (float)value_of(first + team->rank, i);
    is_right = is_right && tl_team_sum(team, x, n, NULL) == TL_OK;
    for (size_t i = 0; is_right && i < n; i++) {
        const float wanted = tree_float(first, team->size, i);
        is_right = memcmp(&x[i], &wanted, sizeof wanted) == 0;
    }
    free(x);
    return is_right;
}

static bool double_sum_is_the_tree(const tl_team *team, int first, size_t n)
{
    double *x = calloc(n + 1, sizeof *x);
    bool is_right = x != NULL;
    for (size_t i = 0; is_right && i < n; i++) x[i] = value_of(first + team->rank, i);
    is_right = is_right && tl_team_sum_double(team, x, n, NULL) == TL_OK;
    for (size_t i = 0; is_right && i < n; i++) {
        const double wanted = tree_double(first, team->size, i);
        is_right = memcmp(&x[i], &wanted, sizeof wanted) == 0;
    }
    free(x);
    return is_right;
}

static void sums_have_the_bits_of_the_tree(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 7, 1000, 20000, 300000, 1234567};
    for (int width = 1; width <= tl_cluster_size(cluster_here()); width *= 2) {
        tl_team team = open_block(width);
        const int first = tl_cluster_rank(cluster_here()) - team.rank;
        for (int i = 0; i < 7; i++) {
            assert_all(float_sum_is_the_tree(&team, first, sizes[i]));
            assert_all(double_sum_is_the_tree(&team, first, sizes[i]));
        }
        tl_team_mpi_close(&team);
    }
}

/* What test code computes between two calls of the team. */
static void compute_for(double seconds)
{
    const double end = tl_seconds() + seconds;
    while (tl_seconds() < end) {
    }
}

/* Several requests of different sizes at once, with work between; then the slices gathered.
 */
static bool jobs_are_the_tree(const tl_team *team, int first, bool is_fast)
{
    enum { REQUESTS = 5 };
    static const size_t sizes[REQUESTS] = {100, 70001, 0, 1 << 20, 4096 * 3 + 5};
    tl_team_request request[REQUESTS] = {0};
    bool is_right = true;
    for (int k = 0; k < REQUESTS; k++) {
        float *x = calloc(sizes[k] + 1, sizeof *x);
        if (!x) return false;
        for (size_t i = 0; i < sizes[k]; i++) x[i] = (float)value_of(first + team->rank, i);
        request[k] = (tl_team_request){.work = k % 2 ? TL_TEAM_REDUCE_SCATTER : TL_TEAM_SUM,
                                       .is_fast = is_fast,
                                       .x = x,
                                       .n = sizes[k]};
        is_right = is_right && tl_team_start(team, &request[k], NULL) == TL_OK;
        compute_for(1e-4 * (double)(team->rank + 1));
        is_right = is_right && tl_team_progress(team, NULL) == TL_OK;
    }
    is_right = is_right && tl_team_wait(team, NULL) == TL_OK;
    for (int k = 1; k < REQUESTS; k += 2) {
        request[k].work = TL_TEAM_ALLGATHER;
        is_right = is_right && tl_team_start(team, &request[k], NULL) == TL_OK;
    }
    is_right = is_right && tl_team_wait(team, NULL) == TL_OK;
    for (int k = 0; k < REQUESTS; k++) {
        const float *x = request[k].x;
        is_right = is_right && request[k].is_done;
        for (size_t i = 0; is_right && i < sizes[k]; i++) {
            const float wanted = tree_float(first, team->size, i);
            is_right = is_fast ? fabsf(x[i] - wanted) <= 8.0f /* of sums of up to 3e7 */
                               : memcmp(&x[i], &wanted, sizeof wanted) == 0;
        }
        free(request[k].x);
    }
    return is_right;
}

static void jobs_beside_work_have_the_bits_of_the_tree(void **state)
{
    (void)state;
    for (int width = 1; width <= tl_cluster_size(cluster_here()); width *= 2) {
        tl_team team = open_block(width);
        const int first = tl_cluster_rank(cluster_here()) - team.rank;
        assert_all(jobs_are_the_tree(&team, first, false));
        tl_team_mpi_close(&team);
    }
}

static void fast_jobs_are_sums(void **state)
{
    (void)state;
    for (int width = 1; width <= tl_cluster_size(cluster_here()); width *= 2) {
        tl_team team = open_block(width);
        const int first = tl_cluster_rank(cluster_here()) - team.rank;
        bool is_fast = false;
        assert_all(tl_team_is_fast(&team, &is_fast, NULL) == TL_OK);
        assert_all(is_fast == (width > 1));
        assert_all(jobs_are_the_tree(&team, first, true));
        tl_team_mpi_close(&team);
    }
}

static void slices_are_disjoint_and_cover_all(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 4096, 4097, 100000, 1 << 20, 1234567};
    for (int s = 0; s < 7; s++) {
        for (int size = 1; size <= 64; size *= 2) {
            size_t sum = 0, most = 0;
            bool is_right = true;
            for (int r = 0; r < size; r++) {
                const tl_team team = {.rank = r, .size = size};
                const tl_slice slice = tl_team_slice(&team, sizes[s]);
                is_right = is_right && slice.at + slice.n <= sizes[s] &&
                           (slice.n == 0 || slice.at % TL_TEAM_GRAIN == 0);
                for (int other = 0; other < r; other++) {
                    const tl_team peer = {.rank = other, .size = size};
                    const tl_slice its = tl_team_slice(&peer, sizes[s]);
                    is_right = is_right &&
                               (slice.n == 0 || its.n == 0 ||
                                slice.at + slice.n <= its.at || its.at + its.n <= slice.at);
                }
                sum += slice.n;
                if (slice.n > most) most = slice.n;
            }
            assert_all(is_right && sum == sizes[s]);
            assert_all(most <= sizes[s] / (size_t)size + 2 * TL_TEAM_GRAIN);
        }
    }
}

static void broadcast_brings_the_bytes_of_member_0(void **state)
{
    (void)state;
    enum { N = 2500001 };
    for (int width = 1; width <= tl_cluster_size(cluster_here()); width *= 2) {
        tl_team team = open_block(width);
        unsigned char *bytes = calloc(N, 1);
        assert_all(bytes != NULL);
        for (size_t i = 0; team.rank == 0 && i < N; i++) bytes[i] = (unsigned char)(i * 7);
        assert_all(tl_team_broadcast(&team, bytes, N, NULL) == TL_OK);
        bool is_right = true;
        for (size_t i = 0; i < N; i++)
            is_right = is_right && bytes[i] == (unsigned char)(i * 7);
        assert_all(is_right);
        assert_all(tl_team_broadcast(&team, bytes, 0, NULL) == TL_OK);
        free(bytes);
        tl_team_mpi_close(&team);
    }
}

static void gather_puts_each_member_in_its_place(void **state)
{
    (void)state;
    static const size_t each[] = {1, 13, 700000};
    for (int width = 1; width <= tl_cluster_size(cluster_here()); width *= 2) {
        tl_team team = open_block(width);
        for (int k = 0; k < 3; k++) {
            const size_t n = each[k], first = (size_t)team.rank * n;
            unsigned char *all = calloc(n * (size_t)width, 1);
            assert_all(all != NULL);
            for (size_t i = 0; i < n; i++)
                all[first + i] = (unsigned char)((first + i) % 251);
            assert_all(tl_team_gather(&team, all, n, NULL) == TL_OK);
            bool is_right = true;
            for (size_t i = 0; i < n * (size_t)width; i++)
                is_right = is_right && all[i] == (unsigned char)(i % 251);
            assert_all(is_right);
            free(all);
        }
        tl_team_mpi_close(&team);
    }
}

static void members_agree_on_the_worst_with_the_first_text(void **state)
{
    (void)state;
    for (int width = 1; width <= tl_cluster_size(cluster_here()); width *= 2) {
        tl_team team = open_block(width);
        tl_err err = {0};
        assert_all(tl_team_agree(&team, TL_OK, &err) == TL_OK);
        /* The upper half fails; the largest status is that of all its members. */
        const bool fails = team.rank >= width / 2;
        tl_status mine = TL_OK;
        if (fails) mine = tl_fail(&err, TL_E_NUMERIC, "member %d", team.rank);
        assert_all(tl_team_agree(&team, mine, &err) == TL_E_NUMERIC);
        char wanted[32];
        (void)snprintf(wanted, sizeof wanted, "member %d", width / 2);
        assert_all(strcmp(err.text, wanted) == 0);
        tl_team_mpi_close(&team);
    }
}

static void a_cancelled_team_is_lost_and_the_next_one_works(void **state)
{
    (void)state;
    const int size = tl_cluster_size(cluster_here());
    if (size == 1) skip();
    const uint32_t epoch = next_epoch();
    tl_team team = {0};
    tl_err err = {0};
    /* Member 1 stays away; the others would wait for it for a day, but for the call. */
    assert_all(tl_team_mpi_open(cluster_here(), 0, size, epoch, 86400.0, &team, &err) ==
               TL_OK);
    tl_status status = TL_E_PEER;
    double x[3] = {1, 2, 3};
    if (team.rank == 0) tl_heartbeat_cancel(cluster_here(), 0, size, epoch);
    if (team.rank != 1) status = tl_team_sum_double(&team, x, 3, &err);
    assert_all(status == TL_E_PEER);
    tl_team_mpi_close(&team);
    tl_team next = open_block(size);
    assert_all(double_sum_is_the_tree(&next, 0, 100));
    tl_team_mpi_close(&next);
}

static void a_silent_mate_is_lost_by_deadline(void **state)
{
    (void)state;
    const int size = tl_cluster_size(cluster_here());
    if (size == 1) skip();
    tl_team team = {0};
    assert_all(tl_team_mpi_open(cluster_here(), 0, size, next_epoch(), 0.2, &team, NULL) ==
               TL_OK);
    tl_status status = TL_E_PEER;
    unsigned char byte[8] = {0};
    if (team.rank != 1) status = tl_team_gather(&team, byte, 1, NULL);
    assert_all(status == TL_E_PEER);
    if (team.rank != 1) status = tl_team_gather(&team, byte, 1, NULL);
    assert_all(status == TL_E_PEER);
    tl_team_mpi_close(&team);
}

static void a_block_that_is_none_is_refused(void **state)
{
    (void)state;
    const int size = tl_cluster_size(cluster_here());
    tl_team team = {0};
    assert_all(tl_team_mpi_open(cluster_here(), 0, 3, 1, 0, &team, NULL) == TL_E_ARG);
    assert_all(tl_team_mpi_open(cluster_here(), 0, size * 2, 1, 0, &team, NULL) ==
               TL_E_ARG);
    assert_all(tl_team_mpi_open(cluster_here(), 1, 2, 1, 0, &team, NULL) == TL_E_ARG);
    assert_all(tl_team_mpi_open(cluster_here(), 0, 1, 0, 0, &team, NULL) == TL_E_ARG);
}

static void all_ranks_share_what_rank_0_has(void **state)
{
    (void)state;
    const bool is_source = tl_cluster_rank(cluster_here()) == 0;
    char plan[] = "name: shared\n";
    char *bytes = is_source ? plan : NULL;
    size_t n = is_source ? strlen(plan) : 0;
    assert_all(tl_cluster_broadcast(cluster_here(), &bytes, &n, NULL) == TL_OK);
    assert_all(n == strlen(plan) && strcmp(bytes, plan) == 0);
    if (!is_source) free(bytes);
}

const struct CMUnitTest tests_here[] = {
    cmocka_unit_test(sums_have_the_bits_of_the_tree),
    cmocka_unit_test(jobs_beside_work_have_the_bits_of_the_tree),
    cmocka_unit_test(fast_jobs_are_sums),
    cmocka_unit_test(slices_are_disjoint_and_cover_all),
    cmocka_unit_test(broadcast_brings_the_bytes_of_member_0),
    cmocka_unit_test(gather_puts_each_member_in_its_place),
    cmocka_unit_test(members_agree_on_the_worst_with_the_first_text),
    cmocka_unit_test(a_cancelled_team_is_lost_and_the_next_one_works),
    cmocka_unit_test(a_silent_mate_is_lost_by_deadline),
    cmocka_unit_test(a_block_that_is_none_is_refused),
    cmocka_unit_test(all_ranks_share_what_rank_0_has),
};
const size_t tests_here_count = sizeof tests_here / sizeof tests_here[0];
