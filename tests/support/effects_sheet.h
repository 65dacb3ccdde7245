/*
 * A small table of results for tests of effects: poison, its rate, queries and a score.
 */
#ifndef TL_TESTS_SUPPORT_EFFECTS_SHEET_H
#define TL_TESTS_SUPPORT_EFFECTS_SHEET_H

#include "analysis/effect/effects.h"

#include <math.h>

enum { SHEET_COLUMNS = 8, SHEET_ROWS = 64 };

#define NONE ((double)NAN)
#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

/** One row: replicate, poison, rate within poison (NaN: none), queries, score, its n, which
 * is the metric "other", the control of "upstream", unless the score is a rate. */
typedef struct row {
    int replicate;
    const char *poison;
    double rate, queries, score, n;
    int why;
} row;

typedef struct sheet {
    int32_t replicate[SHEET_ROWS], why[SHEET_ROWS];
    const char *poison[SHEET_ROWS];
    double rate[SHEET_ROWS], queries[SHEET_ROWS], score[SHEET_ROWS], n[SHEET_ROWS];
    tl_attribute global[1];
    tl_column column[SHEET_COLUMNS];
    tl_table table;
    tl_arena arena;
    tl_effects *effects;
} sheet;

/**
 * The effects of a table of `rows` (at most SHEET_ROWS); a failure fails the test.
 * \param is_rate the score is a share of n cases
 * \param hypotheses as effects.h has them, or NULL for none
 * \return to be closed by sheet_close
 */
sheet *sheet_estimate(const row *rows, int count, bool is_rate, const char *hypotheses);

/** The same where poison, its rate and queries are of the zip group `zip` (NULL: none). */
sheet *sheet_estimate_zipped(const row *rows, int count, bool is_rate,
                             const char *hypotheses, const char *zip);

void sheet_close(sheet *s);

/** The first such effect, or NULL. */
const tl_effect *sheet_find(const sheet *s, const char *metric, const char *factor,
                            const char *level);

#endif
