/*
 * Which source row went to which role, as the text of a hash: drawn once for each
 * combination of data and replicate, however many trials share it.
 */
#ifndef TL_RUNNER_SPLIT_TEXTS_H
#define TL_RUNNER_SPLIT_TEXTS_H

#include "runner/trial.h"

/** Texts by the key of the data that a trial starts from. The fields are private. */
typedef struct tl_split_texts {
    const tl_plan *plan;
    tl_arena *arena; /* of the texts */
    tl_arena scratch;
    tl_key *root;      /* [space] */
    const char **text; /* [space] */
    uint32_t *slot;    /* [2 space] number + 1 of the text hashed here, or 0 */
    uint32_t count, space;
    char *next; /* room for `left` more texts */
    uint32_t left;
} tl_split_texts;

/** None yet. Texts will be of `arena` and outlive the rest. */
tl_split_texts tl_split_texts_open(const tl_plan *plan, tl_arena *arena);

/** The text of the split of a trial that is decoded. \return TL_E_SPACE */
TL_MUST_USE tl_status tl_split_texts_find(tl_split_texts *texts, const tl_trial *trial,
                                          const char **out, tl_err *err);

void tl_split_texts_close(tl_split_texts *texts);

#endif
