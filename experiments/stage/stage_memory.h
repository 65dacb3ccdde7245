/*
 * Memory of a step before it runs: the stage's own code in a scene whose arenas count.
 */
#ifndef TL_EXPERIMENTS_STAGE_STAGE_MEMORY_H
#define TL_EXPERIMENTS_STAGE_STAGE_MEMORY_H

#include "experiments/stage/step.h"

/**
 * Bytes of keep and scratch that a step takes at most on a member of a team, checkpoints
 * included; infinite where no address space holds them. What sizes do not tell is taken for
 * the most that it can be: all rows of the pool are clean, none is left out; only recovered
 * rows are as many as the attacker has of its own.
 *
 * \param part  JUDGE: what is judged  \param team  the member: of tl_team_counted
 */
double tl_stage_memory(const tl_stage *stage, tl_step_kind kind, tl_part part,
                       const tl_value *arg, const tl_size *size, const tl_team *team);

#endif
