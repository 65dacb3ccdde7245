/*
 * The groups /samples, /curves and /images of a result file: per-example results, streamed
 * into it list by list, so that memory is bounded however much they are.
 *
 * A list is what one step stored under one name: scores of rows, the points of a curve, or
 * images. A step that several trials or rounds share is stored once, as of the first that
 * has it. A source says where lists come from: instance of a stage, name, round. Variables:
 * - on sample, point or image, the record: score, member, flags, row and label; x and y;
 *   pixels, row and label; and trial_number, source_index and list_index
 * - on list: list_trial, list_source, list_begin and list_rows; its records are list_begin
 *   to list_begin + list_rows - 1
 * - on trial and source: list_of, the list that a trial has of a source; -1: none
 * - on source: source_instance, source_name and source_round
 */
#ifndef TL_ANALYSIS_TABLE_SAMPLE_GROUPS_H
#define TL_ANALYSIS_TABLE_SAMPLE_GROUPS_H

#include "compute/core/status.h"

#include <stddef.h>
#include <stdint.h>

/** The groups, in their order in a file. */
typedef enum tl_group_kind {
    TL_GROUP_SAMPLES,
    TL_GROUP_CURVES,
    TL_GROUP_IMAGES,
    TL_GROUPS
} tl_group_kind;

/** Where lists come from; texts are borrowed. */
typedef struct tl_group_source {
    const char *instance; /**< as in the names of metrics */
    const char *name;     /**< of the list within the step, may be "" */
    int round;            /**< from 1 */
} tl_group_source;

/** A list, without its records. */
typedef struct tl_group_list {
    uint32_t trial; /**< the first that has it */
    int32_t source;
    uint64_t rows;
} tl_group_list;

/** Room for `n` records, a column each; those of other groups are NULL. */
typedef struct tl_group_rows {
    double *score;        /**< [n] samples */
    signed char *member;  /**< [n] samples: 0 or 1 */
    unsigned char *flags; /**< [n] samples: TL_ROW_* */
    uint32_t *row;        /**< [n] samples, images: source row */
    int32_t *label;       /**< [n] samples, images */
    double *x, *y;        /**< [n] curves */
    float *pixel;         /**< [n x channels x height x width] of the group, NaN outside */
} tl_group_rows;

/** A group and how to read it; all pointers are borrowed. */
typedef struct tl_sample_group {
    tl_group_kind kind;
    int sources;
    const tl_group_source *source; /**< [sources] */
    uint32_t lists;
    const tl_group_list *list;      /**< [lists] */
    uint32_t trials;                /**< of the table */
    size_t channels, height, width; /**< images: the largest of any list */
    /** Reads records [from, from + n) of a list. */
    tl_status (*read)(void *self, uint32_t list, uint64_t from, size_t n,
                      const tl_group_rows *out, tl_err *err);
    /** Sets list_of [trials x sources] of trials [first, first + trials). */
    tl_status (*index)(void *self, uint32_t first, uint32_t trials, int32_t *list_of,
                       tl_err *err);
    void *self;
} tl_sample_group;

/**
 * Writes a group into `file`, an open NetCDF file whose dimension `trial` is `trial`; reads
 * it in pieces of at most 4096 records, and of 1 MiB or one image.
 * \param path  of the file, for messages
 * \return TL_E_IO, TL_E_NOMEM, or the error of `read` or `index`
 */
TL_MUST_USE tl_status tl_sample_group_write(const tl_sample_group *group, int file,
                                            int trial, const char *path, tl_err *err);

/** An upper bound of the group's bytes in a file. */
size_t tl_sample_group_bytes(const tl_sample_group *group);

#endif
