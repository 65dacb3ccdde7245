/*
 * Open addressing with linear probing; at most half of the slots are taken.
 */
#include "compute/core/key_table.h"

#include <stdlib.h>
#include <string.h>

enum { MIN_SLOTS = 1024 };

static const tl_key *key_at(const void *entry, size_t size, uint32_t number)
{
    return (const tl_key *)(const void *)((const char *)entry + number * size);
}

/* Keys are hashes, but tests make them by hand, so they are mixed once. */
static uint32_t first_slot(const tl_key_table *table, const tl_key *key)
{
    uint64_t half[2];
    memcpy(half, key->byte, sizeof half);
    uint64_t mixed = half[0] ^ (half[1] * UINT64_C(0x9e3779b97f4a7c15));
    mixed = (mixed ^ (mixed >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    return (uint32_t)(mixed >> 32) & (table->slots - 1);
}

/* The slot that holds `key`, or the free one where it belongs. */
static uint32_t *slot_of(const tl_key_table *table, const void *entry, size_t size,
                         const tl_key *key)
{
    uint32_t at = first_slot(table, key);
    while (table->slot[at] != 0 &&
           !tl_key_equal(key_at(entry, size, table->slot[at] - 1), key))
        at = (at + 1) & (table->slots - 1);
    return &table->slot[at];
}

uint32_t tl_key_table_find(const tl_key_table *table, const void *entry, size_t size,
                           const tl_key *key)
{
    if (table->count == 0) return TL_NO_ENTRY;
    const uint32_t held = *slot_of(table, entry, size, key);
    return held ? held - 1 : TL_NO_ENTRY;
}

static tl_status grow(tl_key_table *table, const void *entry, size_t size, tl_err *err)
{
    const uint32_t slots = table->slots ? 2 * table->slots : MIN_SLOTS;
    uint32_t *slot = slots > table->slots ? calloc(slots, sizeof *slot) : NULL;
    TL_CHECK(slot, err, TL_E_NOMEM, "no memory for a table of %u keys", table->count);
    free(table->slot);
    table->slot = slot;
    table->slots = slots;
    for (uint32_t i = 0; i < table->count; i++)
        *slot_of(table, entry, size, key_at(entry, size, i)) = i + 1;
    return TL_OK;
}

tl_status tl_key_table_add(tl_key_table *table, const void *entry, size_t size, tl_err *err)
{
    if (table->count >= table->slots / 2) TL_TRY(grow(table, entry, size, err));
    uint32_t *slot = slot_of(table, entry, size, key_at(entry, size, table->count));
    TL_INVARIANT(*slot == 0);
    *slot = ++table->count;
    return TL_OK;
}

void tl_key_table_close(tl_key_table *table)
{
    free(table->slot);
    *table = (tl_key_table){0};
}
