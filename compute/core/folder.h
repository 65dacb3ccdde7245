/*
 * Private folders: what other users may have put or changed there is not used, and no
 * symbolic link in them is followed. All that is in one is reached from its descriptor, so
 * that nobody can put another folder in its place. Nothing here is collective.
 */
#ifndef TL_COMPUTE_CORE_FOLDER_H
#define TL_COMPUTE_CORE_FOLDER_H

#include "compute/core/status.h"

#include <stdbool.h>

struct stat; /* <sys/stat.h> */

/** A private folder. Where a function takes one, NULL is any place: paths are then those of
 * the system, links are followed, and files may be anybody's. */
typedef struct tl_folder {
    int fd;            /**< owned; -1: none */
    const char *path;  /**< borrowed; begins the path of all that is in the folder */
    bool trusts_group; /**< what its group may write is accepted */
} tl_folder;

/**
 * Opens an existing folder, which must be this user's or root's, and writable for nobody
 * else; if `path` is a link, so must be the link.
 * \return TL_E_MISSING (nothing there), TL_E_ARG (not private: says whose it is and what to
 * do), TL_E_IO (also for what is no folder)
 */
TL_MUST_USE tl_status tl_folder_open(const char *path, bool trusts_group, tl_folder *out,
                                     tl_err *err);

/** Closes the descriptor; does nothing to one that is not open. */
void tl_folder_close(tl_folder *folder);

/**
 * Whether something at `path` in the folder, with these `facts`, is private.
 * \return TL_E_ARG: says whose it is or who may write it, and what to do
 */
TL_MUST_USE tl_status tl_folder_admits(const tl_folder *folder, const char *path,
                                       const struct stat *facts, tl_err *err);

/**
 * Checks all that is in the folder, at any depth: private, and a file or a folder. A file
 * called `ignored` (may be NULL) at its top may be anything.
 * \return TL_E_ARG (the first that is not), TL_E_IO
 */
TL_MUST_USE tl_status tl_folder_check(const tl_folder *folder, const char *ignored,
                                      tl_err *err);

/**
 * Opens the folder that holds `path`, for use with openat and its kin. In a private one
 * every folder on the way is checked.
 * \param parent  result, a descriptor, the caller's to close
 * \param name    result, the last part of `path`
 * \return TL_E_IO with errno, TL_E_FORMAT (a link or no folder on the way in a private
 * one), TL_E_ARG as tl_folder_admits
 */
TL_MUST_USE tl_status tl_folder_of(const tl_folder *folder, const char *path, int *parent,
                                   const char **name, tl_err *err);

/** Makes the folder `path` (mode 0700) in `folder` if it is absent, durably.
 * \return as tl_folder_of */
TL_MUST_USE tl_status tl_folder_make(const tl_folder *folder, const char *path,
                                     tl_err *err);

/** Removes the file at `path`, or the empty folder. \return whether nothing is there now */
bool tl_folder_remove(const tl_folder *folder, const char *path);

#endif
