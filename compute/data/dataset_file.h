/*
 * Files of datasets (tensor_file.h): all rows with labels, flags and origins, and what
 * describes them; and the contents of a dataset as a key. Nothing here is collective.
 */
#ifndef TL_COMPUTE_DATA_DATASET_FILE_H
#define TL_COMPUTE_DATA_DATASET_FILE_H

#include "compute/core/folder.h"
#include "compute/core/hash.h"
#include "compute/data/dataset.h"

/**
 * Writes it durably, as tl_tensor_file_save. The same contents of the same step give the
 * same bytes.
 * \param step   key of the step that made the dataset; NULL: unknown
 * \param folder private folder that holds `path`; NULL: any place
 * \return TL_E_IO, TL_E_NOMEM; TL_E_ARG for what could not be read again: a shape without
 * pixels, a label beyond the classes, a token beyond the vocabulary
 */
TL_MUST_USE tl_status tl_dataset_save(const tl_dataset *data, const tl_key *step,
                                      const tl_folder *folder, const char *path,
                                      tl_err *err);

/**
 * Reads a file of tl_dataset_save; the dataset owns all its arrays, in `arena`. Malicious
 * and damaged files are refused, as by tl_tensor_file_load; labels are below `classes` and
 * tokens below `vocabulary`.
 * \param folder as of tl_dataset_save
 * \param step   the step whose dataset it must be; NULL: any
 * \return TL_E_IO, TL_E_FORMAT, TL_E_NOMEM, as tl_tensor_file_load
 */
TL_MUST_USE tl_status tl_dataset_load(const tl_folder *folder, const char *path,
                                      const tl_key *step, tl_arena *arena, tl_dataset **out,
                                      tl_err *err);

/** Adds everything that the dataset holds to `hash`; the same before and after a file. */
void tl_dataset_hash(const tl_dataset *data, tl_hash *hash);

/** Bytes of memory of the dataset's arrays. */
uint64_t tl_dataset_bytes(const tl_dataset *data);

#endif
