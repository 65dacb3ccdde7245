/*
 * The .npz format: a zip of .npy files, read through libzip.
 */
#ifndef TL_COMPUTE_DATA_NPZ_H
#define TL_COMPUTE_DATA_NPZ_H

#include "compute/data/npy.h"

#include <stdbool.h>

/** An open zip of arrays. */
typedef struct tl_npz tl_npz;

/** Opens a zip. \param out owned \return TL_E_IO (missing, a folder), TL_E_FORMAT (not a
 * zip, or a zip bomb), TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_npz_open(const char *path, tl_npz **out, tl_err *err);

/** Closes the zip and frees it; NULL is allowed. */
void tl_npz_close(tl_npz *npz);

/** How many members the zip has. */
int tl_npz_members(const tl_npz *npz);
/** Name of a member as stored, borrowed. */
const char *tl_npz_name(const tl_npz *npz, int member);
/** Index of the member "name.npy" (in any folder of the zip), or -1. */
int tl_npz_find(const tl_npz *npz, const char *name);

/** Reads the header of a member: type and shape, without elements. Inflates no more than
 * that. \return TL_E_FORMAT */
TL_MUST_USE tl_status tl_npz_head(tl_npz *npz, int member, tl_npy *out, tl_err *err);

/** As tl_npz_head; inflates the whole member too, in pieces that are not kept, so that its
 * checksum is compared. \return TL_E_FORMAT */
TL_MUST_USE tl_status tl_npz_check(tl_npz *npz, int member, tl_npy *out, tl_err *err);

/** Reads a member whose elements fit into `arena`; its checksum must be right.
 * \return TL_E_FORMAT, TL_E_NOMEM */
TL_MUST_USE tl_status tl_npz_read(tl_npz *npz, int member, tl_arena *arena, tl_array *out,
                                  tl_err *err);

#endif
