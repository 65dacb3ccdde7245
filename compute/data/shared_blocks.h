/*
 * Memory that the processes of one node share, as a record of operations: one process
 * publishes blocks of bytes, the others find them by their keys and read them.
 */
#ifndef TL_COMPUTE_DATA_SHARED_BLOCKS_H
#define TL_COMPUTE_DATA_SHARED_BLOCKS_H

#include "compute/core/hash.h"

/** What a process can do with shared blocks. Blocks live as long as the implementation. */
typedef struct tl_shared_blocks {
    void *self;     /**< borrowed; passed to all operations */
    bool publishes; /**< this process publishes; otherwise it finds */

    /** The block of `key`, read-only (a write ends the process), or NULL where there is
     * none or it cannot be mapped. \param n result, its bytes */
    void *(*find)(void *self, const tl_key *key, size_t *n);

    /** A block of `n` zeroed bytes, to be filled; NULL where there is no room. */
    void *(*begin)(void *self, const tl_key *key, size_t n);

    /** Publishes `block`, the last one begun, once it is filled. It moves: the result is
     * read-only, and NULL where it cannot be published; `block` is gone either way. */
    void *(*end)(void *self, void *block);
} tl_shared_blocks;

#endif
