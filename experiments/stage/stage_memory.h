/*
 * Memory of a step, predicted by running the stage's own code in a scene whose arenas
 * count.
 */
#ifndef TL_EXPERIMENTS_STAGE_STAGE_MEMORY_H
#define TL_EXPERIMENTS_STAGE_STAGE_MEMORY_H

#include "experiments/stage/step.h"

/**
 * Most bytes of keep and scratch that a step takes on one member of a team, checkpoints
 * included; infinity where no address space holds them. What sizes do not determine counts
 * at its most: all rows of the pool are clean, none is left out. Rows that earlier stages
 * add do not count: recovered rows are as many as the attacker's own, and the pool is as
 * large as at the start of the chain. Not collective.
 *
 * \param value [of the stage's params; for a bank step of the bank's]
 * \param team  of tl_team_counted: the member
 * \param kept  result, bytes of the models, data and log of queries that it gives and
 * keeps; may be NULL
 */
double tl_stage_memory(const tl_step *step, const tl_value *value, const tl_size *size,
                       const tl_team *team, double *kept);

#endif
