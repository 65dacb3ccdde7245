/*
 * Faults on purpose, for trying out what happens where machines fail. Off unless armed (by
 * `threatloop run --inject`). The program names the places it passes; a fault strikes when
 * its place has been passed often enough on its rank.
 *
 *   KIND[:VALUE][,rank=R][,after=PLACE:N]     the first comma may be a colon
 *
 * kind     does                                                          unless said, after
 * kill     the process gets SIGKILL                                      start:1
 * segv     the process gets SIGSEGV                                      start:1
 * exit:C   the process leaves with code C (3), MPI is not told           start:1
 * hang:T   the thread that passes stays there T seconds (for ever)       start:1
 * stop     the process gets SIGSTOP                                      start:1
 * nan      the gradient of one update is not a number                    tick:1
 * enospc   writing fails with this error from then on; also eio,         write:1
 *          edquot, erofs
 * torn:N   the write that passes ends after N bytes (0), by SIGKILL      journal:1
 * slow:xF  steps take F times as long (10)                               start:1
 * usr1:T   the process gets SIGUSR1 after T seconds (1)                  seconds:T
 *
 * Without a rank, every rank is struck. The state is one of the process: armed by one
 * thread, passed by any, also while it is armed.
 */
#ifndef TL_COMPUTE_CORE_FAILPOINT_H
#define TL_COMPUTE_CORE_FAILPOINT_H

#include "compute/core/status.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/** Places, by the names that `after=` takes. */
typedef enum tl_failpoint_site {
    TL_FAILPOINT_IDLE,      /**< idle: a look whether an order has come */
    TL_FAILPOINT_START,     /**< start: a step begins */
    TL_FAILPOINT_TICK,      /**< tick: a sign of progress inside a step */
    TL_FAILPOINT_STEP,      /**< step: a step has ended and was not yet reported */
    TL_FAILPOINT_SUM,       /**< sum: a piece of a team's sum */
    TL_FAILPOINT_BROADCAST, /**< broadcast: a piece of a broadcast */
    TL_FAILPOINT_GATHER,    /**< gather: a piece of a gather */
    TL_FAILPOINT_AGREE,     /**< agree: a swap while agreeing */
    TL_FAILPOINT_LINALG,    /**< linalg: a message of a ScaLAPACK call */
    TL_FAILPOINT_SEND,      /**< send: reports are about to be sent */
    TL_FAILPOINT_WRITE,     /**< write: bytes go to a durable file, the journal's too */
    TL_FAILPOINT_JOURNAL,   /**< journal: lines go to the journal */
    TL_FAILPOINT_SYNC,      /**< sync: an fsync */
    TL_FAILPOINT_RENAME,    /**< rename: a file takes its name */
    TL_FAILPOINT_SECONDS,   /**< seconds: N is seconds since arming; passed by the heartbeat
                             */
    TL_FAILPOINT_SITES
} tl_failpoint_site;

enum { TL_FAILPOINT_ANYWHERE = -1 /**< as a rank: no rank of a run */ };

/**
 * Arms the fault that `text` describes, if it is meant for `rank`; up to 16 a process.
 * \param rank this process's; TL_FAILPOINT_ANYWHERE: only checks the text
 * \return TL_E_ARG, with what is allowed
 */
TL_MUST_USE tl_status tl_failpoint_arm(const char *text, int rank, tl_err *err);

/** Whether anything is armed. Private to the functions below. */
extern atomic_bool tl_failpoint_is_armed;

/** Private: tl_failpoint_pass where something is armed. */
void tl_failpoint_strike(tl_failpoint_site place);

/** The program passes `place`; costs a look at one flag where nothing is armed. */
static inline void tl_failpoint_pass(tl_failpoint_site place)
{
    if (atomic_load_explicit(&tl_failpoint_is_armed, memory_order_relaxed))
        tl_failpoint_strike(place);
}

/** Passes `place`, one of storage. \return false, with errno, if the operation fails */
bool tl_failpoint_storage(tl_failpoint_site place);

/** How many of `n` bytes are written before tl_failpoint_die must be called: n if no write
 * is to be torn. */
size_t tl_failpoint_tear(size_t n);

/** SIGKILL for this process. */
_Noreturn void tl_failpoint_die(void);

/** Whether a gradient is to be spoilt now; true once a fault. */
bool tl_failpoint_spoils(void);

/** How many times as long a step is to take: 1 where nothing is armed. */
double tl_failpoint_slowness(void);

#endif
