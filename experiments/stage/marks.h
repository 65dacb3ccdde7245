/*
 * Marks: secrets that a stage has planted in the data. It gives a new version of the part;
 * stages that read it share the secret.
 */
#ifndef TL_EXPERIMENTS_STAGE_MARKS_H
#define TL_EXPERIMENTS_STAGE_MARKS_H

#include "experiments/image/watermark.h"

/** All marks planted so far. */
typedef struct tl_marks {
    tl_watermark watermark; /**< the owner's, in the images of the pool */
} tl_marks;

#endif
