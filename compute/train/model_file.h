/*
 * Model files: safetensors (huggingface/safetensors, format description in its README),
 * tensors named as the model names them, the spec and a SHA-256 of the buffer in
 * __metadata__. The same model gives the same bytes.
 */
#ifndef TL_COMPUTE_TRAIN_MODEL_FILE_H
#define TL_COMPUTE_TRAIN_MODEL_FILE_H

#include "compute/nn/model.h"

/** Writes PATH.<unique>.tmp, fsyncs it, renames it to PATH, fsyncs the folder. \return
 * TL_E_IO */
TL_MUST_USE tl_status tl_model_save(const tl_model *model, const char *path, tl_err *err);

/**
 * Reads a file of tl_model_save. Hostile files are refused: sizes are checked before
 * anything is allocated, and the checksum must be right. \return TL_E_IO (missing),
 * TL_E_FORMAT (what is wrong, where)
 */
TL_MUST_USE tl_status tl_model_load(const char *path, tl_arena *arena, tl_model **out,
                                    tl_err *err);

#endif
