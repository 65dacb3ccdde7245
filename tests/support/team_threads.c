/*
 * An operation is: everyone shows its memory, a barrier, everyone reads what it needs, a
 * barrier. What is shown is changed only after the second one.
 */
#include "tests/support/team_threads.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct crew {
    pthread_barrier_t barrier;
    void *shown[TEAM_THREADS_MOST];
    tl_err fault[TEAM_THREADS_MOST];
    int asked_rank;
    long asked_tick;
} crew;

typedef struct mate {
    crew *all;
    tl_team team;
    long ticks;
    team_member *member;
    void *self;
} mate;

static mate *mate_of(const tl_team *team)
{
    return team->self;
}

static crew *show(const tl_team *team, void *bytes)
{
    crew *all = mate_of(team)->all;
    all->shown[team->rank] = bytes;
    (void)pthread_barrier_wait(&all->barrier);
    return all;
}

static float tree_float(const crew *all, int first, int width, size_t i)
{
    if (width == 1) return ((const float *)all->shown[first])[i];
    return tree_float(all, first, width / 2, i) +
           tree_float(all, first + width / 2, width / 2, i);
}

static double tree_double(const crew *all, int first, int width, size_t i)
{
    if (width == 1) return ((const double *)all->shown[first])[i];
    return tree_double(all, first, width / 2, i) +
           tree_double(all, first + width / 2, width / 2, i);
}

static tl_status sum_float(const tl_team *team, float *x, size_t n, float *scratch,
                           tl_err *err)
{
    (void)err;
    crew *all = show(team, x);
    for (size_t i = 0; i < n; i++) scratch[i] = tree_float(all, 0, team->size, i);
    (void)pthread_barrier_wait(&all->barrier);
    if (n > 0) memcpy(x, scratch, n * sizeof *x);
    return TL_OK;
}

static tl_status sum_double(const tl_team *team, double *x, size_t n, double *scratch,
                            tl_err *err)
{
    (void)err;
    crew *all = show(team, x);
    for (size_t i = 0; i < n; i++) scratch[i] = tree_double(all, 0, team->size, i);
    (void)pthread_barrier_wait(&all->barrier);
    if (n > 0) memcpy(x, scratch, n * sizeof *x);
    return TL_OK;
}

static tl_status broadcast(const tl_team *team, void *bytes, size_t n, tl_err *err)
{
    (void)err;
    crew *all = show(team, bytes);
    if (team->rank != 0 && n > 0) memcpy(bytes, all->shown[0], n);
    (void)pthread_barrier_wait(&all->barrier);
    return TL_OK;
}

static tl_status gather(const tl_team *team, void *bytes, size_t each, tl_err *err)
{
    (void)err;
    crew *all = show(team, bytes);
    for (int r = 0; r < team->size; r++) {
        const size_t at = (size_t)r * each;
        if (r == team->rank || each == 0) continue;
        memcpy((unsigned char *)bytes + at, (const unsigned char *)all->shown[r] + at,
               each);
    }
    (void)pthread_barrier_wait(&all->barrier);
    return TL_OK;
}

static tl_status agree(const tl_team *team, tl_status mine, tl_err *err)
{
    crew *all = mate_of(team)->all;
    tl_err *fault = &all->fault[team->rank];
    *fault = mine != TL_OK && err ? *err : (tl_err){0};
    fault->status = mine;
    (void)show(team, NULL);
    int worst = 0;
    for (int r = 1; r < team->size; r++) {
        if (all->fault[r].status > all->fault[worst].status) worst = r;
    }
    const tl_err agreed = all->fault[worst];
    (void)pthread_barrier_wait(&all->barrier);
    if (err && agreed.status != TL_OK) *err = agreed;
    return agreed.status;
}

static bool tick(const tl_team *team)
{
    mate *one = mate_of(team);
    one->ticks++;
    return team->rank == one->all->asked_rank && one->ticks >= one->all->asked_tick;
}

static const tl_team_ops by_threads = {sum_float, sum_double, broadcast, gather,
                                       agree,     tick,       NULL};

static void *start(void *of)
{
    const mate *one = of;
    one->member(&one->team, one->self);
    return NULL;
}

void team_threads_run_asked(int size, int rank, long tick_number, team_member *member,
                            void *self)
{
    crew all = {.asked_rank = rank, .asked_tick = tick_number};
    mate mates[TEAM_THREADS_MOST];
    pthread_t thread[TEAM_THREADS_MOST];
    TL_INVARIANT(size >= 1 && size <= TEAM_THREADS_MOST && (size & (size - 1)) == 0);
    TL_INVARIANT(pthread_barrier_init(&all.barrier, NULL, (unsigned)size) == 0);
    for (int r = 0; r < size; r++) {
        mates[r] = (mate){.all = &all,
                          .team = {.rank = r, .size = size, .ops = &by_threads},
                          .member = member,
                          .self = self};
        mates[r].team.self = &mates[r];
    }
    for (int r = 0; r < size; r++) {
        TL_INVARIANT(pthread_create(&thread[r], NULL, start, &mates[r]) == 0);
    }
    for (int r = 0; r < size; r++) (void)pthread_join(thread[r], NULL);
    (void)pthread_barrier_destroy(&all.barrier);
}

void team_threads_run(int size, team_member *member, void *self)
{
    team_threads_run_asked(size, -1, 0, member, self);
}
