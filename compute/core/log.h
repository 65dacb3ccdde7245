/*
 * Lines for people and log files, to stderr: "threatloop: level: text key=value". Results
 * never go here. Rank 0 logs; other ranks only warn, with their rank.
 */
#ifndef TL_COMPUTE_CORE_LOG_H
#define TL_COMPUTE_CORE_LOG_H

#include "compute/core/status.h"

/** Severity of a line, highest first. */
typedef enum tl_log_level {
    TL_LOG_ERROR,
    TL_LOG_WARN,
    TL_LOG_INFO,
    TL_LOG_DEBUG
} tl_log_level;

/** Lines above `level` are dropped from now on. `rank` < 0: not under MPI. */
void tl_log_set(tl_log_level level, int rank);

/** Writes one whole line in one write; lines that belong to it may follow in the text. */
void tl_log(tl_log_level level, const char *format, ...) TL_PRINTF(2, 3);

#endif
