/*
 * How much memory this process is allowed to use.
 */
#ifndef TL_COMPUTE_CORE_MEMORY_H
#define TL_COMPUTE_CORE_MEMORY_H

#include <stddef.h>

/**
 * Bytes: the minimum of the machine's memory, the process limit (ulimit -v) and the limits
 * of its control groups (set by Slurm and containers). Use by other processes is not
 * subtracted.
 */
double tl_memory_allowed(void);

/** Bytes that files from outside may become in memory where --memory says nothing: all data
 * of a plan, all result files of a command. They are few beside a machine's, so that a
 * small file which is huge inside takes no more. */
#define TL_MEMORY_DATA 0x1p32
#define TL_MEMORY_TABLES 0x1p30

/** Bytes that may be taken in all, for the limit of an arena: `wanted` (--memory) or, if
 * that is 0, `usual`; at most tl_memory_allowed. */
size_t tl_memory_account(double wanted, double usual);

#endif
