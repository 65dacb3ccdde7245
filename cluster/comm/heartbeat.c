/*
 * The thread sleeps in sigtimedwait, so a signal wakes it and no handler is needed. If it
 * was suspended itself (the machine slept, the process was stopped), that time does not
 * count as silence of the others.
 */
#include "cluster/comm/heartbeat.h"

#include "cluster/comm/cluster_private.h"
#include "cluster/comm/exit_code.h"
#include "cluster/comm/liveness.h"
#include "cluster/comm/mailbox.h"
#include "compute/core/clock.h"
#include "compute/core/failpoint.h"
#include "compute/core/log.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const double HEARTBEAT_SECONDS = 1.0;
static const double SILENCE_OF_RANK_0 = 30.0; /* s until a rank exits */
static const double HELD_UP = 3.0;            /* s between two iterations of the thread */
static const long NAP = 20000000;             /* ns */

enum { MOST_PENDING = 64 };

/* FINALISE and SKIP_FINALISE: how the run ends. */
typedef enum word { ALIVE, STOP, CANCEL, TERMINATE, FINALISE, SKIP_FINALISE } word;

/* From rank 0. */
typedef struct control {
    int32_t word;
    uint32_t epoch; /* of CANCEL */
} control;

/* To rank 0. */
typedef struct heartbeat {
    uint64_t ticks;
    int32_t is_stopping;
    int32_t is_waiting;
} heartbeat;

/* --- sending -------------------------------------------------------------------------- */

/* An unreachable rank is found dead by its silence. */
static void send_word(tl_cluster *cluster, int rank, word what, uint32_t epoch)
{
    const control message = {.word = (int32_t)what, .epoch = epoch};
    (void)!tl_mailbox_send(cluster, rank, TL_TAG_CONTROL, &message, sizeof message, NULL);
}

static void send_all(tl_cluster *cluster, word what)
{
    for (int rank = 1; rank < cluster->size; rank++) send_word(cluster, rank, what, 0);
}

/* The mailbox refuses to send to a failed rank, so this goes by MPI itself. The message is
 * constant, so MPI may read it at any time. */
static void terminate_failed(tl_cluster *cluster, int rank)
{
    static const control message = {.word = TERMINATE};
    MPI_Request request = MPI_REQUEST_NULL;
    if (MPI_Isend(&message, (int)sizeof message, MPI_BYTE, rank, TL_TAG_CONTROL,
                  tl_channel_comm(cluster, TL_CHANNEL_CONTROL), &request) == MPI_SUCCESS)
        MPI_Request_free(&request);
}

static void send_heartbeat(tl_cluster *cluster)
{
    if (cluster->rank == 0) {
        send_all(cluster, ALIVE);
        return;
    }
    if (tl_mailbox_pending(cluster) > MOST_PENDING) return;
    const tl_heartbeat_progress own = tl_heartbeat_progress_of(cluster, cluster->rank);
    const heartbeat mine = {.ticks = own.ticks,
                            .is_stopping = tl_heartbeat_is_stopping(cluster),
                            .is_waiting = own.is_waiting};
    (void)!tl_mailbox_send(cluster, 0, TL_TAG_HEARTBEAT, &mine, sizeof mine, NULL);
}

/* --- hearing -------------------------------------------------------------------------- */

/* Rank 0 receives heartbeats, and passes on a request to stop. */
static void hear_heartbeats(tl_cluster *cluster, tl_message *message, double now)
{
    tl_heartbeat *h = &cluster->heartbeat;
    while (tl_mailbox_receive(cluster, TL_TAGS(TL_TAG_HEARTBEAT), message, NULL)) {
        heartbeat heard;
        const int rank = message->from;
        if (message->n != sizeof heard) continue;
        memcpy(&heard, message->bytes, sizeof heard);
        tl_liveness_heard(cluster, rank, now);
        atomic_store(&cluster->progress[rank].ticks, heard.ticks);
        atomic_store(&cluster->progress[rank].is_waiting, heard.is_waiting != 0);
        if (heard.is_stopping) atomic_store(&h->is_stopping, true);
        if (tl_liveness_has_failed(cluster, rank)) terminate_failed(cluster, rank);
    }
    tl_liveness_heard(cluster, 0, now);
    if (atomic_load(&h->is_stopping) && !atomic_exchange(&h->stop_is_sent, true))
        send_all(cluster, STOP);
}

static void note_cancelled(tl_cluster *cluster, uint32_t epoch)
{
    tl_heartbeat *h = &cluster->heartbeat;
    const unsigned at = atomic_fetch_add(&h->cancelled_count, 1u);
    atomic_store(&h->cancelled[at % TL_CANCELLED_MOST], epoch);
}

/* The other ranks receive control words. */
static void hear_control(tl_cluster *cluster, tl_message *message, double now)
{
    tl_heartbeat *h = &cluster->heartbeat;
    while (tl_mailbox_receive(cluster, TL_TAGS(TL_TAG_CONTROL), message, NULL)) {
        control heard;
        if (message->n != sizeof heard) continue;
        memcpy(&heard, message->bytes, sizeof heard);
        tl_liveness_heard(cluster, 0, now);
        if (heard.word == STOP) atomic_store(&h->is_stopping, true);
        if (heard.word == CANCEL) note_cancelled(cluster, heard.epoch);
        if (heard.word == TERMINATE) _exit(TL_EXIT_CODE_RESUME);
        if (heard.word == FINALISE || heard.word == SKIP_FINALISE)
            atomic_store(&h->shutdown, heard.word);
    }
}

/* --- the thread ----------------------------------------------------------------------- */

/* Whether rank 0 or the launcher has died. */
static bool is_abandoned(const tl_cluster *cluster)
{
    const pid_t launcher = cluster->heartbeat.launcher;
    if (launcher && getppid() != launcher) return true;
    if (cluster->rank == 0) return false;
    if (atomic_load(&cluster->heartbeat.shutdown) == FINALISE) return false;
    return tl_liveness_process_is_gone(cluster, 0) ||
           tl_liveness_silence(cluster, 0) > SILENCE_OF_RANK_0;
}

static sigset_t signals(void)
{
    static const int number[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < (int)(sizeof number / sizeof number[0]); i++)
        sigaddset(&set, number[i]);
    return set;
}

void tl_heartbeat_block_signals(void)
{
    const sigset_t set = signals();
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* The first signal of a run that nothing launched stops it in an orderly way. */
static void end_by(tl_cluster *cluster, int signal)
{
    tl_heartbeat *h = &cluster->heartbeat;
    const bool is_resumable = atomic_load(&h->is_resumable), leads = cluster->rank == 0;
    if (is_resumable && h->launcher == 0 && !h->was_signalled) {
        h->was_signalled = true;
        tl_log(TL_LOG_INFO, "stopping gracefully; signal again to end at once");
        tl_heartbeat_request_stop(cluster);
        return;
    }
    if (is_resumable && leads)
        tl_log(TL_LOG_INFO,
               "ended by signal %d; finished steps are kept, continue with --resume",
               signal);
    const int code = TL_EXIT_CODE_SIGNAL + signal;
    if (leads) (void)tl_exit_code_report(code, true);
    _exit(code);
}

static void take_signal(tl_cluster *cluster)
{
    const sigset_t set = signals();
    const struct timespec span = {.tv_nsec = NAP};
    const int signal = sigtimedwait(&set, NULL, &span);
    if (signal < 0) return;
    if (signal == SIGUSR1 || signal == SIGUSR2) {
        tl_heartbeat_request_stop(cluster);
        return;
    }
    end_by(cluster, signal);
}

static void *live(void *argument)
{
    tl_cluster *cluster = argument;
    tl_heartbeat *h = &cluster->heartbeat;
    tl_message message = {0};
    double sent = 0.0, last_turn = tl_seconds();
    bool was_stopping = false;
    while (!atomic_load(&h->must_end)) {
        take_signal(cluster);
        tl_failpoint_pass(TL_FAILPOINT_SECONDS);
        const double now = tl_seconds();
        if (now - last_turn > HELD_UP) tl_liveness_forgive(cluster, now - last_turn);
        last_turn = now;
        if (cluster->rank == 0)
            hear_heartbeats(cluster, &message, now);
        else
            hear_control(cluster, &message, now);
        const bool is_stopping = atomic_load(&h->is_stopping);
        if (is_stopping && !was_stopping) tl_failpoint_release();
        if (now - sent >= HEARTBEAT_SECONDS || is_stopping != was_stopping) {
            send_heartbeat(cluster);
            sent = now;
            was_stopping = is_stopping;
        }
        if (is_abandoned(cluster)) _exit(TL_EXIT_CODE_RESUME);
    }
    tl_message_close(&message);
    return NULL;
}

tl_status tl_heartbeat_start(tl_cluster *cluster, tl_err *err)
{
    tl_heartbeat *h = &cluster->heartbeat;
    const double now = tl_seconds();
    for (int rank = 0; rank < cluster->size; rank++) tl_liveness_heard(cluster, rank, now);
    const int code = pthread_create(&h->thread, NULL, live, cluster);
    TL_CHECK(code == 0, err, TL_E_NOMEM, "cannot start the heartbeat thread: %s",
             strerror(code));
    h->is_running = true;
    return TL_OK;
}

void tl_heartbeat_set_resumable(tl_cluster *cluster)
{
    atomic_store(&cluster->heartbeat.is_resumable, true);
}

void tl_heartbeat_stop(tl_cluster *cluster)
{
    tl_heartbeat *h = &cluster->heartbeat;
    if (!h->is_running) return;
    atomic_store(&h->must_end, true);
    pthread_join(h->thread, NULL);
    h->is_running = false;
}

/* --- for other modules ------------------------------------------------------------ */

void tl_heartbeat_tick(tl_cluster *cluster)
{
    atomic_fetch_add_explicit(&cluster->progress[cluster->rank].ticks, 1,
                              memory_order_relaxed);
}

void tl_heartbeat_set_waiting(tl_cluster *cluster, bool is_waiting)
{
    atomic_store_explicit(&cluster->progress[cluster->rank].is_waiting, is_waiting,
                          memory_order_relaxed);
}

tl_heartbeat_progress tl_heartbeat_progress_of(const tl_cluster *cluster, int rank)
{
    const tl_rank_progress *progress = &cluster->progress[rank];
    return (tl_heartbeat_progress){.ticks = atomic_load(&progress->ticks),
                                   .is_waiting = atomic_load(&progress->is_waiting)};
}

bool tl_heartbeat_is_stopping(const tl_cluster *cluster)
{
    return atomic_load(&cluster->heartbeat.is_stopping);
}

void tl_heartbeat_request_stop(tl_cluster *cluster)
{
    atomic_store(&cluster->heartbeat.is_stopping, true);
}

void tl_heartbeat_cancel(tl_cluster *cluster, int first, int width, uint32_t epoch)
{
    for (int rank = first; rank < first + width && rank < cluster->size; rank++) {
        if (rank == 0)
            note_cancelled(cluster, epoch);
        else
            send_word(cluster, rank, CANCEL, epoch);
    }
}

bool tl_heartbeat_is_cancelled(const tl_cluster *cluster, uint32_t epoch)
{
    const tl_heartbeat *h = &cluster->heartbeat;
    for (int i = 0; i < TL_CANCELLED_MOST; i++)
        if (atomic_load_explicit(&h->cancelled[i], memory_order_relaxed) == epoch)
            return true;
    return false;
}

bool tl_heartbeat_shutdown(tl_cluster *cluster, bool without_mpi)
{
    tl_heartbeat *h = &cluster->heartbeat;
    if (!h->is_running) return without_mpi;
    if (cluster->rank == 0) {
        send_all(cluster, without_mpi ? SKIP_FINALISE : FINALISE);
        return without_mpi;
    }
    /* Rank 0 writes results meanwhile and wants the cores. */
    while (atomic_load(&h->shutdown) == 0) tl_sleep(0.002);
    return atomic_load(&h->shutdown) == SKIP_FINALISE;
}

void tl_heartbeat_terminate(tl_cluster *cluster)
{
    send_all(cluster, TERMINATE);
}
