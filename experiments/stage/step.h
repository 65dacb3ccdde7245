/*
 * A step: one call of a stage on a team. Whoever runs a stage, the program or a test, runs
 * it here.
 */
#ifndef TL_EXPERIMENTS_STAGE_STEP_H
#define TL_EXPERIMENTS_STAGE_STEP_H

#include "experiments/stage/stage.h"

/** A run of the stage, a model of its bank, or a judgement of what it planted. */
typedef enum tl_step_kind { TL_STEP_RUN, TL_STEP_BANK, TL_STEP_JUDGE } tl_step_kind;

/** Which call of which stage; the stage is borrowed. */
typedef struct tl_step {
    const tl_stage *stage;
    tl_step_kind kind;
    int item; /**< BANK: which model; JUDGE: the tl_part judged */
} tl_step;

/**
 * Runs the step in `scene`. Collective over scene->team.
 *
 * The caller sets the members of `scene` but for `stage` and `bank_item`, which are set
 * here, and every measure to what it is if the stage says nothing of it. Metrics without a
 * value become NaN; scene->scratch is rewound.
 *
 * \return what the stage returned, agreed by the team; TL_E_NUMERIC if a metric is not
 * finite; TL_E_PEER at once, not agreed on, since a member is gone
 */
TL_MUST_USE tl_status tl_step_run(const tl_step *step, tl_scene *scene, tl_err *err);

#endif
