/*
 * Clocks, in seconds, and sleep: the only place that asks the system for the time.
 */
#ifndef TL_COMPUTE_CORE_CLOCK_H
#define TL_COMPUTE_CORE_CLOCK_H

/** Seconds since some moment, the same for all threads of a process; never goes back. */
double tl_seconds(void);

/** Seconds since 1970, by the system's clock. */
double tl_unix_seconds(void);

/** Seconds of processor time that this process has used. */
double tl_cpu_seconds(void);

/** Seconds of processor time that this thread has used. */
double tl_thread_cpu_seconds(void);

/** Sleeps for `seconds`, not shortened by signals; returns at once unless it is above 0. */
void tl_sleep(double seconds);

#endif
