/*
 * Files to be read: checked before they are opened.
 */
#ifndef TL_COMPUTE_CORE_FILE_H
#define TL_COMPUTE_CORE_FILE_H

#include "compute/core/status.h"

#include <stdint.h>

/** Sets `bytes` to the size of a regular file. Does not open it, so nothing can block on a
 * pipe. \param bytes result \return TL_E_IO if it is missing or no regular file */
TL_MUST_USE tl_status tl_file_size(const char *path, uint64_t *bytes, tl_err *err);

#endif
