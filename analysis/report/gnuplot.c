/*
 * Input goes through a socket and output and complaints come through pipes, as each is
 * ready: neither side waits for the other.
 */
#include "analysis/report/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A program with the ends of its input, output and complaints: ours first, then its own. */
typedef struct tool {
    char *const *argv; /* argv[0] is looked up on the path */
    const char *package;
    int end[3][2];
} tool;

enum { IN, OUT, COMPLAINTS, ENDS };

static void close_ends(tool *t, int side)
{
    for (int i = 0; i < ENDS; i++) {
        if (t->end[i][side] >= 0) (void)close(t->end[i][side]);
        t->end[i][side] = -1;
    }
}

/* Our ends are not the program's. */
static tl_status open_ends(tool *t, tl_err *err)
{
    bool is_good = socketpair(AF_UNIX, SOCK_STREAM, 0, t->end[IN]) == 0 &&
                   pipe(t->end[OUT]) == 0 && pipe(t->end[COMPLAINTS]) == 0;
    for (int i = 0; i < ENDS && is_good; i++)
        is_good = fcntl(t->end[i][0], F_SETFD, FD_CLOEXEC) == 0;
    TL_CHECK(is_good, err, TL_E_IO, "no pipes to %s: %s", t->argv[0], strerror(errno));
    return TL_OK;
}

static tl_status spawn(const tool *t, pid_t *child, tl_err *err)
{
    char path[4096] = "PATH=/usr/local/bin:/usr/bin:/bin", locale[] = "LC_ALL=C.UTF-8";
    const char *own = getenv("PATH");
    if (own) (void)snprintf(path, sizeof path, "PATH=%s", own);
    char *const environment[] = {path, locale, NULL};
    posix_spawn_file_actions_t actions;
    TL_CHECK(posix_spawn_file_actions_init(&actions) == 0, err, TL_E_NOMEM,
             "no memory to start %s", t->argv[0]);
    int code = 0;
    for (int i = 0; i < ENDS && code == 0; i++)
        code = posix_spawn_file_actions_adddup2(&actions, t->end[i][1], i);
    for (int i = 0; i < ENDS && code == 0; i++)
        code = posix_spawn_file_actions_addclose(&actions, t->end[i][1]);
    if (code == 0)
        code = posix_spawnp(child, t->argv[0], &actions, NULL, t->argv, environment);
    (void)posix_spawn_file_actions_destroy(&actions);
    TL_CHECK(code != ENOENT, err, TL_E_MISSING, "%s is not installed (Debian package %s)",
             t->argv[0], t->package);
    TL_CHECK(code == 0, err, TL_E_IO, "cannot start %s: %s", t->argv[0], strerror(code));
    return TL_OK;
}

/* Sends what the program takes now of `input` [*bytes]; closes the socket after the last,
 * or when the program reads no more. */
static void feed(tool *t, const char **input, size_t *bytes)
{
    const ssize_t n = send(t->end[IN][0], *input, *bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
        *input += n;
        *bytes -= (size_t)n;
    }
    const bool is_over = n < 0 && errno != EAGAIN && errno != EINTR;
    if (*bytes > 0 && !is_over) return;
    (void)close(t->end[IN][0]);
    t->end[IN][0] = -1;
}

/* Takes what there is of an output; closes the pipe at its end. */
static void take(tool *t, int which, tl_text *out)
{
    char piece[1 << 14];
    const ssize_t n = read(t->end[which][0], piece, sizeof piece);
    if (n > 0) tl_text_bytes(out, piece, (size_t)n);
    if (n > 0 || (n < 0 && errno == EINTR)) return;
    (void)close(t->end[which][0]);
    t->end[which][0] = -1;
}

/* Feeds and takes until all is closed. */
static void talk(tool *t, const char *input, size_t bytes, tl_text *const text[ENDS])
{
    while (t->end[OUT][0] >= 0 || t->end[COMPLAINTS][0] >= 0) {
        struct pollfd ready[ENDS];
        for (int i = 0; i < ENDS; i++)
            ready[i] = (struct pollfd){t->end[i][0], i == IN ? POLLOUT : POLLIN, 0};
        if (poll(ready, ENDS, -1) < 0 && errno != EINTR) break;
        if (ready[IN].revents) feed(t, &input, &bytes);
        for (int i = OUT; i < ENDS; i++)
            if (ready[i].revents) take(t, i, text[i]);
    }
}

/* The first line of what the program complained of. */
static const char *first_line(tl_text *complaints)
{
    char *at = complaints->at;
    if (!at) return "it says nothing";
    at += strspn(at, " \t\n^");
    at[strcspn(at, "\n")] = '\0';
    return at;
}

static tl_status wait_for(pid_t child, const tool *t, tl_text *complaints, tl_err *err)
{
    int ended = 0;
    pid_t got;
    do got = waitpid(child, &ended, 0);
    while (got < 0 && errno == EINTR);
    if (got == child && ended == 0) return TL_OK;
    return tl_fail(err, TL_E_FORMAT, "%s failed: %.200s", t->argv[0],
                   first_line(complaints));
}

static tl_status run(tool *t, const char *input, size_t bytes, tl_text *out, tl_err *err)
{
    pid_t child;
    tl_text complaints = {0};
    TL_TRY(open_ends(t, err));
    TL_TRY(spawn(t, &child, err));
    close_ends(t, 1);
    talk(t, input, bytes, (tl_text *const[ENDS]){NULL, out, &complaints});
    close_ends(t, 0);
    tl_status status = wait_for(child, t, &complaints, err);
    tl_text_close(&complaints);
    if (status == TL_OK && out->is_short)
        status = tl_fail(err, TL_E_NOMEM, "no memory for a figure");
    return status;
}

/* Runs argv with `input` [bytes]. */
static tl_status obey(char *const *argv, const char *package, const char *input,
                      size_t bytes, tl_text *out, tl_err *err)
{
    tool t = {argv, package, {{-1, -1}, {-1, -1}, {-1, -1}}};
    const tl_status status = run(&t, input, bytes, out, err);
    close_ends(&t, 0);
    close_ends(&t, 1);
    return status;
}

tl_status tl_gnuplot_run(const char *script, tl_text *out, tl_err *err)
{
    char name[] = "gnuplot", defaults[] = "-d";
    char *const argv[] = {name, defaults, NULL};
    return obey(argv, "gnuplot-nox", script, strlen(script), out, err);
}

bool tl_gnuplot_is_there(void)
{
    tl_text nothing = {0};
    const tl_status status = tl_gnuplot_run("", &nothing, NULL);
    tl_text_close(&nothing);
    return status == TL_OK;
}

tl_status tl_gnuplot_convert(const char *svg, size_t bytes, const char *format,
                             tl_text *out, tl_err *err)
{
    char name[] = "rsvg-convert", option[] = "-f", kind[8], zoom[] = "-z", times[] = "2.5";
    (void)snprintf(kind, sizeof kind, "%s", format);
    char *const argv[] = {name, option, kind, zoom, times, NULL};
    return obey(argv, "librsvg2-bin", svg, bytes, out, err);
}
