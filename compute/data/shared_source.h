/*
 * Sources whose rows lie in memory that the processes of a node have in common, so that a
 * node decodes and holds them once.
 */
#ifndef TL_COMPUTE_DATA_SHARED_SOURCE_H
#define TL_COMPUTE_DATA_SHARED_SOURCE_H

#include "compute/data/shared_blocks.h"
#include "compute/data/source.h"

/**
 * As tl_source_open; what is opened is the same, but for where it lies. Who publishes opens
 * the source and publishes it; the others take what they find and open the source
 * themselves where they find nothing. The arrays of the source are read-only, and live as
 * long as the shared_blocks. \return as tl_source_open
 */
TL_MUST_USE tl_status tl_source_open_shared(const char *name, const char *dir,
                                            const tl_source_want *want,
                                            const tl_shared_blocks *shared_blocks,
                                            tl_arena *arena, tl_source **out, tl_err *err);

#endif
