/*
 * Model files: files of tensors (tensor_file.h), named as the model names them; the
 * metadata has the spec, the step that made the model, and a checksum over these and the
 * buffer. The same model of the same step gives the same bytes.
 */
#ifndef TL_COMPUTE_TRAIN_MODEL_FILE_H
#define TL_COMPUTE_TRAIN_MODEL_FILE_H

#include "compute/core/folder.h"
#include "compute/core/hash.h"
#include "compute/nn/model.h"

/**
 * Makes `path` the model's file, durably; two processes may do so at once.
 * \param step   key of the step that made the model; NULL: unknown
 * \param folder private folder that holds `path`; NULL: any place
 * \return TL_E_IO
 */
TL_MUST_USE tl_status tl_model_save(const tl_model *model, const tl_key *step,
                                    const tl_folder *folder, const char *path, tl_err *err);

/**
 * Reads a file of tl_model_save. Malicious and damaged files are refused: sizes are checked
 * before anything is allocated, and every byte is verified.
 * \param folder as of tl_model_save
 * \param step   the step whose model it must be; NULL: any
 * \return TL_E_IO (missing, no permission), TL_E_FORMAT (what is wrong, where; also a model
 * of another step), TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_model_load(const tl_folder *folder, const char *path,
                                    const tl_key *step, tl_arena *arena, tl_model **out,
                                    tl_err *err);

/** Adds the spec and all parameters to `hash`; the same before and after a file. */
void tl_model_hash(const tl_model *model, tl_hash *hash);

#endif
