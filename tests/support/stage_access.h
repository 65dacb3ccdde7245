/*
 * What a stage's record says of its access to the target, checked against the parts that it
 * reads and gives.
 */
#ifndef TL_TESTS_SUPPORT_STAGE_ACCESS_H
#define TL_TESTS_SUPPORT_STAGE_ACCESS_H

#include "experiments/stage/stage.h"

/**
 * Who may ask for labels, scores or logits does so through the service, logs and counts its
 * queries, and says when it wants logits; who reads the target has access to it, or only an
 * outcome; no bank sees it.
 *
 * \return what is wrong, or NULL
 */
const char *access_fault(const tl_stage *stage);

#endif
