#include "tests/fuzz/fuzz.h"

#include "compute/core/log.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH = 512 };

static char folder[PATH];

static int drop(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

static void drop_folder(void)
{
    (void)nftw(folder, drop, 16, FTW_DEPTH | FTW_PHYS);
}

/* A tool that cannot have its files has nothing to report. */
static void give_up(const char *what)
{
    perror(what);
    exit(2);
}

const char *fuzz_folder(void)
{
    if (folder[0]) return folder;
    const char *temporary = getenv("TMPDIR");
    if (!temporary) temporary = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    (void)snprintf(folder, sizeof folder, "%s/tl_fuzz.XXXXXX", temporary);
    if (!mkdtemp(folder)) give_up(folder);
    (void)atexit(drop_folder);
    return folder;
}

const char *fuzz_file(const char *name, const void *bytes, size_t n)
{
    static char paths[2][2 * PATH];
    static int turn;
    turn = 1 - turn;
    char *path = paths[turn];
    (void)snprintf(path, sizeof paths[0], "%s/%s", fuzz_folder(), name);
    const size_t root = strlen(folder) + 1;
    for (char *slash = strchr(path + root, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
    const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || write(file, n > 0 ? bytes : "", n) != (ssize_t)n) give_up(path);
    (void)close(file);
    return path;
}

unsigned fuzz_byte(fuzz_bytes *from)
{
    if (from->left == 0) return 0;
    from->left--;
    return *from->at++;
}

fuzz_bytes fuzz_piece(fuzz_bytes *from, size_t n)
{
    const fuzz_bytes piece = {from->at, n < from->left ? n : from->left};
    from->at += piece.left;
    from->left -= piece.left;
    return piece;
}

fuzz_bytes fuzz_measured(fuzz_bytes *from)
{
    const unsigned low = fuzz_byte(from);
    return fuzz_piece(from, low | fuzz_byte(from) << 8);
}

void fuzz_quiet(void)
{
    tl_log_set(TL_LOG_ERROR, -1);
}
