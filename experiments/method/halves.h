/*
 * The bank of halves: models trained as the target is, each on its own random half of the
 * clean rows of the pool. Membership tests compare the target with those that have a row,
 * and those that lack it. Source: Carlini, Chien, Nasr, Song, Terzis, Tramer 2022,
 * Membership inference attacks from first principles, section IV (shadow models).
 */
#ifndef TL_EXPERIMENTS_METHOD_HALVES_H
#define TL_EXPERIMENTS_METHOD_HALVES_H

#include "experiments/stage/stage.h"

/** The bank; a larger one holds the models of a smaller one. */
extern const tl_bank tl_bank_halves;

enum { TL_HALVES_MOST = 256 /**< models */ };

/** The stream that decides the halves, for a stage whose bank this is. */
tl_rng tl_halves_rng(const tl_scene *scene);

/** Whether model `model` trains on the clean row that came from `origin`: by origin, not
 * place, so that halves stay the same where rows were added or removed. */
bool tl_halves_has(const tl_rng *halves, int model, uint32_t origin);

#endif
