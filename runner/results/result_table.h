/*
 * From a sweep to the tables that are written: the result table, which depends on the plan
 * and the data alone, and the account of the run, which names times and ranks.
 */
#ifndef TL_RUNNER_RESULTS_RESULT_TABLE_H
#define TL_RUNNER_RESULTS_RESULT_TABLE_H

#include "analysis/table/result_file.h"
#include "runner/sweep/sweep.h"

/** The result table, in `arena`: one row a trial. \return TL_E_SPACE */
TL_MUST_USE tl_status tl_collect_results(const tl_sweep *sweep, tl_arena *arena,
                                         tl_table **out, tl_err *err);

/** How the run went, said in FILE.run.nc. */
typedef struct tl_run_facts {
    int ranks;
    double seconds;
    const char *head; /**< JSON of build, BLAS core and hosts */
} tl_run_facts;

/** The account of the run, in `arena`: one row a step. \return TL_E_SPACE */
TL_MUST_USE tl_status tl_collect_run(const tl_sweep *sweep, const tl_run_facts *facts,
                                     tl_arena *arena, tl_table **out, tl_err *err);

/** Adds a global attribute. \return TL_E_SPACE */
TL_MUST_USE tl_status tl_collect_note(tl_table *table, tl_arena *arena, const char *name,
                                      const char *text, tl_err *err);

#endif
