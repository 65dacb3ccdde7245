/*
 * The room of what survives a crash: run directory, journal, metrics, samples; may use
 * compute and experiments/stage/metric.h and samples.h.
 *
 * The run directory (mode 0700) holds plan.yaml, run.json (how the run was
 * called), journal.ndjson, progress.json, lock, and models/<2 hex>/<key>.<part>.safetensors
 * with checkpoints next to them, and samples/<2 hex>/<key>.bin (side_file.h). One run uses
 * it at a time.
 */
#ifndef TL_RUNNER_STORE_RUN_DIR_H
#define TL_RUNNER_STORE_RUN_DIR_H

#include "compute/core/file_lock.h"
#include "compute/core/folder.h"
#include "compute/core/hash.h"
#include "compute/train/checkpoint.h"
#include "experiments/stage/part.h"
#include "runner/store/journal.h"

#include <stdbool.h>

/** A run directory in use. */
typedef struct tl_store {
    char *dir;         /**< owned */
    tl_folder folder;  /**< the directory; all in it is reached from here */
    tl_file_lock lock; /**< none on ranks but 0 */
    bool made;         /**< tl_store_open made the directory */
} tl_store;

/** What a directory holds before a run touches it. */
typedef enum tl_store_state {
    TL_STORE_ABSENT,   /**< nothing there, an empty folder, or a journal without steps */
    TL_STORE_HAS_WORK, /**< a journal with steps, or one that cannot be read */
    TL_STORE_FOREIGN   /**< something that is not a run directory */
} tl_store_state;

/**
 * Checks that nothing in an existing run directory could have been put there or changed by
 * other users (tl_folder_check). What is absent, or no run directory, passes.
 * \param trusts_group  what the group of a file may write is accepted
 * \return TL_E_ARG (whose it is, what to do), TL_E_IO
 */
TL_MUST_USE tl_status tl_store_check(const char *dir, bool trusts_group, tl_err *err);

/** Looks at `dir` without changing it. */
tl_store_state tl_store_look(const char *dir);

/** Reads the journal of `dir` as tl_journal_read, without a lock.
 * \param trusts_group  as of tl_store_check
 * \return as tl_journal_read; TL_E_ARG (not private), TL_E_MISSING (no directory) */
TL_MUST_USE tl_status tl_store_replay(const char *dir, bool trusts_group,
                                      tl_journal_reader reader, void *self, tl_err *err);

/** Whether a run holds the lock of `dir`; then writes which one into `who` [space]. */
bool tl_store_is_held(const char *dir, char *who, size_t space);

/**
 * Rank 0: makes the directory if it is absent and takes its lock, waiting up to `timeout`
 * seconds for a dying run; then removes what killed runs left unfinished.
 *
 * \param trusts_group  as of tl_store_check
 * \return TL_E_IO (names the holder of the lock), TL_E_ARG (the name is too long, or the
 * directory is not private), TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_store_open(const char *dir, bool trusts_group, double timeout,
                                    tl_store *out, tl_err *err);

/** Other ranks: the same directory without the lock; waits up to half a minute until this
 * host sees it. \return as tl_store_open */
TL_MUST_USE tl_status tl_store_join(const char *dir, bool trusts_group, tl_store *out,
                                    tl_err *err);

/**
 * Releases lock and memory; does nothing to a zero one. With `remove_if_empty`, the holder
 * of the lock also removes what an aborted start made, if the journal has no step and no
 * model or sample was written: its files, and the directory if tl_store_open made it and it
 * is empty then. Close the journal before.
 */
void tl_store_close(tl_store *store, bool remove_if_empty);

/** Writes DIR/name into `out` [space]; false if it does not fit. */
bool tl_store_path(const tl_store *store, const char *name, char *out, size_t space);

/** Writes the path of a kept part of a step into `out` [space]; makes nothing.
 * \return TL_E_ARG (too long) */
TL_MUST_USE tl_status tl_store_part_path(const tl_store *store, const tl_key *key,
                                         tl_part part, char *out, size_t space,
                                         tl_err *err);

/** Writes DIR/models/<2 hex>/<key><ending> into `out` [space]; makes nothing.
 * \return TL_E_ARG (too long) */
TL_MUST_USE tl_status tl_store_step_path(const tl_store *store, const tl_key *key,
                                         const char *ending, char *out, size_t space,
                                         tl_err *err);

/** Writes the path of a step's side file into `out` [space]; with `makes_folder`, makes its
 * folder, durably. \return TL_E_IO, TL_E_ARG (too long) */
TL_MUST_USE tl_status tl_store_samples_path(const tl_store *store, const tl_key *key,
                                            bool makes_folder, char *out, size_t space,
                                            tl_err *err);

/** Makes the folder of a step's files, durably. \return TL_E_IO, TL_E_ARG */
TL_MUST_USE tl_status tl_store_make_folder(const tl_store *store, const tl_key *key,
                                           tl_err *err);

/** Removes DIR/name if it is there. */
void tl_store_remove(const tl_store *store, const char *name);

/** Replaces DIR/name by `text`, fsynced and renamed. \return TL_E_IO, TL_E_ARG (too long)
 */
TL_MUST_USE tl_status tl_store_write(const tl_store *store, const char *name,
                                     const char *text, tl_err *err);

/** Sets *text to the content of DIR/name, NUL-terminated, in `arena`.
 * \return TL_E_IO, TL_E_ARG, TL_E_NOMEM, TL_E_FORMAT (more than 16 MiB) */
TL_MUST_USE tl_status tl_store_read(const tl_store *store, const char *name,
                                    tl_arena *arena, char **text, tl_err *err);

/**
 * A checkpoint next to the step's model, <key>.part: magic, length and CRC-32, then the
 * bytes. An absent or damaged one loads as none. The store is borrowed.
 */
typedef struct tl_store_checkpoint {
    const tl_store *store;
    tl_key key;
} tl_store_checkpoint;

/** The checkpoint of a step for the trainer, saved every `every` seconds. `space` is
 * borrowed and must outlive it. */
tl_checkpoint tl_store_checkpoint_of(tl_store_checkpoint *space, double every);

/** Removes the checkpoint of a step that is done. */
void tl_store_checkpoint_drop(const tl_store *store, const tl_key *key);

#endif
