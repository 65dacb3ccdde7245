/*
 * The world of a trial: a version of each of its parts.
 */
#ifndef TL_EXPERIMENTS_STAGE_WORLD_H
#define TL_EXPERIMENTS_STAGE_WORLD_H

#include "compute/data/recorded.h"
#include "experiments/stage/marks.h"
#include "experiments/stage/part.h"
#include "experiments/stage/query_log.h"
#include "experiments/stage/query_service.h"
#include "experiments/stage/setup.h"

/** The parts of the world that a step reads or gives; all pointers are borrowed, NULL
 * where there is none. */
typedef struct tl_world {
    const tl_dataset *data[TL_PARTS]; /**< by tl_part, data parts only */
    const tl_model *model[TL_PARTS];  /**< by tl_part, model parts only */
    const tl_recorded *recorded;      /**< TL_PART_TARGET, where nobody has its model */
    const tl_model *start; /**< where setup->starts_from_file: the file's model */
    const tl_setup *setup;
    const tl_service *service;
    const tl_marks *marks;
    const tl_query_log *query_log;
} tl_world;

#endif
