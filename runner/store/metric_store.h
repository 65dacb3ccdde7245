/*
 * The measures of millions of steps in few bytes: for each metric 1, 8 for its value, and
 * 0, 4 or 8 for its number of cases.
 */
#ifndef TL_RUNNER_STORE_METRIC_STORE_H
#define TL_RUNNER_STORE_METRIC_STORE_H

#include "compute/core/status.h"
#include "experiments/stage/metric.h"

/** Measures of many steps; grows and never moves what it holds. Zero is an empty one; the
 * fields are private. */
typedef struct tl_measure_store {
    unsigned char **block; /* [blocks] of fixed size, each filled to its end but the last */
    uint32_t blocks, space;
    uint32_t used; /* units of the last block */
} tl_measure_store;

/**
 * Keeps measure [count], count <= TL_MAX_METRICS. \param at  result: its place, never 0
 * \return TL_E_NOMEM if the system has no memory or 16 GiB are full
 */
TL_MUST_USE tl_status tl_measure_store_put(tl_measure_store *store,
                                           const tl_measure *measure, int count,
                                           uint32_t *at, tl_err *err);

/** Sets `measure` to what was put `at`, bit for bit. \return count */
int tl_measure_store_get(const tl_measure_store *store, uint32_t at,
                         tl_measure measure[TL_MAX_METRICS]);

/** Frees its memory and leaves an empty one. */
void tl_measure_store_close(tl_measure_store *store);

#endif
