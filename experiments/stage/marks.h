/*
 * Marks: secrets that stages have planted in the data. A list: every stage that plants adds
 * its own; stages that read it share the secrets.
 */
#ifndef TL_EXPERIMENTS_STAGE_MARKS_H
#define TL_EXPERIMENTS_STAGE_MARKS_H

#include "experiments/image/watermark.h"

/** What one stage planted. */
typedef struct tl_mark {
    const char *stage;      /**< that planted it */
    uint32_t occurrence;    /**< of that stage among its ancestors */
    tl_watermark watermark; /**< in the images of the pool */
} tl_mark;

/** All marks planted so far, in the order of the chain. Pointers are borrowed. */
typedef struct tl_marks {
    int count;
    const tl_mark *mark; /**< [count] */
} tl_marks;

#endif
