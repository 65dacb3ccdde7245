/*
 * Memory that the processes of one node have in common, as a record of operations: one
 * process publishes blocks of bytes, the others find them by their keys and read them.
 */
#ifndef TL_COMPUTE_DATA_SHARED_BLOCKS_H
#define TL_COMPUTE_DATA_SHARED_BLOCKS_H

#include "compute/core/hash.h"

/** Where blocks are published and found, as a record of operations. */
typedef struct tl_commons {
    void *self;     /**< handed to all operations, which own it */
    bool publishes; /**< this process does; else it finds */
    /** The block called `key`, which is read-only (a write ends the process), or NULL where
     * there is none or it cannot be had. \param n result, its bytes */
    void *(*find)(void *self, const tl_key *key, size_t *n);
    /** Room for a block of `n` bytes, zeroed, to be filled; or NULL where it cannot be. */
    void *(*begin)(void *self, const tl_key *key, size_t n);
    /** What was begun last, filled: from now on the others find it. It moves, and is
     * read-only; NULL where it cannot be published, and `room` is gone. */
    void *(*end)(void *self, void *room);
} tl_commons;

#endif
