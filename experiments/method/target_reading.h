/*
 * What the target says of rows, for who measures it: read by its model, or off its recorded
 * answers.
 */
#ifndef TL_EXPERIMENTS_METHOD_TARGET_READING_H
#define TL_EXPERIMENTS_METHOD_TARGET_READING_H

#include "experiments/score/reading.h"
#include "experiments/stage/stage.h"

/**
 * Reads `data` by the target of the scene's world. Collective over the scene's team; bits
 * do not depend on it. \param out result, in scratch \return as tl_reading_make; TL_E_ARG
 * for a row without a recorded answer
 */
TL_MUST_USE tl_status tl_target_read(tl_scene *scene, const tl_dataset *data,
                                     tl_reading *out, tl_err *err);

#endif
