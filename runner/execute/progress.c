#include "runner/execute/progress.h"

#include "compute/core/log.h"
#include "compute/core/print.h"
#include "compute/core/text.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

static const double LINE_EVERY = 60.0; /* seconds, in a log */

static void line_of(const tl_scheduler *scheduler, double seconds, char *line, size_t space)
{
    const tl_scheduler_counts counts = tl_scheduler_count(scheduler);
    uint32_t all = 0, bad = 0;
    for (int s = 0; s < TL_STEP_STATES; s++) all += counts.in[s];
    bad = counts.in[TL_STEP_FAILED] + counts.in[TL_STEP_DIVERGED] +
          counts.in[TL_STEP_LOST] + counts.in[TL_STEP_SKIPPED];
    const uint32_t ended = counts.in[TL_STEP_DONE] + bad;
    char elapsed[32], least[32], most[32], trouble[64] = "";
    if (bad > 0) (void)snprintf(trouble, sizeof trouble, ", %u failed or skipped", bad);
    (void)snprintf(
        line, space, "%u of %u steps (%.0f %%)%s, %u running, %s elapsed, %s to %s left",
        ended, all, all ? 100.0 * ended / all : 100.0, trouble, counts.in[TL_STEP_RUNNING],
        tl_text_span(seconds, elapsed), tl_text_span(counts.left.least, least),
        tl_text_span(counts.left.most, most));
}

void tl_progress_show(const tl_scheduler *scheduler, double seconds)
{
    char line[200];
    if (isatty(STDERR_FILENO)) {
        line_of(scheduler, seconds, line, sizeof line);
        tl_print(stderr, "\r%-90s", line);
        return;
    }
    /* Called about four times a second: prints in the call that crosses a minute. */
    if (floor(seconds / LINE_EVERY) == floor((seconds - 0.3) / LINE_EVERY)) return;
    if (seconds < LINE_EVERY) return;
    line_of(scheduler, seconds, line, sizeof line);
    tl_log(TL_LOG_INFO, "%s", line);
}

void tl_progress_end(const tl_scheduler *scheduler, double seconds)
{
    char line[200];
    if (!isatty(STDERR_FILENO)) return;
    line_of(scheduler, seconds, line, sizeof line);
    tl_print(stderr, "\r%-90s\n", line);
}
