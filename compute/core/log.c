#include "compute/core/log.h"

#include "compute/core/print.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
    tl_log_level level;
    int rank;
} tl_log_setting = {TL_LOG_INFO, -1};

void tl_log_set(tl_log_level level, int rank)
{
    tl_log_setting.level = level;
    tl_log_setting.rank = rank;
}

void tl_log(tl_log_level level, const char *format, ...)
{
    static const char *const word[] = {"error", "warning", "info", "debug"};
    if (level > tl_log_setting.level) return;
    if (tl_log_setting.rank > 0 && level > TL_LOG_WARN &&
        tl_log_setting.level < TL_LOG_DEBUG) {
        return;
    }
    char start[64];
    if (tl_log_setting.rank > 0)
        (void)snprintf(start, sizeof start, "threatloop: %s: rank %d: ", word[level],
                       tl_log_setting.rank);
    else
        (void)snprintf(start, sizeof start, "threatloop: %s: ", word[level]);
    va_list args;
    va_start(args, format);
    char *line = tl_print_whole(start, format, args);
    va_end(args);
    if (!line) return;
    const size_t all = strlen(line);
    line[all] = '\n'; /* in place of the NUL */
    const ssize_t written = write(STDERR_FILENO, line, all + 1);
    (void)written; /* nowhere to report it */
    free(line);
}
