#include "compute/core/log.h"

#include "compute/core/print.h"

#include <stdarg.h>
#include <stdio.h>
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
    char line[1024];
    const int length =
        tl_log_setting.rank > 0
            ? snprintf(line, sizeof line, "threatloop: %s: rank %d: ", word[level],
                       tl_log_setting.rank)
            : snprintf(line, sizeof line, "threatloop: %s: ", word[level]);
    va_list args;
    va_start(args, format);
    size_t all = (size_t)length;
    all += tl_print_into(line + all, sizeof line - all - 1, format, args);
    va_end(args);
    line[all++] = '\n';
    const ssize_t written = write(STDERR_FILENO, line, all);
    (void)written; /* nowhere to report it */
}
