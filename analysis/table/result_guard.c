/*
 * A result file is read twice: first by a child that may crash, loop for ever or take all
 * memory inside HDF5, which trusts data that its checksums do not cover (1.10.8 does all of
 * it); then, if the child succeeded, by the caller. Both read the same bytes, so the second
 * reading behaves like the first.
 */
#include "analysis/table/result_guard.h"

#include "analysis/table/result_file.h"

#include "compute/core/file.h"
#include "compute/core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* CPU seconds that reading may take: far more than any of our files needs; and bytes that
 * the library may take besides the table. */
enum { SECONDS = 10, BYTES_A_SECOND = 1 << 20, LIBRARY_BYTES = 256 << 20 };

static tl_status try_table(const char *path, const void *self, tl_arena *arena, tl_err *err)
{
    tl_table *table;
    (void)self;
    return tl_result_load(path, arena, &table, err);
}

static tl_status try_origin(const char *path, const void *self, tl_arena *arena,
                            tl_err *err)
{
    tl_result_origin origin;
    (void)self;
    (void)arena;
    return tl_result_origin_load(path, &origin, err);
}

/* What is tried, on how large a file, within how many bytes of memory. */
typedef struct trial {
    const char *path;
    tl_result_reader read;
    const void *self;
    size_t bytes, memory;
} trial;

/* Bytes of address space in use; 0 if unknown. */
static size_t bytes_in_use(void)
{
    char text[64] = "";
    FILE *file;
    if (tl_file_stream(NULL, "/proc/self/statm", &file, NULL, NULL) != TL_OK) return 0;
    const bool is_read = fgets(text, sizeof text, file) != NULL;
    (void)fclose(file);
    return is_read ? (size_t)strtoull(text, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE) : 0;
}

static void limit(int resource, rlim_t most)
{
    struct rlimit now;
    if (getrlimit(resource, &now) != 0) return;
    if (now.rlim_max < most) most = now.rlim_max;
    (void)setrlimit(resource, &(struct rlimit){most, most});
}

/* Run by the child: reads the file, and ends with the status. The text of an error goes to
 * `pipe`. Silent, since the caller reports it. */
_Noreturn static void try_it(const trial *what, int pipe)
{
    const size_t used = bytes_in_use();
    (void)dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
    limit(RLIMIT_CPU, (rlim_t)(SECONDS + what->bytes / BYTES_A_SECOND));
    limit(RLIMIT_CORE, 0);
    if (used > 0 && what->memory < SIZE_MAX - used - LIBRARY_BYTES)
        limit(RLIMIT_AS, (rlim_t)(used + what->memory + LIBRARY_BYTES));
    tl_arena arena = tl_arena_open(what->memory);
    tl_err err = {0};
    errno = 0;
    tl_status status = what->read(what->path, what->self, &arena, &err);
    /* The library does not say so in its own errors. */
    if (status == TL_E_FORMAT && errno == ENOMEM) status = TL_E_NOMEM;
    const ssize_t written = write(pipe, err.text, strlen(err.text));
    (void)written; /* the status counts */
    _exit((int)status);
}

/* What the child found. \param ended its status, of waitpid \param text its error */
static tl_status judge(const char *path, int ended, size_t memory, const char *text,
                       tl_err *err)
{
    char size[32];
    const tl_status status = WIFEXITED(ended) ? (tl_status)WEXITSTATUS(ended) : TL_E_FORMAT;
    if (WIFEXITED(ended) && status == TL_OK) return TL_OK;
    TL_CHECK(!WIFEXITED(ended) || status != TL_E_NOMEM, err, TL_E_NOMEM,
             "%s: reading it needs more than the %s of memory that result files may take; "
             "--memory allows more",
             path, tl_text_size((double)memory, size));
    if (WIFEXITED(ended)) return tl_fail(err, status, "%s", text);
    const int signal = WTERMSIG(ended);
    const bool is_killed = signal == SIGKILL || signal == SIGXCPU;
    return tl_fail(
        err, TL_E_FORMAT,
        "%s is damaged: the NetCDF library %s on it; threatloop run --resume DIR --force "
        "writes it again from its run directory, DIR",
        path, is_killed ? "hangs" : "crashes");
}

/* All that the child writes, up to `space` bytes with a NUL. */
static void read_text(int pipe, char *text, size_t space)
{
    size_t length = 0;
    for (ssize_t n = 1; n != 0 && length < space - 1;) {
        n = read(pipe, text + length, space - 1 - length);
        if (n < 0 && errno != EINTR) break;
        if (n > 0) length += (size_t)n;
    }
    text[length] = '\0';
}

tl_status tl_result_guard(const char *path, tl_result_reader read, const void *self,
                          size_t memory, tl_err *err)
{
    uint64_t bytes;
    int file, end[2], ended = 0;
    char text[TL_ERR_TEXT];
    TL_TRY(tl_file_open(NULL, path, &file, &bytes, err));
    (void)close(file);
    const trial what = {path, read, self, (size_t)bytes, memory};
    TL_CHECK(pipe(end) == 0, err, TL_E_IO, "cannot check %s: %s", path, strerror(errno));
    const pid_t child = fork();
    if (child == 0) try_it(&what, end[1]);
    const int why = errno;
    (void)close(end[1]);
    if (child > 0) read_text(end[0], text, sizeof text);
    (void)close(end[0]);
    TL_CHECK(child > 0, err, TL_E_IO, "cannot start a process to check %s: %s", path,
             strerror(why));
    pid_t got;
    do got = waitpid(child, &ended, 0);
    while (got < 0 && errno == EINTR);
    /* If the system reaps children, the child's status is unknown. */
    return got == child ? judge(path, ended, memory, text, err) : TL_OK;
}

tl_status tl_result_read(const char *path, tl_arena *arena, tl_table **out, tl_err *err)
{
    TL_TRY(tl_result_guard(path, try_table, NULL, tl_arena_left(arena), err));
    return tl_result_load(path, arena, out, err);
}

tl_status tl_result_origin_read(const char *path, tl_result_origin *out, tl_err *err)
{
    enum { ORIGIN_BYTES = 16 << 20 };
    TL_TRY(tl_result_guard(path, try_origin, NULL, ORIGIN_BYTES, err));
    return tl_result_origin_load(path, out, err);
}
