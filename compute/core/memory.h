/*
 * How much memory this process may have, as the system and its limits say.
 */
#ifndef TL_COMPUTE_CORE_MEMORY_H
#define TL_COMPUTE_CORE_MEMORY_H

/**
 * Bytes: the least of what the machine has, what the process is limited to (ulimit -v) and
 * what its control groups allow (as Slurm and containers set them). What other processes
 * use is not taken off.
 */
double tl_memory_allowed(void);

#endif
