/*
 * Combinations under `data`: each distinct source is opened once, splits are checked
 * against it, and the resulting sizes are kept for all trials.
 */
#include "compute/core/key_table.h"
#include "compute/data/shared_source.h"
#include "runner/plan/plan_private.h"

#include <string.h>

/* Numbers that are generated for a prediction in all, and those of a row at least. */
enum { MOST_MADE = 1 << 23, LEAST_ROW = 784 };

/* A source that was opened. */
typedef struct open_one {
    tl_key key; /* of its name and parameters */
    const tl_source *source;
} open_one;

/* The sources opened so far, by key. */
typedef struct opened {
    tl_key_table table;
    open_one *at;  /* [table.count] */
    uint64_t made; /* numbers that were generated */
} opened;

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

static tl_key key_of(const char *name, const tl_source_want *want)
{
    tl_hash hash = {0};
    tl_hash_text(&hash, name);
    tl_hash_u64(&hash, (uint64_t)want->examples);
    tl_hash_u64(&hash, (uint64_t)want->classes);
    tl_hash_real(&hash, want->difficulty);
    tl_hash_u64(&hash, (uint64_t)want->context);
    return tl_hash_end(&hash);
}

/* Whether results could tell the source from those before it. */
static bool has_own_label(const opened *all, const char *name)
{
    for (uint32_t i = 0; i < all->table.count; i++) {
        const char *other = all->at[i].source->name;
        if (strcmp(other, name) == 0) continue;
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

/* In a prediction, numbers beyond so many are not generated. */
static bool is_too_large(const tl_plan_reader *reader, const tl_source_want *want,
                         opened *all)
{
    const uint64_t each = (uint64_t)(want->context > LEAST_ROW ? want->context : LEAST_ROW);
    all->made += (uint64_t)want->examples * each;
    return reader->options->predicts && all->made > MOST_MADE;
}

static tl_status open_source(tl_plan_reader *reader, const char *name, tl_source_want want,
                             opened *all, tl_source **out, tl_err *err)
{
    const tl_yaml *at = place_of(reader, "source");
    TL_YAML_CHECK(!climbs(name), at, err,
                  "the source '%.200s' contains '..', which a plan's paths must not", name);
    TL_YAML_CHECK(has_own_label(all, name), at, err,
                  "two sources are called %.200s: results name data by the file's name, so "
                  "rename one of the files",
                  tl_source_label(name));
    TL_YAML_CHECK(want.examples <= tl_data_params[TL_DATA_EXAMPLES].high,
                  place_of(reader, "split"), err,
                  "the roles need %d generated rows in all, at most %g are allowed",
                  want.examples, tl_data_params[TL_DATA_EXAMPLES].high);
    want.is_outline = is_too_large(reader, &want, all);
    const char *dir = reader->options->data_dir;
    const tl_shared_blocks *shared_blocks = reader->options->shared_blocks;
    tl_arena *arena = &reader->plan->arena;
    const tl_status status =
        shared_blocks
            ? tl_source_open_shared(name, dir, &want, shared_blocks, arena, out, err)
            : tl_source_open(name, dir, &want, arena, out, err);
    return status == TL_OK ? TL_OK : tl_yaml_prefix(at, err);
}

/* The source of a choice, opened unless another choice has it too. */
static tl_status find_source(tl_plan_reader *reader, const tl_data_choice *choice,
                             opened *all, const tl_source **out, tl_err *err)
{
    const char *name = choice->value[TL_DATA_SOURCE].text;
    const tl_source_want want = tl_setup_source_want(choice->value);
    const tl_key key = key_of(name, &want);
    const uint32_t there = tl_key_table_find(&all->table, all->at, sizeof *all->at, &key);
    if (there != TL_NO_ENTRY) {
        *out = all->at[there].source;
        return TL_OK;
    }
    tl_source *source;
    TL_TRY(open_source(reader, name, want, all, &source, err));
    all->at[all->table.count] = (open_one){key, source};
    *out = source;
    return tl_key_table_add(&all->table, all->at, sizeof *all->at, err);
}

static tl_status open_choice(tl_plan_reader *reader, uint32_t index, opened *all,
                             tl_err *err)
{
    tl_plan_body *body = reader->body;
    tl_data_choice *choice = &body->choice[index];
    const tl_source *source;
    TL_TRY(find_source(reader, choice, all, &source, err));
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
    body->choices = (uint32_t)total;
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
    opened all = {0};
    TL_ALLOC(all.at, &plan->arena, total, err);
    tl_status status = TL_OK;
    for (uint32_t i = 0; i < (uint32_t)total && status == TL_OK; i++) {
        if (is_met[i]) status = open_choice(reader, i, &all, err);
    }
    tl_key_table_close(&all.table);
    return status;
}

tl_status tl_plan_check_output(const tl_plan *plan, const char *data_dir, const char *path,
                               tl_err *err)
{
    const tl_plan_body *body = plan->body;
    const tl_binding *source = &body->data[TL_DATA_SOURCE];
    const int names = source->axis < 0 ? 1 : plan->axis[source->axis].levels;
    for (int i = 0; i < names; i++) {
        const char *name = source->value[i].text;
        TL_CHECK(!tl_source_reads(name, data_dir, path), err, TL_E_ARG,
                 "-o %s would overwrite data of %s, which is read; name another file", path,
                 name);
    }
    return TL_OK;
}
