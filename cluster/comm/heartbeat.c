/*
 * The thread sleeps in sigtimedwait, so a signal wakes it and no handler is needed. On rank
 * 0 it notes who was heard when; if it was held up itself (the machine slept, the process
 * was stopped), that time is not counted against the others.
 */
#include "cluster/comm/heartbeat.h"

#include "cluster/comm/cluster_private.h"
#include "compute/core/failpoint.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const double HEARTBEAT_SECONDS = 1.0;
static const double SILENCE_OF_A_RANK = 10.0; /* s until it counts as dead */
static const double SILENCE_OF_RANK_0 = 30.0; /* s until a rank leaves */
static const double HELD_UP = 3.0;            /* s between two turns of this thread */
static const long NAP = 20000000;             /* ns */

enum { EXIT_RESUME = 75, MOST_PENDING = 64 };

typedef enum word {
    ALIVE,
    STOP,
    CANCEL,
    TERMINATE,
    SHUTDOWN_FINALISE,
    SHUTDOWN_LEAVE
} word;

/* From rank 0. */
typedef struct control {
    int32_t word;
    uint32_t epoch;
} control;

/* To rank 0. */
typedef struct heartbeat {
    uint64_t ticks;
    int32_t is_stopping;
    int32_t is_waiting;
} heartbeat;

static void tell(tl_cluster *cluster, int rank, word what, uint32_t epoch)
{
    const control message = {.word = (int32_t)what, .epoch = epoch};
    /* Who cannot be reached is found dead by its silence. */
    (void)!tl_mailbox_send(cluster, rank, TL_TAG_CONTROL, &message, sizeof message, NULL);
}

static void tell_all(tl_cluster *cluster, word what)
{
    for (int rank = 1; rank < cluster->size; rank++) tell(cluster, rank, what, 0);
}

static void note_cancelled(tl_cluster *cluster, uint32_t epoch)
{
    const unsigned at = atomic_fetch_add(&cluster->cancelled_count, 1u);
    atomic_store(&cluster->cancelled[at % TL_CANCELLED_MOST], epoch);
}

/* A buried rank is alive after all; tl_mailbox_send refuses it, so this goes by MPI itself.
 * The message is constant, so MPI may read it for ever. */
static void send_away(tl_cluster *cluster, int rank)
{
    static const control leave = {.word = TERMINATE};
    MPI_Request request = MPI_REQUEST_NULL;
    if (MPI_Isend(&leave, (int)sizeof leave, MPI_BYTE, rank, TL_TAG_CONTROL, cluster->pulse,
                  &request) == MPI_SUCCESS)
        MPI_Request_free(&request);
}

/* One turn of rank 0: hear beats, pass on a wish to stop. */
static void hear_heartbeats(tl_cluster *cluster, tl_message *message, double now)
{
    while (tl_mailbox_receive(cluster, TL_TAGS(TL_TAG_HEARTBEAT), message, NULL)) {
        heartbeat reported = {0};
        if (message->n != sizeof reported) continue;
        memcpy(&reported, message->bytes, sizeof reported);
        atomic_store(&cluster->heard[message->from], now);
        atomic_store(&cluster->progress[message->from], reported.ticks);
        atomic_store(&cluster->waits[message->from], reported.is_waiting != 0);
        if (reported.is_stopping) atomic_store(&cluster->is_stopping, true);
        if (tl_liveness_has_failed(cluster, message->from))
            send_away(cluster, message->from);
    }
    atomic_store(&cluster->heard[0], now);
    atomic_store(&cluster->progress[0], atomic_load(&cluster->ticks));
    atomic_store(&cluster->waits[0], atomic_load(&cluster->is_waiting));
    if (atomic_load(&cluster->is_stopping) &&
        !atomic_exchange(&cluster->stop_is_sent, true))
        tell_all(cluster, STOP);
}

/* One turn of another rank: hear rank 0. */
static void hear_control(tl_cluster *cluster, tl_message *message, double now)
{
    while (tl_mailbox_receive(cluster, TL_TAGS(TL_TAG_CONTROL), message, NULL)) {
        control reported = {0};
        if (message->n != sizeof reported) continue;
        memcpy(&reported, message->bytes, sizeof reported);
        atomic_store(&cluster->heard[0], now);
        switch ((word)reported.word) {
        case ALIVE:
            break;
        case STOP:
            atomic_store(&cluster->is_stopping, true);
            break;
        case CANCEL:
            note_cancelled(cluster, reported.epoch);
            break;
        case TERMINATE:
            _exit(EXIT_RESUME);
        case SHUTDOWN_FINALISE:
            atomic_store(&cluster->shutdown, 1);
            break;
        case SHUTDOWN_LEAVE:
            atomic_store(&cluster->shutdown, 2);
            break;
        }
    }
}

static bool process_is_gone(const tl_cluster *cluster, int rank)
{
    return tl_cluster_is_local(cluster, rank) &&
           kill((pid_t)cluster->info[rank].pid, 0) != 0 && errno == ESRCH;
}

/* Leaves the process if rank 0 or who started this one is gone. */
static void watch(const tl_cluster *cluster, pid_t parent, double now)
{
    if (cluster->has_parent && getppid() != parent) _exit(EXIT_RESUME);
    if (cluster->rank == 0 || atomic_load(&cluster->shutdown) == 1) return;
    if (process_is_gone(cluster, 0)) _exit(EXIT_RESUME);
    if (now - atomic_load(&cluster->heard[0]) > SILENCE_OF_RANK_0) _exit(EXIT_RESUME);
}

static void send_heartbeat(tl_cluster *cluster)
{
    if (cluster->rank == 0) {
        tell_all(cluster, ALIVE);
        return;
    }
    if (tl_mailbox_pending(cluster) > MOST_PENDING) return;
    const heartbeat mine = {.ticks = atomic_load(&cluster->ticks),
                            .is_stopping = atomic_load(&cluster->is_stopping),
                            .is_waiting = atomic_load(&cluster->is_waiting)};
    (void)!tl_mailbox_send(cluster, 0, TL_TAG_HEARTBEAT, &mine, sizeof mine, NULL);
}

static void take_signal(tl_cluster *cluster)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    const struct timespec span = {.tv_nsec = NAP};
    const int signal = sigtimedwait(&set, NULL, &span);
    if (signal == SIGUSR1 || signal == SIGUSR2) atomic_store(&cluster->is_stopping, true);
    if (signal != SIGTERM && signal != SIGINT && signal != SIGHUP) return;
    if (cluster->rank == 0) (void)tl_exit_code_report(128 + signal, true);
    _exit(128 + signal);
}

/* All clocks of silence go on by the time this thread was held up. */
static void forgive(tl_cluster *cluster, double seconds)
{
    for (int rank = 0; rank < cluster->size; rank++)
        atomic_store(&cluster->heard[rank], atomic_load(&cluster->heard[rank]) + seconds);
}

static void *live(void *argument)
{
    tl_cluster *cluster = argument;
    tl_message message = {0};
    const pid_t parent = getppid();
    double beaten = 0.0, turned = tl_seconds();
    bool was_stopping = false;
    while (!atomic_load(&cluster->thread_must_end)) {
        take_signal(cluster);
        tl_fault_pass(TL_FAULT_SECONDS);
        const double now = tl_seconds();
        if (now - turned > HELD_UP) forgive(cluster, now - turned);
        turned = now;
        if (cluster->rank == 0)
            hear_heartbeats(cluster, &message, now);
        else
            hear_control(cluster, &message, now);
        const bool is_stopping = atomic_load(&cluster->is_stopping);
        if (now - beaten >= HEARTBEAT_SECONDS || is_stopping != was_stopping) {
            send_heartbeat(cluster);
            beaten = now;
            was_stopping = is_stopping;
        }
        watch(cluster, parent, now);
    }
    tl_message_close(&message);
    return NULL;
}

tl_status tl_heartbeat_start(tl_cluster *cluster, tl_err *err)
{
    const double now = tl_seconds();
    for (int rank = 0; rank < cluster->size; rank++)
        atomic_store(&cluster->heard[rank], now);
    const int code = pthread_create(&cluster->thread, NULL, live, cluster);
    TL_CHECK(code == 0, err, TL_E_SPACE, "no thread for the heartbeat: %s", strerror(code));
    cluster->has_heartbeat = true;
    return TL_OK;
}

void tl_heartbeat_tick(tl_cluster *cluster)
{
    atomic_fetch_add_explicit(&cluster->ticks, 1, memory_order_relaxed);
}

tl_heartbeat_progress tl_heartbeat_progress_of(const tl_cluster *cluster, int rank)
{
    return (tl_heartbeat_progress){.ticks = atomic_load(&cluster->progress[rank]),
                                   .is_waiting = atomic_load(&cluster->waits[rank])};
}

bool tl_heartbeat_is_stopping(const tl_cluster *cluster)
{
    return atomic_load(&cluster->is_stopping);
}

void tl_heartbeat_request_stop(tl_cluster *cluster)
{
    atomic_store(&cluster->is_stopping, true);
}

void tl_heartbeat_cancel(tl_cluster *cluster, int first, int width, uint32_t epoch)
{
    for (int rank = first; rank < first + width && rank < cluster->size; rank++) {
        if (rank == 0)
            note_cancelled(cluster, epoch);
        else
            tell(cluster, rank, CANCEL, epoch);
    }
}

bool tl_heartbeat_is_cancelled(const tl_cluster *cluster, uint32_t epoch)
{
    for (int i = 0; i < TL_CANCELLED_MOST; i++)
        if (atomic_load_explicit(&cluster->cancelled[i], memory_order_relaxed) == epoch)
            return true;
    return false;
}

bool tl_liveness_is_dead(tl_cluster *cluster, int rank)
{
    if (cluster->rank != 0 || rank == 0 || !cluster->has_heartbeat) return false;
    return tl_liveness_has_failed(cluster, rank) || process_is_gone(cluster, rank) ||
           tl_seconds() - atomic_load(&cluster->heard[rank]) > SILENCE_OF_A_RANK;
}

void tl_heartbeat_shutdown(tl_cluster *cluster, bool was_lost)
{
    tell_all(cluster, was_lost ? SHUTDOWN_LEAVE : SHUTDOWN_FINALISE);
}

void tl_heartbeat_terminate(tl_cluster *cluster)
{
    tell_all(cluster, TERMINATE);
}

void tl_heartbeat_stop(tl_cluster *cluster)
{
    if (!cluster->has_heartbeat) return;
    atomic_store(&cluster->thread_must_end, true);
    pthread_join(cluster->thread, NULL);
    cluster->has_heartbeat = false;
}
