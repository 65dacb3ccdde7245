/*
 * Locks: one process at a time writes a file or uses a folder. A lock is a file that names
 * its holder and is locked by flock, so that it ends with the process. Where the file
 * system has no locks (NFS, Lustre without flock), that the file exists is the lock; then
 * one that a killed process left must be removed by hand, and the message says how. Nothing
 * here is collective.
 */
#ifndef TL_COMPUTE_CORE_FILE_LOCK_H
#define TL_COMPUTE_CORE_FILE_LOCK_H

#include "compute/core/folder.h"
#include "compute/core/text.h"

#include <stddef.h>

enum { TL_LOCK_HOLDER = 200 /**< room for the words that name a holder */ };

/** What is to be locked. Texts are borrowed. */
typedef struct tl_lock_of {
    const tl_folder *folder; /**< private folder of the lock file; NULL: any place */
    const char *path;        /**< of the lock file */
    const char *what;        /**< is locked, as in messages */
    const char *advice;      /**< what else can be done if it is in use: "name another" */
    const char *also; /**< a lock file that the same process holds, may be NULL: named with
                         this one when it must be removed by hand */
} tl_lock_of;

/** A lock; zero is none. */
typedef struct tl_file_lock {
    bool is_held;
    bool is_by_name; /**< locks fail here: that the file exists is the lock */
    int reason;      /**< then why they fail, an errno */
    int file;        /**< descriptor */
    int parent;      /**< descriptor of its folder */
    char name[256];
} tl_file_lock;

/**
 * Takes a lock, waiting up to `timeout` seconds for a process that is about to end.
 * \return TL_E_IO (who holds it; the line that removes a stale one; what stands in its
 * place if it is no lock), TL_E_ARG as tl_folder_admits
 */
TL_MUST_USE tl_status tl_file_lock_take(const tl_lock_of *of, double timeout,
                                        tl_file_lock *out, tl_err *err);

/** Removes the lock file and gives up the lock; does nothing to a zero one. */
void tl_file_lock_release(tl_file_lock *lock);

/** Whether a process holds the lock at `path`; then writes which one into `who` [space].
 */
bool tl_file_lock_is_held(const tl_folder *folder, const char *path, char *who,
                          size_t space);

#endif
