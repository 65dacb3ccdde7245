/*
 * Progress for people, to stderr: one live line on a terminal, one plain line a minute in a
 * log.
 */
#ifndef TL_RUNNER_EXECUTE_PROGRESS_H
#define TL_RUNNER_EXECUTE_PROGRESS_H

#include "runner/schedule/scheduler.h"

/** Shows how far the sweep is, `seconds` after its start, if it is time to. */
void tl_progress_show(const tl_scheduler *scheduler, double seconds);

/** Ends the live line with the last state. */
void tl_progress_end(const tl_scheduler *scheduler, double seconds);

#endif
