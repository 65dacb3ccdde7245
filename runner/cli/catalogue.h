/*
 * The catalogue: what `list` and `describe` show, as JSON; the printed pages are made from
 * it.
 */
#ifndef TL_RUNNER_CLI_CATALOGUE_H
#define TL_RUNNER_CLI_CATALOGUE_H

#include "experiments/stage/stage.h"

#include <jansson.h>

/** All about a stage; owned by the caller, as all results here. Aborts when out of memory.
 */
json_t *tl_catalogue_stage(const tl_stage *stage);

/** A list of records {name, about, ...}: "stages", of them "attacks" or "defenses",
 * "models", "data", "metrics" or "plans".
 * \return NULL for any other word */
json_t *tl_catalogue_list(const char *what);

/** The parameters of a table, a list of records. */
json_t *tl_catalogue_params(const tl_param *params);

/** The names of the TL_STORE_* bits `stores`; owned by the caller. */
json_t *tl_catalogue_stores(unsigned stores);

#endif
