/*
 * The data of a source, filled in by the readers of formats, and the parameters of one.
 */
#ifndef TL_COMPUTE_DATA_SOURCE_DATA_H
#define TL_COMPUTE_DATA_SOURCE_DATA_H

#include "compute/core/hash.h"
#include "compute/data/dataset.h"

#include <stdbool.h>

/** The official splits of a source. */
enum { TL_SPLIT_TRAIN, TL_SPLIT_VALIDATION, TL_SPLIT_TEST, TL_SPLITS };

/** Bounds of tl_source_want.context. */
enum { TL_CONTEXT_LEAST = 2, TL_CONTEXT_MOST = 65536 };

/** Parameters of a source besides its name; each kind uses some of them. */
typedef struct tl_source_want {
    int examples;      /**< generated: rows to make */
    int classes;       /**< generated: lesions 2 .. 10, markov 2 .. 65536 */
    double difficulty; /**< generated: 0 easy .. 1 hard */
    int context;       /**< tokens: of a row, TL_CONTEXT_LEAST .. TL_CONTEXT_MOST */
    bool is_outline;   /**< generated: without rows, for predictions; see tl_source_open */
} tl_source_want;

/**
 * How many images have a near-duplicate, exact ones included; of tokens, how many rows have
 * an exact duplicate.
 */
typedef struct tl_near_duplicate_counts {
    int all; /**< of the source, in any of its splits */
    int validation,
        test; /**< of an official split, with the duplicate in the training split */
} tl_near_duplicate_counts;

/** An open source; everything is in the arena it was opened in. */
typedef struct tl_source {
    const char *name;
    tl_dataset all;      /**< official splits one after the other; no flags set */
    int rows[TL_SPLITS]; /**< rows of each official split; all in TRAIN where none exist */
    bool has_splits;     /**< the source comes with official splits */
    int distinct;        /**< rows that are no exact duplicate of one before */
    int32_t *group;      /**< [all.rows] equal number = exact duplicates (same pixels; of
                            tokens, the token that follows is the same too) */
    int32_t *duplicate_of; /**< [all.rows] equal number = near-duplicates, see
                              tl_near_duplicates_find */
    tl_near_duplicate_counts near_duplicates;
    tl_key content;   /**< hash of decoded pixels, labels and splits */
    const char *note; /**< "official file", "not the official file: md5 ...", "generated";
                         and how many near-duplicates there are, if any */
} tl_source;

#endif
