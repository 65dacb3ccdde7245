/*
 * Reading a file whose library may crash on it, or loop for ever: first in a child process.
 */
#ifndef TL_ANALYSIS_TABLE_RESULT_GUARD_H
#define TL_ANALYSIS_TABLE_RESULT_GUARD_H

#include "compute/core/arena.h"

/** What the child tries: reads `path` into `arena`. \return TL_E_FORMAT, TL_E_IO,
 * TL_E_NOMEM */
typedef tl_status (*tl_result_reader)(const char *path, const void *self, tl_arena *arena,
                                      tl_err *err);

/**
 * Has a child process `read` the file, silently, within `memory` bytes and with bounded
 * processor time.
 * \param self passed on to `read`
 * \return what `read` returned; TL_E_FORMAT if it crashed or hung, TL_E_NOMEM, TL_E_IO
 */
TL_MUST_USE tl_status tl_result_guard(const char *path, tl_result_reader read,
                                      const void *self, size_t memory, tl_err *err);

#endif
