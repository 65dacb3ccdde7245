/*
 * The folders that data are searched for in.
 */
#ifndef TL_COMPUTE_DATA_DATA_PATHS_H
#define TL_COMPUTE_DATA_DATA_PATHS_H

#include "compute/core/status.h"

/** Folders searched, at most; bytes of a path. */
enum { TL_DATA_PATHS = 3, TL_DATA_PATH_SPACE = 4096 };

/**
 * The folders to search, in order: `dir` (may be NULL), THREATLOOP_DATA, the user's cache
 * folder ($XDG_CACHE_HOME or ~/.cache)/threatloop. Downloads go to the first.
 * \param place result
 * \return how many there are, maybe 0
 */
int tl_data_paths(const char *dir, char place[TL_DATA_PATHS][TL_DATA_PATH_SPACE]);

/**
 * Finds the first FOLDER/stem + ending that exists, file or folder.
 * \param ending NULL-terminated
 * \param path result
 * \return TL_E_IO if there is none; the text lists every folder searched
 */
TL_MUST_USE tl_status tl_data_path_find(const char *dir, const char *stem,
                                        const char *const *ending,
                                        char path[TL_DATA_PATH_SPACE], tl_err *err);

#endif
