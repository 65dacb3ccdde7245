/*
 * Progress for people, on stderr: a live line on a terminal, a plain line per minute in a
 * log.
 */
#ifndef TL_RUNNER_EXECUTE_PROGRESS_H
#define TL_RUNNER_EXECUTE_PROGRESS_H

#include "runner/schedule/scheduler.h"

/** Writes how far a sweep is, `seconds` after its start, into `line` [space], at most
 * `columns` long: with fewer, it says less, and never a part of a number. \return `line` */
char *tl_progress_line(const tl_scheduler_counts *counts, double seconds, int columns,
                       char *line, size_t space);

/** Shows how far the sweep is, `seconds` after its start, if it is time. */
void tl_progress_show(const tl_scheduler *scheduler, double seconds);

/** Ends the live line with the last state. */
void tl_progress_end(const tl_scheduler *scheduler, double seconds);

#endif
