/*
 * The room of results: from the outcomes of a sweep to its tables. The result table depends
 * on plan and data alone; the account of the run has times and ranks. May use runner/sweep
 * and what that uses, analysis and compute.
 */
#ifndef TL_RUNNER_RESULTS_RESULT_TABLE_H
#define TL_RUNNER_RESULTS_RESULT_TABLE_H

#include "analysis/table/table.h"
#include "runner/sweep/sweep.h"

/** Makes the result table in `arena`, one row per trial; it borrows from the sweep.
 * \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_collect_results(const tl_sweep *sweep, tl_arena *arena,
                                         tl_table **out, tl_err *err);

/**
 * As tl_collect_results, of the first replicate of each cell and as if every step were
 * done: metrics have arbitrary numbers, equal where the steps are. What the effects of this
 * table lack, those of the results will lack. \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_collect_outlook(const tl_sweep *sweep, tl_arena *arena,
                                         tl_table **out, tl_err *err);

/** Begins the title of an account; the plan's name ends it. */
#define TL_ACCOUNT_TITLE "account of a run of "

/** Facts about a run, for FILE.run.nc. */
typedef struct tl_run_facts {
    int ranks;
    double seconds;
    const char *head; /**< JSON of build, BLAS core and hosts */
} tl_run_facts;

/** Makes the account of the run in `arena`, one row per step; it borrows from the sweep.
 * \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_collect_run(const tl_sweep *sweep, const tl_run_facts *facts,
                                     tl_arena *arena, tl_table **out, tl_err *err);

/** Adds a global attribute to `table`. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_collect_note(tl_table *table, tl_arena *arena, const char *name,
                                      const char *text, tl_err *err);

#endif
