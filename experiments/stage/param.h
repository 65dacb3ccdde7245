/*
 * Parameters: what a plan may set, with type, default and bounds. Stages, data, model and
 * recipe describe theirs by tables of tl_param, which the plan reader checks against.
 */
#ifndef TL_EXPERIMENTS_STAGE_PARAM_H
#define TL_EXPERIMENTS_STAGE_PARAM_H

#include "compute/core/hash.h"

#include <stdbool.h>
#include <stddef.h>

/** What kind of value a parameter takes. */
typedef enum tl_param_type {
    TL_PARAM_REAL,
    TL_PARAM_INT,
    TL_PARAM_BOOL,   /**< 0 or 1 */
    TL_PARAM_CHOICE, /**< number is an index into `choices` */
    TL_PARAM_TEXT    /**< only `text` is used */
} tl_param_type;

/** A value. Texts are borrowed from the plan. */
typedef struct tl_value {
    double number;
    const char *text; /**< TEXT: the value; CHOICE: the word; else NULL */
} tl_value;

enum {
    TL_MAX_PARAMS = 16, /**< of a stage */
    TL_MAX_ARGS = 256   /**< bytes of a stage's arguments */
};

/** The arguments of a stage, as the struct that its table describes. */
typedef union tl_args {
    max_align_t align;
    unsigned char bytes[TL_MAX_ARGS];
} tl_args;

/** A parameter, one row of a table; all that it points to is constant. */
typedef struct tl_param {
    const char *name; /**< NULL ends a table */
    tl_param_type type;
    bool low_is_open;           /**< the lower bound is excluded */
    double fallback;            /**< default: number, or index of the choice */
    double low, high;           /**< REAL, INT: bounds, both allowed */
    const char *units;          /**< NULL: "1", as for fractions and counts */
    const char *about;          /**< one line */
    const char *const *choices; /**< CHOICE: words, NULL-terminated */
    const char *text_fallback;  /**< TEXT: default */
    size_t at;                  /**< place in the owner's struct of arguments (TL_ARG) */
} tl_param;

/** Names a parameter and its member in a struct of arguments: double for REAL, int for INT
 * and CHOICE, bool for BOOL, const char * for TEXT. */
#define TL_ARG(type, member) .name = #member, .at = offsetof(type, member)

/** The units of a parameter or a metric as written: "1" for NULL. */
const char *tl_units(const char *units);

/** Entries of a table; 0 for NULL. */
int tl_params_count(const tl_param *params);

/** Index of `name` in a table, or -1. */
int tl_params_find(const tl_param *params, const char *name);

/** Sets value [count] to the defaults. */
void tl_params_defaults(const tl_param *params, tl_value *value);

/** Fills a struct of arguments from value [count]; each lands in its member, and what no
 * param names is zero. */
void tl_params_unpack(const tl_param *params, const tl_value *value, tl_args *out);

/**
 * Reads `text` as a value of `param`, checked against type, choices and bounds; a TEXT
 * borrows `text`.
 *
 * \param what the parameter's name in errors
 * \return TL_E_ARG: what was found and what is allowed
 */
TL_MUST_USE tl_status tl_param_read(const tl_param *param, const char *what,
                                    const char *text, tl_value *out, tl_err *err);

/** The default as a plan writes it; a number is written into `out`. */
const char *tl_param_default(const tl_param *param, char out[32]);

/** Adds names and values of the params whose bit is in `mask` to `hash`. */
void tl_params_hash(const tl_param *params, const tl_value *value, uint32_t mask,
                    tl_hash *hash);

#endif
