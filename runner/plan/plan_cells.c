/*
 * Cells: combinations of the levels of all axes, numbered with the first axis slowest.
 * Zipped axes count once. Cells that `exclude` names are dropped, and so are those that
 * would repeat a chain that an axis does not change; a table has the numbers of the others.
 */
#include "runner/plan/plan_private.h"

#include "compute/core/rng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_RULES = 256, /* that differ */
    RULE_WORDS = MAX_RULES / 64,
    MAX_ALLOWED = 4096,
    MAX_WORK = 1 << 26 /* comparisons of a level with a value, of all of `exclude` */
};

/* An axis or inner axis of an exclude entry, with the values that are dropped. */
typedef struct condition {
    int axis, inner; /* inner -1: the axis itself */
    int values;
    const tl_value *value; /* [values] */
} condition;

typedef struct rule {
    int conditions;
    condition condition[TL_MAX_AXES];
} rule;

/* A bit a rule. */
typedef struct rule_set {
    uint64_t word[RULE_WORDS];
} rule_set;

/* The rules of `exclude`, as far as they differ. */
typedef struct sieve {
    int rules;
    tl_key key[MAX_RULES];      /* [rules] */
    rule_set all;               /* [rules] bits */
    rule_set *met[TL_MAX_AXES]; /* [levels of the axis] rules that hold at a level of it */
} sieve;

static void normalise(const char *path, char out[TL_NAME * 2])
{
    (void)snprintf(out, (size_t)TL_NAME * 2, "%s", path);
    char *split = strstr(out, "data.split.");
    if (split == out) memmove(out + 5, out + 11, strlen(out + 11) + 1);
    for (char *c = out; *c; c++) {
        if (*c == '.') *c = '_';
    }
}

/* 2: the name itself; 1: its end after a _; 0: neither. */
static int match(const char *name, const char *wanted)
{
    if (strcmp(name, wanted) == 0) return 2;
    const size_t n = strlen(name), w = strlen(wanted);
    return n > w && name[n - w - 1] == '_' && strcmp(name + n - w, wanted) == 0;
}

int tl_plan_find_axis(const tl_plan_reader *reader, const char *path, int *inner)
{
    char wanted[TL_NAME * 2];
    normalise(path, wanted);
    for (int least = 2; least >= 1; least--) {
        for (int i = 0; i < reader->plan->axes; i++) {
            if (match(reader->axis[i].name, wanted) < least) continue;
            if (inner) *inner = -1;
            return i;
        }
        for (int i = 0; inner && i < reader->plan->inners; i++) {
            if (match(reader->inner[i].name, wanted) < least) continue;
            *inner = i;
            return reader->inner[i].axis;
        }
    }
    return -1;
}

static tl_status no_axis(const tl_plan_reader *reader, const tl_yaml *at, tl_err *err)
{
    const char *names[TL_MAX_AXES];
    for (int i = 0; i < reader->plan->axes; i++) names[i] = reader->axis[i].name;
    return tl_plan_unknown(at, "axis", at->text, names, reader->plan->axes, err);
}

static tl_status read_group(tl_plan_reader *reader, const tl_yaml *list, int group,
                            tl_err *err)
{
    TL_YAML_CHECK(
        list->kind == TL_YAML_LIST && list->children >= 2, list, err,
        "zip must be a list of lists of two or more axes that vary together, like "
        "[[d2m.badnets.rate, recipe.lr]]");
    int first = -1;
    for (const tl_yaml *node = list->first; node; node = node->next) {
        TL_YAML_CHECK(node->kind == TL_YAML_SCALAR, node, err,
                      "an axis must be a name, found %s", tl_yaml_kind_name(node));
        const int axis = tl_plan_find_axis(reader, node->text, NULL);
        if (axis < 0) return no_axis(reader, node, err);
        TL_YAML_CHECK(reader->axis[axis].zip < 0, node, err, "duplicate axis '%s' in zip",
                      node->text);
        TL_YAML_CHECK(axis != reader->body->chain_axis, node, err,
                      "chains cannot be zipped");
        if (first < 0) first = axis;
        TL_YAML_CHECK(reader->axis[axis].levels == reader->axis[first].levels, node, err,
                      "%s has %d levels, but %s has %d; zipped axes need equally many",
                      reader->axis[axis].name, reader->axis[axis].levels,
                      reader->axis[first].name, reader->axis[first].levels);
        reader->axis[axis].zip = group;
    }
    return TL_OK;
}

static tl_status read_sweep(tl_plan_reader *reader, tl_err *err)
{
    static const char *const keys[] = {"zip"};
    const tl_yaml *sweep = tl_yaml_find(reader->root, "sweep");
    if (!sweep) return TL_OK;
    TL_YAML_CHECK(sweep->kind == TL_YAML_MAP, sweep, err, "sweep must be a map, found %s",
                  tl_yaml_kind_name(sweep));
    for (const tl_yaml *child = sweep->first; child; child = child->next) {
        const char *key = child->key->text;
        TL_YAML_CHECK(
            strcmp(key, "random") != 0 && strcmp(key, "latin") != 0 &&
                strcmp(key, "sobol") != 0,
            child->key, err,
            "%s sampling is not available; axes are crossed, or vary together under zip",
            key);
        if (strcmp(key, "zip") != 0) {
            return tl_plan_unknown(child->key, "key of sweep:", key, keys, 1, err);
        }
        TL_YAML_CHECK(child->kind == TL_YAML_LIST, child, err,
                      "zip must be a list of lists of axes");
        int group = 0;
        for (const tl_yaml *list = child->first; list; list = list->next) {
            TL_TRY(read_group(reader, list, group++, err));
        }
    }
    return TL_OK;
}

bool tl_axes_move_together(const tl_axis *axis, int a, int b)
{
    return a == b || (axis[a].zip >= 0 && axis[a].zip == axis[b].zip);
}

/* Whether no axis before it moves with this one. */
static bool is_first_of_zip(const tl_axis *axis, int a)
{
    int first = 0;
    while (!tl_axes_move_together(axis, first, a)) first++;
    return first == a;
}

static tl_status count_raw(tl_plan_reader *reader, tl_err *err)
{
    tl_plan_body *body = reader->body;
    uint64_t total = 1;
    for (int i = reader->plan->axes - 1; i >= 0; i--) {
        if (!is_first_of_zip(reader->axis, i)) continue;
        for (int z = i; z < reader->plan->axes; z++)
            if (tl_axes_move_together(reader->axis, i, z))
                body->stride[z] = (uint32_t)total;
        total *= (uint64_t)reader->axis[i].levels;
        TL_YAML_CHECK(total <= TL_MAX_TRIALS, reader->axis_at[i], err,
                      "the axes have more than %d combinations, the most that are allowed; "
                      "zip or shorten some",
                      TL_MAX_TRIALS);
    }
    body->raw = (uint32_t)total;
    return TL_OK;
}

static tl_status read_value(tl_plan_reader *reader, const condition *c, const tl_yaml *node,
                            tl_value *out, tl_err *err)
{
    const tl_axis *axis = &reader->axis[c->axis];
    const tl_param *param = c->inner >= 0 ? reader->inner[c->inner].param : axis->param;
    if (!param) return tl_plan_label(node, axis, &out->text, err);
    return tl_plan_value(node, param, node->text ? param->name : "exclude", out, err);
}

/* One value, or a list of them. */
static tl_status read_values(tl_plan_reader *reader, condition *c, const tl_yaml *node,
                             tl_err *err)
{
    const bool is_list = node->kind == TL_YAML_LIST;
    const int count = is_list ? node->children : 1;
    TL_YAML_CHECK(count <= MAX_ALLOWED, node, err,
                  "more than %d values of one axis to exclude", MAX_ALLOWED);
    tl_value *value;
    TL_ALLOC(value, &reader->plan->arena, count, err);
    const tl_yaml *one = is_list ? node->first : node;
    for (int i = 0; i < count; i++, one = one->next)
        TL_TRY(read_value(reader, c, one, &value[i], err));
    c->values = count;
    c->value = value;
    return TL_OK;
}

static tl_status read_rule(tl_plan_reader *reader, const tl_yaml *map, rule *out,
                           tl_err *err)
{
    TL_YAML_CHECK(
        map->kind == TL_YAML_MAP && map->children != 0, map, err,
        "exclude must be a list of maps from axes to values, like - {poison: none, "
        "recipe.lr: 0.1}");
    for (const tl_yaml *child = map->first; child; child = child->next) {
        TL_YAML_CHECK(out->conditions != TL_MAX_AXES, child, err,
                      "more than %d axes in one exclude", TL_MAX_AXES);
        condition *c = &out->condition[out->conditions++];
        c->axis = tl_plan_find_axis(reader, child->key->text, &c->inner);
        if (c->axis < 0) return no_axis(reader, child->key, err);
        TL_TRY(read_values(reader, c, child, err));
    }
    return TL_OK;
}

/* Adds up keys, so that their order does not count. */
static void add_key(tl_key *sum, const tl_key *key)
{
    uint64_t a[2], b[2];
    memcpy(a, sum, sizeof a);
    memcpy(b, key, sizeof b);
    for (int k = 0; k < 2; k++) a[k] += b[k];
    memcpy(sum, a, sizeof a);
}

/* Rules of one key are equal, in whatever order they were written. */
static tl_key key_of(const rule *r)
{
    tl_key all = {{0}};
    for (int i = 0; i < r->conditions; i++) {
        const condition *c = &r->condition[i];
        tl_key values = {{0}};
        for (int v = 0; v < c->values; v++) {
            tl_hash one = {0};
            tl_hash_text(&one, c->value[v].text);
            tl_hash_real(&one, c->value[v].number);
            const tl_key key = tl_hash_end(&one);
            add_key(&values, &key);
        }
        tl_hash hash = {0};
        tl_hash_u64(&hash, (uint64_t)c->axis);
        tl_hash_u64(&hash, (uint64_t)c->inner);
        tl_hash_key(&hash, &values);
        const tl_key key = tl_hash_end(&hash);
        add_key(&all, &key);
    }
    return all;
}

/* Whether a condition holds at level `l` of its axis. */
static bool holds(const tl_plan_reader *reader, const condition *c, int l)
{
    const tl_inner *inner = c->inner >= 0 ? &reader->inner[c->inner] : NULL;
    if (inner && !inner->has[l]) return false;
    const tl_value *value = inner ? &inner->value[l] : &reader->axis[c->axis].value[l];
    for (int v = 0; v < c->values; v++)
        if (tl_plan_is_equal(value, &c->value[v])) return true;
    return false;
}

static int level_of(const tl_plan_reader *reader, uint32_t raw, int axis)
{
    return (int)(raw / reader->body->stride[axis] % (uint32_t)reader->axis[axis].levels);
}

static tl_status sieve_open(const tl_plan_reader *reader, sieve *s, tl_arena *arena,
                            tl_err *err)
{
    for (int i = 0; i < reader->plan->axes; i++) {
        const size_t levels = (size_t)reader->axis[i].levels;
        TL_ALLOC(s->met[i], arena, levels, err);
        memset(s->met[i], 0xff, levels * sizeof *s->met[i]);
    }
    return TL_OK;
}

static void add_rule(const tl_plan_reader *reader, const rule *r, const tl_key *key,
                     sieve *s)
{
    const int word = s->rules / 64;
    const uint64_t bit = (uint64_t)1 << s->rules % 64;
    for (int i = 0; i < r->conditions; i++) {
        const condition *c = &r->condition[i];
        for (int l = 0; l < reader->axis[c->axis].levels; l++)
            if (!holds(reader, c, l)) s->met[c->axis][l].word[word] &= ~bit;
    }
    s->all.word[word] |= bit;
    s->key[s->rules++] = *key;
}

/* Rules of `a` that hold at level `l` of an axis, and of the axes that move with it. */
static rule_set rules_at(const tl_plan_reader *reader, const sieve *s, rule_set a, int axis,
                         int l)
{
    for (int z = axis; z < reader->plan->axes; z++) {
        if (!tl_axes_move_together(reader->axis, axis, z)) continue;
        for (int k = 0; k < RULE_WORDS; k++) a.word[k] &= s->met[z][l].word[k];
    }
    return a;
}

static bool is_empty(const rule_set *a)
{
    uint64_t any = 0;
    for (int k = 0; k < RULE_WORDS; k++) any |= a->word[k];
    return any == 0;
}

/* Drops the combinations from `raw` on that differ in the axes from `axis` on and where one
 * of the rules `met` so far holds. As deep as there are axes; a branch in which no rule is
 * left is not entered, so rules that nothing meets cost nothing. */
static void sift(const tl_plan_reader *reader, const sieve *s, rule_set met, int axis,
                 uint32_t raw, bool *is_out)
{
    while (axis < reader->plan->axes && !is_first_of_zip(reader->axis, axis)) axis++;
    if (axis == reader->plan->axes) {
        is_out[raw] = true;
        return;
    }
    for (int l = 0; l < reader->axis[axis].levels; l++) {
        const rule_set left = rules_at(reader, s, met, axis, l);
        if (is_empty(&left)) continue;
        sift(reader, s, left, axis + 1, raw + (uint32_t)l * reader->body->stride[axis],
             is_out);
    }
}

/* Keeps one of the cells that differ only in axes that their chain does not use. */
static void drop_repeats(const tl_plan_reader *reader, bool *is_out)
{
    const tl_plan_body *body = reader->body;
    const int axes = reader->plan->axes;
    if (body->chain_axis < 0) return;
    for (int c = 0; c < body->chains; c++) {
        bool is_idle[TL_MAX_AXES];
        for (int i = 0; i < axes; i++) {
            is_idle[i] = true;
            for (int z = 0; z < axes; z++)
                is_idle[i] &=
                    !body->chain[c]->uses[z] || !tl_axes_move_together(reader->axis, i, z);
        }
        for (uint32_t raw = 0; raw < body->raw; raw++) {
            if (level_of(reader, raw, body->chain_axis) != c) continue;
            for (int i = 0; i < axes; i++)
                is_out[raw] |= is_idle[i] && level_of(reader, raw, i) != 0;
        }
    }
}

static tl_status read_excludes(tl_plan_reader *reader, sieve *s, tl_err *err)
{
    const tl_yaml *exclude = tl_yaml_find(reader->root, "exclude");
    if (!exclude) return TL_OK;
    TL_YAML_CHECK(exclude->kind == TL_YAML_LIST, exclude, err,
                  "exclude must be a list of maps, found %s", tl_yaml_kind_name(exclude));
    uint64_t work = 0;
    for (const tl_yaml *map = exclude->first; map; map = map->next) {
        rule r = {0};
        TL_TRY(read_rule(reader, map, &r, err));
        const tl_key key = key_of(&r);
        int same = 0;
        while (same < s->rules && !tl_key_equal(&s->key[same], &key)) same++;
        if (same < s->rules) continue;
        TL_YAML_CHECK(s->rules < MAX_RULES, map, err,
                      "exclude has more than %d different maps", MAX_RULES);
        for (int i = 0; i < r.conditions; i++)
            work += (uint64_t)reader->axis[r.condition[i].axis].levels *
                    (uint64_t)r.condition[i].values;
        TL_YAML_CHECK(work <= MAX_WORK, map, err,
                      "exclude has too many values for so many levels; shorten its lists "
                      "or the axes");
        add_rule(reader, &r, &key, s);
    }
    return TL_OK;
}

static tl_status drop_excluded(tl_plan_reader *reader, bool *is_out, tl_err *err)
{
    sieve s = {0};
    tl_arena scratch = tl_arena_open(0);
    tl_status status = sieve_open(reader, &s, &scratch, err);
    if (status == TL_OK) status = read_excludes(reader, &s, err);
    if (status == TL_OK && s.rules > 0) sift(reader, &s, s.all, 0, 0, is_out);
    tl_arena_close(&scratch);
    return status;
}

static tl_status keep_survivors(tl_plan_reader *reader, const bool *is_out, tl_err *err)
{
    tl_plan_body *body = reader->body;
    uint32_t left = 0;
    for (uint32_t raw = 0; raw < body->raw; raw++) left += !is_out[raw];
    reader->plan->cells = left;
    TL_YAML_CHECK(left != 0, tl_yaml_find(reader->root, "exclude"), err,
                  "exclude drops all %u combinations, so nothing is left to run",
                  body->raw);
    if (left == body->raw) return TL_OK;
    TL_ALLOC(body->survivor, &reader->plan->arena, left, err);
    left = 0;
    for (uint32_t raw = 0; raw < body->raw; raw++) {
        if (!is_out[raw]) body->survivor[left++] = raw;
    }
    return TL_OK;
}

tl_status tl_plan_sweep(tl_plan_reader *reader, tl_err *err)
{
    tl_plan *plan = reader->plan;
    TL_TRY(read_sweep(reader, err));
    TL_TRY(count_raw(reader, err));
    bool *is_out = calloc(reader->body->raw, sizeof *is_out);
    TL_CHECK(is_out, err, TL_E_NOMEM, "no memory for %u combinations", reader->body->raw);
    tl_status status = drop_excluded(reader, is_out, err);
    if (status == TL_OK) {
        drop_repeats(reader, is_out);
        status = keep_survivors(reader, is_out, err);
    }
    free(is_out);
    TL_TRY(status);
    const uint64_t trials = (uint64_t)plan->cells * plan->replicates;
    TL_YAML_CHECK(trials <= TL_MAX_TRIALS, reader->root, err,
                  "%u combinations times %u replicates make more than %d trials, the most "
                  "that are allowed; split the plan by replicates",
                  plan->cells, plan->replicates, TL_MAX_TRIALS);
    plan->trials = (uint32_t)trials;
    return TL_OK;
}

int tl_plan_level(const tl_plan *plan, uint32_t cell, int axis)
{
    const tl_plan_body *body = plan->body;
    const uint32_t raw = body->survivor ? body->survivor[cell] : cell;
    return (int)(raw / body->stride[axis] % (uint32_t)plan->axis[axis].levels);
}

tl_status tl_plan_sample(const tl_plan *plan, uint32_t cells, tl_arena *arena, tl_plan *out,
                         tl_err *err)
{
    TL_INVARIANT(cells > 0 && cells <= plan->cells);
    tl_plan_body *body;
    TL_ALLOC(body, arena, 1, err);
    *body = *plan->body;
    TL_ALLOC(body->survivor, arena, cells, err);
    tl_rng rng = tl_rng_stream(plan->seed, 0, "plan", 0, "sample");
    for (uint32_t i = 0; i < cells; i++) {
        const uint32_t from = (uint32_t)((uint64_t)i * plan->cells / cells);
        const uint32_t to = (uint32_t)((uint64_t)(i + 1) * plan->cells / cells);
        const uint32_t cell = from + tl_rng_below(&rng, to - from);
        body->survivor[i] = plan->body->survivor ? plan->body->survivor[cell] : cell;
    }
    *out = *plan;
    out->body = body;
    out->cells = out->trials = cells;
    out->replicates = 1;
    out->steps = plan->steps * cells / plan->cells / plan->replicates;
    return TL_OK;
}

int64_t tl_plan_cell(const tl_plan *plan, const int *level)
{
    const tl_plan_body *body = plan->body;
    uint32_t raw = 0;
    for (int i = 0; i < plan->axes; i++) {
        for (int z = 0; z < i; z++)
            if (tl_axes_move_together(plan->axis, z, i) && level[z] != level[i]) return -1;
        if (is_first_of_zip(plan->axis, i)) raw += (uint32_t)level[i] * body->stride[i];
    }
    if (!body->survivor) return (int64_t)raw;
    uint32_t low = 0, high = plan->cells;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (body->survivor[middle] < raw) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < plan->cells && body->survivor[low] == raw ? (int64_t)low : -1;
}
