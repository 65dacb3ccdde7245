#include "tests/support/mpi_main.h"

#include "cluster/session/session.h"

#include <mpi.h>

#include <stdio.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
static int leaks(void)
{
    return __lsan_do_recoverable_leak_check();
}
#else
static int leaks(void)
{
    return 0;
}
#endif

static tl_cluster *here;

tl_cluster *cluster_here(void)
{
    return here;
}

uint32_t next_epoch(void)
{
    static uint32_t epoch;
    return ++epoch;
}

void assert_all_at(bool condition, const char *text, const char *file, int line)
{
    int mine = condition, all = 0;
    MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    if (!condition)
        (void)fprintf(stderr, "rank %d: %s:%d: %s\n", tl_cluster_rank(here), file, line,
                      text);
    _assert_true(all != 0, text, file, line);
}

int main(int argc, char **argv)
{
    tl_err err = {0};
    if (tl_session_start(&here, &argc, &argv, &err) != TL_OK ||
        tl_heartbeat_start(here, &err) != TL_OK) {
        (void)fprintf(stderr, "%s\n", err.text);
        return EXIT_FAILURE;
    }
    int failed = _cmocka_run_group_tests("mpi", tests_here, tests_here_count, NULL, NULL);
    if (leaks() != 0) failed++;
    const tl_status all = tl_cluster_agree(here, failed ? TL_E_ARG : TL_OK, NULL);
    return tl_session_stop(here, false, all != TL_OK);
}
