/*
 * Parts that a rank has made or read, by key: the roles of a replicate, and what steps
 * gave. Bounded in bytes; drops the least recently used first, never those in use by the
 * current step.
 */
#ifndef TL_RUNNER_EXECUTE_PART_CACHE_H
#define TL_RUNNER_EXECUTE_PART_CACHE_H

#include "compute/core/arena.h"
#include "compute/core/hash.h"
#include "experiments/stage/stage.h"

/** An entry, with all its memory. Pointers to other entries are borrowed. */
typedef struct tl_cached {
    tl_key key;
    tl_arena arena;          /**< owns what is below */
    tl_world world;          /**< parts given by a step, or a replicate's roles */
    uint64_t used;           /**< number of the step that last used it */
    struct tl_cached **base; /**< [bases] entries whose memory it may share */
    int bases;
    int rests;              /**< entries that have this one as a base */
    struct tl_cached *next; /**< private */
} tl_cached;

/** Zero with the budget set is an empty cache; the other fields are private. */
typedef struct tl_cache {
    tl_cached *first;
    size_t budget; /**< bytes */
    uint64_t now;  /**< number of the current step */
} tl_cache;

/** The entry of this key, marked as used by the current step; NULL if there is none. */
tl_cached *tl_cache_get(tl_cache *cache, const tl_key *key);

/** A new empty entry, not yet found by tl_cache_get. \return NULL with TL_E_NOMEM */
tl_cached *tl_cache_make(tl_cache *cache, const tl_key *key, tl_err *err);

/** `entry` may share memory with `base`, which must outlive it. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_cache_rest(tl_cached *entry, tl_cached *base, tl_err *err);

/** Puts a filled entry into the cache. */
void tl_cache_put(tl_cache *cache, tl_cached *entry);

/** Frees an entry of tl_cache_make that was not put. NULL allowed. */
void tl_cache_discard(tl_cached *entry);

/** Begins a step: drops entries of older steps until the budget holds. */
void tl_cache_step(tl_cache *cache);

/** Frees all entries; none may be in use. */
void tl_cache_close(tl_cache *cache);

#endif
