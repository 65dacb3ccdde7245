/*
 * A step: one call of a stage on a team, and the only way to run one, in the program and in
 * tests.
 */
#ifndef TL_EXPERIMENTS_STAGE_STEP_H
#define TL_EXPERIMENTS_STAGE_STEP_H

#include "experiments/stage/stage.h"

/** A run of the stage, a model of its bank, or its judge. */
typedef enum tl_step_kind { TL_STEP_RUN, TL_STEP_BANK, TL_STEP_JUDGE } tl_step_kind;

/** Which call of which stage (borrowed). A run is followed by the stage's outcome. */
typedef struct tl_step {
    const tl_stage *stage;
    tl_step_kind kind;
    int item;            /**< BANK: which model; JUDGE: tl_part to judge */
    const tl_bank *bank; /**< BANK: whose model, the stage's bank or its control */
} tl_step;

/**
 * Runs the step in `scene`. Collective over scene->team.
 *
 * The caller sets `scene` except stage, bank_item, args, session and found, and every
 * measure to its value should the stage not set it. The world it gives is whole: what the
 * stage may not see is withheld here, and a session opened in its place. Metrics without a
 * value become NaN; scene->scratch is rewound.
 *
 * \return the stage's status, agreed on by the team; TL_E_NUMERIC if a metric is not
 * finite; TL_E_PEER at once, without agreement, as a member has died
 */
TL_MUST_USE tl_status tl_step_run(const tl_step *step, tl_scene *scene, tl_err *err);

#endif
