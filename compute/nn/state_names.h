/*
 * Names that the usual modules of PyTorch give to the tensors of a model; for state_dict.c.
 */
#ifndef TL_COMPUTE_NN_STATE_NAMES_H
#define TL_COMPUTE_NN_STATE_NAMES_H

#include "compute/nn/model_spec.h"

#include <stddef.h>

/** One name: a tensor of theirs is ours, or some rows of it. */
typedef struct tl_state_name {
    char ours[32], theirs[64];
    int row, rows;      /**< of ours, for a matrix that is several of theirs; rows 0: all */
    int head;           /**< > 0: rows of a head, whose halves are to become neighbours */
    bool can_be_turned; /**< it may be the transpose (Conv1D of Hugging Face's GPT-2) */
} tl_state_name;

/** Names of a model, at most. */
enum { TL_STATE_NAMES = 1024 };

/** Writes the names of a model of this spec into name [TL_STATE_NAMES]. \return how many;
 * 0 for kinds whose modules have no usual names */
int tl_state_names_of(const tl_model_spec *spec, tl_state_name *name);

/** `theirs` after the prefixes that wrappers put before names, such as "module.";
 * borrowed. */
const char *tl_state_name_plain(const char *theirs);

/** Whether a tensor of that name is no parameter, such as GPT-2's mask. */
bool tl_state_name_is_constant(const char *theirs);

#endif
