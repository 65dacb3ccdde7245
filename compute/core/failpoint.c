#include "compute/core/failpoint.h"

#include "compute/core/clock.h"
#include "compute/core/log.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 16, WORD = 24 };

typedef enum fault_kind {
    KILL,
    SEGV,
    EXIT,
    HANG,
    HOLD,
    STOP,
    SPOIL,
    FAIL,
    TEAR,
    SLOW,
    USR1
} fault_kind;

typedef struct fault {
    fault_kind kind;
    tl_failpoint_site place;
    double count;       /* passes, or seconds, until it strikes */
    double value;       /* T, C, N, F, or errno */
    bool is_for_us;     /* its rank is this one */
    atomic_bool struck; /* each strikes once; what it sets lasts */
} fault;

typedef struct kind_name {
    const char *name;
    fault_kind kind;
    tl_failpoint_site place;
    double value;
} kind_name;

static const kind_name kind_table[] = {{"kill", KILL, TL_FAILPOINT_START, 0},
                                       {"segv", SEGV, TL_FAILPOINT_START, 0},
                                       {"exit", EXIT, TL_FAILPOINT_START, 3},
                                       {"hang", HANG, TL_FAILPOINT_START, 1e9},
                                       {"hold", HOLD, TL_FAILPOINT_START, 0},
                                       {"stop", STOP, TL_FAILPOINT_START, 0},
                                       {"nan", SPOIL, TL_FAILPOINT_TICK, 0},
                                       {"enospc", FAIL, TL_FAILPOINT_WRITE, ENOSPC},
                                       {"eio", FAIL, TL_FAILPOINT_WRITE, EIO},
                                       {"edquot", FAIL, TL_FAILPOINT_WRITE, EDQUOT},
                                       {"erofs", FAIL, TL_FAILPOINT_WRITE, EROFS},
                                       {"torn", TEAR, TL_FAILPOINT_JOURNAL, 0},
                                       {"slow", SLOW, TL_FAILPOINT_START, 10},
                                       {"usr1", USR1, TL_FAILPOINT_SECONDS, 1}};
enum { KINDS = sizeof kind_table / sizeof *kind_table };

static const char *const place_name[TL_FAILPOINT_SITES] = {
    "idle",   "start", "tick",  "step",    "sum",  "broadcast", "gather", "agree",
    "linalg", "send",  "write", "journal", "sync", "rename",    "seconds"};

static const char allowed[] =
    "KIND[:VALUE][,rank=R][,after=PLACE:N] with KIND one of kill segv exit hang hold stop "
    "nan enospc eio edquot erofs torn slow usr1, PLACE one of idle start tick step sum "
    "broadcast gather agree linalg send write journal sync rename seconds";

atomic_bool tl_failpoint_is_armed;

/* What is armed, and what has struck, in this process. */
static struct {
    fault fault[MOST];
    atomic_int faults; /* written last, once the fault is complete */
    double begin;      /* when the first was armed, s */
    atomic_uint passed[TL_FAILPOINT_SITES];
    atomic_int error;        /* errno of all writing; 0: none */
    atomic_bool is_torn;     /* the next write is */
    atomic_bool is_spoilt;   /* the next gradient is */
    atomic_bool is_released; /* nothing is held any more */
    atomic_uint kept;        /* bytes that a torn write keeps */
    _Atomic double slowness;
} tl_failpoint_setting;

/* --- reading ----------------------------------------------------------------------------
 */

static tl_status refuse(const char *text, const char *word, tl_err *err)
{
    return tl_fail(err, TL_E_ARG, "--inject %s: '%s' is invalid; allowed is %s", text, word,
                   allowed);
}

static bool read_number(const char *text, double low, double *value)
{
    char *end;
    *value = strtod(text, &end);
    return end != text && *end == '\0' && *value >= low && *value <= 1e9;
}

static bool read_place(const char *text, fault *out)
{
    for (int p = 0; p < TL_FAILPOINT_SITES; p++) {
        const size_t length = strlen(place_name[p]);
        if (strncmp(text, place_name[p], length) != 0 || text[length] != ':') continue;
        out->place = (tl_failpoint_site)p;
        return read_number(text + length + 1, p == TL_FAILPOINT_SECONDS ? 0.0 : 1.0,
                           &out->count);
    }
    return false;
}

/* One word after the kind. */
static bool read_word(const char *word, int rank, fault *out)
{
    double number;
    if (strncmp(word, "after=", 6) == 0) return read_place(word + 6, out);
    if (strncmp(word, "rank=", 5) == 0) {
        if (!read_number(word + 5, 0.0, &number)) return false;
        out->is_for_us = rank == (int)number;
        return true;
    }
    const bool takes_value = out->kind != KILL && out->kind != SEGV && out->kind != HOLD &&
                             out->kind != STOP && out->kind != SPOIL && out->kind != FAIL;
    if (!takes_value) return false;
    const bool is_factor = out->kind == SLOW;
    if (is_factor && *word++ != 'x') return false;
    if (!read_number(word, is_factor ? 1.0 : 0.0, &out->value)) return false;
    if (out->kind == USR1 && out->place == TL_FAILPOINT_SECONDS) out->count = out->value;
    return true;
}

/* Cuts the next word off `*at`; false at the end or if it is too long. */
static bool next_word(const char **at, const char *ends, char word[WORD])
{
    const size_t length = strcspn(*at, ends);
    if (**at == '\0' || length >= WORD) return false;
    memcpy(word, *at, length);
    word[length] = '\0';
    *at += length + ((*at)[length] != '\0');
    return true;
}

static tl_status read_fault(const char *text, int rank, fault *out, tl_err *err)
{
    char word[WORD];
    const char *at = text;
    if (!next_word(&at, ":,", word)) return refuse(text, text, err);
    int k = 0;
    while (k < KINDS && strcmp(word, kind_table[k].name) != 0) k++;
    if (k == KINDS) return refuse(text, word, err);
    out->kind = kind_table[k].kind;
    out->place = kind_table[k].place;
    out->count = out->place == TL_FAILPOINT_SECONDS ? kind_table[k].value : 1.0;
    out->value = kind_table[k].value;
    out->is_for_us = true;
    while (*at) {
        if (!next_word(&at, ",", word)) return refuse(text, at, err);
        if (!read_word(word, rank, out)) return refuse(text, word, err);
    }
    return TL_OK;
}

tl_status tl_failpoint_arm(const char *text, int rank, tl_err *err)
{
    fault read = {.kind = KILL};
    TL_TRY(read_fault(text, rank, &read, err));
    if (rank == TL_FAILPOINT_ANYWHERE || !read.is_for_us) return TL_OK;
    const int faults = atomic_load(&tl_failpoint_setting.faults);
    TL_CHECK(faults < MOST, err, TL_E_ARG, "more than %d --inject", MOST);
    if (faults == 0) {
        tl_failpoint_setting.begin = tl_seconds();
        atomic_store(&tl_failpoint_setting.slowness, 1.0);
    }
    fault *kept = &tl_failpoint_setting.fault[faults];
    kept->kind = read.kind;
    kept->place = read.place;
    kept->count = read.count;
    kept->value = read.value;
    atomic_store(&tl_failpoint_setting.faults, faults + 1);
    atomic_store(&tl_failpoint_is_armed, true);
    return TL_OK;
}

void tl_failpoint_release(void)
{
    atomic_store(&tl_failpoint_setting.is_released, true);
}

/* --- striking ---------------------------------------------------------------------------
 */

void tl_failpoint_die(void)
{
    (void)kill(getpid(), SIGKILL);
    for (;;) tl_sleep(1.0);
}

static void act(const fault *f)
{
    switch (f->kind) {
    case KILL:
        tl_failpoint_die();
    case SEGV:
        (void)signal(SIGSEGV, SIG_DFL);
        (void)raise(SIGSEGV);
        break;
    case EXIT:
        _exit((int)f->value);
    case HANG:
        tl_sleep(f->value);
        break;
    case HOLD:
        while (!atomic_load(&tl_failpoint_setting.is_released)) tl_sleep(0.01);
        break;
    case STOP:
        (void)kill(getpid(), SIGSTOP);
        break;
    case SPOIL:
        atomic_store(&tl_failpoint_setting.is_spoilt, true);
        break;
    case FAIL:
        atomic_store(&tl_failpoint_setting.error, (int)f->value);
        break;
    case TEAR:
        atomic_store(&tl_failpoint_setting.kept, (unsigned)f->value);
        atomic_store(&tl_failpoint_setting.is_torn, true);
        break;
    case SLOW:
        atomic_store(&tl_failpoint_setting.slowness, f->value);
        break;
    case USR1:
        (void)kill(getpid(), SIGUSR1);
        break;
    }
}

void tl_failpoint_strike(tl_failpoint_site place)
{
    const int faults = atomic_load(&tl_failpoint_setting.faults);
    const double count =
        place == TL_FAILPOINT_SECONDS
            ? tl_seconds() - tl_failpoint_setting.begin
            : (double)atomic_fetch_add(&tl_failpoint_setting.passed[place], 1u) + 1.0;
    for (int i = 0; i < faults; i++) {
        fault *f = &tl_failpoint_setting.fault[i];
        if (f->place != place || count < f->count) continue;
        if (atomic_exchange(&f->struck, true)) continue;
        tl_log(TL_LOG_WARN, "a fault is injected at %s:%g", place_name[place], f->count);
        act(f);
    }
}

bool tl_failpoint_storage(tl_failpoint_site place)
{
    tl_failpoint_pass(place);
    const int error = atomic_load(&tl_failpoint_setting.error);
    if (error != 0) errno = error;
    return error == 0;
}

size_t tl_failpoint_tear(size_t n)
{
    if (!atomic_exchange(&tl_failpoint_setting.is_torn, false)) return n;
    const size_t kept = atomic_load(&tl_failpoint_setting.kept);
    return kept < n ? kept : n;
}

bool tl_failpoint_spoils(void)
{
    return atomic_load_explicit(&tl_failpoint_is_armed, memory_order_relaxed) &&
           atomic_exchange(&tl_failpoint_setting.is_spoilt, false);
}

double tl_failpoint_slowness(void)
{
    return atomic_load_explicit(&tl_failpoint_is_armed, memory_order_relaxed)
               ? atomic_load(&tl_failpoint_setting.slowness)
               : 1.0;
}
