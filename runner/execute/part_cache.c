#include "runner/execute/part_cache.h"

#include <stdlib.h>

tl_cached *tl_cache_get(tl_cache *cache, const tl_key *key)
{
    for (tl_cached *entry = cache->first; entry; entry = entry->next) {
        if (!tl_key_equal(&entry->key, key)) continue;
        entry->used = cache->now;
        return entry;
    }
    return NULL;
}

tl_cached *tl_cache_make(tl_cache *cache, const tl_key *key, tl_err *err)
{
    tl_cached *entry = calloc(1, sizeof *entry);
    if (!entry) {
        (void)tl_fail(err, TL_E_NOMEM, "no memory for a cache entry");
        return NULL;
    }
    entry->key = *key;
    entry->arena = tl_arena_open(0);
    entry->used = cache->now;
    return entry;
}

tl_status tl_cache_rest(tl_cached *entry, tl_cached *base, tl_err *err)
{
    for (int i = 0; i < entry->bases; i++) {
        if (entry->base[i] == base) return TL_OK;
    }
    tl_cached **longer = realloc(entry->base, ((size_t)entry->bases + 1) * sizeof *longer);
    TL_CHECK(longer, err, TL_E_NOMEM, "no memory for a cache entry");
    entry->base = longer;
    entry->base[entry->bases++] = base;
    base->rests++;
    return TL_OK;
}

void tl_cache_put(tl_cache *cache, tl_cached *entry)
{
    entry->used = cache->now;
    entry->next = cache->first;
    cache->first = entry;
}

void tl_cache_discard(tl_cached *entry)
{
    if (!entry) return;
    for (int i = 0; i < entry->bases; i++) entry->base[i]->rests--;
    tl_arena_close(&entry->arena);
    free(entry->base);
    free(entry);
}

static size_t bytes_held(const tl_cache *cache)
{
    size_t sum = 0;
    for (const tl_cached *entry = cache->first; entry; entry = entry->next) {
        sum += entry->arena.used;
    }
    return sum;
}

/* The link to the entry longest unused that nothing rests on; NULL if all are in use. */
static tl_cached **oldest(tl_cache *cache)
{
    tl_cached **best = NULL;
    for (tl_cached **link = &cache->first; *link; link = &(*link)->next) {
        if ((*link)->rests > 0) continue;
        if (!best || (*link)->used < (*best)->used) best = link;
    }
    return best;
}

void tl_cache_step(tl_cache *cache)
{
    cache->now++;
    size_t held = bytes_held(cache);
    while (held > cache->budget) {
        tl_cached **link = oldest(cache);
        if (!link) return;
        tl_cached *entry = *link;
        held -= entry->arena.used;
        *link = entry->next;
        tl_cache_discard(entry);
    }
}

void tl_cache_close(tl_cache *cache)
{
    while (cache->first) {
        tl_cached **link = oldest(cache);
        TL_INVARIANT(link != NULL);
        tl_cached *entry = *link;
        *link = entry->next;
        tl_cache_discard(entry);
    }
}
