/*
 * Combinations under `data`: each distinct source is opened once, splits are checked
 * against it, and the resulting sizes are kept for all trials.
 */
#include "compute/core/log.h"
#include "compute/data/shared_source.h"
#include "runner/plan/plan_private.h"

#include <string.h>

enum { MANY_ROWS = 20000 /* which take seconds to make */ };

uint32_t tl_plan_data_index(const tl_plan *plan, const int *level)
{
    const tl_plan_body *body = plan->body;
    uint32_t index = 0;
    for (int i = 0; i < body->data_axes; i++) {
        const int axis = body->data_axis[i];
        index = index * (uint32_t)plan->axis[axis].levels + (uint32_t)level[axis];
    }
    return index;
}

/* The place of a key of `data`, or of `data` itself, for messages. */
static const tl_yaml *place_of(const tl_plan_reader *reader, const char *key)
{
    const tl_yaml *data = tl_yaml_find(reader->root, "data");
    const tl_yaml *node = tl_yaml_find(data, key);
    return node ? node : data;
}

static const tl_source *find_open(const tl_plan_body *body, uint32_t count,
                                  const tl_data_choice *wanted)
{
    const tl_source_want a = tl_setup_source_want(wanted->value);
    for (uint32_t i = 0; i < count; i++) {
        const tl_data_choice *other = &body->choice[i];
        if (!other->source) continue;
        const tl_source_want b = tl_setup_source_want(other->value);
        if (strcmp(other->value[TL_DATA_SOURCE].text, wanted->value[TL_DATA_SOURCE].text) ==
                0 &&
            a.examples == b.examples && a.classes == b.classes &&
            a.difficulty == b.difficulty && a.context == b.context) {
            return other->source;
        }
    }
    return NULL;
}

/* Whether results could tell the source from those before `index`. */
static bool has_own_label(const tl_plan_body *body, uint32_t index)
{
    const char *name = body->choice[index].value[TL_DATA_SOURCE].text;
    for (uint32_t i = 0; i < index; i++) {
        const char *other = body->choice[i].value[TL_DATA_SOURCE].text;
        if (!body->choice[i].source || strcmp(other, name) == 0) continue;
        if (strcmp(tl_source_label(other), tl_source_label(name)) == 0) return false;
    }
    return true;
}

/* Whether a path climbs; plans need not be trusted, so theirs must not. */
static bool climbs(const char *path)
{
    for (const char *part = path; part; part = strchr(part, '/')) {
        if (*part == '/') part++;
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0')) return true;
    }
    return false;
}

static tl_status open_choice(tl_plan_reader *reader, uint32_t index, tl_err *err)
{
    tl_plan_body *body = reader->body;
    tl_data_choice *choice = &body->choice[index];
    const char *name = choice->value[TL_DATA_SOURCE].text;
    TL_YAML_CHECK(!climbs(name), place_of(reader, "source"), err,
                  "the source '%s' contains '..', which a plan's paths must not", name);
    TL_YAML_CHECK(has_own_label(body, index), place_of(reader, "source"), err,
                  "two sources are called %s: results name data by the file's name, so "
                  "rename one of the files",
                  tl_source_label(name));
    const tl_source *source = find_open(body, index, choice);
    if (!source) {
        const tl_source_want want = tl_setup_source_want(choice->value);
        TL_YAML_CHECK(want.examples <= tl_data_params[TL_DATA_EXAMPLES].high,
                      place_of(reader, "split"), err,
                      "the roles need %d generated rows in all, at most %g are allowed",
                      want.examples, tl_data_params[TL_DATA_EXAMPLES].high);
        if (want.examples >= MANY_ROWS && strncmp(name, "synthetic/", 10) == 0)
            tl_log(TL_LOG_INFO,
                   "generating %d rows of %s and looking for near-duplicates among them; "
                   "this takes a while",
                   want.examples, name);
        tl_source *opened;
        const char *dir = reader->options->data_dir;
        const tl_shared_blocks *shared_blocks = reader->options->shared_blocks;
        tl_arena *arena = &reader->plan->arena;
        if ((shared_blocks
                 ? tl_source_open_shared(name, dir, &want, shared_blocks, arena, &opened,
                                         err)
                 : tl_source_open(name, dir, &want, arena, &opened, err)) != TL_OK) {
            return tl_yaml_prefix(place_of(reader, "source"), err);
        }
        source = opened;
    }
    TL_YAML_CHECK(source->all.vocabulary > 0 || source->all.classes > 1,
                  place_of(reader, "source"), err,
                  "all rows of %s have one label; a model needs at least 2 classes to tell "
                  "apart",
                  tl_source_label(name));
    if (tl_split_check(source, &choice->split, err) != TL_OK) {
        return tl_yaml_prefix(place_of(reader, "split"), err);
    }
    choice->source = source;
    tl_setup_values values = {0};
    memcpy(values.data, choice->value, sizeof values.data);
    for (int i = 0; i < TL_MODEL_PARAMS; i++) values.model[i] = body->model[i].value[0];
    for (int i = 0; i < TL_RECIPE_PARAMS; i++) values.recipe[i] = body->recipe[i].value[0];
    choice->size = tl_setup_size(&values, source);
    return TL_OK;
}

static void find_data_axes(tl_plan_body *body)
{
    for (int p = 0; p < TL_DATA_PARAMS; p++) {
        const int axis = body->data[p].axis;
        if (axis < 0) continue;
        body->data_axis[body->data_axes++] = axis;
    }
}

tl_status tl_plan_sources(tl_plan_reader *reader, tl_err *err)
{
    tl_plan *plan = reader->plan;
    tl_plan_body *body = reader->body;
    find_data_axes(body);
    uint64_t total = 1;
    for (int i = 0; i < body->data_axes; i++) {
        total *= (uint64_t)plan->axis[body->data_axis[i]].levels;
        TL_YAML_CHECK(total <= TL_MAX_DATA, place_of(reader, "split"), err,
                      "more than %d combinations under data", TL_MAX_DATA);
    }
    TL_ALLOC(body->choice, &plan->arena, total, err);
    bool *is_met;
    TL_ALLOC(is_met, &plan->arena, total, err);
    for (uint32_t cell = 0; cell < plan->cells; cell++) {
        int level[TL_MAX_AXES] = {0};
        for (int i = 0; i < body->data_axes; i++) {
            level[body->data_axis[i]] = tl_plan_level(plan, cell, body->data_axis[i]);
        }
        const uint32_t index = tl_plan_data_index(plan, level);
        if (is_met[index]) continue;
        is_met[index] = true;
        tl_data_choice *choice = &body->choice[index];
        for (int p = 0; p < TL_DATA_PARAMS; p++) {
            choice->value[p] = *tl_binding_value(&body->data[p], level);
        }
        choice->split = tl_setup_split(choice->value);
    }
    for (uint32_t i = 0; i < (uint32_t)total; i++) {
        if (is_met[i]) TL_TRY(open_choice(reader, i, err));
    }
    return TL_OK;
}
