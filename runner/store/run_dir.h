/*
 * The room of what survives a crash: run directory, journal, metrics; may use compute and
 * experiments/stage/metric.h.
 *
 * The run directory (mode 0700): plan.yaml, journal.ndjson, lock, models/<2
 * hex>/<key>.safetensors, and checkpoints beside them. One run at a time.
 */
#ifndef TL_RUNNER_STORE_RUN_DIR_H
#define TL_RUNNER_STORE_RUN_DIR_H

#include "compute/core/hash.h"
#include "compute/train/checkpoint.h"

#include <stdbool.h>

/** A run directory in use. */
typedef struct tl_store {
    char *dir; /**< owned */
    int lock;  /**< file descriptor of the lock, -1 on ranks but 0 */
    bool made; /**< tl_store_open made the directory */
} tl_store;

/** What a directory holds before a run touches it. */
typedef enum tl_store_state {
    TL_STORE_ABSENT,   /**< nothing there, an empty folder, or a journal without steps */
    TL_STORE_HAS_WORK, /**< a journal with steps, or one that cannot be read */
    TL_STORE_FOREIGN   /**< something that is not a run directory */
} tl_store_state;
/** Looks at `dir` without changing it. */
tl_store_state tl_store_look(const char *dir);

/** Whether a run holds the lock of `dir` now; then `who` says which, in `space` bytes. */
bool tl_store_is_held(const char *dir, char *who, size_t space);

/**
 * Rank 0: makes the directory where it is absent and takes its lock, waiting up to
 * `timeout` seconds for a run that is dying; files in models/ that runs before it did not
 * write to their end are removed then. The lock ends with the process. Where the
 * file system has no locks, warns and goes on without. \return TL_E_IO (who holds the lock
 * is named), TL_E_ARG (the name is too long)
 */
TL_MUST_USE tl_status tl_store_open(const char *dir, double timeout, tl_store *out,
                                    tl_err *err);

/** Other ranks: the same directory without the lock. \return TL_E_ARG (the name is too
 * long), TL_E_NOMEM */
TL_MUST_USE tl_status tl_store_join(const char *dir, tl_store *out, tl_err *err);

/**
 * Gives up the lock and memory. `remove_if_empty` also removes what an aborted start made,
 * where the journal has no step and no model was written: the files named above, and the
 * directory if tl_store_open made it and it is empty then. Close the journal before. Only
 * the holder of the lock removes.
 */
void tl_store_close(tl_store *store, bool remove_if_empty);

/** DIR/name into `out`; false if it does not fit. */
bool tl_store_path(const tl_store *store, const char *name, char *out, size_t space);

/** Path of the model file of a step into `out`; its folder is made, durably. \return
 * TL_E_IO, TL_E_ARG (too long) */
TL_MUST_USE tl_status tl_store_model_path(const tl_store *store, const tl_key *key,
                                          char *out, size_t space, tl_err *err);

/** DIR/models/<2 hex>/<key><ending> into `out`; nothing is made. \return TL_E_ARG (too
 * long)
 */
TL_MUST_USE tl_status tl_store_step_path(const tl_store *store, const tl_key *key,
                                         const char *ending, char *out, size_t space,
                                         tl_err *err);

/** Makes the folder that the paths of a step are in, durably. \return TL_E_IO, TL_E_ARG */
TL_MUST_USE tl_status tl_store_make_folder(const tl_store *store, const tl_key *key,
                                           tl_err *err);

/** Replaces DIR/name by rename, fsynced. \return TL_E_IO, TL_E_ARG (name too long) */
TL_MUST_USE tl_status tl_store_write(const tl_store *store, const char *name,
                                     const char *text, tl_err *err);

/** Sets *text to the whole of DIR/name, NUL-terminated, in `arena`. \return TL_E_IO,
 * TL_E_ARG, TL_E_NOMEM, TL_E_FORMAT (more than 16 MiB) */
TL_MUST_USE tl_status tl_store_read(const tl_store *store, const char *name,
                                    tl_arena *arena, char **text, tl_err *err);

/**
 * A checkpoint kept beside the step's model as <key>.part: magic, length and CRC-32, then
 * the bytes. One that is absent or damaged loads as none. `space` must outlive it.
 */
typedef struct tl_store_checkpoint {
    const tl_store *store;
    tl_key key;
} tl_store_checkpoint;
/** The checkpoint of a step as the trainer sees it, saved every `every` seconds. */
tl_checkpoint tl_store_checkpoint_of(tl_store_checkpoint *space, double every);

/** Removes the checkpoint of a step that is done. */
void tl_store_checkpoint_drop(const tl_store *store, const tl_key *key);

#endif
