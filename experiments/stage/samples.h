/*
 * The sink of per-example results (scores of single rows, curves, images) that a stage
 * hands over during its step, by scene_store.h. Where they go is the executor's affair: it
 * writes as it is called, so that nothing is gathered in memory.
 */
#ifndef TL_EXPERIMENTS_STAGE_SAMPLES_H
#define TL_EXPERIMENTS_STAGE_SAMPLES_H

#include "compute/data/dataset.h"

#include <stdbool.h>
#include <stddef.h>

/** What can be stored (bits). */
enum {
    TL_STORE_SCORES = 1,
    TL_STORE_CURVES = 2,
    TL_STORE_IMAGES = 4,
    TL_STORE_KINDS = 3 /**< how many kinds there are */
};

/** "scores", "curves" or "images", as in a plan, of bit 1 << number. */
const char *tl_store_name(int number);

/** Limits. */
enum {
    TL_LIST_NAME = 32,    /**< room for the name of a list */
    TL_LISTS_OF_STEP = 32 /**< most lists of one step */
};

/**
 * The head of a list of records. A record is, without gaps and in the machine's byte order:
 * - scores: double score; uint32 source row; int32 label; uint8 member; uint8 flags
 * - curves: double x; double y
 * - images: uint32 source row; int32 label; float pixel [channels x height x width]
 */
typedef struct tl_samples_list {
    unsigned kind;           /**< a TL_STORE_* bit */
    char name[TL_LIST_NAME]; /**< distinguishes lists of one kind in a step */
    uint64_t rows;           /**< records that follow */
    tl_shape shape;          /**< images; else zero */
} tl_samples_list;

/** Bytes of a record of scores and of curves, and of one of images before its pixels. */
enum { TL_SCORE_BYTES = 18, TL_POINT_BYTES = 16, TL_IMAGE_HEAD_BYTES = 8 };

/** Bytes of a record of the list. */
size_t tl_samples_record_bytes(const tl_samples_list *list);

/**
 * The sink of a step. `open` begins a list, `append` adds bytes of its records, `close`
 * ends it; they are NULL where this member does not write, and are called no more after an
 * error.
 */
typedef struct tl_samples {
    unsigned wanted; /**< TL_STORE_* that the plan wants of this step */
    tl_status (*open)(void *self, const tl_samples_list *list, tl_err *err);
    tl_status (*append)(void *self, const void *bytes, size_t n, tl_err *err);
    tl_status (*close)(void *self, tl_err *err);
    void *self;
    tl_err fault; /**< the first error; status TL_OK: none */
} tl_samples;

#endif
