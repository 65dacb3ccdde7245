/*
 * Extraction of models: how like the target a copy is.
 */
#ifndef TL_EXPERIMENTS_METHOD_EXTRACTION_H
#define TL_EXPERIMENTS_METHOD_EXTRACTION_H

#include "experiments/method/target_reading.h"

/** Places of the first metrics of extractions, TL_EXTRACTION_METRICS. */
enum { TL_EXTRACTION_AGREEMENT, TL_EXTRACTION_ACCURACY, TL_EXTRACTION_OWN };

/** The first rows of a table of tl_metric, which tl_extraction_compare sets; their controls
 * in the table, or NULL. */
#define TL_EXTRACTION_METRICS(control_agreement, control_accuracy)                   \
    {.name = "agreement",                                                            \
     .better = TL_BETTER_LOWER,                                                      \
     .is_rate = true,                                                                \
     .control = (control_agreement),                                                 \
     .about = "share of test rows that surrogate and target put in the same class"}, \
    {                                                                                \
        .name = "accuracy", .better = TL_BETTER_LOWER, .is_rate = true,              \
        .control = (control_accuracy), .about = "test accuracy of the surrogate"     \
    }

/**
 * Compares the surrogate that the scene gives with the target on the test rows, in an
 * outcome. Collective.
 *
 * \param target, surrogate results, in scratch
 * \return TL_E_NOMEM, TL_E_PEER
 */
TL_MUST_USE tl_status tl_extraction_compare(tl_scene *scene, tl_reading *target,
                                            tl_reading *surrogate, tl_err *err);

/** Check of such a stage: there are test rows. \return TL_E_ARG */
TL_MUST_USE tl_status tl_extraction_check(const tl_size *size, tl_err *err);

#endif
