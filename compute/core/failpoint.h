/*
 * Injected faults, to test how the program behaves when machines fail. Off unless armed by
 * `threatloop run --inject`. The program passes named sites; a fault strikes when its site
 * has been passed often enough on its rank.
 *
 *   KIND[:VALUE][,rank=R][,after=PLACE:N]     the first comma may be a colon
 *
 * kind     does                                                          unless said, after
 * kill     the process gets SIGKILL                                      start:1
 * segv     the process gets SIGSEGV                                      start:1
 * exit:C   the process leaves with code C (3), MPI is not told           start:1
 * hang:T   the thread that passes stays there T seconds (for ever)       start:1
 * hold     the thread that passes stays there until the run is to stop   start:1
 * stop     the process gets SIGSTOP                                      start:1
 * nan      the gradient of one update is not a number                    tick:1
 * enospc   writing fails with this error from then on; also eio,         write:1
 *          edquot, erofs
 * torn:N   the write that passes ends after N bytes (0), by SIGKILL      journal:1
 * slow:xF  steps take F times as long (10)                               start:1
 * usr1:T   the process gets SIGUSR1 after T seconds (1)                  seconds:T
 *
 * Without rank=, every rank is struck. The state belongs to the process: one thread arms
 * it, any thread may pass a site meanwhile.
 */
#ifndef TL_COMPUTE_CORE_FAILPOINT_H
#define TL_COMPUTE_CORE_FAILPOINT_H

#include "compute/core/status.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/** Sites, by their names in `after=`. */
typedef enum tl_failpoint_site {
    TL_FAILPOINT_IDLE,      /**< idle: a poll for an order */
    TL_FAILPOINT_START,     /**< start: a step begins */
    TL_FAILPOINT_TICK,      /**< tick: a sign of progress inside a step */
    TL_FAILPOINT_STEP,      /**< step: a step has ended, not yet reported */
    TL_FAILPOINT_SUM,       /**< sum: a piece of a team's sum */
    TL_FAILPOINT_BROADCAST, /**< broadcast: a piece of a broadcast */
    TL_FAILPOINT_GATHER,    /**< gather: a piece of a gather */
    TL_FAILPOINT_AGREE,     /**< agree: an exchange while agreeing */
    TL_FAILPOINT_LINALG,    /**< linalg: a message of a ScaLAPACK call */
    TL_FAILPOINT_SEND,      /**< send: results are about to be sent */
    TL_FAILPOINT_WRITE,     /**< write: bytes go to a durable file or the journal */
    TL_FAILPOINT_JOURNAL,   /**< journal: lines go to the journal */
    TL_FAILPOINT_SYNC,      /**< sync: an fsync */
    TL_FAILPOINT_RENAME,    /**< rename: a file is renamed into place */
    TL_FAILPOINT_SECONDS,   /**< seconds: N is seconds since arming; passed by the heartbeat
                             */
    TL_FAILPOINT_SITES
} tl_failpoint_site;

enum { TL_FAILPOINT_ANYWHERE = -1 /**< as a rank: none, only check */ };

/**
 * Arms the fault that `text` describes if it is for `rank`; at most 16 a process.
 * \param rank of this process; TL_FAILPOINT_ANYWHERE: only checks the text
 * \return TL_E_ARG, with what is allowed
 */
TL_MUST_USE tl_status tl_failpoint_arm(const char *text, int rank, tl_err *err);

/** The run is to stop: what `hold` holds up goes on, now and later. */
void tl_failpoint_release(void);

/** Whether anything is armed. Private to the functions below. */
extern atomic_bool tl_failpoint_is_armed;

/** Private: tl_failpoint_pass when something is armed. */
void tl_failpoint_strike(tl_failpoint_site place);

/** Passes the site `place`; reads one flag when nothing is armed. */
static inline void tl_failpoint_pass(tl_failpoint_site place)
{
    if (atomic_load_explicit(&tl_failpoint_is_armed, memory_order_relaxed))
        tl_failpoint_strike(place);
}

/** Passes `place`, a storage site. \return false, with errno, if the operation fails */
bool tl_failpoint_storage(tl_failpoint_site place);

/** Bytes of `n` to write before calling tl_failpoint_die: n unless this write is torn. */
size_t tl_failpoint_tear(size_t n);

/** Kills this process with SIGKILL. */
_Noreturn void tl_failpoint_die(void);

/** Whether to spoil the gradient now; true once per fault. */
bool tl_failpoint_spoils(void);

/** Factor by which steps are slowed down; 1 when nothing is armed. */
double tl_failpoint_slowness(void);

#endif
