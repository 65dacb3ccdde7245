/*
 * Hashes of which source row went to which role, drawn once for each combination of data
 * and replicate, however many trials share it.
 */
#ifndef TL_RUNNER_RESULTS_SPLIT_HASHES_H
#define TL_RUNNER_RESULTS_SPLIT_HASHES_H

#include "compute/core/key_table.h"
#include "runner/plan/trial.h"

/** Hashes by the key of the data that a trial starts from. Zero with the plan set is empty;
 * the other fields are private. */
typedef struct tl_split_hashes {
    const tl_plan *plan;         /**< borrowed */
    struct tl_split_hash *known; /* [space] */
    tl_key_table numbers;
    uint32_t space;
    tl_arena scratch;
} tl_split_hashes;

/** The hash of the split of a decoded trial. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_split_hashes_find(tl_split_hashes *hashes, const tl_trial *trial,
                                           tl_key *out, tl_err *err);

/** Frees the hashes; they cannot be used again. */
void tl_split_hashes_close(tl_split_hashes *hashes);

#endif
