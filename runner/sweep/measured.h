/*
 * The steps of a plan that have metrics, by place: steps of two trials have the same place
 * if instance, kind, judged part, judgement and round agree, whatever they compute. Each
 * metric of each place is a column of the result table.
 */
#ifndef TL_RUNNER_SWEEP_MEASURED_H
#define TL_RUNNER_SWEEP_MEASURED_H

#include "compute/core/key_table.h"
#include "runner/plan/trial.h"

enum { TL_MAX_COLUMNS = 1024 /**< most metrics in a result file */ };

/** A place with metrics. */
typedef struct tl_measured {
    tl_key place;       /**< private */
    tl_trial_step step; /**< as in the first trial that has it */
    uint32_t cell;      /**< of that trial */
    int first, metrics; /**< its first column, and how many it has */
} tl_measured;

/** All places with metrics, in the order of the trials. Zero is an empty list. */
typedef struct tl_measured_list {
    tl_measured *one; /**< [count] owned */
    uint32_t count, room;
    int columns;         /**< metrics of all places */
    tl_key_table places; /**< private */
} tl_measured_list;

/** Adds the place of a step of `trial` that has metrics, unless it is in the list.
 * \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_measured_add(tl_measured_list *list, const tl_trial *trial,
                                      int position, tl_err *err);

/** The number of a step's place in the list, or TL_NO_ENTRY: of a model of a bank too. */
uint32_t tl_measured_find(const tl_measured_list *list, const tl_trial_step *step);

/** Frees the list and leaves an empty one. */
void tl_measured_close(tl_measured_list *list);

#endif
