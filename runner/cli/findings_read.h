/*
 * From result files to a report's sources: for the commands summary, report and plot, and
 * for run.
 */
#ifndef TL_RUNNER_CLI_FINDINGS_READ_H
#define TL_RUNNER_CLI_FINDINGS_READ_H

#include "analysis/report/findings.h"
#include "runner/cli/options.h"

/** Result files of a report, at most. */
enum { TL_MOST_SOURCES = 256 };

/**
 * Reads result files, pools them if there are several, and estimates their effects.
 * \param out result, in `arena`, which it borrows; without account and stored groups
 * \return as tl_result_read, tl_table_pool or tl_effects_estimate
 */
TL_MUST_USE tl_status tl_findings_read_effects(const tl_words *files, tl_arena *arena,
                                               tl_findings *out, tl_err *err);

/** As tl_findings_read_effects; of a single file also the account beside it, if it is
 * there, and what the plan stored. \return also as tl_stored_read */
TL_MUST_USE tl_status tl_findings_read(const tl_words *files, tl_arena *arena,
                                       tl_findings *out, tl_err *err);

/** Writes the page about one result file to where it goes by default, FILE without .nc plus
 * .html, and logs that; the arena is the caller's. \return as tl_findings_read or
 * tl_page_write */
TL_MUST_USE tl_status tl_findings_page(const char *file, tl_arena *arena, tl_err *err);

#endif
