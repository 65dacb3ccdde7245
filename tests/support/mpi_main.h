/*
 * The frame of a test under MPI: one cluster for all tests of a file, assertions that ask
 * every rank first, and a leak check before MPI_Finalize.
 */
#ifndef TL_TESTS_SUPPORT_MPI_MAIN_H
#define TL_TESTS_SUPPORT_MPI_MAIN_H

#include "cluster/comm/heartbeat.h"
#include "cluster/team/team_mpi.h"
#include "cluster/comm/cluster.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

/** The cluster of this test program; its heartbeat runs. */
tl_cluster *cluster_here(void);

/** A number of an epoch that no test used before, the same on every rank that asks as
 * often. */
uint32_t next_epoch(void);

/** Fails on every rank if `condition` is false on any. Collective over all ranks. */
void assert_all_at(bool condition, const char *text, const char *file, int line);
#define assert_all(condition) assert_all_at((condition), #condition, __FILE__, __LINE__)

/** A file of tests gives these; the frame has main. */
extern const struct CMUnitTest tests_here[];
extern const size_t tests_here_count;

#endif
