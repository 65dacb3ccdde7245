/*
 * The start exchanges a info per rank; the end is decided by rank 0 alone, because only it
 * knows who died: MPI_Finalize with a dead rank hangs, so it is then left out.
 */
#include "cluster/comm/cluster.h"

#include "cluster/comm/cluster_private.h"
#include "cluster/comm/watchdog.h"
#include "cluster/comm/rank_order.h"
#include "cluster/comm/heartbeat.h"
#include "cluster/scalapack/scalapack.h"
#include "compute/core/clock.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

static const double START_TIMEOUT = 120.0; /* s */
static const double END_TIMEOUT = 30.0;    /* s */

enum { EXIT_RESUME = 75 };

static void nap(long microseconds)
{
    const struct timespec span = {.tv_nsec = microseconds * 1000};
    nanosleep(&span, NULL);
}

void tl_back_off(unsigned turn)
{
    if (turn < 200) return;
    if (turn < 2000) {
        sched_yield();
        return;
    }
    nap(turn < 4000 ? 50 : 500);
}

/* In a list that the leak check finds. */
void tl_cluster_retain(tl_cluster *cluster, void *bytes)
{
    tl_retained *retained = bytes ? malloc(sizeof *retained) : NULL;
    if (!retained) return;
    *retained = (tl_retained){.next = cluster->retained, .bytes = bytes};
    cluster->retained = retained;
}

/* Seconds that the ranks have to find each other. */
static double start_timeout(void)
{
    const char *text = getenv("THREATLOOP_START_TIMEOUT");
    const double seconds = text ? strtod(text, NULL) : 0.0;
    return seconds > 0.0 && seconds < 1e6 ? seconds : START_TIMEOUT;
}

static void block_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* Process numbers mean the same on two ranks only under one kernel and one namespace. */
static void read_pid_namespace(char pid_namespace[TL_HOST_TEXT])
{
    char boot[40] = "", space[24] = "";
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "r");
    if (file) {
        if (fscanf(file, "%39s", boot) != 1) boot[0] = '\0';
        (void)fclose(file);
    }
    const ssize_t n = readlink("/proc/self/ns/pid", space, sizeof space - 1);
    space[n > 0 ? n : 0] = '\0';
    (void)snprintf(pid_namespace, TL_HOST_TEXT, "%s%s", boot, space);
}

static tl_rank_info own_info(void)
{
    tl_rank_info info = {.pid = getpid()};
    if (gethostname(info.host, sizeof info.host - 1) != 0) info.host[0] = '\0';
    read_pid_namespace(info.pid_namespace);
    return info;
}

static tl_status fail_mpi(tl_err *err, const char *what, int code)
{
    char text[MPI_MAX_ERROR_STRING] = "";
    int length = 0;
    MPI_Error_string(code, text, &length);
    return tl_fail(err, TL_E_IO, "%s failed: %s", what, text);
}

/* Who all are, by the numbers that MPI gave them, and which of these become 0, 1, ... */
typedef struct guests {
    tl_rank_info *info;     /* [size] */
    tl_ordered_rank *place; /* [size] */
    int own;                /* what this rank becomes */
} guests;

static tl_status meet(tl_cluster *cluster, guests *all, tl_err *err)
{
    const size_t size = (size_t)cluster->size;
    all->info = calloc(size, sizeof *all->info);
    all->place = calloc(size, sizeof *all->place);
    cluster->info = calloc(size, sizeof *cluster->info);
    cluster->dead = calloc(size, sizeof *cluster->dead);
    cluster->heard = calloc(size, sizeof *cluster->heard);
    cluster->progress = calloc(size, sizeof *cluster->progress);
    cluster->waits = calloc(size, sizeof *cluster->waits);
    TL_CHECK(all->info && all->place && cluster->info && cluster->dead && cluster->heard &&
                 cluster->progress && cluster->waits,
             err, TL_E_SPACE, "no memory left for %d ranks", cluster->size);
    const tl_rank_info mine = own_info();
    const int code = MPI_Allgather(&mine, (int)sizeof mine, MPI_BYTE, all->info,
                                   (int)sizeof mine, MPI_BYTE, MPI_COMM_WORLD);
    if (code != MPI_SUCCESS) return fail_mpi(err, "MPI_Allgather", code);
    for (int r = 0; r < cluster->size; r++) {
        all->place[r] =
            (tl_ordered_rank){all->info[r].host, all->info[r].pid_namespace, r, 0};
    }
    tl_rank_order_sort(all->place, cluster->size);
    for (int k = 0; k < cluster->size; k++) {
        cluster->info[k] = all->info[all->place[k].rank];
        if (all->place[k].rank == cluster->rank) all->own = k;
    }
    return TL_OK;
}

/* The lanes, on which this rank is number `place`. */
static tl_status open_lanes(tl_cluster *cluster, int place, tl_err *err)
{
    MPI_Comm *lane[] = {&cluster->start, &cluster->post, &cluster->pulse, &cluster->team};
    for (int i = 0; i < (int)(sizeof lane / sizeof lane[0]); i++) {
        const int code = i == 0 ? MPI_Comm_split(MPI_COMM_WORLD, 0, place, lane[0])
                                : MPI_Comm_dup(*lane[0], lane[i]);
        if (code != MPI_SUCCESS) return fail_mpi(err, "opening a lane", code);
        MPI_Comm_set_errhandler(*lane[i], MPI_ERRORS_RETURN);
    }
    int *limit = NULL, is_set = 0;
    MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_TAG_UB, (void *)&limit, &is_set);
    cluster->tag_limit = is_set ? *limit : 32767;
    cluster->rank = place;
    return TL_OK;
}

static void release(tl_cluster *cluster)
{
    while (cluster->outgoing) {
        tl_outgoing *next = cluster->outgoing->next;
        free(cluster->outgoing);
        cluster->outgoing = next;
    }
    while (cluster->retained) {
        tl_retained *next = cluster->retained->next;
        free(cluster->retained->bytes);
        free(cluster->retained);
        cluster->retained = next;
    }
    pthread_mutex_destroy(&cluster->outgoing_lock);
    free(cluster->grid);
    free(cluster->info);
    free(cluster->dead);
    free(cluster->heard);
    free(cluster->progress);
    free(cluster->waits);
    free(cluster);
}

/* The word that rank 0 has begun. Its lock on the file goes with its process, however that
 * ends, so the file is never closed. */
static void tell_begun(void)
{
    const char *path = getenv("THREATLOOP_EXIT_FILE");
    if (!path || !path[0]) return;
    const int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return;
    const bool is_locked = flock(file, LOCK_EX | LOCK_NB) == 0;
    const char *word = is_locked ? "locked\n" : "begun\n";
    const ssize_t written = write(file, word, strlen(word));
    (void)written; /* launch then knows less, and that is all */
}

/* Everything that may wait for a rank that never comes. */
static tl_status join(tl_cluster *cluster, int *argc, char ***argv, tl_err *err)
{
    int given = MPI_THREAD_SINGLE;
    const int code = MPI_Init_thread(argc, argv, MPI_THREAD_MULTIPLE, &given);
    tl_status status = code == MPI_SUCCESS ? TL_OK : fail_mpi(err, "MPI_Init", code);
    if (status == TL_OK && given < MPI_THREAD_MULTIPLE)
        status = tl_fail(err, TL_E_IO,
                         "this MPI gives thread level %d, threatloop needs %d "
                         "(MPI_THREAD_MULTIPLE)",
                         given, MPI_THREAD_MULTIPLE);
    if (status == TL_OK) {
        MPI_Comm_rank(MPI_COMM_WORLD, &cluster->rank);
        MPI_Comm_size(MPI_COMM_WORLD, &cluster->size);
        MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
        if (cluster->rank == 0) tell_begun();
        guests all = {0};
        status = meet(cluster, &all, err);
        if (status == TL_OK) status = open_lanes(cluster, all.own, err);
        free(all.info);
        free(all.place);
    }
    if (status == TL_OK) status = tl_scalapack_start(cluster, err);
    return status;
}

tl_status tl_session_start(tl_cluster **out, int *argc, char ***argv, tl_err *err)
{
    *out = NULL;
    tl_cluster *cluster = calloc(1, sizeof *cluster);
    TL_CHECK(cluster, err, TL_E_SPACE, "no memory left to start");
    cluster->has_parent = getenv("OMPI_COMM_WORLD_RANK") || getenv("PMIX_RANK");
    (void)setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0);
    block_signals();
    pthread_mutex_init(&cluster->outgoing_lock, NULL);
    tl_watchdog watchdog = {.seconds = start_timeout(),
                            .code = EXIT_RESUME,
                            .why = "the ranks have not found each other: one was lost at "
                                   "the start; nothing was begun, run again"};
    tl_status status = tl_watchdog_start(&watchdog, err);
    if (status == TL_OK) {
        status = join(cluster, argc, argv, err);
        tl_watchdog_stop(&watchdog);
    }
    if (status != TL_OK) {
        release(cluster);
        return status;
    }
    *out = cluster;
    return TL_OK;
}

int tl_cluster_rank(const tl_cluster *cluster)
{
    return cluster->rank;
}

int tl_cluster_size(const tl_cluster *cluster)
{
    return cluster->size;
}

const char *tl_cluster_host(const tl_cluster *cluster, int rank)
{
    return cluster->info[rank].host;
}

bool tl_cluster_is_local(const tl_cluster *cluster, int rank)
{
    const tl_rank_info *mine = &cluster->info[cluster->rank];
    const tl_rank_info *other = &cluster->info[rank];
    return strcmp(mine->host, other->host) == 0 &&
           strcmp(mine->pid_namespace, other->pid_namespace) == 0;
}

/* Waits for a collective of the start. A rank may die here too, so not for ever; the
 * buffers of one given up on are static or leaked by the caller, who ends the process. */
static tl_status finish(tl_cluster *cluster, MPI_Request *request, tl_err *err)
{
    const double timeout = start_timeout();
    const double deadline = tl_seconds() + timeout;
    for (unsigned turn = 1;; turn++) {
        int is_done = 0;
        const int code = MPI_Test(request, &is_done, MPI_STATUS_IGNORE);
        TL_CHECK(code == MPI_SUCCESS, err, TL_E_LOST, "a rank was lost at the start");
        if (is_done) return TL_OK;
        TL_CHECK(tl_seconds() < deadline, err, TL_E_LOST,
                 "a rank was silent for %.0f s at the start", timeout);
        for (int rank = 1; turn % 1000 == 0 && rank < cluster->size; rank++)
            TL_CHECK(!tl_liveness_is_dead(cluster, rank), err, TL_E_LOST,
                     "rank %d was lost at the start; nothing was begun, run again", rank);
        nap(200);
    }
}

static tl_status broadcast(tl_cluster *cluster, void *bytes, int n, int from, tl_err *err)
{
    MPI_Request request = MPI_REQUEST_NULL;
    const int code = MPI_Ibcast(bytes, n, MPI_BYTE, from, cluster->start, &request);
    if (code != MPI_SUCCESS) return fail_mpi(err, "MPI_Ibcast", code);
    return finish(cluster, &request, err);
}

tl_status tl_cluster_agree(tl_cluster *cluster, tl_status mine, tl_err *err)
{
    const int own[2] = {(int)mine, cluster->rank};
    int worst[2] = {0, 0};
    MPI_Request request = MPI_REQUEST_NULL;
    const int code =
        MPI_Iallreduce(own, worst, 1, MPI_2INT, MPI_MAXLOC, cluster->start, &request);
    if (code != MPI_SUCCESS) return fail_mpi(err, "MPI_Iallreduce", code);
    TL_TRY(finish(cluster, &request, err));
    if (worst[0] == TL_OK) return TL_OK;
    tl_err reported = {0};
    if (worst[1] == cluster->rank && err) reported = *err;
    TL_TRY(broadcast(cluster, &reported, (int)sizeof reported, worst[1], err));
    reported.text[TL_ERR_TEXT - 1] = '\0';
    return tl_fail(err, (tl_status)worst[0], "%s", reported.text);
}

tl_status tl_cluster_broadcast(tl_cluster *cluster, char **bytes, size_t *n, tl_err *err)
{
    const size_t chunk = 1u << 28;
    const bool is_source = cluster->rank == 0;
    uint64_t length = is_source ? *n : 0;
    char *whole = is_source ? *bytes : NULL;
    if (!is_source) *bytes = NULL;
    TL_TRY(broadcast(cluster, &length, (int)sizeof length, 0, err));
    if (!is_source) whole = malloc((size_t)length + 1);
    tl_status status = whole || is_source
                           ? TL_OK
                           : tl_fail(err, TL_E_SPACE, "no memory left for %llu bytes",
                                     (unsigned long long)length);
    status = tl_cluster_agree(cluster, status, err);
    for (size_t at = 0; status == TL_OK && at < length; at += chunk) {
        const size_t left = (size_t)length - at;
        status = broadcast(cluster, whole + at, (int)(left < chunk ? left : chunk), 0, err);
    }
    if (is_source) return status;
    if (status == TL_E_LOST) return status; /* MPI may still write into `whole` */
    if (status != TL_OK) {
        free(whole);
        return status;
    }
    whole[length] = '\0';
    *bytes = whole;
    *n = (size_t)length;
    return TL_OK;
}

void tl_liveness_mark_failed(tl_cluster *cluster, int rank)
{
    atomic_store(&cluster->dead[rank], true);
    atomic_store(&cluster->has_dead, true);
}

bool tl_liveness_has_failed(const tl_cluster *cluster, int rank)
{
    return atomic_load(&cluster->dead[rank]);
}

int tl_exit_code_report(int code, bool leads)
{
    const char *path = getenv("THREATLOOP_EXIT_FILE");
    if (!path || !path[0]) return code;
    if (!leads) return 0;
    FILE *file = fopen(path, "w");
    if (!file) return code;
    const bool is_written = fprintf(file, "%d\n", code) > 0;
    return fclose(file) == 0 && is_written ? 0 : code;
}

static void drain(tl_cluster *cluster, double timeout)
{
    const double deadline = tl_seconds() + timeout;
    while (tl_mailbox_pending(cluster) > 0 && tl_seconds() < deadline) nap(500);
}

/* Rank 0's word on how to end; true: without MPI. */
static bool settle_end(tl_cluster *cluster, bool was_lost)
{
    const bool own_word = was_lost || atomic_load(&cluster->has_dead);
    if (!cluster->has_heartbeat) return own_word;
    if (cluster->rank == 0) {
        tl_heartbeat_shutdown(cluster, own_word);
        return own_word;
    }
    /* Rank 0 may yet be writing results; should it die, the pulse ends this process. */
    while (atomic_load(&cluster->shutdown) == 0) nap(2000);
    return atomic_load(&cluster->shutdown) == 2;
}

/* Survivors read their shutdown before the process that sent it is gone. */
static void wait_for_survivors(const tl_cluster *cluster)
{
    const double deadline = tl_seconds() + 2.0;
    for (int rank = 1; rank < cluster->size; rank++) {
        if (tl_liveness_has_failed(cluster, rank)) continue;
        while (tl_seconds() < deadline && !(tl_cluster_is_local(cluster, rank) &&
                                            kill((pid_t)cluster->info[rank].pid, 0) != 0))
            nap(5000);
    }
}

_Noreturn void tl_session_abandon(tl_cluster *cluster, int code)
{
    (void)fflush(NULL);
    tl_heartbeat_terminate(cluster);
    drain(cluster, 2.0);
    const int own_code = tl_exit_code_report(code, true);
    wait_for_survivors(cluster);
    _exit(own_code);
}

/* Ends the process; what a sanitizer has to say of leaks is said before. */
static _Noreturn void leave(int code)
{
#ifdef __SANITIZE_ADDRESS__
    __lsan_do_leak_check();
#endif
    _exit(code);
}

int tl_session_stop(tl_cluster *cluster, bool was_lost, int code)
{
    (void)fflush(NULL);
    const bool without_mpi = settle_end(cluster, was_lost);
    drain(cluster, without_mpi ? 2.0 : END_TIMEOUT);
    const bool leads = cluster->rank == 0;
    const int own_code = without_mpi ? tl_exit_code_report(code, leads) : code;
    if (leads && without_mpi && cluster->has_heartbeat) wait_for_survivors(cluster);
    tl_heartbeat_stop(cluster);
    if (without_mpi) leave(own_code);
    tl_watchdog watchdog = {.seconds = END_TIMEOUT, .code = code};
    const bool has_watchdog = tl_watchdog_start(&watchdog, NULL) == TL_OK;
    tl_scalapack_stop(cluster);
    MPI_Comm *lane[] = {&cluster->start, &cluster->post, &cluster->pulse, &cluster->team};
    for (int i = 0; i < 4; i++) MPI_Comm_free(lane[i]);
    MPI_Finalize();
    if (has_watchdog) tl_watchdog_stop(&watchdog);
    release(cluster);
    return code;
}
