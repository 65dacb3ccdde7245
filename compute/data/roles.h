/*
 * The roles that a source's rows are given: pool, validation, attacker, test. Disjoint, and
 * near-duplicates (tl_source.twin) stay in one role; official splits see tl_roles_draw.
 * Images are dealt so that every role has its share of each class. Rows of tokens are not:
 * there a class is the next token, of which most are rare.
 */
#ifndef TL_COMPUTE_DATA_ROLES_H
#define TL_COMPUTE_DATA_ROLES_H

#include "compute/data/source.h"

/** How rows are shared out. */
typedef struct tl_split {
    bool
        official; /**< the source's own splits; sizes below but attacker_from_pool unused */
    int pool, validation, attacker,
        test;    /**< rows of each role; drawn, images stratified by class */
    double keep; /**< share of the pool that the target trains on; 0: all of it */
    int attacker_from_pool; /**< with official: so many pool rows go to the attacker besides
                             */
} tl_split;

/** The rows of each role; everything is in the arena that they were drawn in. */
typedef struct tl_roles {
    /**
     * The owner's rows. Rows flagged TL_ROW_MEMBER are trained on; the others are the
     * non-members of membership inference. Without `keep` every pool row is a member and a
     * copy of the test rows follows as non-members, so that data stages treat both alike.
     * A row with a near-duplicate on the other side of that line has TL_ROW_NEAR_DUPLICATE:
     * it is trained on or not as any other, but membership is not judged on it.
     */
    tl_dataset *pool;
    tl_dataset *validation, *attacker, *test;
    int copies;        /**< test rows not among the non-members, as a pool row is a copy or
                          near-duplicate of them */
    tl_key split_hash; /**< of which source row went where */
} tl_roles;

/**
 * Whether `split` can be drawn from `source`: sizes within what is there (and what is there
 * is named), official splits present, every class in every role possible. \return TL_E_ARG
 */
TL_MUST_USE tl_status tl_split_check(const tl_source *source, const tl_split *split,
                                     tl_err *err);

/**
 * Rows of each role as tl_roles_draw makes them, without drawing. Sizes are exact for drawn
 * splits; with `official` they are upper bounds, reached where the source has no
 * duplicates. \param pool, validation, attacker, test results
 * \param members result: rows of the pool that are trained on
 */
void tl_split_sizes(const tl_source *source, const tl_split *split, int *pool, int *members,
                    int *validation, int *attacker, int *test);

/**
 * Draws the roles of one replicate; the same (source, split, seed, replicate) gives the
 * same rows, and a larger role holds the rows of a smaller one where the other sizes stand.
 *
 * Drawn: of exact duplicates one row is dealt, of near-duplicates one as long as there are
 * enough others. Where the roles want more, the rest of the near-duplicates are dealt too,
 * into one role each group; rows change places for that, so larger roles then hold the
 * smaller ones but for these. (A group that no role has room for stays apart, and is
 * flagged where membership is concerned.)
 *
 * With `official`: train -> pool, validation divided between owner and attacker, test ->
 * test. There the rows that would put a copy of a pool row into another set leave: the
 * attacker's (counted nowhere) and the pool's own with `keep`. Test rows near to a pool row
 * are not among the non-members (tl_roles.copies); the test role itself stays whole.
 * \return TL_E_ARG as tl_split_check, TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_roles_draw(const tl_source *source, const tl_split *split,
                                    uint64_t seed, uint32_t replicate, tl_arena *arena,
                                    tl_roles *out, tl_err *err);

#endif
