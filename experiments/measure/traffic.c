/*
 * What the service has been asked: how many clients and queries, how many of these repeat
 * an earlier one of the same client, and how near a client's queries are to one another. A
 * reader of the log sees questions, not who is an attacker. Source: the distance to the
 * nearest earlier query is the statistic of Juuti, Szyller, Marchal, Asokan 2019, PRADA:
 * protecting against DNN model stealing attacks, section 5 (there per class, as a monitor).
 */
#include "experiments/stage/stage.h"

#include <math.h>

enum { CLIENTS, QUERIES, REPEATS, NEAREST };

/* Squared distance of query `i` from the nearest earlier one. */
static double nearest(const tl_client_log *client, int i)
{
    const size_t size = (size_t)client->size;
    const float *own = client->input + (size_t)i * size;
    double least = (double)INFINITY;
    for (int j = 0; j < i; j++) {
        const float *other = client->input + (size_t)j * size;
        double square = 0.0;
        for (size_t k = 0; k < size && square < least; k++) {
            const double d = (double)own[k] - (double)other[k];
            square += d * d;
        }
        least = square < least ? square : least;
    }
    return least;
}

static tl_status run(tl_scene *scene, tl_err *err)
{
    const tl_query_log *log = scene->world->query_log;
    (void)err;
    if (tl_scene_counts(scene)) return TL_OK;
    double queries = 0.0, repeats = 0.0, sum = 0.0, pairs = 0.0;
    for (int c = 0; c < log->clients; c++) {
        const tl_client_log *client = &log->client[c];
        queries += client->rows;
        for (int i = 1; i < client->rows; i++) {
            const double square = nearest(client, i);
            repeats += square == 0.0;
            sum += sqrt(square / client->size);
            pairs += 1.0;
            (void)tl_team_tick(scene->team); /* as long logs take minutes */
        }
    }
    tl_scene_put(scene, CLIENTS, log->clients);
    tl_scene_put(scene, QUERIES, queries);
    tl_scene_put_rate(scene, REPEATS, repeats, queries);
    tl_scene_put_if(scene, NEAREST, pairs > 0.0, sum / pairs, TL_WHY_UNRESOLVABLE);
    return TL_OK;
}

/* All distances of a client that asked about the pool. */
static double cost(const tl_size *size, const void *args)
{
    (void)args;
    return 1.5 * size->pool * (double)size->pool * tl_shape_size(size->shape);
}

static const tl_metric metrics[] = {
    {.name = "clients", .label = "clients", .about = "sessions in the log"},
    {.name = "queries", .label = "queries", .about = "queries of all sessions"},
    {.name = "repeats",
     .label = "repeated queries",
     .is_rate = true,
     .can_be_missing = true,
     .about = "share of queries that repeat an earlier one of their session"},
    {.name = "nearest",
     .label = "distance to the nearest query",
     .can_be_missing = true,
     .about = "root mean square distance of a query from the nearest earlier one of its "
              "session, mean over queries"},
    {0}};

const tl_stage tl_stage_measure_traffic = {
    .name = "measure.traffic",
    .about = "what the service was asked: clients, queries, repeats, distances",
    .source = "Juuti, Szyller, Marchal, Asokan 2019, PRADA: protecting against DNN model "
              "stealing attacks",
    .version = 1,
    .flow = TL_NO_FLOW,
    .role = TL_ROLE_MEASURE,
    .taxonomy = "none",
    .access = TL_KNOWS_TRUTH,
    .reads = TL_BIT(TL_PART_QUERY_LOG),
    .metrics = metrics,
    .run = run,
    .cost = cost,
    .max_ranks = tl_ranks_one,
};
