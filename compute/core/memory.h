/*
 * How much memory this process is allowed to use.
 */
#ifndef TL_COMPUTE_CORE_MEMORY_H
#define TL_COMPUTE_CORE_MEMORY_H

/**
 * Bytes: the minimum of the machine's memory, the process limit (ulimit -v) and the limits
 * of its control groups (set by Slurm and containers). Use by other processes is not
 * subtracted.
 */
double tl_memory_allowed(void);

#endif
