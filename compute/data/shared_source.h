/*
 * Sources in memory that the processes of a node share, so that a node decodes and stores
 * them once.
 */
#ifndef TL_COMPUTE_DATA_SHARED_SOURCE_H
#define TL_COMPUTE_DATA_SHARED_SOURCE_H

#include "compute/data/shared_blocks.h"
#include "compute/data/source.h"

/**
 * As tl_source_open, with the same content. The publishing process opens the source and
 * publishes it; the others use what they find, or open the source themselves. The arrays
 * are read-only, and live as long as `shared_blocks`.
 * \return as tl_source_open
 */
TL_MUST_USE tl_status tl_source_open_shared(const char *name, const char *dir,
                                            const tl_source_want *want,
                                            const tl_shared_blocks *shared_blocks,
                                            tl_arena *arena, tl_source **out, tl_err *err);

#endif
