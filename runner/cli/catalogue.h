/*
 * The catalogue: what `list` and `describe` say, as JSON that is also the source of the
 * printed pages.
 */
#ifndef TL_RUNNER_CLI_CATALOGUE_H
#define TL_RUNNER_CLI_CATALOGUE_H

#include "experiments/stage/stage.h"

#include <jansson.h>

/** A stage, all about it; owned by the caller. Aborts when memory runs out. */
json_t *tl_catalogue_stage(const tl_stage *stage);

/** One-line records {name, about, ...} of "stages", "models", "data", "metrics" or "plans";
 * owned. NULL for another word. */
json_t *tl_catalogue_list(const char *what);

/** Params of a table, as JSON; owned. */
json_t *tl_catalogue_params(const tl_param *params);

#endif
