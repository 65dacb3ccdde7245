#include "runner/execute/deadline.h"

#include "compute/core/clock.h"
#include "compute/core/text.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const double TEN_YEARS = 10 * 366 * 86400.0; /* s */
static const double SAVE_FACTOR = 20.0; /* writing results over opening a sweep */
static const double LEAVE_TIME = 4.0;   /* s */

/* Seconds from now to the time in a variable; 0 where it is unset or 0. */
static tl_status read_moment(const char *name, bool may_be_past, double *left, tl_err *err)
{
    const char *text = getenv(name);
    *left = 0.0;
    if (!text || !*text || strcmp(text, "0") == 0) return TL_OK;
    const double now = (double)time(NULL);
    const bool is_number = strspn(text, "0123456789") == strlen(text);
    const double moment = is_number ? strtod(text, NULL) : 0.0;
    TL_CHECK(is_number && moment < now + TEN_YEARS, err, TL_E_ARG,
             "%s=%s: give the end in seconds since 1970 (now: %.0f)", name, TL_BRIEF(text),
             now);
    TL_CHECK(moment > now || may_be_past, err, TL_E_ARG, "%s=%s is in the past (now: %.0f)",
             name, TL_BRIEF(text), now);
    *left = fmax(moment - now, 0.0);
    return TL_OK;
}

tl_status tl_run_deadline_find(double walltime, double begun, tl_run_deadline *out,
                               tl_err *err)
{
    double given, slurm;
    *out = (tl_run_deadline){.begun = begun};
    TL_TRY(read_moment("THREATLOOP_DEADLINE", false, &given, err));
    TL_TRY(read_moment("SLURM_JOB_END_TIME", true, &slurm, err));
    if (walltime > 0.0) {
        out->end = begun + walltime;
        out->why = "--walltime";
    }
    const double job = given > 0.0 ? given : slurm;
    const double end = tl_seconds() + job;
    if (job > 0.0 && (!(walltime > 0.0) || end < out->end)) {
        out->end = end;
        out->why = getenv("SLURM_JOB_ID") ? "the end of the Slurm job"
                   : given > 0.0          ? "THREATLOOP_DEADLINE"
                                          : "SLURM_JOB_END_TIME";
    }
    return TL_OK;
}

void tl_run_deadline_reserve(tl_run_deadline *deadline, double opened)
{
    if (!(deadline->end > 0.0)) return;
    const double span = deadline->end - deadline->begun;
    deadline->stop = deadline->end - fmin(SAVE_FACTOR * opened, span / 2.0) -
                     fmin(LEAVE_TIME, span / 4.0);
}
