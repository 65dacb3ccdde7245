/*
 * The clock: what waiting and working is measured by. It never goes back.
 */
#ifndef TL_COMPUTE_CORE_CLOCK_H
#define TL_COMPUTE_CORE_CLOCK_H

/** Seconds since some moment, the same for all threads of a process. */
double tl_seconds(void);

/** Seconds that cores have worked for this process, all its threads together: beside
 * tl_seconds, it shows how much of the time other programs had the core. */
double tl_cpu_seconds(void);

#endif
