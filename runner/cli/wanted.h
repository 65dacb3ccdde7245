/*
 * Which effects a user wants to see: the options --metric and --factor.
 */
#ifndef TL_RUNNER_CLI_WANTED_H
#define TL_RUNNER_CLI_WANTED_H

#include "analysis/effect/effects.h"
#include "analysis/effect/importance.h"

/** Words of one option, at most. */
enum { TL_MOST_WANTED = 32 };

/** What is wanted. A word is a name, or else a part of names; no words want everything. */
typedef struct tl_wanted {
    const char *metric[TL_MOST_WANTED]; /**< [metrics] borrowed */
    int metrics;
    const char *factor[TL_MOST_WANTED]; /**< [factors] borrowed; a factor, or "a:b" */
    int factors;
} tl_wanted;

/** Whether an effect of `factor`, "" for none, on `metric` is wanted. */
bool tl_wanted_has(const tl_wanted *wanted, const tl_table *table, const char *metric,
                   const char *factor);

/** \return TL_E_ARG, with the nearest name, for a word that no metric or factor of the
 * table has */
TL_MUST_USE tl_status tl_wanted_check(const tl_wanted *wanted, const tl_table *table,
                                      tl_err *err);

/** Keeps in `effects`, of `table`, what is wanted. */
void tl_wanted_effects(const tl_wanted *wanted, const tl_table *table, tl_effects *effects);

/** Keeps in list [count] what is wanted. */
void tl_wanted_importance(const tl_wanted *wanted, const tl_table *table,
                          tl_importance *list, int *count);

#endif
