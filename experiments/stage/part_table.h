/*
 * What can be done with each part, one record a part: nothing else in the program knows
 * parts one by one.
 */
#ifndef TL_EXPERIMENTS_STAGE_PART_TABLE_H
#define TL_EXPERIMENTS_STAGE_PART_TABLE_H

#include "compute/core/folder.h"
#include "experiments/stage/world.h"

/** A part as a record of operations on its version in a world. */
typedef struct tl_part_ops {
    const char *name;
    /** Ending of its file; NULL: never kept, but made again where it is needed. */
    const char *ending;
    /** Whether the world has it. */
    bool (*has)(const tl_world *world, tl_part part);
    /** Puts the version of `from` into `to`, contents shared; of a list, its entries after
     * those that `to` has, in `arena`. \return TL_E_NOMEM */
    tl_status (*put)(tl_world *to, const tl_world *from, tl_part part, tl_arena *arena,
                     tl_err *err);
    /** Adds all of its contents to `hash`. */
    void (*hash)(const tl_world *world, tl_part part, tl_hash *hash);
    /** Bytes of memory that it takes. */
    double (*bytes)(const tl_world *world, tl_part part);
    /** Makes `path` in a private folder (NULL: any place) its file, durably, as made by
     * step `key`. \return TL_E_IO, TL_E_NOMEM */
    tl_status (*save)(const tl_world *world, tl_part part, const tl_key *key,
                      const tl_folder *folder, const char *path, tl_err *err);
    /** Reads what `save` wrote for `key` into `world`, in `arena`. \return TL_E_IO,
     * TL_E_MISSING, TL_E_FORMAT, TL_E_NOMEM */
    tl_status (*load)(tl_world *world, tl_part part, const tl_key *key,
                      const tl_folder *folder, const char *path, tl_arena *arena,
                      tl_err *err);
} tl_part_ops;

/** The record of a part; constant. */
const tl_part_ops *tl_part_of(tl_part part);

/** Puts the versions of `from` of all `parts` (bits) into `to`, as tl_part_ops.put. Not
 * collective. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_world_put(tl_world *to, const tl_world *from, uint32_t parts,
                                   tl_arena *arena, tl_err *err);

/** The parts that a world has, as bits. */
uint32_t tl_world_parts(const tl_world *world);

/** Adds the contents of all parts of a world to `hash`. */
void tl_world_hash(const tl_world *world, tl_hash *hash);

#endif
