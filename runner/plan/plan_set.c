/*
 * --set PATH=VALUE, applied to the tree before it is checked. PATH is a key of the plan
 * (recipe.epochs, data.split.pool, seed); a parameter of a stage by the stage's name, the
 * end of it or its `as` name (d2m.badnets.rate, badnets.rate, first.rate), also in a recipe
 * or model of its own (train.recipe.shift); the name of a one_of (poison); or rounds.
 */
#include "runner/plan/plan_private.h"

#include <stdio.h>
#include <string.h>

enum { MAX_FOUND = 64, MAX_NAMES = 512 };

static const char *const top_keys[] = {"name",  "about",      "seed",   "replicates",
                                       "data",  "model",      "recipe", "exclude",
                                       "sweep", "hypotheses", "store",  "target"};
enum { TOP_KEYS = sizeof top_keys / sizeof *top_keys };

/* An entry of a chain that a path may name. */
typedef struct place {
    tl_yaml *node;    /* the entry: a scalar or a map of one key */
    const char *name; /* of the stage, or "one_of" */
    const char *as;   /* or NULL */
} place;

typedef struct places {
    int count;
    place list[MAX_FOUND];
} places;

static void gather(tl_yaml *node, places *out);

static void gather_list(tl_yaml *list, places *out)
{
    if (list->kind != TL_YAML_LIST) return;
    for (tl_yaml *child = list->first; child; child = child->next) gather(child, out);
}

/* Nesting is bounded by TL_YAML_DEPTH. */
static void gather(tl_yaml *node, places *out)
{
    if (out->count == MAX_FOUND) return;
    place *p = &out->list[out->count];
    *p = (place){.node = node};
    if (node->kind == TL_YAML_LIST) {
        gather_list(node, out);
        return;
    }
    if (node->kind == TL_YAML_SCALAR) {
        if (strcmp(node->text, "none") == 0 || strcmp(node->text, "judge") == 0 ||
            strcmp(node->text, "assess") == 0)
            return;
        p->name = node->text;
        out->count++;
        return;
    }
    if (node->children != 1) return;
    const tl_yaml *as =
        node->first->kind == TL_YAML_MAP ? tl_yaml_find(node->first, "as") : NULL;
    p->name = node->first->key->text;
    p->as = as && as->kind == TL_YAML_SCALAR ? as->text : NULL;
    out->count++;
    if (strcmp(p->name, "one_of") == 0 && node->first->kind == TL_YAML_MAP) {
        tl_yaml *options = tl_yaml_find(node->first, "options");
        if (options) gather_list(options, out);
    }
}

static void gather_all(const tl_yaml *root, places *out)
{
    tl_yaml *chain = tl_yaml_find(root, "chain");
    if (chain) gather_list(chain, out);
    const tl_yaml *chains = tl_yaml_find(root, "chains");
    if (!chains || chains->kind != TL_YAML_MAP) return;
    for (tl_yaml *child = chains->first; child; child = child->next)
        gather_list(child, out);
}

/* Length of the part of `path` that names an entry: before the parameter, and before the
 * recipe or model of its own that this is in. 0: it has no parameter. */
static size_t entry_length(const char *path)
{
    static const char *const own[] = {".recipe", ".model"};
    const char *dot = strrchr(path, '.');
    size_t length = dot ? (size_t)(dot - path) : 0;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        const size_t n = strlen(own[i]);
        if (length > n && strncmp(path + length - n, own[i], n) == 0) return length - n;
    }
    return length;
}

/* Whether `path` [length] is this entry's `as`, its stage, or the end of its name. */
static bool is_named(const place *p, const char *path, size_t length)
{
    const char *names[3] = {p->as, p->name, NULL};
    const char *dot = strchr(p->name, '.');
    if (dot) names[2] = dot + 1;
    for (int i = 0; i < 3; i++) {
        if (!names[i] || strlen(names[i]) != length) continue;
        bool same = true;
        for (size_t c = 0; c < length; c++) {
            same = same && (names[i][c] == path[c] ||
                            (i == 1 && names[i][c] == '.' && path[c] == '_'));
        }
        if (same) return true;
    }
    return false;
}

/* The option called `label` among the old ones, or the new node itself. */
static const tl_yaml *old_option(const tl_yaml *options, const tl_yaml *wanted)
{
    if (wanted->kind != TL_YAML_SCALAR) return wanted;
    for (const tl_yaml *node = options->first; node; node = node->next) {
        if (node->kind != TL_YAML_MAP || node->children != 1) continue;
        const place p = {.name = node->first->key->text,
                         .as = node->first->kind == TL_YAML_MAP &&
                                       tl_yaml_find(node->first, "as")
                                   ? tl_yaml_find(node->first, "as")->text
                                   : NULL};
        if (is_named(&p, wanted->text, strlen(wanted->text))) return node;
    }
    return wanted;
}

/* poison=[none, badnets]: options that were there before keep their settings. */
static tl_status set_options(tl_plan_reader *reader, tl_yaml *one_of, const tl_yaml *value,
                             tl_err *err)
{
    tl_arena *arena = &reader->plan->arena;
    tl_yaml *list = tl_yaml_new(TL_YAML_LIST, value, arena, err);
    if (!list) return TL_E_NOMEM;
    const tl_yaml *options = tl_yaml_find(one_of, "options");
    const tl_yaml *wanted = value->kind == TL_YAML_LIST ? value->first : value;
    for (; wanted; wanted = wanted->next) {
        tl_yaml *copy;
        TL_ALLOC(copy, arena, 1, err);
        *copy = *(options ? old_option(options, wanted) : wanted);
        copy->key = NULL;
        tl_yaml_append(list, copy);
        if (value->kind != TL_YAML_LIST) break;
    }
    return tl_yaml_put(one_of, "options", list, arena, err);
}

/* Gives an entry a map of settings, if it has none yet. */
static tl_status settings_of(tl_plan_reader *reader, const place *p, tl_yaml **out,
                             tl_err *err)
{
    tl_arena *arena = &reader->plan->arena;
    tl_yaml *node = p->node;
    if (node->kind == TL_YAML_MAP && node->first->kind == TL_YAML_MAP) {
        *out = node->first;
        return TL_OK;
    }
    const tl_yaml *empty = tl_yaml_new(TL_YAML_MAP, node, arena, err);
    if (!empty) return TL_E_NOMEM;
    if (node->kind == TL_YAML_SCALAR) {
        node->kind = TL_YAML_MAP;
        node->text = NULL;
    }
    TL_TRY(tl_yaml_put(node, p->name, empty, arena, err));
    *out = node->first;
    return TL_OK;
}

/* Walks or makes maps along a path in `map`. */
static tl_status set_in_map(tl_yaml *map, const char *path, const tl_yaml *value,
                            tl_arena *arena, tl_err *err)
{
    char word[TL_NAME];
    for (const char *dot; (dot = strchr(path, '.')) != NULL; path = dot + 1) {
        (void)snprintf(word, sizeof word, "%.*s", (int)(dot - path), path);
        tl_yaml *next = tl_yaml_find(map, word);
        if (!next || next->kind != TL_YAML_MAP) {
            const tl_yaml *empty = tl_yaml_new(TL_YAML_MAP, value, arena, err);
            if (!empty) return TL_E_NOMEM;
            TL_TRY(tl_yaml_put(map, word, empty, arena, err));
            next = tl_yaml_find(map, word);
        }
        map = next;
    }
    return tl_yaml_put(map, path, value, arena, err);
}

static tl_status set_in_chain(tl_plan_reader *reader, const char *path,
                              const tl_yaml *value, bool *done, tl_err *err)
{
    places found = {0};
    gather_all(reader->root, &found);
    const size_t entry = entry_length(path);
    for (int i = 0; i < found.count; i++) {
        const place *p = &found.list[i];
        if (strcmp(p->name, "rounds") == 0) {
            if (strcmp(path, "rounds") != 0) continue;
            *done = true;
            TL_TRY(tl_yaml_put(p->node, "rounds", value, &reader->plan->arena, err));
        } else if (strcmp(p->name, "one_of") == 0) {
            if (!p->as || strcmp(p->as, path) != 0) continue;
            *done = true;
            TL_TRY(set_options(reader, p->node->first, value, err));
        } else if (entry > 0 && is_named(p, path, entry)) {
            tl_yaml *settings;
            *done = true;
            TL_TRY(settings_of(reader, p, &settings, err));
            TL_TRY(
                set_in_map(settings, path + entry + 1, value, &reader->plan->arena, err));
        }
    }
    return TL_OK;
}

static tl_status unknown_path(const tl_plan_reader *reader, const char *path,
                              const tl_yaml *at, tl_err *err)
{
    places found = {0};
    gather_all(reader->root, &found);
    const char *names[MAX_NAMES];
    int count = 0;
    for (int i = 0; i < TOP_KEYS; i++) names[count++] = top_keys[i];
    char word[TL_NAME];
    const size_t entry = entry_length(path), length = entry ? entry : strlen(path);
    (void)snprintf(word, sizeof word, "%.*s", (int)length, path);
    for (int i = 0; i < found.count && count + 3 < MAX_NAMES; i++) {
        const place *p = &found.list[i];
        if (p->as) names[count++] = p->as;
        if (strcmp(p->name, "one_of") == 0) continue;
        names[count++] = p->name;
        const char *end = strchr(p->name, '.');
        if (end) names[count++] = end + 1;
    }
    return tl_plan_unknown(at, "path of --set:", word, names, count, err);
}

tl_status tl_plan_set(tl_plan_reader *reader, const char *assignment, tl_err *err)
{
    tl_arena *arena = &reader->plan->arena;
    const char *equals = strchr(assignment, '=');
    TL_CHECK(equals && equals != assignment, err, TL_E_ARG,
             "--set %.100s: must be PATH=VALUE, like recipe.epochs=5", assignment);
    char *path = tl_arena_text(arena, assignment, err);
    const char *origin = tl_arena_print(arena, err, "--set %s", assignment);
    if (!path || !origin) return TL_E_NOMEM;
    path[equals - assignment] = '\0';
    tl_yaml *value;
    TL_TRY(tl_yaml_read(origin, equals + 1, strlen(equals + 1), arena, &value, err));
    const size_t length = strcspn(path, ".");
    for (int i = 0; i < TOP_KEYS; i++) {
        if (strlen(top_keys[i]) == length && strncmp(top_keys[i], path, length) == 0) {
            return set_in_map(reader->root, path, value, arena, err);
        }
    }
    bool done = false;
    TL_TRY(set_in_chain(reader, path, value, &done, err));
    return done ? TL_OK : unknown_path(reader, path, value, err);
}
