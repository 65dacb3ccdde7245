#include "cluster/comm/watchdog.h"

#include "cluster/comm/cluster.h"
#include "cluster/comm/launch_rank.h"
#include "compute/core/log.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

static void *wait_beside(void *argument)
{
    tl_patience *p = argument;
    struct timespec end;
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += (time_t)p->seconds;
    end.tv_nsec += (long)(1e9 * (p->seconds - (double)(time_t)p->seconds));
    if (end.tv_nsec >= 1000000000L) {
        end.tv_nsec -= 1000000000L;
        end.tv_sec++;
    }
    pthread_mutex_lock(&p->lock);
    int code = 0;
    while (!p->is_over && code == 0)
        code = pthread_cond_timedwait(&p->returned, &p->lock, &end);
    const bool is_over = p->is_over;
    pthread_mutex_unlock(&p->lock);
    if (is_over) return NULL;
    if (p->why && tl_launch_is_leader())
        tl_log(TL_LOG_ERROR, "%s (%g s)", p->why, p->seconds);
    _exit(tl_cluster_tell_code(p->code, tl_launch_is_leader()));
}

tl_status tl_patience_begin(tl_patience *patience, tl_err *err)
{
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&patience->lock, NULL);
    pthread_cond_init(&patience->returned, &clock);
    pthread_condattr_destroy(&clock);
    patience->is_over = false;
    const int code = pthread_create(&patience->thread, NULL, wait_beside, patience);
    TL_CHECK(code == 0, err, TL_E_SPACE, "no thread to wait beside MPI: %s",
             strerror(code));
    return TL_OK;
}

void tl_patience_end(tl_patience *patience)
{
    pthread_mutex_lock(&patience->lock);
    patience->is_over = true;
    pthread_cond_signal(&patience->returned);
    pthread_mutex_unlock(&patience->lock);
    pthread_join(patience->thread, NULL);
    pthread_cond_destroy(&patience->returned);
    pthread_mutex_destroy(&patience->lock);
}
