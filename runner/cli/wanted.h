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

/* clang-format off */
/** The options --metric and --factor of a tl_usage, for a request of type `request` that
 * has a tl_wanted at `member`. */
#define TL_WANTED_OPTIONS(request, member)                                              \
    {"metric", 0, TL_OPTION_TEXTS, "NAME", offsetof(request, member.metric),            \
     .about = "only this metric, or those with NAME in their names; repeatable",        \
     .high = TL_MOST_WANTED, .count = offsetof(request, member.metrics)},               \
    {"factor", 0, TL_OPTION_TEXTS, "NAME", offsetof(request, member.factor),            \
     .about = "only this factor and its interactions, or one interaction, A:B; "        \
              "repeatable",                                                             \
     .high = TL_MOST_WANTED, .count = offsetof(request, member.factors)}
/* clang-format on */

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
