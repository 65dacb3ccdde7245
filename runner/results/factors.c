#include "runner/results/factors.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_number(const tl_param *param)
{
    return param && param->type != TL_PARAM_TEXT && param->type != TL_PARAM_CHOICE;
}

static void describe(tl_column *column, const char *name, const char *text)
{
    TL_INVARIANT(column->attributes < TL_COLUMN_ATTRIBUTES);
    column->attribute[column->attributes++] = (tl_attribute){name, text};
}

static uint32_t cell_of(const tl_plan *plan, uint32_t trial)
{
    return trial / plan->replicates;
}

/* A column of numbers or words, filled by the caller through *real or *text. */
static tl_status add_column(const tl_plan *plan, const char *name, bool is_real,
                            tl_arena *arena, tl_table *table, double **real,
                            const char ***text, tl_err *err)
{
    tl_column *column = &table->column[table->columns++];
    *column = (tl_column){.name = name,
                          .type = is_real ? TL_COLUMN_REAL : TL_COLUMN_TEXT,
                          .is_coordinate = true};
    if (is_real) {
        TL_TAKE(*real, arena, plan->trials, err);
        column->real = *real;
    } else {
        TL_TAKE(*text, arena, plan->trials, err);
        column->text = *text;
    }
    return TL_OK;
}

/* Tells which factors move together; what is within an axis moves with its mates too. */
static tl_status describe_zip(const tl_axis *axis, tl_column *column, tl_arena *arena,
                              tl_err *err)
{
    if (axis->zip < 0) return TL_OK;
    const char *group = tl_arena_print(arena, err, "%d", axis->zip);
    if (!group) return TL_E_SPACE;
    describe(column, "zip", group);
    return TL_OK;
}

static tl_status add_axis(const tl_plan *plan, int a, tl_arena *arena, tl_table *table,
                          tl_err *err)
{
    const tl_axis *axis = &plan->axis[a];
    double *real = NULL;
    const char **text = NULL;
    TL_TRY(add_column(plan, axis->name, is_number(axis->param), arena, table, &real, &text,
                      err));
    tl_column *column = &table->column[table->columns - 1];
    for (uint32_t t = 0; t < plan->trials; t++) {
        const tl_value *value = &axis->value[tl_plan_level(plan, cell_of(plan, t), a)];
        if (real) real[t] = value->number;
        if (text) text[t] = value->text;
    }
    if (real) describe(column, "units", tl_units(axis->param->units));
    describe(column, "long_name", axis->param ? axis->param->about : "alternatives");
    describe(column, "factor", axis->is_choice ? "choice" : "axis");
    if (axis->is_choice) describe(column, "reference", axis->value[0].text);
    return describe_zip(axis, column, arena, err);
}

static tl_status add_inner(const tl_plan *plan, int i, tl_arena *arena, tl_table *table,
                           tl_err *err)
{
    const tl_inner *inner = &plan->inner[i];
    double *real = NULL;
    const char **text = NULL;
    TL_TRY(add_column(plan, inner->name, is_number(inner->param), arena, table, &real,
                      &text, err));
    tl_column *column = &table->column[table->columns - 1];
    for (uint32_t t = 0; t < plan->trials; t++) {
        const int level = tl_plan_level(plan, cell_of(plan, t), inner->axis);
        if (real) real[t] = inner->has[level] ? inner->value[level].number : (double)NAN;
        if (text) text[t] = inner->has[level] ? inner->value[level].text : "";
    }
    if (real) describe(column, "units", tl_units(inner->param->units));
    describe(column, "long_name", inner->param->about);
    describe(column, "factor", "axis");
    describe(column, "within", plan->axis[inner->axis].name);
    return describe_zip(&plan->axis[inner->axis], column, arena, err);
}

tl_status tl_factors_columns(const tl_plan *plan, tl_arena *arena, tl_table *table,
                             tl_err *err)
{
    for (int a = 0; a < plan->axes; a++) TL_TRY(add_axis(plan, a, arena, table, err));
    for (int i = 0; i < plan->inners; i++) TL_TRY(add_inner(plan, i, arena, table, err));
    return TL_OK;
}

/* A step whose metrics are looked at: what it is, and what it computes. */
typedef struct measured {
    int instance, kind, item, judgement, lap;
    tl_key key;
} measured;

static measured measured_at(const tl_trial *trial, int position)
{
    const tl_trial_step *step = &trial->step[position];
    return (measured){.instance = step->instance,
                      .kind = (int)step->kind,
                      .item = step->item,
                      .judgement = step->judgement,
                      .lap = step->lap,
                      .key = step->content};
}

/* What a cell has in place of the step. */
typedef struct sight {
    bool is_known, is_there;
    tl_key key;
} sight;

/* A search for the factors that change a step, all in one replicate. */
typedef struct search {
    const tl_plan *plan;
    tl_trial *trial;
    uint32_t replicate;
    measured wanted;
    sight *sight; /* [cells], or NULL while only the example has been looked at */
} search;

static void decode(const search *s, uint32_t cell)
{
    tl_trial_decode(s->plan, cell * s->plan->replicates + s->replicate, s->trial);
}

/* Sets the key of what stands for `it` in another trial. \return false if nothing does */
static bool find_there(const tl_trial *trial, measured *it)
{
    for (int i = 0; i < trial->steps; i++) {
        const measured other = measured_at(trial, i);
        if (other.instance != it->instance || other.kind != it->kind ||
            other.item != it->item || other.judgement != it->judgement ||
            other.lap != it->lap) {
            continue;
        }
        *it = other;
        return true;
    }
    return false;
}

/* Sets the key of what stands for `it` in `cell`, which is decoded once where sights are
 * kept. \return false if nothing does */
static bool look(const search *s, uint32_t cell, measured *it)
{
    sight *kept = s->sight ? &s->sight[cell] : NULL;
    if (kept && kept->is_known) {
        if (kept->is_there) it->key = kept->key;
        return kept->is_there;
    }
    decode(s, cell);
    const bool is_there = find_there(s->trial, it);
    if (kept) *kept = (sight){.is_known = true, .is_there = is_there, .key = it->key};
    return is_there;
}

/* Whether `cell` lacks a step of that round with that key. The same work may stand in an
 * earlier round of it, where this one has come to do something else. */
static bool lacks(const search *s, uint32_t cell, const measured *it)
{
    measured there = *it;
    if (s->sight && look(s, cell, &there) && tl_key_equal(&there.key, &it->key)) {
        return false;
    }
    decode(s, cell);
    for (int i = 0; i < s->trial->steps; i++) {
        const tl_trial_step *step = &s->trial->step[i];
        if (step->lap == it->lap && tl_key_equal(&step->content, &it->key)) return false;
    }
    return true;
}

/* Puts `axis`, and those that move with it, to level `l`. */
static void move(const tl_plan *plan, int axis, int l, int *level)
{
    const int zip = plan->axis[axis].zip;
    for (int a = 0; a < plan->axes; a++) {
        if (a == axis || (zip >= 0 && plan->axis[a].zip == zip)) level[a] = l;
    }
}

/* Goes to the first alternative that has the inner axis, where the cell has it not: the
 * rate of a poison may matter downstream of it though the example has no poison. */
static bool enter(const search *s, const tl_inner *inner, int *level, measured *it,
                  bool *is_barred)
{
    for (int l = 0; l < s->plan->axis[inner->axis].levels; l++) {
        if (!inner->has[l]) continue;
        move(s->plan, inner->axis, l, level);
        const int64_t cell = tl_plan_cell(s->plan, level);
        if (cell < 0) *is_barred = true;
        if (cell >= 0 && look(s, (uint32_t)cell, it)) return true;
    }
    return false;
}

/* Whether moving `axis` away from its level in `cell` changes the step `it`, which is
 * there; with `within`, only to levels of the same alternative whose inner value differs.
 * Sets *is_barred where a move leads to no cell of the plan. */
static bool matters_from(const search *s, uint32_t cell, measured it, int axis,
                         const tl_inner *within, bool *is_barred)
{
    int level[TL_MAX_AXES];
    const tl_plan *plan = s->plan;
    for (int a = 0; a < plan->axes; a++) level[a] = tl_plan_level(plan, cell, a);
    const tl_axis *moved = &plan->axis[axis];
    if (within && !within->has[level[axis]] && !enter(s, within, level, &it, is_barred)) {
        return false;
    }
    const int here = level[axis];
    for (int l = 0; l < moved->levels; l++) {
        const bool same_option =
            !moved->is_choice || strcmp(moved->value[l].text, moved->value[here].text) == 0;
        if (within ? !(same_option && within->has[l]) : (moved->is_choice && same_option)) {
            continue;
        }
        move(plan, axis, l, level);
        const int64_t there = tl_plan_cell(plan, level);
        if (there < 0) *is_barred = true;
        if (there >= 0 && lacks(s, (uint32_t)there, &it)) return true;
    }
    return false;
}

/* Whether the factor changes the step in the example or, where `exclude` bars a move from
 * there, in any other cell that has the step. */
static tl_status matters(search *s, uint32_t example, int axis, const tl_inner *within,
                         tl_arena *arena, bool *out, tl_err *err)
{
    bool is_barred = false;
    *out = matters_from(s, example, s->wanted, axis, within, &is_barred);
    if (*out || !is_barred) return TL_OK;
    if (!s->sight) TL_TAKE(s->sight, arena, s->plan->cells, err);
    for (uint32_t cell = 0; cell < s->plan->cells && !*out; cell++) {
        measured it = s->wanted;
        if (!look(s, cell, &it)) continue;
        *out = matters_from(s, cell, it, axis, within, &is_barred);
    }
    return TL_OK;
}

static tl_status list_above(search *s, uint32_t example, tl_arena *arena, tl_text *list,
                            tl_err *err)
{
    const tl_plan *plan = s->plan;
    for (int f = 0; f < plan->axes + plan->inners; f++) {
        const tl_inner *inner = f < plan->axes ? NULL : &plan->inner[f - plan->axes];
        const char *name = inner ? inner->name : plan->axis[f].name;
        bool is_above;
        TL_TRY(matters(s, example, inner ? inner->axis : f, inner, arena, &is_above, err));
        if (is_above) tl_text_print(list, "%s%s", list->length ? " " : "", name);
    }
    return TL_OK;
}

tl_status tl_factors_above(const tl_plan *plan, tl_trial *trial, uint32_t example,
                           int position, tl_arena *arena, const char **out, tl_err *err)
{
    tl_text list = {0};
    search s = {.plan = plan, .trial = trial, .replicate = example % plan->replicates};
    tl_trial_decode(plan, example, trial);
    s.wanted = measured_at(trial, position);
    const size_t mark = tl_arena_mark(arena);
    const tl_status status = list_above(&s, example / plan->replicates, arena, &list, err);
    tl_arena_rewind(arena, mark);
    *out = status == TL_OK ? tl_arena_text(arena, list.at ? list.at : "", err) : NULL;
    tl_text_close(&list);
    return *out ? TL_OK : TL_E_SPACE;
}

static char *hypotheses_json(const tl_plan *plan)
{
    static const char *const direction[] = {"lowers", "changes", "raises"};
    json_t *list = json_array();
    for (int i = 0; i < plan->hypotheses; i++) {
        const tl_hypothesis *h = &plan->hypothesis[i];
        json_t *one =
            json_pack("{s:s, s:s, s:s, s:s}", "effect", h->effect, "on", h->on, "level",
                      h->level, "direction", direction[h->direction + 1]);
        int failed =
            h->claim ? json_object_set_new(one, "claim", json_string(h->claim)) : 0;
        failed |= json_array_append_new(list, one);
        TL_INVARIANT(failed == 0);
    }
    char *text = json_dumps(list, JSON_COMPACT);
    json_decref(list);
    return text;
}

/* The plan's hash without the lines that say how many replicates: equal for poolable files.
 */
static tl_key hash_without_replicates(const char *text)
{
    tl_hash hash = {0};
    for (const char *line = text; *line;) {
        const size_t length = strcspn(line, "\n");
        if (strncmp(line, "replicates:", 11) != 0) tl_hash_bytes(&hash, line, length);
        line += length + (line[length] == '\n');
    }
    return tl_hash_end(&hash);
}

/* Whether gradients are summed fast in any trial; `trial` is the first. */
static bool has_fast_sums(const tl_plan *plan, const tl_trial *trial)
{
    bool has = trial->size.setup.recipe.reduction == TL_REDUCTION_FAST;
    for (int i = 0; i < plan->axes; i++) {
        const tl_axis *axis = &plan->axis[i];
        if (strcmp(axis->name, "recipe_reduction") != 0) continue;
        for (int l = 0; l < axis->levels; l++) {
            if (axis->value[l].number == (double)TL_REDUCTION_FAST) has = true;
        }
    }
    return has;
}

tl_status tl_factors_globals(const tl_plan *plan, tl_trial *trial, tl_arena *arena,
                             tl_table *table, tl_err *err)
{
    enum { GLOBALS = 15 };
    tl_attribute *list;
    TL_TAKE(list, arena, GLOBALS, err);
    char *hypotheses = hypotheses_json(plan);
    TL_INVARIANT(hypotheses != NULL);
    char *kept = tl_arena_text(arena, hypotheses, err);
    free(hypotheses);
    char key[TL_KEY_TEXT], poolable[TL_KEY_TEXT], content[TL_KEY_TEXT];
    const tl_key whole = tl_key_of(plan->text, strlen(plan->text));
    const tl_key part = hash_without_replicates(plan->text);
    tl_trial_decode(plan, 0, trial);
    (void)tl_key_text(&trial->source->content, content);
    const char *split = trial->split.official ? "conditional on the official split"
                                              : "splits drawn anew for every replicate";
    const tl_attribute all[GLOBALS] = {
        {"Conventions", "CF-1.11 ACDD-1.3"},
        {"title", plan->name},
        {"summary", plan->about
                        ? plan->about
                        : "How attacks on machine-learning models, and defences, act "
                          "on one another: one row a trial"},
        {"keywords",
         "machine learning security, poisoning, membership inference, model extraction"},
        {"source", "threatloop " TL_VERSION},
        {"data_source", trial->source->name},
        {"data_note", trial->source->note},
        {"data_content", tl_arena_text(arena, content, err)},
        {"split", split},
        {"gradient_sums",
         has_fast_sums(plan, trial)
             ? "fast, where recipe.reduction says so: by MPI_Iallreduce, whose bits depend "
               "on the number of ranks"
             : "in a fixed tree: the same bits for any number of ranks"},
        {"seed", tl_arena_print(arena, err, "%llu", (unsigned long long)plan->seed)},
        {"plan", tl_arena_text(arena, plan->text, err)},
        {"plan_hash", tl_arena_text(arena, tl_key_text(&whole, key), err)},
        {"plan_hash_without_replicates",
         tl_arena_text(arena, tl_key_text(&part, poolable), err)},
        {"hypotheses", kept}};
    for (int i = 0; i < GLOBALS; i++) {
        TL_CHECK(all[i].text, err, TL_E_SPACE, "no memory left for %s", all[i].name);
        list[i] = all[i];
    }
    table->attribute = list;
    table->attributes = GLOBALS;
    return TL_OK;
}
