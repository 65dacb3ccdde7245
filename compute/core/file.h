/*
 * Files, opened for reading and made. Everything that the program opens goes through here
 * (tests/lint/files): nothing but regular files, never waited for; and in a private folder
 * (folder.h) only what is this user's. A file is made under a name of its own, which no
 * other process writes, and renamed; so nothing that stood there is written through, and
 * at any time a path is the old file or the whole new one. Nothing here is collective.
 */
#ifndef TL_COMPUTE_CORE_FILE_H
#define TL_COMPUTE_CORE_FILE_H

#include "compute/core/durable.h"
#include "compute/core/folder.h"

#include <stdint.h>
#include <stdio.h>

enum {
    TL_FILE_LINK = 32, /**< room of tl_file_link */
    TL_FILE_NAME = 256 /**< room for a name in a folder */
};

/* ---- reading ------------------------------------------------------------------------- */

/**
 * Opens a regular file for reading, without waiting.
 * \param folder  private folder that holds `path`; NULL: any place
 * \param file    result, a descriptor, the caller's to close
 * \param bytes   result, the file's size; may be NULL
 * \return TL_E_IO with errno (missing, no permission; no regular file, but in a private
 * folder that is TL_E_FORMAT, as is a link), TL_E_ARG (not private, as tl_folder_admits)
 */
TL_MUST_USE tl_status tl_file_open(const tl_folder *folder, const char *path, int *file,
                                   uint64_t *bytes, tl_err *err);

/** Sets `bytes` to the size of a regular file in any place. \return as tl_file_open */
TL_MUST_USE tl_status tl_file_size(const char *path, uint64_t *bytes, tl_err *err);

/** As tl_file_open, as a stream of <stdio.h>. \param stream result, the caller's to close
 * \param bytes  as of tl_file_open \return as tl_file_open */
TL_MUST_USE tl_status tl_file_stream(const tl_folder *folder, const char *path,
                                     FILE **stream, uint64_t *bytes, tl_err *err);

/**
 * Opens a regular file for reading and writing what is in it: journals and locks alone,
 * which are kept and not replaced. Follows no link.
 * \param flags  any of O_CREAT (mode 0600), O_EXCL, O_APPEND
 * \return as tl_file_open
 */
TL_MUST_USE tl_status tl_file_open_own(const tl_folder *folder, const char *path, int flags,
                                       int *file, tl_err *err);

/** A path of the open descriptor `file`, for libraries that take paths alone: they open
 * what was checked. \param out [TL_FILE_LINK] \return out */
const char *tl_file_link(int file, char out[TL_FILE_LINK]);

/* ---- making -------------------------------------------------------------------------- */

/** A file that is being made. */
typedef struct tl_new_file {
    int file;                /**< descriptor, to read and write; -1: none */
    int parent;              /**< descriptor of its folder */
    const char *path;        /**< borrowed: what it becomes */
    const char *last;        /**< the name in `path` */
    char name[TL_FILE_NAME]; /**< its own name until then */
} tl_new_file;

/**
 * Makes an empty file beside `path`, under a name that nothing has.
 * \param path  borrowed until commit or drop
 * \param mode  of the file, before the umask
 * \return TL_E_IO with errno, or as tl_folder_of
 */
TL_MUST_USE tl_status tl_file_make(const tl_folder *folder, const char *path, unsigned mode,
                                   tl_new_file *out, tl_err *err);

/** Fsyncs the file, renames it to its path, fsyncs the folder, and closes it; on failure
 * the file is dropped. \return TL_E_IO with errno */
TL_MUST_USE tl_status tl_file_commit(tl_new_file *file, tl_err *err);

/** Closes and removes the file; keeps errno, and does nothing to a file that is none. */
void tl_file_drop(tl_new_file *file);

/** Makes `path` a file of `count` pieces. \param mode as of tl_file_make
 * \return as tl_file_make, TL_E_IO with errno */
TL_MUST_USE tl_status tl_file_replace(const tl_folder *folder, const char *path,
                                      unsigned mode, const tl_durable_piece *piece,
                                      int count, tl_err *err);

/** Removes what makers of `path` left that were killed. The caller knows that there is
 * none now: it holds a lock. */
void tl_file_clear(const tl_folder *folder, const char *path);

#endif
