/*
 * synthetic/markov: tokens of a chain of order one, whose entropy is known. Made here, any
 * number of rows; row i is the same in a larger set, and begins a longer row.
 *
 * After token s comes, with probability difficulty, any token alike; else one of four
 * successors of s with odds of 8:4:2:1 (fewer where two of them agree). Successors are
 * random permutations of the tokens, drawn from streams and the same for every difficulty;
 * under such a chain all tokens are equally frequent. Every row begins with a token drawn
 * so and goes on by itself: rows are independent.
 */
#ifndef TL_COMPUTE_DATA_MARKOV_H
#define TL_COMPUTE_DATA_MARKOV_H

#include "compute/data/source_data.h"

enum { TL_MARKOV_TOKENS = 65536 /**< of the vocabulary, at most */ };

/**
 * Makes the source; classes of `want` is the number of tokens, its context within
 * TL_CONTEXT_LEAST .. TL_CONTEXT_MOST.
 * \return TL_E_ARG (classes, difficulty, examples out of range), TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_markov_make(const tl_source_want *want, tl_arena *arena,
                                     tl_source *out, tl_err *err);

/**
 * Entropy rate of the chain, nat per token: the mean over tokens s of the entropy of what
 * follows s. It is the least mean loss that any model can reach on the tokens of a row
 * after its first; ln(tokens) is what a model that has learnt nothing pays, and what the
 * chain has at difficulty 1. \param tokens 2 .. TL_MARKOV_TOKENS \return NAN where memory
 * is lacking. Source: Shannon 1948, A
 * mathematical theory of communication, section 7.
 */
double tl_markov_entropy(int tokens, double difficulty);

#endif
