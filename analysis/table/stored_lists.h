/*
 * Reads the groups /samples, /curves and /images that sample_groups.h writes: which lists
 * there are, of which trials, and their records.
 */
#ifndef TL_ANALYSIS_TABLE_STORED_LISTS_H
#define TL_ANALYSIS_TABLE_STORED_LISTS_H

#include "analysis/table/sample_groups.h"
#include "compute/core/arena.h"

#include <stdbool.h>

/** A list with its first records; arrays of other groups are NULL. All is in the arena. */
typedef struct tl_stored_list {
    int32_t source;            /**< index of its source */
    size_t rows;               /**< how many records were read */
    const double *x, *y;       /**< [rows] curves */
    const double *score;       /**< [rows] samples */
    const signed char *member; /**< [rows] samples: 0 or 1 */
    const int32_t *label;      /**< [rows] images */
    const float *pixel; /**< [rows x channels x height x width] images, NaN outside */
} tl_stored_list;

/** A group; all is in the arena. */
typedef struct tl_stored {
    int sources;
    const tl_group_source *source; /**< [sources] */
    int lists;                     /**< 0: there is no such group */
    const tl_stored_list *list;    /**< [lists] */
    uint32_t trials;
    const int32_t *list_of; /**< [trials x sources] a trial's list of a source; -1: none */
    size_t channels, height, width; /**< images */
    bool is_too_large;              /**< it has more than could be read */
} tl_stored;

/**
 * Reads a group of a result file, if it has it: of each list the first `most` records, and
 * none at all if these are more than a few million numbers. A child process reads it first,
 * as in tl_result_read.
 * \return TL_E_FORMAT (what is wrong), TL_E_IO, TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_stored_read(const char *path, tl_group_kind kind, size_t most,
                                     tl_arena *arena, tl_stored *out, tl_err *err);

#endif
