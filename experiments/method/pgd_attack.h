/*
 * Adversarial examples: images moved a little, so that a model takes them for another
 * class. Projected gradient descent within a box around each image (Linf), from a random
 * start. Source: Madry, Makelov, Schmidt, Tsipras, Vladu 2018, Towards deep learning models
 * resistant to adversarial attacks, section 2.1.
 */
#ifndef TL_EXPERIMENTS_METHOD_PGD_ATTACK_H
#define TL_EXPERIMENTS_METHOD_PGD_ATTACK_H

#include "experiments/stage/stage.h"

/** How far and how images are moved. */
typedef struct tl_pgd {
    double eps;  /**< most that a pixel may change, of 0..1 */
    int steps;   /**< after the random start */
    double step; /**< change of each pixel in a step; 0: 2.5 eps / steps */
    /** Row i starts from sub-stream i, at eps times the same point of the unit box for any
     * eps. */
    tl_rng start;
} tl_pgd;

/**
 * Moves the images of `data` away from their labels, as `model` sees them; pixels stay
 * within 0..1. What is climbed down is the logit-scaled confidence, whose gradient points
 * as the cross-entropy's does but does not vanish where the model is sure. Collective over
 * `team`; bits do not depend on it.
 *
 * \param pixel [rows x input] result, on every member; data->input is not changed
 * \return TL_E_NOMEM, TL_E_PEER
 */
TL_MUST_USE tl_status tl_pgd_attack(const tl_pgd *pgd, const tl_model *model,
                                    const tl_dataset *data, const tl_team *team,
                                    tl_arena *scratch, float *pixel, tl_err *err);

/** How a model takes moved images. */
typedef struct tl_robustness {
    double correct; /**< rows it gets right as they are */
    double flipped; /**< of those, rows it gets wrong once moved */
    double loss;    /**< mean cross-entropy of the moved rows, nat */
} tl_robustness;

/**
 * Counts the rows of `data` that `model` takes for another class once moved. Collective
 * over `team`. \param moved [rows x input] \return TL_E_NOMEM, TL_E_PEER
 */
TL_MUST_USE tl_status tl_robustness_count(const tl_model *model, const tl_dataset *data,
                                          const tl_dataset *moved, const tl_team *team,
                                          tl_arena *scratch, tl_robustness *out,
                                          tl_err *err);

/** Parameters of stages that move images, the first of their tables, and what they say.
 * `start` is the scene's stream "start". */
enum { TL_PGD_EPS, TL_PGD_STEPS, TL_PGD_STEP, TL_PGD_PARAMS };
tl_pgd tl_pgd_of(const tl_scene *scene);
#define TL_PGD_PARAM_LIST                                                        \
    {.name = "eps",                                                              \
     .type = TL_PARAM_REAL,                                                      \
     .fallback = 0.1,                                                            \
     .high = 1,                                                                  \
     .about = "most that a pixel may change, of a range of 0 to 1"},             \
        {.name = "steps",                                                        \
         .type = TL_PARAM_INT,                                                   \
         .fallback = 10,                                                         \
         .high = 10000,                                                          \
         .about = "gradient steps after the random start (0: the start alone)"}, \
    {                                                                            \
        .name = "step", .type = TL_PARAM_REAL, .high = 1,                        \
        .about = "change of each pixel in a step (0: 2.5 eps / steps)"           \
    }

/** Refuses sizes without test rows to move. \return TL_E_ARG */
TL_MUST_USE tl_status tl_pgd_check(const tl_size *size, tl_err *err);

#endif
