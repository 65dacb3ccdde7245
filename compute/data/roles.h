/*
 * The roles of a source's rows: pool, validation, attacker, test. Roles are disjoint, and
 * near-duplicates (tl_source.duplicate_of) share a role; for official splits see
 * tl_roles_draw. Images are stratified by class. Rows of tokens are not: their class is the
 * next token, and most tokens are rare.
 */
#ifndef TL_COMPUTE_DATA_ROLES_H
#define TL_COMPUTE_DATA_ROLES_H

#include "compute/data/source.h"

/** How rows are divided among roles. */
typedef struct tl_split {
    bool official; /**< the source's own splits; of the sizes below only attacker_from_pool
                      is used */
    int pool, validation, attacker,
        test;    /**< rows of each role; drawn, images stratified by class */
    double keep; /**< fraction of the pool that the target trains on; 0: all of it */
    int attacker_from_pool; /**< with official: pool rows that go to the attacker
                             */
} tl_split;

/** The rows of each role; everything is in the arena they were drawn in. */
typedef struct tl_roles {
    /**
     * The owner's rows. Rows flagged TL_ROW_MEMBER are trained on; the others are the
     * non-members of membership inference. Without `keep` every pool row is a member, and a
     * copy of the test rows follows as non-members, so that data stages treat both alike. A
     * row with a near-duplicate on the other side has TL_ROW_NEAR_DUPLICATE: it is trained
     * on like any other, but membership is not judged on it.
     */
    tl_dataset *pool;
    tl_dataset *validation, *attacker, *test;
    int copies; /**< test rows left out of the non-members as copies or near-duplicates of
                   pool rows */
    tl_key split_hash; /**< hash of which source row went where */
} tl_roles;

/**
 * Checks that `split` can be drawn from `source`: enough rows, official splits present,
 * every class in every role possible. \return TL_E_ARG, with what is available
 */
TL_MUST_USE tl_status tl_split_check(const tl_source *source, const tl_split *split,
                                     tl_err *err);

/**
 * Rows of each role as tl_roles_draw makes them, without drawing. Sizes are exact for drawn
 * splits; with `official` they are upper bounds, reached if the source has no duplicates.
 * \param pool, validation, attacker, test results
 * \param members result: rows of the pool that are trained on
 */
void tl_split_sizes(const tl_source *source, const tl_split *split, int *pool, int *members,
                    int *validation, int *attacker, int *test);

/**
 * Draws the roles of one replicate; the same (source, split, seed, replicate) gives the
 * same rows, and a larger role contains the rows of a smaller one if the other sizes stay.
 *
 * Drawn: of exact duplicates one row is used, of near-duplicates one while there are enough
 * others. If the roles need more, the remaining near-duplicates are used too, each group
 * within one role; rows are swapped for that, so larger roles contain the smaller ones
 * except for these. (A group that fits into no role is split, and flagged across
 * membership.)
 *
 * With `official`: train becomes the pool, validation is divided between owner and
 * attacker, test stays test. Rows that would put a copy of a pool row into another set are
 * dropped: the attacker's, and with `keep` the pool's own. Test rows near to a pool row are
 * not among the non-members (tl_roles.copies); the test role itself stays complete.
 * \return TL_E_ARG as tl_split_check, TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_roles_draw(const tl_source *source, const tl_split *split,
                                    uint64_t seed, uint32_t replicate, tl_arena *arena,
                                    tl_roles *out, tl_err *err);

#endif
