/*
 * A target that the plan brings: a model from a file, or recorded answers. Files are opened
 * when the plan is read, by every rank; their contents are in the keys of what is computed
 * from them, their paths are not.
 */
#include "compute/core/file.h"
#include "runner/plan/trial_private.h"

#include <stdio.h>
#include <string.h>

static bool is_said(const tl_value *value)
{
    return value->text && *value->text;
}

static int levels_of(const tl_plan_reader *reader, const tl_binding *binding)
{
    return binding->axis < 0 ? 1 : reader->axis[binding->axis].levels;
}

static bool is_bound(const tl_plan_reader *reader, const tl_binding *binding)
{
    bool is = false;
    for (int l = 0; l < levels_of(reader, binding); l++)
        is = is || is_said(&binding->value[l]);
    return is;
}

bool tl_plan_brings_target(const tl_plan_reader *reader)
{
    return is_bound(reader, &reader->body->model[TL_MODEL_FILE]) ||
           is_bound(reader, &reader->body->target[TL_TARGET_ANSWERS]);
}

/* The place of `section`.`key` in the plan, for messages. */
static const tl_yaml *place_of(const tl_plan_reader *reader, const char *section,
                               const char *key)
{
    const tl_yaml *map = tl_yaml_find(reader->root, section);
    const tl_yaml *node = map && map->kind == TL_YAML_MAP ? tl_yaml_find(map, key) : NULL;
    return node ? node : (map ? map : reader->root);
}

/* --- opening -------------------------------------------------------------------------- */

/* Finds a file of the plan: in the plan's folder, then where data are. */
static tl_status find_file(const tl_plan_reader *reader, const char *name,
                           char path[TL_DATA_PATH_SPACE], tl_err *err)
{
    static const char *const as_it_is[] = {"", NULL};
    uint64_t size;
    const int length = name[0] == '/' ? snprintf(path, TL_DATA_PATH_SPACE, "%s", name)
                                      : snprintf(path, TL_DATA_PATH_SPACE, "%s/%s",
                                                 reader->plan->folder, name);
    TL_CHECK(length < TL_DATA_PATH_SPACE, err, TL_E_ARG, "a path of %d bytes is too long",
             length);
    if (name[0] == '/' || tl_file_size(path, &size, NULL) == TL_OK) return TL_OK;
    if (tl_data_path_find(reader->options->data_dir, name, as_it_is, path, err) == TL_OK)
        return TL_OK;
    return tl_fail_prefix(err, "%s is not in the plan's folder, %s", name,
                          reader->plan->folder);
}

static bool ends_in(const char *name, const char *ending)
{
    const size_t length = strlen(name), n = strlen(ending);
    return length > n && strcmp(name + length - n, ending) == 0;
}

/* Results name files without their folders, so two of one name could not be told apart. */
static tl_status check_labels(const tl_plan_reader *reader, const tl_binding *binding,
                              const tl_yaml *at, tl_err *err)
{
    const int levels = levels_of(reader, binding);
    for (int i = 0; i < levels; i++) {
        for (int j = 0; j < i; j++) {
            const char *one = tl_source_label(binding->value[i].text);
            TL_YAML_CHECK(strcmp(one, tl_source_label(binding->value[j].text)) != 0, at,
                          err,
                          "two files are called %.200s: results name files without their "
                          "folders, so rename one of them",
                          one);
        }
    }
    return TL_OK;
}

static tl_status open_models(tl_plan_reader *reader, tl_err *err)
{
    tl_plan_body *body = reader->body;
    const tl_binding *binding = &body->model[TL_MODEL_FILE];
    const tl_yaml *at = place_of(reader, "model", "file");
    TL_TRY(check_labels(reader, binding, at, err));
    TL_ALLOC(body->file, &reader->plan->arena, levels_of(reader, binding), err);
    for (int l = 0; l < levels_of(reader, binding); l++) {
        char path[TL_DATA_PATH_SPACE];
        const char *name = binding->value[l].text;
        if (!*name) continue;
        TL_YAML_CHECK(ends_in(name, ".safetensors"), at, err,
                      "model.file is '%.200s'; allowed are files that end in .safetensors, "
                      "as PyTorch exports them (README, Your own model)",
                      name);
        tl_own_file *file = &body->file[body->files++];
        file->name = name;
        if (find_file(reader, name, path, err) != TL_OK ||
            tl_own_model_open(path, &reader->plan->arena, &file->model, err) != TL_OK)
            return tl_yaml_prefix(at, err);
    }
    return TL_OK;
}

/* Reads the answers to rows of each source that is open. */
static tl_status open_answers(tl_plan_reader *reader, const char *name, const tl_yaml *at,
                              tl_err *err)
{
    tl_plan *plan = reader->plan;
    tl_plan_body *body = reader->body;
    char path[TL_DATA_PATH_SPACE];
    TL_YAML_CHECK(ends_in(name, ".npz"), at, err,
                  "target.answers is '%.200s'; allowed are files that end in .npz, with "
                  "train_scores and test_scores, or scores",
                  name);
    if (find_file(reader, name, path, err) != TL_OK) return tl_yaml_prefix(at, err);
    for (uint32_t i = 0; i < body->choices; i++) {
        const tl_source *source = body->choice[i].source;
        if (!source || tl_plan_own_answers(plan, name, source)) continue;
        tl_own_answers *record = &body->record[body->records];
        *record = (tl_own_answers){.name = name, .source = source};
        if (tl_recorded_read(path, source, &plan->arena, &record->recorded, err) != TL_OK)
            return tl_yaml_prefix(at, err);
        body->records++;
    }
    return TL_OK;
}

static tl_status open_records(tl_plan_reader *reader, tl_err *err)
{
    tl_plan_body *body = reader->body;
    const tl_binding *binding = &body->target[TL_TARGET_ANSWERS];
    const tl_yaml *at = place_of(reader, "target", "answers");
    const int levels = levels_of(reader, binding);
    TL_TRY(check_labels(reader, binding, at, err));
    TL_ALLOC(body->record, &reader->plan->arena, (size_t)levels * body->choices, err);
    for (int l = 0; l < levels; l++) {
        if (is_said(&binding->value[l]))
            TL_TRY(open_answers(reader, binding->value[l].text, at, err));
    }
    return TL_OK;
}

tl_status tl_plan_own_open(tl_plan_reader *reader, tl_err *err)
{
    const bool has_model = is_bound(reader, &reader->body->model[TL_MODEL_FILE]);
    const bool has_answers = is_bound(reader, &reader->body->target[TL_TARGET_ANSWERS]);
    const tl_yaml *target = tl_yaml_find(reader->root, "target");
    TL_YAML_CHECK(!has_model || !has_answers, target, err,
                  "model.file and target.answers are two targets; keep one");
    TL_YAML_CHECK(!target || has_answers, target, err,
                  "target needs answers: FILE.npz; a model from a file is model: {file: "
                  "FILE.safetensors}");
    if (has_model) TL_TRY(open_models(reader, err));
    return has_answers ? open_records(reader, err) : TL_OK;
}

const tl_own_model *tl_plan_own_model(const tl_plan *plan, const char *name)
{
    const tl_plan_body *body = plan->body;
    for (int i = 0; name && i < body->files; i++) {
        if (strcmp(body->file[i].name, name) == 0) return &body->file[i].model;
    }
    return NULL;
}

const tl_recorded *tl_plan_own_answers(const tl_plan *plan, const char *name,
                                       const tl_source *source)
{
    const tl_plan_body *body = plan->body;
    for (int i = 0; name && i < body->records; i++) {
        const tl_own_answers *record = &body->record[i];
        if (record->source == source && strcmp(record->name, name) == 0)
            return &record->recorded;
    }
    return NULL;
}

bool tl_plan_has_targets(const tl_plan *plan)
{
    return plan->body->model[TL_MODEL_FILE].axis >= 0 ||
           plan->body->target[TL_TARGET_ANSWERS].axis >= 0;
}

/* --- what can be done with it --------------------------------------------------------- */

/* A trial under check, with its target. */
typedef struct subject {
    const tl_plan_reader *reader;
    const tl_trial *trial;
    const tl_recorded *recorded; /* NULL: a model */
    const char *file;            /* its name, for messages */
} subject;

static const tl_yaml *place_of_step(const subject *s, const tl_trial_step *step)
{
    return s->reader->body->instance_at[step->instance];
}

/* Whether step `i` reads the target as the plan brings it. */
static bool reads_own(const subject *s, int i)
{
    const tl_trial_step *step = &s->trial->step[i];
    const int from = step->from[TL_PART_TARGET];
    return (step->reads & TL_BIT(TL_PART_TARGET)) != 0 &&
           (from < 0 || tl_stage_passes_target(s->trial->step[from].stage));
}

/* Who were the members is known of official splits alone. */
static tl_status check_members(const subject *s, const tl_trial_step *step, tl_err *err)
{
    const tl_split *split = &s->trial->split;
    if (!(step->reads & TL_BIT(TL_PART_POOL))) return TL_OK;
    TL_YAML_CHECK(
        split->official, place_of_step(s, step), err,
        "%s goes by which rows the target was trained on, and nothing tells which "
        "those of %.100s are: with split: official the source's train rows are "
        "the members, its test rows the others%s",
        step->stage->name, s->file,
        s->trial->source->has_splits ? "" : ", but this source has no such splits");
    TL_YAML_CHECK(split->keep == 0.0 && split->attacker_from_pool == 0,
                  place_of_step(s, step), err,
                  "the target of %.100s was trained on all train rows: data.split.keep "
                  "(%g) and attacker_from_pool (%d) must be 0",
                  s->file, split->keep, split->attacker_from_pool);
    return TL_OK;
}

/* Whether all rows are recorded that a stage with those parts may ask about. */
static tl_status check_recorded_rows(const subject *s, const tl_trial_step *step,
                                     tl_err *err)
{
    static const char *const split_name[TL_SPLITS] = {"train", "validation", "test"};
    const uint32_t uses[TL_SPLITS] = {TL_BIT(TL_PART_POOL),
                                      TL_BIT(TL_PART_VALIDATION) | TL_BIT(TL_PART_ATTACKER),
                                      TL_BIT(TL_PART_POOL) | TL_BIT(TL_PART_TEST)};
    for (int k = 0; k < TL_SPLITS; k++) {
        const bool is_used = !s->trial->split.official || (step->reads & uses[k]) != 0;
        TL_YAML_CHECK(!is_used || s->recorded->of_split[k] == s->trial->source->rows[k],
                      place_of_step(s, step), err,
                      "%s asks about %s rows, but %.100s has answers to %d of those %d",
                      step->stage->name,
                      s->trial->source->has_splits ? split_name[k] : "any", s->file,
                      s->recorded->of_split[k], s->trial->source->rows[k]);
    }
    return TL_OK;
}

/* Whether the record can stand in for the target that the step reads. */
static tl_status check_record(const subject *s, int i, tl_err *err)
{
    const tl_trial_step *step = &s->trial->step[i];
    const tl_size size = tl_trial_size(s->trial, i);
    const unsigned inside = step->stage->access & (TL_KNOWS_WEIGHTS | TL_KNOWS_GRADIENTS);
    char needs[64];
    TL_YAML_CHECK(inside == 0, place_of_step(s, step), err,
                  "%s needs more of the target (%s) than %.100s has, which is answers; it "
                  "needs a model.file",
                  step->stage->name, tl_access_text(inside, needs), s->file);
    TL_YAML_CHECK(!tl_stage_wants_logits(step->stage, step->arg) || s->recorded->has_logits,
                  place_of_step(s, step), err, "%s asks for logits, but %.100s has scores",
                  step->stage->name, s->file);
    for (int part = 0; part < TL_PARTS; part++) {
        const int from = step->from[part];
        TL_YAML_CHECK(
            !(step->reads & TL_PARTS_DATA & TL_BIT(part)) || from < 0,
            place_of_step(s, step), err,
            "%s asks about rows that %s makes, and %.100s has no answers to those",
            step->stage->name, from < 0 ? "" : s->trial->step[from].stage->name, s->file);
    }
    TL_YAML_CHECK(tl_stage_answers_suffice(step->stage, &size, step->arg),
                  place_of_step(s, step), err,
                  "%s asks about more than the rows of the data as they are, or compares "
                  "itself with the target's parameters, and %.100s has answers to rows of "
                  "the data alone; it needs a model.file",
                  step->stage->name, s->file);
    return check_recorded_rows(s, step, err);
}

/* Whether a target is trained on, or by, what step `from` gives of `part`. */
static bool reaches_target(const tl_trial *trial, int from, tl_part part)
{
    bool marked[TL_TRIAL_STEPS] = {false};
    marked[from] = true;
    for (int j = from + 1; j < trial->steps; j++) {
        const tl_trial_step *step = &trial->step[j];
        const int source = step->from[part];
        if (!(step->reads & TL_BIT(part)) || source < 0 || !marked[source]) continue;
        if (step->stage->gives & TL_BIT(TL_PART_TARGET) && step->kind == TL_STEP_RUN)
            return true;
        marked[j] = step->kind == TL_STEP_RUN && (step->stage->gives & TL_BIT(part)) != 0;
    }
    return false;
}

/* What is done to data or training must reach the target, or shadow models alone would
 * have it. */
static tl_status check_changes(const subject *s, int i, tl_err *err)
{
    const tl_trial_step *step = &s->trial->step[i];
    static const tl_part changed[] = {TL_PART_POOL, TL_PART_SETUP};
    for (int k = 0; k < 2 && step->kind == TL_STEP_RUN; k++) {
        TL_YAML_CHECK(
            !(step->stage->gives & TL_BIT(changed[k])) ||
                reaches_target(s->trial, i, changed[k]),
            place_of_step(s, step), err,
            "%s changes what a target is trained %s, but that of %.100s is trained "
            "already%s",
            step->stage->name, k == 0 ? "on" : "by", s->file,
            s->recorded ? "" : "; put train after it, which fine-tunes it");
    }
    return TL_OK;
}

tl_status tl_plan_own_check(const tl_plan_reader *reader, const tl_trial *trial,
                            tl_err *err)
{
    const tl_setup_values *values = &trial->values;
    const char *answers = values->target[TL_TARGET_ANSWERS].text;
    const char *name = *answers ? answers : values->model[TL_MODEL_FILE].text;
    const tl_own_model *own = tl_plan_own_model(reader->plan, name);
    if (!trial->brings_target) return TL_OK;
    const subject s = {.reader = reader,
                       .trial = trial,
                       .recorded =
                           tl_plan_own_answers(reader->plan, answers, trial->source),
                       .file = tl_source_label(name)};
    if (own && tl_own_model_check(own, &trial->setup[0].model, err) != TL_OK)
        return tl_yaml_prefix(place_of(reader, "model", "file"), err);
    for (int i = 0; i < trial->steps; i++) {
        const tl_trial_step *step = &trial->step[i];
        TL_YAML_CHECK(!s.recorded || step->kind != TL_STEP_RUN ||
                          tl_stage_passes_target(step->stage) ||
                          !(step->stage->gives & TL_BIT(TL_PART_TARGET)),
                      place_of_step(&s, step), err,
                      "%s makes another target than the one that %.100s has answers of; "
                      "leave one of them out",
                      step->stage->name, s.file);
        if (step->kind == TL_STEP_BANK) continue;
        TL_TRY(check_changes(&s, i, err));
        if (!reads_own(&s, i)) continue;
        TL_TRY(check_members(&s, step, err));
        if (s.recorded) TL_TRY(check_record(&s, i, err));
    }
    return TL_OK;
}
