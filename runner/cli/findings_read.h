/*
 * From result files to a report's sources: for the commands report and plot, and for run.
 */
#ifndef TL_RUNNER_CLI_FINDINGS_READ_H
#define TL_RUNNER_CLI_FINDINGS_READ_H

#include "analysis/report/findings.h"
#include "runner/cli/options.h"

/** Result files of a report, at most. */
enum { TL_MOST_SOURCES = 256 };

/**
 * Reads result files, pools them if there are several, and estimates their effects.
 * \param out result, in `arena`, which it borrows
 * \return as tl_result_read, tl_table_pool or tl_effects_estimate
 */
TL_MUST_USE tl_status tl_findings_read(const tl_words *files, tl_arena *arena,
                                       tl_findings *out, tl_err *err);

/** Sets `out`, in the arena, to where the page of a result file goes: FILE without .nc,
 * plus .html. \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_page_beside(const char *file, tl_arena *arena, const char **out,
                                     tl_err *err);

#endif
