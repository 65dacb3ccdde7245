/*
 * Memory that the processes of one node share, as a record of operations: one process
 * publishes blocks of bytes, the others find them by key and read them.
 */
#ifndef TL_COMPUTE_DATA_SHARED_BLOCKS_H
#define TL_COMPUTE_DATA_SHARED_BLOCKS_H

#include "compute/core/hash.h"

/** Operations on shared blocks. Blocks live as long as the implementation. */
typedef struct tl_shared_blocks {
    void *self;     /**< borrowed; passed to all operations */
    bool publishes; /**< this process publishes; otherwise it finds */

    /** The block of `key`, read-only (a write ends the process), or NULL if there is none
     * or it cannot be mapped. \param n result, its bytes */
    void *(*find)(void *self, const tl_key *key, size_t *n);

    /** A block of `n` zeroed bytes to fill; NULL if there is no memory. */
    void *(*begin)(void *self, const tl_key *key, size_t n);

    /** Publishes `block`, the last one begun, once it is filled. The result is at another
     * address and read-only, or NULL on failure; `block` is invalid either way. */
    void *(*end)(void *self, void *block);
} tl_shared_blocks;

#endif
