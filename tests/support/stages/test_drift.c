/*
 * A link that remembers how often it was asked and, from query `first` of a session on,
 * answers with the scores of the neighbouring classes. Where its memory and the query's
 * number disagree it answers what no training survives.
 */
#include "experiments/stage/stage.h"

#include <math.h>

/* As `params` describes them. */
typedef struct arguments {
    int first;
} arguments;

static void answer(const tl_service_link *link, const tl_query *query, void *state,
                   double *row)
{
    const arguments *arg = link->self;
    uint64_t *asked = state;
    if (*asked != query->number) row[0] = (double)NAN;
    *asked += 1;
    if (query->number < (uint64_t)arg->first) return;
    const double last = row[query->classes - 1];
    for (int c = query->classes - 1; c > 0; c--) row[c] = row[c - 1];
    row[0] = last;
}

static tl_status run(tl_scene *scene, tl_err *err)
{
    arguments *own;
    tl_service_link *link;
    TL_ALLOC_RECORDS(own, scene->keep, 1, err);
    TL_ALLOC_RECORDS(link, scene->keep, 1, err);
    *own = *(const arguments *)scene->args;
    *link = (tl_service_link){.name = "defense.test_drift",
                              .gives_logits = true,
                              .state = sizeof(uint64_t),
                              .stream = tl_scene_rng(scene, "none"),
                              .self = own,
                              .answer = answer};
    return tl_service_add(scene->world->service, link, scene->keep, &scene->given->service,
                          err);
}

static const tl_param params[] = {{TL_ARG(arguments, first), .type = TL_PARAM_INT,
                                   .fallback = 100, .high = 1e6,
                                   .about = "first query that is answered wrongly"},
                                  {0}};

const tl_stage tl_stage_defense_test_drift = {
    .name = "defense.test_drift",
    .about = "answers wrongly from a certain query of a session on",
    .source = "none",
    .variant = "A stage of the tests.",
    .version = 1,
    .flow = TL_NO_FLOW,
    .role = TL_ROLE_DEFENSE,
    .taxonomy = "none",
    .reads = TL_BIT(TL_PART_SERVICE),
    .gives = TL_BIT(TL_PART_SERVICE),
    .draws = true, /* the stream, although it draws nothing from it */
    .params = params,
    .run = run,
};
