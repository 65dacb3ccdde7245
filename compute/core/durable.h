/*
 * Writes that survive a crash or a power cut. The operations are failpoints (write, sync
 * and rename of failpoint.h).
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

/** Renames; the caller fsyncs the file before and the folder after. False with errno. */
bool tl_durable_rename(const char *from, const char *to);

/** Fsyncs a file that another library wrote and closed. False with errno. */
bool tl_durable_file(const char *path);

/** Fsyncs the folder that holds `path`, so that a file created or renamed there persists.
 * False with errno. */
bool tl_durable_folder(const char *path);

/** A piece of a file. */
typedef struct tl_durable_piece {
    const void *bytes; /**< [n], borrowed */
    size_t n;
} tl_durable_piece;

/**
 * Makes `path` a file (mode 0600) of `count` pieces: written to "path.tmp", fsynced,
 * renamed, its folder fsynced. At any time `path` is the old file or the new one. False
 * with errno, "path.tmp" removed.
 */
bool tl_durable_replace(const char *path, const tl_durable_piece *piece, int count);

/** As tl_durable_replace, but written as `temporary`, a name in the same folder that no
 * other process writes: for files that two processes may write at once. */
bool tl_durable_replace_by(const char *path, const char *temporary,
                           const tl_durable_piece *piece, int count);

#endif
