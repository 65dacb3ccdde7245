/*
 * The names in a result file, for its writer (runner/results) and readers (effects,
 * reports). Changing a name makes earlier files unreadable.
 */
#ifndef TL_ANALYSIS_TABLE_SCHEMA_H
#define TL_ANALYSIS_TABLE_SCHEMA_H

/** Global attributes. `source` begins with the name of the program. `hypotheses` is a JSON
 * array of objects with the keys below; files can be pooled where the rest agree. */
#define TL_NAME_CONVENTIONS "Conventions"
#define TL_NAME_TITLE "title"
#define TL_NAME_SOURCE "source"
#define TL_NAME_DATA_SOURCE "data_source"
#define TL_NAME_DATA_NOTE "data_note"
#define TL_NAME_DATA_CONTENT "data_content"
#define TL_NAME_SPLIT "split"
#define TL_NAME_TARGET "target_file"
#define TL_NAME_TARGET_CONTENT "target_content"
#define TL_NAME_LEFT_OUT "left_out"
#define TL_NAME_SEED "seed"
#define TL_NAME_POOLABLE "plan_hash_without_replicates"
#define TL_NAME_HYPOTHESES "hypotheses"

/** Begins the title of effects; that of their result file ends it. */
#define TL_EFFECTS_TITLE "effects of "

/** Values of `source` and `Conventions`. */
#define TL_PROGRAM "threatloop"
#define TL_CONVENTIONS "CF-1.11 ACDD-1.3"

/** Keys of a hypothesis: a factor (or a:b), a metric, a level ("" for any, or the trend;
 * c:d of an interaction), one of TL_DIRECTIONS. The others may be absent: the claim; the
 * level compared with, in place of the reference; an object of conditions, factor to level;
 * whether the test is one-sided; and the margin of equivalence, a number. */
#define TL_KEY_EFFECT "effect"
#define TL_KEY_ON "on"
#define TL_KEY_LEVEL "level"
#define TL_KEY_DIRECTION "direction"
#define TL_KEY_CLAIM "claim"
#define TL_KEY_AGAINST "against"
#define TL_KEY_AT "at"
#define TL_KEY_ONE_SIDED "one_sided"
#define TL_KEY_MARGIN "margin"
#define TL_NAME_TREND "trend"

/** Words for the directions -1, 0 and +1, to initialise an array. */
#define TL_DIRECTIONS                 \
    {                                 \
        "lowers", "changes", "raises" \
    }

/** The dimension, and variables other than factors and metrics. METRIC_n holds the cases of
 * a rate, METRIC_reason flags why a value is missing. `chain` is the factor of plans with
 * several chains; measure_own_target_accuracy is of a target that the plan brings. Crossed
 * replicates alone have a data draw and a training seed. */
#define TL_NAME_TRIAL "trial"
#define TL_NAME_REPLICATE "replicate"
#define TL_NAME_DATA_DRAW "data_draw"
#define TL_NAME_TRAINING_SEED "training_seed"
#define TL_NAME_STATUS "status"
#define TL_NAME_TRIAL_KEY "trial_key"
#define TL_NAME_SPLIT_HASH "split_hash"
#define TL_NAME_CHAIN "chain"
#define TL_NAME_OWN_ACCURACY "measure_own_target_accuracy"
#define TL_SUFFIX_N "_n"
#define TL_SUFFIX_REASON "_reason"

/** Attributes of any variable; the last four are the file writer's own. */
#define TL_NAME_UNITS "units"
#define TL_NAME_LONG_NAME "long_name"
#define TL_NAME_COORDINATES "coordinates"
#define TL_NAME_MEANINGS "flag_meanings"
#define TL_NAME_RANGE "valid_range"
#define TL_NAME_ENCODING "_Encoding"

/**
 * Attributes of a factor. `factor` makes a variable one: "choice" (levels are words, and
 * `reference` names the first) or "axis" (numbers or words, the first level in the file is
 * the reference). `within` names the choice that an axis exists inside; it is NaN or ""
 * elsewhere. `zip` numbers the group of factors that vary together: they cannot be
 * distinguished, so an effect of one is that of all, and they have no interaction.
 */
#define TL_NAME_FACTOR "factor"
#define TL_CHOICE "choice"
#define TL_AXIS "axis"
#define TL_NAME_REFERENCE "reference"
#define TL_NAME_WITHIN "within"
#define TL_NAME_ZIP "zip"

/**
 * Attributes of a metric. `better` makes a variable one: what the owner of the target wants
 * of it. `downstream_of` lists the factors it depends on, separated by blanks. From the
 * second round on, `round` is the round's number and `first_round` the same metric in the
 * first: the factor "round" acts on the latter, later minus first round. `control` names
 * the column of the same measurement of a control model, which had no access.
 */
#define TL_NAME_BETTER "better"
#define TL_HIGHER "higher"
#define TL_LOWER "lower"
#define TL_NEITHER "none"
#define TL_NAME_ABOVE "downstream_of"
#define TL_NAME_ROUND "round"
#define TL_NAME_FIRST_ROUND "first_round"
#define TL_NAME_CONTROL "control"
#define TL_NAME_FLOW "flow"
#define TL_NAME_ROLE "role"
#define TL_NAME_THREAT "taxonomy_threat"
#define TL_NAME_ACCESS "access"
#define TL_NAME_REFERENCES "references"
#define TL_NAME_ANCILLARY "ancillary_variables"

/** Flags of the variable `status`: the outcome of a trial. */
typedef enum tl_trial_status {
    TL_TRIAL_PLANNED,
    TL_TRIAL_RUNNING,
    TL_TRIAL_DONE,
    TL_TRIAL_FAILED,
    TL_TRIAL_LOST,
    TL_TRIAL_TIMEOUT,
    TL_TRIAL_DIVERGED,
    TL_TRIAL_SKIPPED
} tl_trial_status;

/** The words of these flags, in their order. */
#define TL_STATUS_WORDS "planned running done failed lost timeout diverged skipped"

/** The flag of METRIC_reason if there are too few cases for the metric. */
enum { TL_REASON_UNRESOLVABLE = 1 };

#endif
