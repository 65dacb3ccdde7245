/*
 * Statistics of a journal: steps by outcome, in all and by stage. A step counts once, by
 * its last record; one that is done stays done.
 */
#ifndef TL_RUNNER_STORE_JOURNAL_STATS_H
#define TL_RUNNER_STORE_JOURNAL_STATS_H

#include "compute/core/key_table.h"
#include "runner/store/journal.h"

/** Steps, counted by their last record. */
typedef struct tl_journal_counts {
    long count[TL_RECORD_LOST + 1]; /**< by kind of record; HEAD: always 0 */
    double seconds;                 /**< sum over the steps that are done */
} tl_journal_counts;

/** The steps of one stage. */
typedef struct tl_journal_stats_stage {
    char *name; /**< owned */
    tl_journal_counts counts;
} tl_journal_stats_stage;

/** Statistics of a whole journal; fields from `step` on are private. */
typedef struct tl_journal_stats {
    tl_journal_counts all;
    double rank_seconds; /**< seconds times ranks, sum over the steps that are done */
    double last;         /**< when the last record was written, seconds since 1970 */
    tl_journal_stats_stage *stage; /**< [stages], in the order they turned up */
    int stages;
    struct tl_journal_stats_step *step; /* [space] by number */
    tl_key_table numbers;
    uint32_t space;
} tl_journal_stats;

/** Reads the journal at `path` in a private folder (NULL: any place) into `out`, which
 * needs no close after an error. \return as tl_journal_read */
TL_MUST_USE tl_status tl_journal_stats_read(const tl_folder *folder, const char *path,
                                            tl_journal_stats *out, tl_err *err);

/** Frees its memory and leaves zero. */
void tl_journal_stats_close(tl_journal_stats *stats);

#endif
