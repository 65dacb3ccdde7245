/*
 * Idle: a step that computes nothing. It sleeps and draws one number, to test a machine,
 * its scheduler and its file system with any number of steps, and to compare two result
 * files, before anything is trained.
 */
#include "compute/core/clock.h"
#include "experiments/stage/stage.h"

#include <math.h>

/* As `params` describes them. */
typedef struct arguments {
    double seconds;
} arguments;
enum { DRAW };

static const double SLICE = 0.05; /* seconds: longest delay of a request to stop */
static const double LEAST = 1e-5; /* seconds: overhead of any step */
static const double FLOP_PER_SECOND = 25e9; /* of one core, as `threatloop plan` assumes */

/* Sleeps in slices. \return TL_E_STOP if this rank was asked to stop before the end */
static tl_status idle(const tl_team *team, double seconds, tl_err *err)
{
    for (double left = seconds; left > 0.0; left -= SLICE) {
        if (tl_team_tick(team)) return tl_fail(err, TL_E_STOP, "asked to stop early");
        tl_sleep(left < SLICE ? left : SLICE);
    }
    return TL_OK;
}

static tl_status run(tl_scene *scene, tl_err *err)
{
    const arguments *arg = scene->args;
    if (tl_scene_counts(scene)) return TL_OK;
    const tl_status slept = idle(scene->team, arg->seconds, err);
    TL_TRY(tl_team_agree(scene->team, slept, err));
    tl_rng rng = tl_scene_rng(scene, "draw");
    tl_scene_put(scene, DRAW, tl_rng_uniform(&rng));
    return TL_OK;
}

static double cost(const tl_size *size, const void *args)
{
    const arguments *arg = args;
    (void)size;
    return FLOP_PER_SECOND * fmax(arg->seconds, LEAST);
}

static const tl_param params[] = {{TL_ARG(arguments, seconds), .type = TL_PARAM_REAL,
                                   .high = 3600, .units = "s",
                                   .about = "how long the step sleeps"},
                                  {0}};

static const tl_metric metrics[] = {
    {.name = "draw",
     .label = "draw",
     .high = 1,
     .about = "one number drawn from the step's stream, uniform from 0 to 1, which says "
              "nothing about data or models"},
    {0}};

const tl_stage tl_stage_measure_idle = {
    .name = "measure.idle",
    .about = "computes nothing and sleeps, for trying a machine; draws one number",
    .source = "none: a tool of this program",
    .version = 1,
    .flow = TL_NO_FLOW,
    .role = TL_ROLE_MEASURE,
    .taxonomy = "none",
    .access = TL_KNOWS_TRUTH,
    .draws = true,
    .params = params,
    .metrics = metrics,
    .run = run,
    .cost = cost,
};
