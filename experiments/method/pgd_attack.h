/*
 * Adversarial examples: images perturbed slightly so that a model misclassifies them.
 * Projected gradient descent within a box around each image (Linf), from a random start.
 * Source: Madry, Makelov, Schmidt, Tsipras, Vladu 2018, Towards deep learning models
 * resistant to adversarial attacks, section 2.1.
 */
#ifndef TL_EXPERIMENTS_METHOD_PGD_ATTACK_H
#define TL_EXPERIMENTS_METHOD_PGD_ATTACK_H

#include "experiments/stage/stage.h"

/** How images are perturbed. */
typedef struct tl_pgd {
    double eps;  /**< largest change of a pixel, of 0..1 */
    int steps;   /**< after the random start */
    double step; /**< change of each pixel in a step; 0: 2.5 eps / steps */
    /** Row i starts from sub-stream i: eps times a point of the unit box
     * that does not depend on eps. */
    tl_rng start;
} tl_pgd;

/**
 * Perturbs the images of `data` so that `model` misses their labels; pixels stay within
 * 0..1. Descends the logit-scaled confidence, whose gradient is parallel to that of the
 * cross-entropy but does not vanish where the model is sure. Collective over `team`; bits
 * do not depend on it.
 *
 * \param pixel [rows x input] result, on every member; data->input is unchanged
 * \return TL_E_NOMEM, TL_E_PEER
 */
TL_MUST_USE tl_status tl_pgd_attack(const tl_pgd *pgd, const tl_model *model,
                                    const tl_dataset *data, const tl_team *team,
                                    tl_arena *scratch, float *pixel, tl_err *err);

/** How robust a model is to perturbed images. */
typedef struct tl_robustness {
    double correct; /**< rows it classifies correctly before */
    double flipped; /**< of those, rows it misclassifies after */
    double loss;    /**< mean cross-entropy after, nat */
} tl_robustness;

/**
 * Compares how `model` classifies `data` and `moved`, its perturbed version. Collective
 * over `team`. \return TL_E_NOMEM, TL_E_PEER
 */
TL_MUST_USE tl_status tl_robustness_count(const tl_model *model, const tl_dataset *data,
                                          const tl_dataset *moved, const tl_team *team,
                                          tl_arena *scratch, tl_robustness *out,
                                          tl_err *err);

/** Parameters of stages that perturb images, as the first member of their arguments. */
typedef struct tl_pgd_args {
    double eps;
    int steps;
    double step;
} tl_pgd_args;
/** The attack that they describe; starts from the scene's stream "start". */
tl_pgd tl_pgd_of(const tl_scene *scene, const tl_pgd_args *args);
/** The first rows of a table of tl_param, for tl_pgd_args; `count` steps by default: 40 for
 * attacks, since 10 understate them, and 10 for training, as its source has few. */
#define TL_PGD_PARAMS(count)                                                      \
    {TL_ARG(tl_pgd_args, eps), .type = TL_PARAM_REAL, .fallback = 0.1, .high = 1, \
     .about = "largest change of a pixel, of a range of 0 to 1"},                 \
        {TL_ARG(tl_pgd_args, steps), .type = TL_PARAM_INT, .fallback = (count),   \
         .high = 10000,                                                           \
         .about = "gradient steps after the random start (0: the start alone)"},  \
    {                                                                             \
        TL_ARG(tl_pgd_args, step),                                                \
            .type = TL_PARAM_REAL, .high = 1,                                     \
            .about = "change of each pixel in a step (0: 2.5 eps / steps)"        \
    }

/** Check of such a stage: there are test rows. \return TL_E_ARG */
TL_MUST_USE tl_status tl_pgd_check(const tl_size *size, tl_err *err);

#endif
