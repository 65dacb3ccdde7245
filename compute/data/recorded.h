/*
 * Recorded answers: what some model said of rows of a source, in place of the model. They
 * are found by the question, so that they answer whoever asks about such a row, and nobody
 * who asks about another.
 *
 * The file is an .npz. For official splits: train_scores, val_scores, test_scores (any of
 * them), [rows of the split x classes], in the split's order. Or scores [n x classes], of
 * the source's first row on (official splits one after the other), or of the source rows
 * that `rows` [n] numbers from 0. With `logits` for `scores` in the names, logits may be
 * asked for too. Scores are probabilities, which may be cut or rounded.
 */
#ifndef TL_COMPUTE_DATA_RECORDED_H
#define TL_COMPUTE_DATA_RECORDED_H

#include "compute/core/folder.h"
#include "compute/data/source_data.h"

/** Recorded answers; everything is in the arena they were read into. */
typedef struct tl_recorded {
    const char *label;       /**< the file's name without folder, for messages */
    int rows;                /**< distinct questions */
    int size, classes;       /**< numbers of a question, and of an answer */
    bool has_logits;         /**< answers are logits, else scores */
    tl_key *question;        /**< [rows] keys of the questions, ascending */
    double *answer;          /**< [rows x classes] */
    tl_key content;          /**< of all the above but the label */
    int of_split[TL_SPLITS]; /**< source rows of each split that have an answer */
} tl_recorded;

/**
 * Reads the answers of `source` from an .npz. Of rows that are exact duplicates, the first
 * one's answer counts. Not collective.
 * \return TL_E_IO, TL_E_FORMAT (the array, what was found, what is allowed), TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_recorded_read(const char *path, const tl_source *source,
                                       tl_arena *arena, tl_recorded *out, tl_err *err);

/** The answer [classes] to a question [size], borrowed; NULL if none is recorded. */
const double *tl_recorded_find(const tl_recorded *recorded, const float *question);

/** Writes them to `path`, durably, as made by step `step`. \param folder as of
 * tl_tensor_file_save \return as tl_tensor_file_save */
TL_MUST_USE tl_status tl_recorded_save(const tl_recorded *recorded, const tl_key *step,
                                       const tl_folder *folder, const char *path,
                                       tl_err *err);

/** Reads a file of tl_recorded_save into `arena`. \param folder as of
 * tl_tensor_file_save \param step that must have made it
 * \return as tl_tensor_file_load */
TL_MUST_USE tl_status tl_recorded_load(const tl_folder *folder, const char *path,
                                       const tl_key *step, tl_arena *arena,
                                       tl_recorded **out, tl_err *err);

#endif
