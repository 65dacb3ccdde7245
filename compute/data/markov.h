/*
 * synthetic/markov: tokens of a first-order chain of known entropy. Generated, any number
 * of rows; row i is the same in a larger set, and a prefix of row i of longer rows.
 *
 * Token s is followed, with probability difficulty, by a uniformly random token; else by
 * one of four successors of s with odds of 8:4:2:1 (fewer if two of them coincide).
 * Successors are random permutations of the tokens, the same for every difficulty, so all
 * tokens are equally frequent. Rows are independent and begin with a uniformly random
 * token.
 */
#ifndef TL_COMPUTE_DATA_MARKOV_H
#define TL_COMPUTE_DATA_MARKOV_H

#include "compute/data/source_data.h"

enum { TL_MARKOV_TOKENS = 65536 /**< size of the vocabulary, at most */ };

/**
 * Makes the source; classes of `want` is the number of tokens, its context within
 * TL_CONTEXT_LEAST .. TL_CONTEXT_MOST.
 * \return TL_E_ARG (classes, difficulty, examples out of range), TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_markov_make(const tl_source_want *want, tl_arena *arena,
                                     tl_source *out, tl_err *err);

/**
 * Entropy rate of the chain, nat per token: the mean over tokens s of the entropy of what
 * follows s. It is the lowest mean loss that any model can reach on the tokens of a row
 * after its first; ln(tokens) is the loss of an untrained model, and the entropy at
 * difficulty 1.
 * \param tokens 2 .. TL_MARKOV_TOKENS
 * \return NAN if out of memory
 * Source: Shannon 1948, A mathematical theory of communication, section 7.
 */
double tl_markov_entropy(int tokens, double difficulty);

#endif
