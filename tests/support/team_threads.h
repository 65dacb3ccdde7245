/*
 * A team whose members are threads of one process, for unit tests of code that takes a
 * tl_team. Every operation is there; sums follow the fixed tree of compute/core/team.h.
 *
 * Members must not use cmocka's asserts, which jump: they leave what they found in memory,
 * and the test looks at it after team_threads_run.
 */
#ifndef TL_TESTS_SUPPORT_TEAM_THREADS_H
#define TL_TESTS_SUPPORT_TEAM_THREADS_H

#include "compute/core/team.h"

enum { TEAM_THREADS_MOST = 16 };

/** What one member does. `self` is shared by all; write only to what is team->rank's. */
typedef void team_member(const tl_team *team, void *self);

/** Runs `member` on `size` threads (a power of two, <= TEAM_THREADS_MOST), waits for all.
 */
void team_threads_run(int size, team_member *member, void *self);

/**
 * As team_threads_run; from its `tick`-th tl_team_tick on (counted from 1), member `rank`
 * alone hears that it shall stop.
 */
void team_threads_run_asked(int size, int rank, long tick, team_member *member, void *self);

#endif
