/*
 * Models that other programs trained: the tensors of a safetensors file, as PyTorch's
 * state_dict names and shapes them, as the parameters of a model here.
 *
 * Tensors are found by our names for them (tl_model_tensors), if all of those are there; by
 * the names that the usual modules of that kind give them (resnet: torchvision; gpt: GPT-2
 * of Hugging Face or nanoGPT; llama: Hugging Face, whose rotary halves become neighbours);
 * in an mlp, cnn or linear by the shapes of weight and bias alone, where several modules of
 * equal shapes must differ in the numbers of their names, whose order is the order of the
 * layers. Prefixes such as "module." or "transformer." do not count. A tied output layer
 * may be there if it equals the embedding. Anything that is missing, left over or ambiguous
 * is an error.
 */
#ifndef TL_COMPUTE_NN_STATE_DICT_H
#define TL_COMPUTE_NN_STATE_DICT_H

#include "compute/core/safetensors.h"
#include "compute/nn/model.h"

/** A tensor of a file as part of a model's parameters. */
typedef struct tl_state_piece {
    int from;     /**< in tl_safetensors.tensor */
    size_t to;    /**< first number in tl_model.param */
    int turned;   /**< > 0: it is the transpose, [this many columns of it are our rows] */
    int head;     /**< > 0: heads of so many rows, whose halves become neighbours */
    int columns;  /**< of a row; with `head` */
    bool is_tied; /**< it must equal what is there, and is not copied */
} tl_state_piece;

/** What of a file is which part of a model; in an arena. */
typedef struct tl_state_map {
    int pieces;
    tl_state_piece *piece; /**< [pieces] */
} tl_state_map;

/**
 * Finds the tensors of a model in a file. Not collective.
 * \param model its layers alone are used
 * \return TL_E_ARG: the tensor and both shapes, or all that is missing or left over;
 * TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_state_map_find(const tl_model *model, const tl_safetensors *file,
                                        tl_arena *arena, tl_state_map *out, tl_err *err);

/**
 * Sets the parameters of `model`. Not collective.
 * \param buffer [file->bytes] of the file
 * \return TL_E_FORMAT for numbers that are not finite, or an output layer that is not tied;
 * TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_state_map_load(const tl_state_map *map, const tl_safetensors *file,
                                        const unsigned char *buffer, tl_model *model,
                                        tl_err *err);

#endif
