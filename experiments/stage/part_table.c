#include "experiments/stage/part_table.h"

#include "compute/data/dataset_file.h"
#include "compute/train/model_file.h"

#include <string.h>

static void hash_bytes(tl_hash *hash, const void *bytes, size_t n)
{
    const tl_key key = tl_key_of(bytes, n);
    tl_hash_key(hash, &key);
}

/* --- data ----------------------------------------------------------------------------- */

static bool has_data(const tl_world *world, tl_part part)
{
    return world->data[part] != NULL;
}

static tl_status put_data(tl_world *to, const tl_world *from, tl_part part, tl_arena *arena,
                          tl_err *err)
{
    (void)arena, (void)err;
    to->data[part] = from->data[part];
    return TL_OK;
}

static void hash_data(const tl_world *world, tl_part part, tl_hash *hash)
{
    tl_dataset_hash(world->data[part], hash);
}

static double bytes_of_data(const tl_world *world, tl_part part)
{
    return (double)tl_dataset_bytes(world->data[part]);
}

static tl_status save_data(const tl_world *world, tl_part part, const tl_key *key,
                           const tl_folder *folder, const char *path, tl_err *err)
{
    return tl_dataset_save(world->data[part], key, folder, path, err);
}

static tl_status load_data(tl_world *world, tl_part part, const tl_key *key,
                           const tl_folder *folder, const char *path, tl_arena *arena,
                           tl_err *err)
{
    tl_dataset *data;
    TL_TRY(tl_dataset_load(folder, path, key, arena, &data, err));
    world->data[part] = data;
    return TL_OK;
}

/* --- models --------------------------------------------------------------------------- */

static bool has_model(const tl_world *world, tl_part part)
{
    return world->model[part] != NULL;
}

static tl_status put_model(tl_world *to, const tl_world *from, tl_part part,
                           tl_arena *arena, tl_err *err)
{
    (void)arena, (void)err;
    to->model[part] = from->model[part];
    return TL_OK;
}

static void hash_model(const tl_world *world, tl_part part, tl_hash *hash)
{
    tl_model_hash(world->model[part], hash);
}

static double bytes_of_model(const tl_world *world, tl_part part)
{
    return (double)world->model[part]->params * sizeof(float);
}

static tl_status save_model(const tl_world *world, tl_part part, const tl_key *key,
                            const tl_folder *folder, const char *path, tl_err *err)
{
    return tl_model_save(world->model[part], key, folder, path, err);
}

static tl_status load_model(tl_world *world, tl_part part, const tl_key *key,
                            const tl_folder *folder, const char *path, tl_arena *arena,
                            tl_err *err)
{
    tl_model *model;
    TL_TRY(tl_model_load(folder, path, key, arena, &model, err));
    world->model[part] = model;
    return TL_OK;
}

/* --- the target: a model, or its recorded answers ------------------------------------- */

static bool has_target(const tl_world *world, tl_part part)
{
    return world->model[part] != NULL || world->recorded != NULL;
}

static tl_status put_target(tl_world *to, const tl_world *from, tl_part part,
                            tl_arena *arena, tl_err *err)
{
    (void)arena, (void)err;
    to->model[part] = from->model[part];
    to->recorded = from->recorded;
    return TL_OK;
}

static void hash_target(const tl_world *world, tl_part part, tl_hash *hash)
{
    if (world->model[part])
        tl_model_hash(world->model[part], hash);
    else
        tl_hash_key(hash, &world->recorded->content);
}

static double bytes_of_target(const tl_world *world, tl_part part)
{
    const tl_recorded *recorded = world->recorded;
    if (world->model[part]) return bytes_of_model(world, part);
    return (double)recorded->rows *
           (sizeof(tl_key) + (double)recorded->classes * sizeof *recorded->answer);
}

static tl_status save_target(const tl_world *world, tl_part part, const tl_key *key,
                             const tl_folder *folder, const char *path, tl_err *err)
{
    if (world->model[part])
        return tl_model_save(world->model[part], key, folder, path, err);
    return tl_recorded_save(world->recorded, key, folder, path, err);
}

/* A file of either: what are no answers is read, or refused, as a model. */
static tl_status load_target(tl_world *world, tl_part part, const tl_key *key,
                             const tl_folder *folder, const char *path, tl_arena *arena,
                             tl_err *err)
{
    tl_recorded *recorded;
    if (tl_recorded_load(folder, path, key, arena, &recorded, NULL) != TL_OK)
        return load_model(world, part, key, folder, path, arena, err);
    world->recorded = recorded;
    return TL_OK;
}

/* --- setup ---------------------------------------------------------------------------- */

static bool has_setup(const tl_world *world, tl_part part)
{
    (void)part;
    return world->setup != NULL;
}

static tl_status put_setup(tl_world *to, const tl_world *from, tl_part part,
                           tl_arena *arena, tl_err *err)
{
    (void)part, (void)arena, (void)err;
    to->setup = from->setup;
    to->start = from->start;
    return TL_OK;
}

static void hash_setup(const tl_world *world, tl_part part, tl_hash *hash)
{
    (void)part;
    const tl_model_spec *spec = &world->setup->model;
    const int number[] = {(int)spec->kind, spec->width,    spec->depth,
                          spec->heads,     spec->kv_heads, spec->splits};
    for (size_t i = 0; i < sizeof number / sizeof *number; i++) {
        tl_hash_u64(hash, (uint64_t)number[i]);
    }
    tl_recipe_hash(&world->setup->recipe, hash);
    if (world->start) tl_model_hash(world->start, hash);
}

static double bytes_of_setup(const tl_world *world, tl_part part)
{
    (void)part;
    return (double)sizeof *world->setup;
}

/* --- service -------------------------------------------------------------------------- */

static bool has_service(const tl_world *world, tl_part part)
{
    (void)part;
    return world->service != NULL;
}

static tl_status put_service(tl_world *to, const tl_world *from, tl_part part,
                             tl_arena *arena, tl_err *err)
{
    (void)part, (void)arena, (void)err;
    to->service = from->service;
    return TL_OK;
}

static void hash_service(const tl_world *world, tl_part part, tl_hash *hash)
{
    (void)part;
    tl_service_hash(world->service, hash);
}

static double bytes_of_service(const tl_world *world, tl_part part)
{
    (void)part;
    return (double)world->service->links * sizeof(tl_service_link);
}

/* --- marks ---------------------------------------------------------------------------- */

static bool has_marks(const tl_world *world, tl_part part)
{
    (void)part;
    return world->marks != NULL;
}

static tl_status put_marks(tl_world *to, const tl_world *from, tl_part part,
                           tl_arena *arena, tl_err *err)
{
    (void)part;
    const int before = to->marks ? to->marks->count : 0, more = from->marks->count;
    tl_marks *all;
    tl_mark *mark;
    TL_ALLOC_RECORDS(all, arena, 1, err);
    TL_ALLOC_RECORDS(mark, arena, before + more, err);
    if (before > 0) memcpy(mark, to->marks->mark, (size_t)before * sizeof *mark);
    if (more > 0) memcpy(mark + before, from->marks->mark, (size_t)more * sizeof *mark);
    *all = (tl_marks){.count = before + more, .mark = mark};
    to->marks = all;
    return TL_OK;
}

static void hash_marks(const tl_world *world, tl_part part, tl_hash *hash)
{
    (void)part;
    for (int i = 0; i < world->marks->count; i++) {
        const tl_mark *mark = &world->marks->mark[i];
        uint32_t word[4];
        tl_rng_block(&mark->watermark.key, 0, word);
        tl_hash_text(hash, mark->stage);
        tl_hash_u64(hash, mark->occurrence);
        tl_hash_u64(hash, (uint64_t)mark->watermark.bits);
        hash_bytes(hash, word, sizeof word);
        hash_bytes(hash, mark->watermark.message, sizeof mark->watermark.message);
    }
}

static double bytes_of_marks(const tl_world *world, tl_part part)
{
    (void)part;
    return (double)world->marks->count * sizeof(tl_mark);
}

/* --- log of queries ------------------------------------------------------------------- */

static bool has_log(const tl_world *world, tl_part part)
{
    (void)part;
    return world->query_log != NULL;
}

static tl_status put_log(tl_world *to, const tl_world *from, tl_part part, tl_arena *arena,
                         tl_err *err)
{
    (void)part;
    const tl_query_log *own = to->query_log, *more = from->query_log;
    const int before = own ? own->clients : 0;
    tl_query_log *all;
    tl_client_log *client;
    TL_ALLOC_RECORDS(all, arena, 1, err);
    TL_ALLOC_RECORDS(client, arena, before + more->clients, err);
    for (int i = 0; i < before; i++) client[i] = own->client[i];
    for (int i = 0; i < more->clients; i++) client[before + i] = more->client[i];
    *all = (tl_query_log){.clients = before + more->clients, .client = client};
    to->query_log = all;
    return TL_OK;
}

static void hash_log(const tl_world *world, tl_part part, tl_hash *hash)
{
    (void)part;
    for (int i = 0; i < world->query_log->clients; i++) {
        const tl_client_log *client = &world->query_log->client[i];
        tl_hash_text(hash, client->stage);
        tl_hash_u64(hash, client->occurrence);
        hash_bytes(hash, client->input,
                   (size_t)client->rows * (size_t)client->size * sizeof *client->input);
    }
}

static double bytes_of_log(const tl_world *world, tl_part part)
{
    (void)part;
    double bytes = 0.0;
    for (int i = 0; i < world->query_log->clients; i++) {
        const tl_client_log *client = &world->query_log->client[i];
        bytes += (double)client->rows * client->size * sizeof *client->input;
    }
    return bytes;
}

static tl_status save_log(const tl_world *world, tl_part part, const tl_key *key,
                          const tl_folder *folder, const char *path, tl_err *err)
{
    (void)part;
    return tl_query_log_save(world->query_log, key, folder, path, err);
}

static tl_status load_log(tl_world *world, tl_part part, const tl_key *key,
                          const tl_folder *folder, const char *path, tl_arena *arena,
                          tl_err *err)
{
    (void)part;
    tl_query_log *log;
    TL_TRY(tl_query_log_load(folder, path, key, arena, &log, err));
    world->query_log = log;
    return TL_OK;
}

/* --- the table ------------------------------------------------------------------------ */

#define TL_DATA_PART(part_name)                                                         \
    {                                                                                   \
        .name = part_name, .ending = ".safetensors", .has = has_data, .put = put_data,  \
        .hash = hash_data, .bytes = bytes_of_data, .save = save_data, .load = load_data \
    }
static const tl_part_ops table[TL_PARTS] = {
    [TL_PART_POOL] = TL_DATA_PART("pool"),
    [TL_PART_VALIDATION] = TL_DATA_PART("validation"),
    [TL_PART_ATTACKER] = TL_DATA_PART("attacker"),
    [TL_PART_TEST] = TL_DATA_PART("test"),
    [TL_PART_RECOVERED] = TL_DATA_PART("recovered"),
    [TL_PART_SETUP] = {.name = "setup",
                       .has = has_setup,
                       .put = put_setup,
                       .hash = hash_setup,
                       .bytes = bytes_of_setup},
    [TL_PART_MARKS] = {.name = "marks",
                       .has = has_marks,
                       .put = put_marks,
                       .hash = hash_marks,
                       .bytes = bytes_of_marks},
    [TL_PART_SERVICE] = {.name = "service",
                         .has = has_service,
                         .put = put_service,
                         .hash = hash_service,
                         .bytes = bytes_of_service},
    [TL_PART_QUERY_LOG] = {.name = "query_log",
                           .ending = ".safetensors",
                           .has = has_log,
                           .put = put_log,
                           .hash = hash_log,
                           .bytes = bytes_of_log,
                           .save = save_log,
                           .load = load_log},
    [TL_PART_TARGET] = {.name = "target",
                        .ending = ".safetensors",
                        .has = has_target,
                        .put = put_target,
                        .hash = hash_target,
                        .bytes = bytes_of_target,
                        .save = save_target,
                        .load = load_target},
    [TL_PART_SURROGATE] = {.name = "surrogate",
                           .ending = ".safetensors",
                           .has = has_model,
                           .put = put_model,
                           .hash = hash_model,
                           .bytes = bytes_of_model,
                           .save = save_model,
                           .load = load_model},
};

const tl_part_ops *tl_part_of(tl_part part)
{
    return &table[part];
}

const char *tl_part_name(tl_part part)
{
    return table[part].name;
}

tl_status tl_world_put(tl_world *to, const tl_world *from, uint32_t parts, tl_arena *arena,
                       tl_err *err)
{
    for (int part = 0; part < TL_PARTS; part++) {
        if (!(parts & TL_BIT(part)) || !table[part].has(from, (tl_part)part)) continue;
        TL_TRY(table[part].put(to, from, (tl_part)part, arena, err));
    }
    return TL_OK;
}

uint32_t tl_world_parts(const tl_world *world)
{
    uint32_t parts = 0;
    for (int part = 0; part < TL_PARTS; part++) {
        if (table[part].has(world, (tl_part)part)) parts |= TL_BIT(part);
    }
    return parts;
}

void tl_world_hash(const tl_world *world, tl_hash *hash)
{
    for (int part = 0; part < TL_PARTS; part++) {
        if (!table[part].has(world, (tl_part)part)) continue;
        tl_hash_text(hash, table[part].name);
        table[part].hash(world, (tl_part)part, hash);
    }
}
