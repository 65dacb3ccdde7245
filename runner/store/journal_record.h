/*
 * A record of the journal: what happened to a step, or which build began or resumed a run.
 */
#ifndef TL_RUNNER_STORE_JOURNAL_RECORD_H
#define TL_RUNNER_STORE_JOURNAL_RECORD_H

#include "compute/core/hash.h"
#include "experiments/stage/metric.h"

/** What happened to the step; HEAD: the run began or resumed. */
typedef enum tl_record_kind {
    TL_RECORD_HEAD,
    TL_RECORD_START,
    TL_RECORD_DONE,
    TL_RECORD_FAILED,
    TL_RECORD_DIVERGED,
    TL_RECORD_LOST
} tl_record_kind;

/** One record. Which fields matter depends on the kind. */
typedef struct tl_record {
    tl_record_kind kind;
    tl_key key;        /**< of the step (all but HEAD) */
    const char *stage; /**< START, DONE...: name of the stage, for readers */
    int first, width;  /**< ranks */
    double seconds;    /**< DONE: time it took */
    int measures;
    const tl_measure *measure; /**< DONE: [measures] */
    const char *text;          /**< FAILED, DIVERGED, LOST: the reason; HEAD: the build */
    uint32_t build;            /**< DONE: CRC-32 of its head's text; 0: unknown */
    double when;               /**< seconds since 1970; 0 when put: now */
} tl_record;

#endif
