/*
 * What a run's bits depend on beside plan and data: the build and the processor. And when
 * it must end.
 */
#ifndef TL_RUNNER_RUN_HEAD_H
#define TL_RUNNER_RUN_HEAD_H

#include "compute/core/status.h"

/** One line of JSON: version, build, compiler, BLAS, its core, our kernels. Equal heads
 * give equal bits. Owned.
 */
char *tl_run_head(void);

/**
 * When to stop early, on the clock of tl_cluster_seconds: `walltime` seconds from now, or
 * the job's end as Slurm tells it (SLURM_JOB_END_TIME), less `margin`. 0: never.
 */
double tl_run_deadline(double walltime, double margin);

#endif
