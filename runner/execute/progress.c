#include "runner/execute/progress.h"

#include "compute/core/print.h"
#include "compute/core/log.h"
#include "compute/core/terminal.h"
#include "compute/core/text.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

enum { WIDTH = 80 /* of a terminal that does not say */ };

static const double LINE_EVERY = 60.0; /* seconds, in a log */

char *tl_progress_line(const tl_scheduler_counts *counts, double seconds, int columns,
                       char *line, size_t space)
{
    const uint32_t *in = counts->in;
    uint32_t all = 0;
    for (int s = 0; s < TL_STEP_STATES; s++) all += in[s];
    const uint32_t bad =
        in[TL_STEP_FAILED] + in[TL_STEP_DIVERGED] + in[TL_STEP_LOST] + in[TL_STEP_SKIPPED];
    const uint32_t ended = in[TL_STEP_DONE] + bad;
    const double percent = all ? 100.0 * ended / all : 100.0;
    char elapsed[32], least[32], most[32], trouble[64] = "";
    (void)tl_text_span(seconds, elapsed);
    (void)tl_text_span(counts->left.least, least);
    (void)tl_text_span(counts->left.most, most);
    if (bad > 0) (void)snprintf(trouble, sizeof trouble, ", %u failed or skipped", bad);
    /* From long to short; the first that fits. */
    for (int form = 0; form < 4; form++) {
        int length = 0;
        if (form == 0)
            length = snprintf(
                line, space,
                "%u of %u steps (%.0f %%)%s, %u running, %s elapsed, %s to %s left", ended,
                all, percent, trouble, in[TL_STEP_RUNNING], elapsed, least, most);
        else if (form == 1)
            length = snprintf(line, space, "%u of %u steps (%.0f %%)%s, %s to %s left",
                              ended, all, percent, trouble, least, most);
        else if (form == 2)
            length = snprintf(line, space, "%u of %u steps, %u bad", ended, all, bad);
        else
            length = snprintf(line, space, "%.0f %%", percent);
        if (length <= columns) break;
    }
    return line;
}

/* The live line, padded over what stood there; the last column stays free, since a terminal
 * may begin a new line after it. */
static void show_live(const tl_scheduler *scheduler, double seconds, const char *ending)
{
    char line[200];
    const tl_scheduler_counts counts = tl_scheduler_count(scheduler);
    int columns = tl_terminal_columns(STDERR_FILENO);
    columns = (columns > 0 ? columns : WIDTH) - 1;
    if (columns > (int)sizeof line - 1) columns = (int)sizeof line - 1;
    tl_print(stderr, "\r%-*s%s", columns,
             tl_progress_line(&counts, seconds, columns, line, sizeof line), ending);
}

void tl_progress_show(const tl_scheduler *scheduler, double seconds)
{
    char line[200];
    if (isatty(STDERR_FILENO)) {
        show_live(scheduler, seconds, "");
        return;
    }
    /* Called about four times a second: prints in the call that crosses a minute. */
    if (floor(seconds / LINE_EVERY) == floor((seconds - 0.3) / LINE_EVERY)) return;
    if (seconds < LINE_EVERY) return;
    const tl_scheduler_counts counts = tl_scheduler_count(scheduler);
    tl_log(TL_LOG_INFO, "%s",
           tl_progress_line(&counts, seconds, INT_MAX, line, sizeof line));
}

void tl_progress_end(const tl_scheduler *scheduler, double seconds)
{
    if (isatty(STDERR_FILENO)) show_live(scheduler, seconds, "\n");
}
