/*
 * What a plan's hypotheses can come to before anything is run: which can be answered, and
 * the smallest p and q that its replicates can reach.
 */
#ifndef TL_RUNNER_CLI_PROSPECTS_H
#define TL_RUNNER_CLI_PROSPECTS_H

#include "analysis/effect/effects.h"
#include "runner/sweep/sweep.h"

#include <jansson.h>

/** A difference to be found, as --power has it; zero: not asked. */
typedef struct tl_power_request {
    double effect; /**< mean over replicates */
    double sd;     /**< standard deviation over replicates */
} tl_power_request;

/** The tests that a plan's hypotheses make; zero: none. */
typedef struct tl_prospects {
    const tl_plan *plan;       /**< borrowed */
    const tl_effects *effects; /**< in the arena; one a test or a hypothesis without */
    int tests;                 /**< effects that can be answered */
    double *least_p;           /**< [effects] that its replicates can reach; NaN: no test */
    double *alone;             /**< [effects] smallest q if no other p is small */
    double *together; /**< [effects] smallest q if all are as small as they can be */
    tl_power_request power;
    tl_arena arena; /**< owns the rest */
} tl_prospects;

/** Reads "EFFECT,SD", both numbers and not 0. \return TL_E_ARG */
TL_MUST_USE tl_status tl_power_read(const char *text, tl_power_request *out, tl_err *err);

/** Estimates what the hypotheses of the sweep's plan ask on an outlook of its results.
 * `out` is the caller's until tl_prospects_close. \return TL_E_NOMEM, TL_E_FORMAT */
TL_MUST_USE tl_status tl_prospects_open(const tl_sweep *sweep,
                                        const tl_power_request *power, tl_prospects *out,
                                        tl_err *err);

/** Frees what it owns; does nothing to one that is zero. */
void tl_prospects_close(tl_prospects *prospects);

/** Prints a line a test, and the replicates that the power asked for needs. */
void tl_prospects_print(const tl_prospects *prospects);

/** An array of an object a test, owned by the caller. */
json_t *tl_prospects_json(const tl_prospects *prospects);

/** Adds the replicates needed to `all`, if they were asked for. */
void tl_prospects_add_power(const tl_prospects *prospects, json_t *all);

#endif
