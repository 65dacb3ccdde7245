/*
 * Rank 0 alone decides how to end, since only it knows which ranks died: MPI_Finalize would
 * hang on a dead rank and is then skipped.
 */
#include "cluster/session/session.h"

#include "cluster/comm/channel.h"
#include "cluster/comm/exit_code.h"
#include "cluster/comm/heartbeat.h"
#include "cluster/comm/liveness.h"
#include "cluster/comm/mailbox.h"
#include "cluster/comm/watchdog.h"
#include "cluster/scalapack/scalapack.h"
#include "cluster/session/mpi_settings.h"
#include "compute/core/clock.h"

#include <stdio.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

static const double END_TIMEOUT = 30.0;     /* s */
static const double SURVIVOR_TIMEOUT = 2.0; /* s, after a loss */

tl_status tl_session_start(tl_cluster **out, int *argc, char ***argv, tl_err *err)
{
    *out = NULL;
    tl_watchdog watchdog = {.timeout = tl_cluster_start_timeout(),
                            .code = TL_EXIT_CODE_RESUME,
                            .why =
                                "MPI start-up timed out: a rank was lost; nothing has run "
                                "yet, start again"};
    tl_mpi_settings_apply();
    tl_heartbeat_block_signals();
    TL_TRY(tl_watchdog_start(&watchdog, err));
    tl_status status = tl_cluster_open(out, argc, argv, err);
    if (status == TL_OK) status = tl_scalapack_start(*out, err);
    tl_watchdog_stop(&watchdog);
    if (status != TL_OK) *out = NULL; /* leaked: other ranks may still use it */
    return status;
}

/* Survivors must read the last message before its sender exits. */
static void wait_for_survivors(const tl_cluster *cluster)
{
    const double deadline = tl_seconds() + SURVIVOR_TIMEOUT;
    for (int rank = 1; rank < tl_cluster_size(cluster); rank++) {
        if (tl_liveness_has_failed(cluster, rank)) continue;
        for (unsigned polls = 1; tl_seconds() < deadline; polls++) {
            if (tl_liveness_process_is_gone(cluster, rank)) break;
            tl_back_off(polls);
        }
    }
}

_Noreturn void tl_session_abandon(tl_cluster *cluster, int code)
{
    (void)fflush(NULL);
    tl_heartbeat_terminate(cluster);
    tl_mailbox_drain(cluster, SURVIVOR_TIMEOUT);
    const int own_code = tl_exit_code_report(code, true);
    wait_for_survivors(cluster);
    _exit(own_code);
}

static _Noreturn void exit_without_mpi(tl_cluster *cluster, int code)
{
    const bool leads = tl_cluster_rank(cluster) == 0;
    tl_mailbox_drain(cluster, SURVIVOR_TIMEOUT);
    const int own_code = tl_exit_code_report(code, leads);
    if (leads) wait_for_survivors(cluster);
    tl_heartbeat_stop(cluster);
#ifdef __SANITIZE_ADDRESS__
    __lsan_do_leak_check();
#endif
    _exit(own_code);
}

int tl_session_stop(tl_cluster *cluster, bool was_lost, int code)
{
    (void)fflush(NULL);
    if (tl_heartbeat_shutdown(cluster, was_lost || tl_liveness_any_failed(cluster)))
        exit_without_mpi(cluster, code);
    tl_mailbox_drain(cluster, END_TIMEOUT);
    tl_heartbeat_stop(cluster);
    tl_watchdog watchdog = {.timeout = END_TIMEOUT, .code = code};
    const bool is_watched = tl_watchdog_start(&watchdog, NULL) == TL_OK;
    tl_scalapack_stop(cluster);
    tl_cluster_close(cluster);
    if (is_watched) tl_watchdog_stop(&watchdog);
    return code;
}
