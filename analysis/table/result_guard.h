/*
 * Reading a file whose library may crash on it, or loop for ever: first in a child process.
 */
#ifndef TL_ANALYSIS_TABLE_RESULT_GUARD_H
#define TL_ANALYSIS_TABLE_RESULT_GUARD_H

#include "compute/core/status.h"

/**
 * Has a child process `try` to read `path`, silently and with bounded processor time.
 * \param self passed on to `try`
 * \return TL_E_FORMAT if it crashed or hung, TL_E_IO; TL_OK says nothing of what it found
 */
TL_MUST_USE tl_status tl_result_guard(const char *path,
                                      void (*try)(const char *path, const void *self),
                                      const void *self, tl_err *err);

#endif
