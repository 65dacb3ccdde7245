/*
 * The sections besides the chain: seed, replicates, data, model, recipe.
 */
#include "runner/plan/plan_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_count(const char *text, char **end, unsigned long long *value)
{
    if (*text < '0' || *text > '9' || strspn(text, "0123456789") > 18) return false;
    *value = strtoull(text, end, 10);
    return true;
}

static tl_status read_seed(tl_plan_reader *reader, tl_err *err)
{
    reader->plan->seed = 1;
    const tl_yaml *node = tl_yaml_find(reader->root, "seed");
    if (!node) return TL_OK;
    unsigned long long value = 0;
    char *end = NULL;
    TL_YAML_CHECK(node->kind == TL_YAML_SCALAR && read_count(node->text, &end, &value) &&
                      !*end,
                  node, err, "seed must be a whole number from 0, found %.60s",
                  node->kind == TL_YAML_SCALAR ? node->text : tl_yaml_kind_name(node));
    reader->plan->seed = (uint64_t)value;
    return TL_OK;
}

/* N, or "a..b" with both ends. \param what for messages */
static tl_status read_range(const tl_yaml *node, const char *what, unsigned long long *from,
                            unsigned long long *count, tl_err *err)
{
    unsigned long long first = 0, last = 0;
    char *end = NULL;
    bool is_good = node->kind == TL_YAML_SCALAR && read_count(node->text, &end, &first);
    if (is_good && strncmp(end, "..", 2) == 0) {
        is_good = read_count(end + 2, &end, &last) && last >= first;
    } else if (is_good) {
        last = first - 1;
        is_good = first >= 1;
        first = 0;
    }
    TL_YAML_CHECK(is_good && !*end, node, err,
                  "%s must be a number from 1 or a range like 8..23, found %.60s", what,
                  node->kind == TL_YAML_SCALAR ? node->text : tl_yaml_kind_name(node));
    TL_YAML_CHECK(last < TL_MAX_REPLICATE, node, err, "%s must be at most %d, found %.60s",
                  what, TL_MAX_REPLICATE - 1, node->text);
    *from = first;
    *count = last - first + 1;
    return TL_OK;
}

/* {data: N or a..b, training: N}. */
static tl_status read_crossed(const tl_yaml *map, unsigned long long *from,
                              unsigned long long *count, unsigned long long *seeds,
                              tl_err *err)
{
    static const char *const names[] = {"data", "training"};
    const tl_yaml *data = tl_yaml_find(map, names[0]);
    const tl_yaml *training = tl_yaml_find(map, names[1]);
    for (const tl_yaml *child = map->first; child; child = child->next) {
        if (child != data && child != training)
            return tl_plan_unknown(child->key, "key of replicates:", child->key->text,
                                   names, 2, err);
    }
    TL_YAML_CHECK(data && training, map, err,
                  "crossed replicates need both, like replicates: {data: 4, training: 4}");
    unsigned long long none;
    TL_TRY(read_range(data, "replicates.data", from, count, err));
    TL_TRY(read_range(training, "replicates.training", &none, seeds, err));
    TL_YAML_CHECK(none == 0 && *seeds < TL_MAX_SEEDS, training, err,
                  "replicates.training must be a number from 1 to %d, found %.60s",
                  TL_MAX_SEEDS - 1, training->text);
    TL_YAML_CHECK((*from + *count) * *seeds < TL_MAX_REPLICATE, map, err,
                  "data draws times training seeds must be at most %d",
                  TL_MAX_REPLICATE - 1);
    return TL_OK;
}

static tl_status read_replicates(tl_plan_reader *reader, tl_err *err)
{
    unsigned long long first = 0, count = 1, seeds = 1;
    const tl_yaml *node = tl_yaml_find(reader->root, "replicates");
    if (node && node->kind == TL_YAML_MAP)
        TL_TRY(read_crossed(node, &first, &count, &seeds, err));
    else if (node)
        TL_TRY(read_range(node, "replicates", &first, &count, err));
    reader->plan->first_replicate = (uint32_t)(first * seeds);
    reader->plan->replicates = (uint32_t)(count * seeds);
    reader->plan->seeds = (uint32_t)seeds;
    return TL_OK;
}

static tl_status read_map(tl_plan_reader *reader, const char *key, const tl_param *params,
                          tl_binding *out, tl_err *err)
{
    TL_TRY(tl_plan_defaults(reader, params, out, err));
    const tl_yaml *node = tl_yaml_find(reader->root, key);
    if (!node) return TL_OK;
    TL_YAML_CHECK(node->kind == TL_YAML_MAP, node, err, "%s must be a map, found %s", key,
                  tl_yaml_kind_name(node));
    const tl_param_owner owner = {.name = key, .prefix = key};
    return tl_plan_params(reader, node, params, &owner, out, err);
}

/* Whether param `i` of `data` is written under `split`. */
static bool is_of_split(int i)
{
    return i >= TL_DATA_OFFICIAL && i <= TL_DATA_ATTACKER_FROM_POOL;
}

/* Binds one key of `data` or `data.split`. */
static tl_status read_data_key(tl_plan_reader *reader, const tl_yaml *child, bool in_split,
                               tl_err *err)
{
    const char *names[TL_DATA_PARAMS + 1];
    int count = 0;
    for (int i = 0; i < TL_DATA_PARAMS; i++) {
        const bool fits = is_of_split(i) == in_split || i == TL_DATA_ATTACKER_FROM_POOL;
        if (fits) names[count++] = tl_data_params[i].name;
        if (!fits || strcmp(tl_data_params[i].name, child->key->text) != 0) continue;
        const tl_param_owner owner = {.name = in_split ? "data.split" : "data",
                                      .prefix = "data"};
        return tl_plan_bind(reader, child, &tl_data_params[i], &owner,
                            &reader->body->data[i], err);
    }
    if (!in_split) names[count++] = "split";
    return tl_plan_unknown(child->key, in_split ? "key of data.split:" : "key of data:",
                           child->key->text, names, count, err);
}

static tl_status read_split(tl_plan_reader *reader, const tl_yaml *node, tl_err *err)
{
    static const tl_value yes = {.number = 1.0};
    if (node->kind == TL_YAML_SCALAR && strcmp(node->text, "official") == 0) {
        reader->body->data[TL_DATA_OFFICIAL] = (tl_binding){.axis = -1, .value = &yes};
        return TL_OK;
    }
    TL_YAML_CHECK(node->kind == TL_YAML_MAP, node, err,
                  "data.split must be a map like {pool: 4000, test: 1000} or the "
                  "word official, found %s",
                  node->kind == TL_YAML_SCALAR && node->text[0] ? node->text
                                                                : tl_yaml_kind_name(node));
    for (const tl_yaml *child = node->first; child; child = child->next) {
        TL_TRY(read_data_key(reader, child, true, err));
    }
    return TL_OK;
}

static tl_status read_data(tl_plan_reader *reader, tl_err *err)
{
    TL_TRY(tl_plan_defaults(reader, tl_data_params, reader->body->data, err));
    const tl_yaml *node = tl_yaml_find(reader->root, "data");
    TL_YAML_CHECK(node, reader->root, err,
                  "a plan needs `data`, like data: {source: synthetic/lesions}");
    TL_YAML_CHECK(node->kind == TL_YAML_MAP, node, err, "data must be a map, found %s",
                  tl_yaml_kind_name(node));
    for (const tl_yaml *child = node->first; child; child = child->next) {
        if (strcmp(child->key->text, "split") == 0) {
            TL_TRY(read_split(reader, child, err));
        } else {
            TL_TRY(read_data_key(reader, child, false, err));
        }
    }
    return TL_OK;
}

tl_status tl_plan_setup(tl_plan_reader *reader, tl_err *err)
{
    const tl_yaml *about = tl_yaml_find(reader->root, "about");
    TL_YAML_CHECK(!about || about->kind == TL_YAML_SCALAR, about, err,
                  "about must be a text, found %s", tl_yaml_kind_name(about));
    reader->plan->about = about ? about->text : NULL;
    TL_TRY(read_seed(reader, err));
    TL_TRY(read_replicates(reader, err));
    TL_TRY(read_data(reader, err));
    TL_TRY(read_map(reader, "model", tl_model_params, reader->body->model, err));
    TL_TRY(read_map(reader, "target", tl_target_params, reader->body->target, err));
    return read_map(reader, "recipe", tl_recipe_params, reader->body->recipe, err);
}
