/*
 * Writes that survive a crash or a power cut. The operations are failpoints (write, sync
 * and rename of failpoint.h). Whole files are made by compute/core/file.h.
 */
#ifndef TL_COMPUTE_CORE_DURABLE_H
#define TL_COMPUTE_CORE_DURABLE_H

#include "compute/core/status.h"

#include <stdbool.h>
#include <stddef.h>

/** Checks, before any work, that the file system takes a file called `path` with `ending`
 * behind it, as in "path.tmp": its length, not whether it can be written.
 * \return TL_E_ARG */
TL_MUST_USE tl_status tl_durable_check_name(const char *path, const char *ending,
                                            tl_err *err);

/** Writes all `n` bytes to a descriptor, retrying after short writes and signals. False
 * with errno. */
bool tl_durable_write(int file, const void *bytes, size_t n);

/** Fdatasyncs a descriptor. False with errno. */
bool tl_durable_sync(int file);

/** Renames `from` to `to`, names in the folder with descriptor `folder`; the caller fsyncs
 * the file before and the folder after. False with errno. */
bool tl_durable_rename(int folder, const char *from, const char *to);

/** Fsyncs a folder, so that what was made or renamed in it persists. False with errno. */
bool tl_durable_folder(int folder);

/** A piece of a file. */
typedef struct tl_durable_piece {
    const void *bytes; /**< [n], borrowed */
    size_t n;
} tl_durable_piece;

#endif
