/*
 * The result file: NetCDF-4, one row per trial by number, every variable self-describing.
 * The same table gives the same bytes: it has no date, host, path or rank count.
 */
#ifndef TL_ANALYSIS_TABLE_RESULT_FILE_H
#define TL_ANALYSIS_TABLE_RESULT_FILE_H

#include "analysis/table/sample_groups.h"
#include "analysis/table/table.h"

/**
 * Makes PATH the table's file, durably (compute/core/file.h); on failure PATH is as it was.
 * A flag has at most 64 meanings.
 * \return TL_E_IO (disk), TL_E_NOMEM (memory, also an attribute whose allocation failed)
 */
TL_MUST_USE tl_status tl_result_write(const char *path, const tl_table *table, tl_err *err);

/** As tl_result_write, with `groups` of per-example results beside the table, which read
 * their records while it is written. \return as tl_result_write, or the error of a group */
TL_MUST_USE tl_status tl_result_write_groups(const char *path, const tl_table *table,
                                             const tl_sample_group *group, int groups,
                                             tl_err *err);

/**
 * Reads the table of a file of tl_result_write into `arena`; its one group, if the root has
 * no variables. Groups beside a table are not read; without them, writing it again gives
 * the same bytes. Other files are refused, as are files whose dimensions claim more than
 * they can hold, or that crash the library: a child process reads the file first, within
 * what `arena` has left.
 * \return TL_E_IO, TL_E_FORMAT (what is wrong), TL_E_NOMEM (it does not fit)
 */
TL_MUST_USE tl_status tl_result_read(const char *path, tl_arena *arena, tl_table **out,
                                     tl_err *err);

/** As tl_result_read, but without a child process: corruption that HDF5's checksums miss
 * can crash it. \return as tl_result_read */
TL_MUST_USE tl_status tl_result_load(const char *path, tl_arena *arena, tl_table **out,
                                     tl_err *err);

enum { TL_ORIGIN = 256 /**< room for a text of tl_result_origin */ };

/** What a file of tl_result_write says it is of; "" where it says nothing. */
typedef struct tl_result_origin {
    char title[TL_ORIGIN], seed[TL_ORIGIN];
} tl_result_origin;

/** Reads what a file is of, as safely as tl_result_read, and nothing else of it.
 * \return TL_E_IO, TL_E_FORMAT (no file of tl_result_write) */
TL_MUST_USE tl_status tl_result_origin_read(const char *path, tl_result_origin *out,
                                            tl_err *err);

/** As tl_result_origin_read, but without a child process.
 * \return as tl_result_origin_read */
TL_MUST_USE tl_status tl_result_origin_load(const char *path, tl_result_origin *out,
                                            tl_err *err);

#endif
