/*
 * Marks: what was planted by whom, as far as a later party needs to know it. A stage that
 * plants gives a new version of the part; who reads it shares the secret.
 */
#ifndef TL_EXPERIMENTS_STAGE_MARKS_H
#define TL_EXPERIMENTS_STAGE_MARKS_H

#include "experiments/image/watermark.h"

/** All that was planted and is known. */
typedef struct tl_marks {
    tl_watermark watermark; /**< of the owner, in the images of the pool */
} tl_marks;

#endif
