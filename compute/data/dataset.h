/*
 * Room compute/data: where examples come from: file formats, generators, sources by name,
 * near-duplicates, and the roles that rows play. Uses core.
 *
 * Labelled examples. A published dataset never changes: a stage that alters data makes a
 * new version, which may share the arrays it did not alter.
 */
#ifndef TL_COMPUTE_DATA_DATASET_H
#define TL_COMPUTE_DATA_DATASET_H

#include "compute/core/arena.h"

#include <stdint.h>

/** One example: planes of pixels, row-major; or tokens, {1, 1, context}. */
typedef struct tl_shape {
    int channels, height, width;
} tl_shape;

/**
 * Flags of a row (bits). Membership is judged on rows without TL_ROW_UNJUDGED.
 */
enum {
    TL_ROW_MEMBER = 1,         /**< the target trains on it */
    TL_ROW_POISONED = 2,       /**< made or altered by an attacker */
    TL_ROW_NEAR_DUPLICATE = 4, /**< has a near-duplicate on the other side of membership */
    TL_ROW_TARGETED = 8,       /**< clean, and the target of an attack */
    TL_ROW_RECOVERED = 16,     /**< recovered from a model: not for control models */
    TL_ROW_OTHERS = 32,        /**< not the owner's: an outsider's own image */
    TL_ROW_DROPPED = 64,       /**< left out by a filter, or would be if it were a member */
    TL_ROW_UNJUDGED = TL_ROW_POISONED | TL_ROW_NEAR_DUPLICATE | TL_ROW_DROPPED
};

/**
 * Rows of examples. Pointers are borrowed from the maker of the version.
 *
 * Rows of tokens are laid out as images one pixel high: `input` holds token ids, the label
 * is the token after the row, and classes equals vocabulary. So a language model looks like
 * a classifier of the next token.
 */
typedef struct tl_dataset {
    tl_shape shape;
    int classes;
    int vocabulary; /**< 0: images. Else each "pixel" is a token 0..vocabulary-1, exact in
                       single precision */
    int rows;
    float *input;     /**< [rows x channels*height*width], planes, 0..1; or tokens */
    int32_t *label;   /**< [rows] 0..classes-1 */
    uint8_t *flags;   /**< [rows] TL_ROW_* */
    uint32_t *origin; /**< [rows] the source row it came from */
} tl_dataset;

/** Numbers in one example: channels * height * width. */
int tl_shape_size(tl_shape shape);

/** Limit of the bytes of a source of tokens, like TL_ARRAY_LIMIT for arrays. */
#define TL_TOKENS_LIMIT ((uint64_t)4 << 30)

/**
 * A dataset of `rows` zero rows that owns all its arrays, in `arena`; origin numbers the
 * rows. \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_dataset_new(tl_shape shape, int classes, int rows, tl_arena *arena,
                                     tl_dataset *out, tl_err *err);

/** As tl_dataset_new, of `context` tokens a row. \return TL_E_NOMEM, also for more than
 * TL_TOKENS_LIMIT bytes, before anything is allocated */
TL_MUST_USE tl_status tl_dataset_tokens(int vocabulary, int context, uint64_t rows,
                                        tl_arena *arena, tl_dataset *out, tl_err *err);

/** What a copy owns; the rest is shared with the original. */
enum { TL_COPY_LABELS = 1, TL_COPY_FLAGS = 2, TL_COPY_INPUTS = 4 };

/** A new version of `data` in `arena` that owns what `copy` names. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_dataset_copy(const tl_dataset *data, unsigned copy,
                                      tl_arena *arena, tl_dataset **out, tl_err *err);

/** A new dataset of the rows `row` [rows] of `data`, in that order, owning everything.
 * \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_dataset_pick(const tl_dataset *data, const int *row, int rows,
                                      tl_arena *arena, tl_dataset **out, tl_err *err);

/** As tl_dataset_pick, with memory for `most` rows, for when an arena that counts cannot
 * know how many `row` [rows] will hold. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_dataset_pick_some(const tl_dataset *data, const int *row, int rows,
                                           int most, tl_arena *arena, tl_dataset **out,
                                           tl_err *err);

/**
 * Rows whose flags masked by `mask` equal `wanted`, in order.
 * \param row [data->rows] result, the first `*count` are set
 */
void tl_dataset_select(const tl_dataset *data, unsigned mask, unsigned wanted, int *row,
                       int *count);

#endif
