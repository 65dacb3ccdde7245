/*
 * Side files: what a step stores besides its metrics, samples/<2 hex>/<key>.bin in the run
 * directory. Written as the stage hands it over, in a temporary file unique to the process,
 * which is fsynced and renamed before the step is reported. The same step gives the same
 * bytes.
 *
 * - head: "TLSIDE01", the step's key, uint32 TL_STORE_* that the plan wanted, uint32 0
 * - each list: uint32 kind, uint32 0, uint64 rows, int32 channels, height, width and 0,
 *   name[32]; then its records, see tl_samples_list
 * - tail: "TLSIDEOK", uint32 lists, uint32 CRC-32 of all before it
 */
#ifndef TL_RUNNER_STORE_SIDE_FILE_H
#define TL_RUNNER_STORE_SIDE_FILE_H

#include "experiments/stage/samples.h"
#include "runner/store/run_dir.h"

/** A side file that is being written. */
typedef struct tl_side_writer tl_side_writer;

/**
 * Begins the side file of a step and sets `sink` to write into it, for lists of the kinds
 * `wanted`. Not collective: on member 0 of the step's team. Owned by the caller, who ends
 * it by one of the next two functions. \return TL_E_IO, TL_E_ARG (the path is too long),
 * TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_side_begin(const tl_store *store, const tl_key *key,
                                    unsigned wanted, tl_side_writer **out, tl_samples *sink,
                                    tl_err *err);

/** Fsyncs the file, puts it in place, durably, and frees the writer; on failure the file is
 * as it was before. \return TL_E_IO */
TL_MUST_USE tl_status tl_side_finish(tl_side_writer *writer, tl_err *err);

/** Removes what was written and frees the writer; NULL is allowed. */
void tl_side_abandon(tl_side_writer *writer);

/** A list in a side file: its head, and where its records begin. */
typedef struct tl_side_list {
    tl_samples_list head;
    uint64_t at; /**< private */
} tl_side_list;

/** A side file that is open for reading; zero is a closed one. */
typedef struct tl_side {
    int file; /**< private, as is is_open */
    bool is_open;
    unsigned stored; /**< TL_STORE_* that were wanted when it was written */
    int lists;
    tl_side_list list[TL_LISTS_OF_STEP]; /**< [lists] in the order of writing */
} tl_side;

/**
 * Opens the side file of a step and verifies every byte of it in bounded memory. Malicious
 * and damaged files are refused: sizes are checked against that of the file, nothing is
 * allocated by them.
 * \param wanted  TL_STORE_* that it must have been written for
 * \return TL_E_MISSING (no such file), TL_E_FORMAT (damaged, another step's, or written for
 * other kinds), TL_E_IO, TL_E_ARG (the path is too long)
 */
TL_MUST_USE tl_status tl_side_open(const tl_store *store, const tl_key *key,
                                   unsigned wanted, tl_side *out, tl_err *err);

/** Reads records [from, from + n) of list `list` into `bytes`.
 * \return TL_E_IO, also where the file has changed since it was opened */
TL_MUST_USE tl_status tl_side_read(const tl_side *side, int list, uint64_t from, size_t n,
                                   void *bytes, tl_err *err);

/** Closes the file; does nothing to a closed one. */
void tl_side_close(tl_side *side);

#endif
