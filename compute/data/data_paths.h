/*
 * The folders that data are looked up in.
 */
#ifndef TL_COMPUTE_DATA_DATA_PATHS_H
#define TL_COMPUTE_DATA_DATA_PATHS_H

#include "compute/core/status.h"

/** Folders that are looked in, at most; bytes of a path. */
enum { TL_DATA_PATHS = 3, TL_DATA_PATH_SPACE = 4096 };

/**
 * The folders to look in, first to last: `dir` (may be NULL), THREATLOOP_DATA, the user's
 * cache folder ($XDG_CACHE_HOME or ~/.cache)/threatloop. What is fetched goes to the first.
 * \param place  result; \return how many there are, maybe 0
 */
int tl_data_paths(const char *dir, char place[TL_DATA_PATHS][TL_DATA_PATH_SPACE]);

/**
 * Finds the first PLACE/stem + ending that exists, file or folder. \param ending
 * NULL-terminated \return TL_E_IO if none is there; the text names every place looked at
 */
TL_MUST_USE tl_status tl_data_path_find(const char *dir, const char *stem,
                                        const char *const *ending,
                                        char path[TL_DATA_PATH_SPACE], tl_err *err);

#endif
