/*
 * The clock: what waiting and working is measured by. It never goes back.
 */
#ifndef TL_COMPUTE_CORE_CLOCK_H
#define TL_COMPUTE_CORE_CLOCK_H

/** Seconds since some moment, the same for all threads of a process. */
double tl_seconds(void);

#endif
