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

/* At once, whatever the member computes beside. */
static tl_status begin(const tl_team *team, tl_team_request *request, tl_err *err)
{
    (void)err;
    const size_t width = request->is_double ? sizeof(double) : sizeof(float);
    const bool adds = request->work != TL_TEAM_ALLGATHER;
    unsigned char *result = malloc(request->n * width + 1);
    TL_INVARIANT(result != NULL);
    crew *all = show(team, request->x);
    memcpy(result, request->x, request->n * width);
    const tl_slice own = tl_team_slice(team, request->n);
    const bool is_own = request->work == TL_TEAM_REDUCE_SCATTER;
    const size_t first = is_own ? own.at : 0, end = is_own ? own.at + own.n : request->n;
    for (size_t i = first; adds && i < end; i++) {
        if (request->is_double)
            ((double *)(void *)result)[i] = tree_double(all, 0, team->size, i);
        if (!request->is_double)
            ((float *)(void *)result)[i] = tree_float(all, 0, team->size, i);
    }
    for (int r = 0; !adds && r < team->size; r++) {
        tl_team other = *team;
        other.rank = r;
        const tl_slice slice = tl_team_slice(&other, request->n);
        memcpy(result + slice.at * width,
               (const unsigned char *)all->shown[r] + slice.at * width, slice.n * width);
    }
    (void)pthread_barrier_wait(&all->barrier);
    memcpy(request->x, result, request->n * width);
    free(result);
    request->is_done = true;
    return TL_OK;
}

static tl_status nothing(const tl_team *team, tl_err *err)
{
    (void)team, (void)err;
    return TL_OK;
}

static tl_status is_never(const tl_team *team, bool *is_fast, tl_err *err)
{
    (void)team, (void)err;
    *is_fast = false;
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

static const tl_team_ops by_threads = {begin,  nothing, nothing, is_never, broadcast,
                                       gather, agree,   tick,    NULL};

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
