#include "cluster/comm/exit_code.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static const char *path_of_file(void)
{
    const char *path = getenv("THREATLOOP_EXIT_FILE");
    return path && path[0] ? path : NULL;
}

/* The lock is released when the process ends, in any way, so the file is never closed. */
void tl_exit_code_begin(void)
{
    const char *path = path_of_file();
    const int file = path ? open(path, O_WRONLY | O_CLOEXEC) : -1;
    if (file < 0) return;
    const bool is_locked = flock(file, LOCK_EX | LOCK_NB) == 0;
    const char *word = is_locked ? "locked\n" : "begun\n";
    const ssize_t written = write(file, word, strlen(word));
    (void)written; /* launch then only knows less */
}

int tl_exit_code_report(int code, bool leads)
{
    const char *path = path_of_file();
    if (!path) return code;
    if (!leads) return 0;
    FILE *file = fopen(path, "w");
    if (!file) return code;
    const bool is_written = fprintf(file, "%d\n", code) > 0;
    return fclose(file) == 0 && is_written ? 0 : code;
}
