/*
 * A model from a file of the user's own (state_dict.h): opened when a plan is read, so that
 * its contents, not its path, name what is computed from it, and read where it is needed.
 */
#ifndef TL_COMPUTE_NN_OWN_MODEL_H
#define TL_COMPUTE_NN_OWN_MODEL_H

#include "compute/core/hash.h"
#include "compute/nn/state_dict.h"

/** An open file; everything is in the arena that it was opened in. */
typedef struct tl_own_model {
    const char *path;
    tl_key content; /**< of its bytes */
    tl_safetensors file;
} tl_own_model;

/** Reads the table of the file and the hash of its bytes. Not collective. \return as
 * tl_safetensors_open */
TL_MUST_USE tl_status tl_own_model_open(const char *path, tl_arena *arena,
                                        tl_own_model *out, tl_err *err);

/** Whether the file has a model of this spec. Not collective. \return TL_E_ARG for no such
 * model, or as tl_state_map_find; TL_E_NOMEM */
TL_MUST_USE tl_status tl_own_model_check(const tl_own_model *own, const tl_model_spec *spec,
                                         tl_err *err);

/** Reads the model, into `arena`. Not collective. \return TL_E_IO, also where the file is
 * another one by now; as tl_own_model_check and tl_state_map_load */
TL_MUST_USE tl_status tl_own_model_read(const tl_own_model *own, const tl_model_spec *spec,
                                        tl_arena *arena, tl_model **out, tl_err *err);

#endif
