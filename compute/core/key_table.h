/*
 * A hash table from keys to indices in an array that its owner keeps.
 */
#ifndef TL_COMPUTE_CORE_KEY_TABLE_H
#define TL_COMPUTE_CORE_KEY_TABLE_H

#include "compute/core/hash.h"

#define TL_NO_ENTRY UINT32_MAX /**< the number of no entry: the key is not there */

/** Indexes the entries of the owner's array, each of which begins with its tl_key, in the
 * order they were added. Zero is an empty table; close with tl_key_table_close. */
typedef struct tl_key_table {
    uint32_t *slot; /**< [slots] number + 1 of the entry hashed here, or 0 */
    uint32_t slots, count;
} tl_key_table;

/** Looks `key` up. \param entry [count] borrowed, `size` bytes each \return the entry's
 * number, or TL_NO_ENTRY */
uint32_t tl_key_table_find(const tl_key_table *table, const void *entry, size_t size,
                           const tl_key *key);

/**
 * Adds entry number `count`, whose key is not in the table yet.
 * \param entry [count + 1] borrowed, `size` bytes each
 * \return TL_E_NOMEM, nothing added
 */
TL_MUST_USE tl_status tl_key_table_add(tl_key_table *table, const void *entry, size_t size,
                                       tl_err *err);

/** Frees the table and leaves an empty one; the entries are their owner's. */
void tl_key_table_close(tl_key_table *table);

#endif
