#include "runner/results/factors.h"

#include "analysis/table/schema.h"
#include "compute/core/json.h"
#include "compute/data/source.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_number(const tl_param *param)
{
    return param && param->type != TL_PARAM_TEXT && param->type != TL_PARAM_CHOICE;
}

/* Adds the column of an axis, or of the values of `inner` within its alternatives: NaN or
 * "" where an alternative has none. Inner values are zipped as their axis is. */
static tl_status add_factor(const tl_plan *plan, int a, const tl_inner *inner,
                            tl_arena *arena, tl_table *table, tl_err *err)
{
    const tl_axis *axis = &plan->axis[a];
    const tl_param *param = inner ? inner->param : axis->param;
    const tl_value *value = inner ? inner->value : axis->value;
    const bool is_real = is_number(param);
    double *real = NULL;
    const char **text = NULL;
    if (is_real)
        TL_ALLOC(real, arena, plan->trials, err);
    else
        TL_ALLOC(text, arena, plan->trials, err);
    for (uint32_t t = 0; t < plan->trials; t++) {
        const int level = tl_plan_level(plan, t / plan->replicates, a);
        const bool has = !inner || inner->has[level];
        if (real) real[t] = has ? value[level].number : (double)NAN;
        if (text) text[t] = has ? tl_source_label(value[level].text) : "";
    }
    const bool is_choice = !inner && axis->is_choice;
    tl_column *column = tl_table_add(
        table, inner ? inner->name : axis->name, is_real ? TL_COLUMN_REAL : TL_COLUMN_TEXT,
        is_real ? tl_units(param->units) : NULL, param ? param->about : "alternatives");
    column->is_coordinate = true;
    column->real = real;
    column->text = text;
    tl_column_describe(column, TL_NAME_FACTOR, is_choice ? TL_CHOICE : TL_AXIS);
    if (is_choice) tl_column_describe(column, TL_NAME_REFERENCE, axis->value[0].text);
    if (inner) tl_column_describe(column, TL_NAME_WITHIN, axis->name);
    if (axis->zip < 0) return TL_OK;
    const char *group = tl_arena_print(arena, err, "%d", axis->zip);
    if (!group) return TL_E_NOMEM;
    tl_column_describe(column, TL_NAME_ZIP, group);
    return TL_OK;
}

tl_status tl_factors_columns(const tl_plan *plan, tl_arena *arena, tl_table *table,
                             tl_err *err)
{
    for (int a = 0; a < plan->axes; a++)
        TL_TRY(add_factor(plan, a, NULL, arena, table, err));
    for (int i = 0; i < plan->inners; i++)
        TL_TRY(add_factor(plan, plan->inner[i].axis, &plan->inner[i], arena, table, err));
    return TL_OK;
}

/* A hypothesis with what it says: what it leaves out has no key, so files of plans without
 * these keys stay as they were. */
static json_t *hypothesis_json(const tl_hypothesis *h)
{
    static const char *const direction[] = TL_DIRECTIONS;
    json_t *one =
        json_pack("{s:s, s:s, s:s, s:s, s:s*}", TL_KEY_EFFECT, h->effect, TL_KEY_ON, h->on,
                  TL_KEY_LEVEL, tl_source_label(h->level), TL_KEY_DIRECTION,
                  direction[h->direction + 1], TL_KEY_CLAIM, h->claim);
    if (*h->against)
        tl_json_put(one, TL_KEY_AGAINST, json_string(tl_source_label(h->against)));
    if (h->is_one_sided) tl_json_put(one, TL_KEY_ONE_SIDED, json_true());
    if (h->margin > 0.0) tl_json_put(one, TL_KEY_MARGIN, json_real(h->margin));
    if (h->conditions == 0) return one;
    json_t *at = json_object();
    for (int i = 0; i < h->conditions; i++)
        tl_json_put(at, h->at[i].factor, json_string(tl_source_label(h->at[i].level)));
    tl_json_put(one, TL_KEY_AT, at);
    return one;
}

static char *hypotheses_json(const tl_plan *plan)
{
    json_t *list = json_array();
    for (int i = 0; i < plan->hypotheses; i++)
        tl_json_append(list, hypothesis_json(&plan->hypothesis[i]));
    char *text = json_dumps(list, JSON_COMPACT | JSON_REAL_PRECISION(15));
    json_decref(list);
    return text;
}

/* Hash of the plan without its sections of replicates and of what is stored: equal for
 * files that can be pooled. */
static tl_key hash_without_replicates(const char *text)
{
    tl_hash hash = {0};
    bool is_left_out = false;
    for (const char *line = text; *line;) {
        const size_t length = strcspn(line, "\n");
        if (*line != ' ' && *line != '-')
            is_left_out =
                strncmp(line, "replicates:", 11) == 0 || strncmp(line, "store:", 6) == 0;
        if (!is_left_out) tl_hash_bytes(&hash, line, length);
        line += length + (line[length] == '\n');
    }
    return tl_hash_end(&hash);
}

enum { TARGET_ATTRIBUTES = 3 };

/* What an assessment leaves out, a line each; NULL as tl_arena_text. */
static const char *left_out(const tl_plan *plan, tl_arena *arena, tl_err *err)
{
    tl_text text = {0};
    for (int i = 0; i < plan->left_out; i++)
        tl_text_print(&text, "%s%s: %s", i > 0 ? "\n" : "", plan->left[i].stage,
                      plan->left[i].reason);
    const char *kept = text.is_short ? NULL : tl_arena_text(arena, text.at, err);
    tl_text_close(&text);
    return kept;
}

/* The file of a target that the plan brings, and its contents, where it is one for all
 * trials; and what an assessment leaves out. \return how many attributes were set */
static int describe_target(const tl_plan *plan, const tl_trial *trial, tl_arena *arena,
                           tl_attribute out[TARGET_ATTRIBUTES], tl_err *err)
{
    const char *file = trial->values.model[TL_MODEL_FILE].text;
    const char *answers = trial->values.target[TL_TARGET_ANSWERS].text;
    const tl_own_model *own = tl_plan_own_model(plan, file);
    const tl_recorded *recorded = tl_plan_own_answers(plan, answers, trial->source);
    char key[TL_KEY_TEXT];
    int count = 0;
    if (trial->brings_target && !tl_plan_has_targets(plan)) {
        (void)tl_key_text(own ? &own->content : &recorded->content, key);
        const char *label = own ? tl_source_label(file) : recorded->label;
        out[count++] = (tl_attribute){TL_NAME_TARGET, label};
        out[count++] =
            (tl_attribute){TL_NAME_TARGET_CONTENT, tl_arena_text(arena, key, err)};
    }
    if (plan->left_out > 0)
        out[count++] = (tl_attribute){TL_NAME_LEFT_OUT, left_out(plan, arena, err)};
    return count;
}

tl_status tl_factors_globals(const tl_plan *plan, tl_trial *trial, tl_arena *arena,
                             tl_table *table, tl_err *err)
{
    char *hypotheses = hypotheses_json(plan);
    TL_INVARIANT(hypotheses != NULL);
    char *kept = tl_arena_text(arena, hypotheses, err);
    free(hypotheses);
    char key[TL_KEY_TEXT], poolable[TL_KEY_TEXT], content[TL_KEY_TEXT];
    const tl_key whole = tl_key_of(plan->public_text, strlen(plan->public_text));
    const tl_key part = hash_without_replicates(plan->public_text);
    tl_trial_decode(plan, 0, trial);
    (void)tl_key_text(&trial->source->content, content);
    const char *split = trial->split.official ? "conditional on the official split"
                        : plan->seeds > 1     ? "splits drawn anew for every data draw"
                                              : "splits drawn anew for every replicate";
    const tl_attribute all[] = {
        {TL_NAME_CONVENTIONS, TL_CONVENTIONS},
        {TL_NAME_TITLE, plan->name},
        {"summary", plan->about ? plan->about
                                : "How attacks on machine-learning models and defences "
                                  "interact: one row per trial"},
        {"keywords",
         "machine learning security, poisoning, membership inference, model extraction"},
        {TL_NAME_SOURCE, TL_PROGRAM " " TL_VERSION},
        {TL_NAME_DATA_SOURCE, tl_source_label(trial->source->name)},
        {TL_NAME_DATA_NOTE, trial->source->note},
        {TL_NAME_DATA_CONTENT, tl_arena_text(arena, content, err)},
        {TL_NAME_SPLIT, split},
        {"gradient_sums",
         plan->sums_fast
             ? "fast, where recipe.reduction says so: by MPI_Iallreduce, whose bits depend "
               "on the number of ranks"
             : "in a fixed tree: the same bits for any number of ranks"},
        {TL_NAME_SEED, tl_arena_print(arena, err, "%llu", (unsigned long long)plan->seed)},
        {"plan", tl_arena_text(arena, plan->public_text, err)},
        {"plan_hash", tl_arena_text(arena, tl_key_text(&whole, key), err)},
        {TL_NAME_POOLABLE, tl_arena_text(arena, tl_key_text(&part, poolable), err)},
        {TL_NAME_HYPOTHESES, kept}};
    enum { GIVEN = sizeof all / sizeof *all };
    tl_attribute list[GIVEN + TARGET_ATTRIBUTES];
    memcpy(list, all, sizeof all);
    const int count = GIVEN + describe_target(plan, trial, arena, list + GIVEN, err);
    return tl_table_describe(table, list, count, arena, err);
}
