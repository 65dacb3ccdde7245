/*
 * The sparse part of the transition matrix is a weighted sum of permutation matrices, so
 * its columns sum to one as its rows do and the uniform distribution stays as it is
 * (Birkhoff 1946). The first permutation is one cycle through all tokens: from every token
 * every other can be reached, and the uniform distribution is the only one that stays.
 */
#include "compute/data/markov.h"

#include "compute/core/rng.h"

#include <math.h>
#include <stdbool.h>

enum { SUCCESSORS = 4, ODDS = (1 << SUCCESSORS) - 1 };

typedef struct chain {
    int tokens;
    double difficulty;
    int *next[SUCCESSORS]; /* [tokens] successor k of a token, odds 8 >> k */
} chain;

static tl_status make_chain(int tokens, double difficulty, tl_arena *arena, chain *c,
                            tl_err *err)
{
    const tl_rng all = tl_rng_stream(0, 0, "synthetic/markov", 0, "successors");
    *c = (chain){.tokens = tokens, .difficulty = difficulty};
    int *order;
    TL_ALLOC(order, arena, tokens, err);
    for (int k = 0; k < SUCCESSORS; k++) {
        TL_ALLOC(c->next[k], arena, tokens, err);
        tl_rng rng = tl_rng_sub(&all, (uint64_t)k);
        for (int s = 0; s < tokens; s++) order[s] = s;
        tl_rng_shuffle(&rng, order, tokens);
        for (int i = 0; i < tokens; i++) {
            if (k == 0) {
                c->next[k][order[i]] = order[(i + 1) % tokens];
            } else {
                c->next[k][i] = order[i];
            }
        }
    }
    return TL_OK;
}

static int draw_next(const chain *c, int token, tl_rng *rng)
{
    if (tl_rng_uniform(rng) < c->difficulty) {
        return (int)tl_rng_below(rng, (uint32_t)c->tokens);
    }
    /* 0..7 the first successor, 8..11 the second, 12 and 13 the third, 14 the last */
    const uint32_t lot = tl_rng_below(rng, ODDS);
    int k = 0;
    for (uint32_t end = 8; lot >= end; end += 8U >> k) k++;
    return c->next[k][token];
}

static double entropy_term(double p)
{
    return p > 0.0 ? -p * log(p) : 0.0;
}

/* All but a few of the next tokens are equally likely. */
static double entropy_of(const chain *c)
{
    const double least = c->difficulty / c->tokens;
    double sum = 0.0;
    for (int s = 0; s < c->tokens; s++) {
        int different = 0;
        for (int k = 0; k < SUCCESSORS; k++) {
            double p = least;
            bool is_new = true;
            for (int j = 0; j < SUCCESSORS; j++) {
                if (c->next[j][s] != c->next[k][s]) continue;
                p += (1.0 - c->difficulty) * (8 >> j) / ODDS;
                is_new = is_new && j >= k;
            }
            if (!is_new) continue;
            different++;
            sum += entropy_term(p);
        }
        sum += (c->tokens - different) * entropy_term(least);
    }
    return sum / c->tokens;
}

double tl_markov_entropy(int tokens, double difficulty)
{
    tl_arena arena = tl_arena_open(0);
    chain c;
    const double entropy = make_chain(tokens, difficulty, &arena, &c, NULL) == TL_OK
                               ? entropy_of(&c)
                               : (double)NAN;
    tl_arena_close(&arena);
    return entropy;
}

static tl_status check(const tl_source_want *want, tl_err *err)
{
    TL_CHECK(want->classes >= 2 && want->classes <= TL_MARKOV_TOKENS, err, TL_E_ARG,
             "synthetic/markov has 2 to %d tokens (data.classes), not %d", TL_MARKOV_TOKENS,
             want->classes);
    TL_CHECK(want->difficulty >= 0.0 && want->difficulty <= 1.0, err, TL_E_ARG,
             "the difficulty of synthetic/markov is 0 to 1, not %g", want->difficulty);
    TL_CHECK(want->examples >= 1, err, TL_E_ARG,
             "synthetic/markov needs at least 1 example");
    return TL_OK;
}

static tl_status make_rows(const tl_source_want *want, const chain *c, tl_arena *arena,
                           tl_source *out, tl_err *err)
{
    const tl_rng all = tl_rng_stream(0, 0, "synthetic/markov", 0, "rows");
    const int context = want->context;
    tl_dataset *data = &out->all;
    TL_TRY(
        tl_dataset_tokens(c->tokens, context, (uint64_t)want->examples, arena, data, err));
    for (int i = 0; i < data->rows; i++) {
        tl_rng rng = tl_rng_sub(&all, (uint64_t)i);
        float *row = data->input + (size_t)i * (size_t)context;
        int token = (int)tl_rng_below(&rng, (uint32_t)c->tokens);
        for (int t = 0; t < context; t++) {
            row[t] = (float)token;
            token = draw_next(c, token, &rng);
        }
        data->label[i] = token;
    }
    out->rows[TL_SPLIT_TRAIN] = data->rows;
    out->note =
        tl_arena_print(arena, err, "generated; entropy %.4g nat a token, uniform %.4g",
                       entropy_of(c), log(c->tokens));
    return out->note ? TL_OK : TL_E_NOMEM;
}

tl_status tl_markov_make(const tl_source_want *want, tl_arena *arena, tl_source *out,
                         tl_err *err)
{
    TL_TRY(check(want, err));
    if (want->is_outline) {
        out->all = (tl_dataset){.shape = {1, 1, want->context},
                                .classes = want->classes,
                                .vocabulary = want->classes,
                                .rows = want->examples};
        out->note = "generated";
        return TL_OK;
    }
    tl_arena room = tl_arena_open(0);
    chain c;
    tl_status status = make_chain(want->classes, want->difficulty, &room, &c, err);
    if (status == TL_OK) status = make_rows(want, &c, arena, out, err);
    tl_arena_close(&room);
    return status;
}
