/*
 * A result file is read twice: first by a child that may crash or loop for ever inside
 * HDF5, which trusts data that its checksums do not cover (1.10.8 does both); then, if the
 * child succeeded, by the caller. Both read the same bytes, so the second reading behaves
 * like the first.
 */
#include "analysis/table/result_file.h"

#include "compute/core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* CPU seconds that reading may take: far more than any of our files needs. */
enum { SECONDS = 10, BYTES_A_SECOND = 1 << 20 };

/* What the child tries. */
typedef tl_status (*reader)(const char *path, tl_arena *arena);

static tl_status try_table(const char *path, tl_arena *arena)
{
    tl_table *table;
    return tl_result_load(path, arena, &table, NULL);
}

static tl_status try_origin(const char *path, tl_arena *arena)
{
    tl_result_origin origin;
    (void)arena;
    return tl_result_origin_load(path, &origin, NULL);
}

/* Run by the child; silent, since the caller reads again. */
_Noreturn static void try_it(const char *path, size_t bytes, reader read)
{
    const int nowhere = open("/dev/null", O_WRONLY);
    const rlim_t seconds = (rlim_t)(SECONDS + bytes / BYTES_A_SECOND);
    const struct rlimit time = {seconds, seconds}, core = {0, 0};
    (void)dup2(nowhere, STDERR_FILENO);
    (void)setrlimit(RLIMIT_CPU, &time);
    (void)setrlimit(RLIMIT_CORE, &core);
    tl_arena arena = tl_arena_open(0);
    const tl_status status = read(path, &arena);
    (void)status;
    _exit(0);
}

static tl_status judge(const char *path, int ended, tl_err *err)
{
    if (WIFEXITED(ended) && WEXITSTATUS(ended) == 0) return TL_OK;
    const int signal = WIFSIGNALED(ended) ? WTERMSIG(ended) : 0;
    const bool is_killed = signal == SIGKILL || signal == SIGXCPU;
    return tl_fail(err, TL_E_FORMAT,
                   "%s is damaged: the NetCDF library %s on it; threatloop run --resume "
                   "--force writes it again from its run directory",
                   path, is_killed ? "hangs" : "crashes");
}

static tl_status try_in_child(const char *path, reader read, tl_err *err)
{
    uint64_t bytes;
    int file;
    TL_TRY(tl_file_open(NULL, path, &file, &bytes, err));
    (void)close(file);
    const pid_t child = fork();
    TL_CHECK(child >= 0, err, TL_E_IO, "cannot start a process to check %s: %s", path,
             strerror(errno));
    if (child == 0) try_it(path, (size_t)bytes, read);
    int ended = 0;
    pid_t got;
    do got = waitpid(child, &ended, 0);
    while (got < 0 && errno == EINTR);
    /* If the system reaps children, the child's status is unknown. */
    return got == child ? judge(path, ended, err) : TL_OK;
}

tl_status tl_result_read(const char *path, tl_arena *arena, tl_table **out, tl_err *err)
{
    TL_TRY(try_in_child(path, try_table, err));
    return tl_result_load(path, arena, out, err);
}

tl_status tl_result_origin_read(const char *path, tl_result_origin *out, tl_err *err)
{
    TL_TRY(try_in_child(path, try_origin, err));
    return tl_result_origin_load(path, out, err);
}
