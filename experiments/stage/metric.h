/*
 * Metrics: what a step can measure, and the values it measured.
 */
#ifndef TL_EXPERIMENTS_STAGE_METRIC_H
#define TL_EXPERIMENTS_STAGE_METRIC_H

#include <stdbool.h>
#include <stdint.h>

/** Why a metric has no value. */
typedef enum tl_why {
    TL_WHY_HAS_VALUE = 0,
    TL_WHY_UNRESOLVABLE,   /**< the sample is too small for it */
    TL_WHY_NOT_APPLICABLE, /**< this trial has no such stage or part */
    TL_WHY_FAILED,         /**< its step failed */
    TL_WHY_SKIPPED,        /**< a step before it failed */
    TL_WHY_NOT_RUN         /**< the sweep stopped before it */
} tl_why;
/** "value", "unresolvable" and so on, as in result files. */
const char *tl_why_name(tl_why why);

/** Which direction is better for the owner of the target. */
typedef enum tl_better { TL_BETTER_NONE, TL_BETTER_HIGHER, TL_BETTER_LOWER } tl_better;

struct tl_size;

/** A metric of a stage, one row of a table; texts are constant. */
typedef struct tl_metric {
    const char *name;  /**< NULL ends a table */
    const char *label; /**< short name for people; NULL: the name */
    const char *units; /**< as of tl_param */
    const char *about;
    tl_better better;
    bool is_rate; /**< hits / n; n is stored */
    bool can_be_missing;
    bool is_success;     /**< measures an attack's success: reports give its gains */
    bool of_bank;        /**< depends on the step's bank and the test rows alone */
    double low, high;    /**< range of values; both 0: unbounded, or that of a rate, 0..1 */
    const char *control; /**< the metric of this table that is the same of a control model
                              without access, or NULL */
    /** Whether a step of this size can have a value, so that a plan can be told which of
     * its hypotheses have no answer; NULL: any may. */
    bool (*has_rows_enough)(const struct tl_size *size);
} tl_metric;

enum { TL_MAX_METRICS = 24 /**< of a stage, and of its judge */ };

/** Entries of a table; 0 for NULL. */
int tl_metrics_count(const tl_metric *metrics);

/** A measured value, or why there is none. */
typedef struct tl_measure {
    double value; /**< NaN unless why is TL_WHY_HAS_VALUE */
    double n;     /**< rates: hits are out of n; else 0 */
    int32_t why;  /**< tl_why */
} tl_measure;

/** Whether `measure` can be a value of `metric`, or say why there is none: within its
 * range, and a rate with a number of cases. */
bool tl_metric_admits(const tl_metric *metric, const tl_measure *measure);

#endif
