/*
 * The script is a file without a name, which is the program's standard input: nothing has
 * to be written while its output is read.
 */
#include "analysis/report/gnuplot.h"

#include "compute/core/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A program with its input, output and complaints. */
typedef struct tool {
    char *const *argv; /* argv[0] is looked up on the path */
    const char *package;
    FILE *in, *complaints;
    int out[2]; /* a pipe */
} tool;

static tl_status spawn(const tool *t, pid_t *child, tl_err *err)
{
    char path[4096] = "PATH=/usr/local/bin:/usr/bin:/bin", locale[] = "LC_ALL=C.UTF-8";
    const char *own = getenv("PATH");
    if (own) (void)snprintf(path, sizeof path, "PATH=%s", own);
    char *const environment[] = {path, locale, NULL};
    posix_spawn_file_actions_t actions;
    TL_CHECK(posix_spawn_file_actions_init(&actions) == 0, err, TL_E_NOMEM,
             "no memory to start %s", t->argv[0]);
    int code = posix_spawn_file_actions_adddup2(&actions, fileno(t->in), 0);
    if (code == 0) code = posix_spawn_file_actions_adddup2(&actions, t->out[1], 1);
    if (code == 0)
        code = posix_spawn_file_actions_adddup2(&actions, fileno(t->complaints), 2);
    if (code == 0)
        code = posix_spawnp(child, t->argv[0], &actions, NULL, t->argv, environment);
    (void)posix_spawn_file_actions_destroy(&actions);
    TL_CHECK(code != ENOENT, err, TL_E_MISSING, "%s is not installed (Debian package %s)",
             t->argv[0], t->package);
    TL_CHECK(code == 0, err, TL_E_IO, "cannot start %s: %s", t->argv[0], strerror(code));
    return TL_OK;
}

/* The first line of what the program complained of. */
static void first_complaint(FILE *file, char out[200])
{
    rewind(file);
    *out = '\0';
    while (fgets(out, 200, file) && strspn(out, " \t\n^") == strlen(out)) continue;
    out[strcspn(out, "\n")] = '\0';
}

static tl_status read_all(int from, tl_text *out, tl_err *err)
{
    char piece[1 << 14];
    for (;;) {
        const ssize_t n = read(from, piece, sizeof piece);
        if (n < 0 && errno == EINTR) continue;
        TL_CHECK(n >= 0, err, TL_E_IO, "cannot read a figure: %s", strerror(errno));
        if (n == 0) break;
        tl_text_bytes(out, piece, (size_t)n);
    }
    TL_CHECK(!out->is_short, err, TL_E_NOMEM, "no memory for a figure");
    return TL_OK;
}

static tl_status wait_for(pid_t child, const tool *t, tl_err *err)
{
    int ended = 0;
    char text[200];
    pid_t got;
    do got = waitpid(child, &ended, 0);
    while (got < 0 && errno == EINTR);
    if (got == child && ended == 0) return TL_OK;
    first_complaint(t->complaints, text);
    return tl_fail(err, TL_E_FORMAT, "%s failed: %s", t->argv[0], text);
}

static tl_status run(tool *t, tl_text *out, tl_err *err)
{
    pid_t child;
    TL_CHECK(pipe(t->out) == 0, err, TL_E_IO, "no pipe to %s: %s", t->argv[0],
             strerror(errno));
    (void)fcntl(t->out[0], F_SETFD, FD_CLOEXEC);
    tl_status status = spawn(t, &child, err);
    (void)close(t->out[1]);
    if (status == TL_OK) {
        status = read_all(t->out[0], out, err);
        const tl_status end = wait_for(child, t, status == TL_OK ? err : NULL);
        if (status == TL_OK) status = end;
    }
    (void)close(t->out[0]);
    return status;
}

/* Runs argv with `input` [bytes]. */
static tl_status obey(char *const *argv, const char *package, const char *input,
                      size_t bytes, tl_text *out, tl_err *err)
{
    tool t = {.argv = argv, .package = package, .in = tmpfile(), .complaints = tmpfile()};
    tl_status status = TL_OK;
    if (!t.in || !t.complaints || !tl_durable_write(fileno(t.in), input, bytes) ||
        lseek(fileno(t.in), 0, SEEK_SET) != 0)
        status = tl_fail(err, TL_E_IO, "no temporary file: %s", strerror(errno));
    if (status == TL_OK) status = run(&t, out, err);
    if (t.in) (void)fclose(t.in);
    if (t.complaints) (void)fclose(t.complaints);
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
