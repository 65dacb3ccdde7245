#include "compute/core/log.h"

#include "compute/core/text.h"

#include <stdarg.h>
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
    tl_text line = {0};
    tl_text_print(&line, "threatloop: %s: ", word[level]);
    if (tl_log_setting.rank > 0) tl_text_print(&line, "rank %d: ", tl_log_setting.rank);
    va_list args;
    va_start(args, format);
    tl_text_print_list(&line, format, args);
    va_end(args);
    tl_text_add(&line, "\n");
    if (line.at) {
        const ssize_t written = write(STDERR_FILENO, line.at, line.length);
        (void)written; /* nowhere to report it */
    }
    tl_text_close(&line);
}
