/*
 * What the bytes of a result depend on besides plan and data: the build and the processor.
 */
#ifndef TL_RUNNER_EXECUTE_BUILD_ID_H
#define TL_RUNNER_EXECUTE_BUILD_ID_H

#include "compute/core/status.h"

/** One line of JSON: version, build, compiler, BLAS, its core, our kernels. Equal build ids
 * give equal bits. Owned by the caller. */
char *tl_run_head(void);

#endif
