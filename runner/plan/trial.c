/*
 * Lays out a trial: the links of its chain that apply at the levels of its cell, the
 * version of each part that they read, banks before the stages that want them, judges where
 * they are due. Ancestors are bits over the trial's stages (a chain has at most 64 links,
 * all rounds counted).
 */
#include "runner/plan/trial_private.h"

#include <stdio.h>
#include <string.h>

_Static_assert((int)TL_MAX_LINKS <= (int)TL_TRIAL_RUNS && (int)TL_TRIAL_RUNS <= 64,
               "ancestors are bits of one word");

/* The state while a chain is walked. */
typedef struct walk {
    const tl_plan *plan;
    tl_trial *trial;
    const int *level;
    int version[TL_PARTS];    /* step that gave it, -1 from the start */
    uint64_t above[TL_PARTS]; /* runs that the version descends from */
    uint64_t list[TL_PARTS];  /* of lists: the runs that gave an entry */
    int withheld;             /* as of tl_trial_step */
    int round, judgements;
    bool is_full;
} walk;

tl_status tl_trial_new(tl_arena *arena, tl_trial **out, tl_err *err)
{
    TL_ALLOC(*out, arena, 1, err);
    TL_ALLOC((*out)->step, arena, TL_TRIAL_STEPS, err);
    return TL_OK;
}

/* --- what a step trains by ------------------------------------------------------------ */

/* Model and recipe as the entry of the chain has them. The target alone begins with the
 * plan's file. */
static int recipe_of_link(walk *w, const tl_link *link)
{
    const bool is_target = (link->stage->gives & TL_BIT(TL_PART_TARGET)) != 0;
    tl_trial_recipe values;
    if (!link->own) {
        if (!is_target) return 0;
        memcpy(values.model, w->trial->values.model, sizeof values.model);
        memcpy(values.recipe, w->trial->values.recipe, sizeof values.recipe);
        values.model[TL_MODEL_ACCURACY] = (tl_value){0};
        return tl_trial_recipe_find(w->trial, &values);
    }
    for (int i = 0; i < TL_MODEL_PARAMS; i++)
        values.model[i] = *tl_binding_value(&link->own->model[i], w->level);
    for (int i = 0; i < TL_RECIPE_PARAMS; i++)
        values.recipe[i] = *tl_binding_value(&link->own->recipe[i], w->level);
    values.model[TL_MODEL_ACCURACY] = (tl_value){0};
    if (!is_target) values.model[TL_MODEL_FILE].text = "";
    return tl_trial_recipe_find(w->trial, &values);
}

/* What the first model among `parts` was trained by. */
static int recipe_of_model(const walk *w, uint32_t parts)
{
    for (int part = 0; part < TL_PARTS; part++) {
        if (parts & TL_PARTS_MODEL & TL_BIT(part))
            return tl_trial_recipe_of(w->trial, w->version[part]);
    }
    return 0;
}

static int recipe_of_run(walk *w, const tl_link *link)
{
    const tl_stage *stage = link->stage;
    return stage->own_recipe ? recipe_of_link(w, link) : recipe_of_model(w, stage->reads);
}

/* What imitates the stage's own model is trained as that. */
static int recipe_of_bank(walk *w, const tl_link *link, const tl_bank *bank)
{
    const bool is_own = (link->stage->gives & bank->imitates) != 0;
    const int like = is_own ? recipe_of_run(w, link) : recipe_of_model(w, bank->imitates);
    if (!bank->keeps_recipe) return like;
    tl_trial_recipe values = w->trial->recipe[like];
    memcpy(values.recipe, w->trial->recipe[0].recipe, sizeof values.recipe);
    return tl_trial_recipe_find(w->trial, &values);
}

/* --- steps ---------------------------------------------------------------------------- */

/* Adds a step that reads the current versions, and trains by `recipe` as altered so far;
 * NULL if the trial is full. */
static tl_trial_step *add_step(walk *w, const tl_stage *stage, int instance, uint32_t reads,
                               int recipe)
{
    const int setup = tl_trial_setup_find(w->trial, recipe, w->version[TL_PART_SETUP]);
    if (setup < 0 || w->trial->steps == TL_TRIAL_STEPS) {
        w->is_full = true;
        return NULL;
    }
    tl_trial_step *step = &w->trial->step[w->trial->steps++];
    *step = (tl_trial_step){.stage = stage,
                            .instance = instance,
                            .round = w->round,
                            .reads = reads,
                            .setup = setup,
                            .withheld = w->withheld};
    for (int part = 0; part < TL_PARTS; part++) {
        step->from[part] = reads & TL_BIT(part) ? w->version[part] : -1;
        if (reads & TL_PARTS_LIST & TL_BIT(part)) step->list[part] = w->list[part];
    }
    return step;
}

static uint64_t ancestors(const walk *w, uint32_t reads)
{
    uint64_t above = 0;
    for (int part = 0; part < TL_PARTS; part++) {
        if (reads & TL_BIT(part)) above |= w->above[part];
    }
    return above;
}

/* How often the stage called `name` occurs among the stages `above`. */
static uint32_t occurrence_of(const walk *w, const char *name, uint64_t above)
{
    uint32_t count = 0;
    for (int i = 0; i < w->trial->runs; i++) {
        const bool is_above = (above >> i & 1U) != 0;
        const tl_stage *stage = w->trial->step[w->trial->run[i]].stage;
        if (is_above && strcmp(stage->name, name) == 0) count++;
    }
    return count;
}

static void copy_args(tl_trial_step *step, const tl_param *params, const tl_value *arg)
{
    const int count = tl_params_count(params);
    if (count > 0) memcpy(step->arg, arg, (size_t)count * sizeof *arg);
}

/* Adds models of a bank. \return their ancestors */
static uint64_t add_models(walk *w, const tl_link *link, const tl_bank *bank,
                           const tl_value *own, int wanted)
{
    const uint64_t above = ancestors(w, bank->reads);
    const uint32_t occurrence = occurrence_of(w, bank->draws_as, above);
    const int recipe = recipe_of_bank(w, link, bank);
    for (int i = 0; i < wanted; i++) {
        tl_trial_step *step = add_step(w, link->stage, link->instance, bank->reads, recipe);
        if (!step) return above;
        step->kind = TL_STEP_BANK;
        step->bank = bank;
        step->item = i;
        step->occurrence = occurrence;
        copy_args(step, bank->params, own);
    }
    return above;
}

/* Adds the models of the stage's bank, then its control. \return their ancestors */
static uint64_t add_bank(walk *w, const tl_link *link, const tl_value *arg, int *from,
                         int *count)
{
    const tl_stage *stage = link->stage;
    const int wanted = tl_stage_banked(stage, arg);
    uint64_t above = 0;
    *from = w->trial->steps;
    if (wanted > 0) {
        tl_value own[TL_MAX_PARAMS];
        tl_stage_bank_values(stage, arg, own);
        above |= add_models(w, link, stage->bank, own, wanted);
    }
    if (tl_stage_is_controlled(stage, &w->trial->size))
        above |= add_models(w, link, stage->control, NULL, 1);
    *count = w->trial->steps - *from;
    return above;
}

/* What the stage of run `self` gives, at `position`, becomes current. */
static void give(walk *w, const tl_stage *stage, const tl_value *arg, int position,
                 uint64_t above)
{
    tl_trial *trial = w->trial;
    const uint64_t self = (uint64_t)1 << trial->runs;
    trial->run[trial->runs++] = position;
    const uint32_t gives = tl_trial_gives(w->plan, stage, TL_STEP_RUN);
    for (int part = 0; part < TL_PARTS; part++) {
        if (!(gives & TL_BIT(part))) continue;
        const bool is_list = (TL_PARTS_LIST & TL_BIT(part)) != 0;
        w->version[part] = position;
        w->above[part] = above | self | (is_list ? w->above[part] : 0);
        if (is_list) w->list[part] |= self;
    }
    if (tl_stage_withholds_logits(stage, arg)) w->withheld = position;
}

static void add_stage(walk *w, const tl_link *link)
{
    const tl_stage *stage = link->stage;
    tl_value arg[TL_MAX_PARAMS] = {{0.0, NULL}};
    const int params = tl_params_count(stage->params);
    for (int i = 0; i < params; i++) arg[i] = *tl_binding_value(&link->arg[i], w->level);
    int from, count;
    const uint64_t bank = add_bank(w, link, arg, &from, &count);
    tl_trial_step *step =
        add_step(w, stage, link->instance, stage->reads, recipe_of_run(w, link));
    if (!step) return;
    const uint64_t above = ancestors(w, stage->reads) | bank;
    step->kind = TL_STEP_RUN;
    step->bank_from = from;
    step->bank_count = count;
    step->has_control = tl_stage_is_controlled(stage, &w->trial->size);
    step->occurrence = occurrence_of(w, stage->name, above);
    step->metrics = stage->metrics;
    copy_args(step, stage->params, arg);
    give(w, stage, arg, w->trial->steps - 1, above);
}

/* Whether a later planter of the same instance is above the version of `part` too. */
static bool is_planted_again(const walk *w, int i, int part)
{
    const tl_trial *trial = w->trial;
    const int instance = trial->step[trial->run[i]].instance;
    for (int later = i + 1; later < trial->runs; later++) {
        const bool is_above = (w->above[part] >> later & 1U) != 0;
        if (is_above && trial->step[trial->run[later]].instance == instance) return true;
    }
    return false;
}

/* Of lists a judge reads what its planter, run `i`, gave, in whatever round that was. */
static void read_planted(const walk *w, int i, tl_trial_step *judge)
{
    const int planter = w->trial->run[i];
    const uint32_t gives =
        tl_trial_gives(w->plan, w->trial->step[planter].stage, TL_STEP_RUN);
    for (int part = 0; part < TL_PARTS; part++) {
        judge->list[part] = 0;
        if (!(judge->reads & gives & TL_PARTS_LIST & TL_BIT(part))) continue;
        judge->list[part] = (uint64_t)1 << i;
        judge->from[part] = planter;
    }
}

/* Adds judges of all that was planted so far, on the current versions. */
static void add_judges(walk *w, int judgement)
{
    for (int i = 0; i < w->trial->runs; i++) {
        const tl_trial_step planter = w->trial->step[w->trial->run[i]];
        const tl_stage *stage = planter.stage;
        for (int part = 0; part < TL_PARTS; part++) {
            if (!(stage->judges & TL_BIT(part)) || !(w->above[part] >> i & 1U)) continue;
            if (is_planted_again(w, i, part)) continue;
            tl_trial_step *step =
                add_step(w, stage, planter.instance, stage->judge_reads | TL_BIT(part),
                         recipe_of_model(w, TL_BIT(part)));
            if (!step) return;
            step->kind = TL_STEP_JUDGE;
            step->item = part;
            step->judgement = judgement;
            step->occurrence = planter.occurrence;
            step->metrics = stage->judge_metrics;
            read_planted(w, i, step);
            copy_args(step, stage->params, planter.arg);
        }
    }
}

/* Resets `part` to its version at the start of the trial. */
static void reset_part(walk *w, tl_part part)
{
    const bool is_given = (TL_PARTS_GIVEN & TL_BIT(part)) != 0 ||
                          (part == TL_PART_TARGET && w->trial->brings_target);
    w->version[part] = is_given ? -1 : TL_FROM_NOWHERE;
    w->above[part] = 0;
    w->list[part] = 0;
}

static void begin_round(walk *w, const tl_chain *chain)
{
    w->round++;
    w->judgements = 0;
    if (w->round == 1) {
        if (w->trial->brings_target) add_stage(w, chain->own);
        return;
    }
    if (w->version[TL_PART_RECOVERED] >= 0) add_stage(w, chain->join);
    reset_part(w, TL_PART_RECOVERED);
    for (int part = 0; part < TL_PARTS; part++) {
        if (TL_PARTS_OWNER & TL_BIT(part)) reset_part(w, (tl_part)part);
    }
    w->withheld = -1;
}

static void walk_round(walk *w, const tl_chain *chain)
{
    begin_round(w, chain);
    for (int i = 0; i < chain->links; i++) {
        const tl_link *link = chain->link[i];
        if (link->axis >= 0 &&
            (w->level[link->axis] < link->low || w->level[link->axis] >= link->high)) {
            continue;
        }
        if (link->stage) {
            add_stage(w, link);
        } else {
            add_judges(w, ++w->judgements);
        }
    }
    add_judges(w, 0);
}

static void read_values(const tl_plan *plan, const int *level, const tl_data_choice *choice,
                        tl_setup_values *out)
{
    const tl_plan_body *body = plan->body;
    memcpy(out->data, choice->value, sizeof out->data);
    for (int i = 0; i < TL_MODEL_PARAMS; i++) {
        out->model[i] = *tl_binding_value(&body->model[i], level);
    }
    for (int i = 0; i < TL_RECIPE_PARAMS; i++) {
        out->recipe[i] = *tl_binding_value(&body->recipe[i], level);
    }
    for (int i = 0; i < TL_TARGET_PARAMS; i++) {
        out->target[i] = *tl_binding_value(&body->target[i], level);
    }
}

bool tl_trial_layout(const tl_plan *plan, uint32_t number, tl_trial *trial)
{
    const tl_plan_body *body = plan->body;
    int level[TL_MAX_AXES] = {0};
    trial->number = number;
    trial->cell = number / plan->replicates;
    trial->replicate = plan->first_replicate + number % plan->replicates;
    trial->draw = trial->replicate / plan->seeds;
    trial->seed = trial->replicate % plan->seeds;
    for (int i = 0; i < plan->axes; i++) level[i] = tl_plan_level(plan, trial->cell, i);
    trial->chain = body->chain_axis < 0 ? 0 : level[body->chain_axis];
    const tl_data_choice *choice = &body->choice[tl_plan_data_index(plan, level)];
    read_values(plan, level, choice, &trial->values);
    trial->brings_target = *trial->values.model[TL_MODEL_FILE].text ||
                           *trial->values.target[TL_TARGET_ANSWERS].text;
    trial->source = choice->source;
    trial->split = choice->split;
    trial->size = choice->size;
    trial->size.logs_queries = plan->logs_queries;
    trial->steps = trial->runs = 0;
    tl_trial_setups_begin(trial);
    walk w = {.plan = plan, .trial = trial, .level = level, .withheld = -1};
    for (int part = 0; part < TL_PARTS; part++) reset_part(&w, (tl_part)part);
    const tl_chain *chain = body->chain[trial->chain];
    for (int round = 0; round < chain->rounds; round++) walk_round(&w, chain);
    return !w.is_full;
}

void tl_trial_decode(const tl_plan *plan, uint32_t number, tl_trial *trial)
{
    const bool fits = tl_trial_layout(plan, number, trial);
    TL_INVARIANT(fits);
    tl_trial_keys(plan, trial);
}

uint32_t tl_trial_stream(const tl_trial *trial, const tl_trial_step *step)
{
    static const uint32_t data = TL_PARTS_DATA | TL_BIT(TL_PART_MARKS);
    const bool is_of_data = step->kind != TL_STEP_BANK && step->bank_count == 0 &&
                            !(step->reads & ~data) && !(step->stage->gives & ~data);
    return is_of_data ? trial->draw : trial->draw + trial->seed * TL_MAX_REPLICATE;
}

/* Adds `from` to parent [count] unless it is there. \return the new count */
static int add_parent(int *parent, int count, int from)
{
    for (int i = 0; i < count; i++) {
        if (parent[i] == from) return count;
    }
    parent[count] = from;
    return count + 1;
}

int tl_trial_givers(const tl_trial *trial, const tl_trial_step *step, tl_part part,
                    int giver[TL_TRIAL_RUNS])
{
    int count = 0;
    if (!(step->reads & TL_BIT(part))) return 0;
    if (!(TL_PARTS_LIST & TL_BIT(part))) {
        giver[0] = step->from[part];
        return 1;
    }
    for (int i = 0; i < trial->runs; i++) {
        if (step->list[part] >> i & 1U) giver[count++] = trial->run[i];
    }
    return count;
}

int tl_trial_parents(const tl_trial *trial, int position, int parent[TL_TRIAL_STEPS])
{
    const tl_trial_step *step = &trial->step[position];
    int count = 0;
    for (int part = 0; part < TL_PARTS; part++) {
        int giver[TL_TRIAL_RUNS];
        const int givers = tl_trial_givers(trial, step, (tl_part)part, giver);
        for (int i = 0; i < givers; i++) {
            if (giver[i] >= 0) count = add_parent(parent, count, giver[i]);
        }
    }
    for (int i = 0; i < step->bank_count; i++) parent[count++] = step->bank_from + i;
    return count;
}

double tl_trial_cost(const tl_trial *trial, int position)
{
    const tl_trial_step *step = &trial->step[position];
    const tl_size size = tl_trial_size(trial, position);
    if (step->kind == TL_STEP_BANK) return tl_bank_cost(step->bank, &size, step->arg);
    if (step->kind == TL_STEP_JUDGE && (TL_PARTS_MODEL & TL_BIT(step->item))) {
        /* The test rows through the model, with the plant and without. */
        return 2.0 * size.test * tl_model_flop(&size.setup.model);
    }
    /* Judging data costs about what planting in it did. */
    return tl_stage_cost(step->stage, &size, step->arg);
}

double tl_trial_memory(const tl_trial *trial, int position, int ranks, bool is_first,
                       double *kept)
{
    const tl_trial_step *step = &trial->step[position];
    const tl_team team = tl_team_counted(is_first ? 0 : 1, ranks);
    const tl_size size = tl_trial_size(trial, position);
    return tl_stage_memory(&(tl_step){step->stage, step->kind, step->item, step->bank},
                           step->arg, &size, &team, kept);
}

int tl_trial_max_ranks(const tl_trial *trial, int position)
{
    const tl_trial_step *step = &trial->step[position];
    const tl_size size = tl_trial_size(trial, position);
    if (step->kind == TL_STEP_JUDGE) return 1;
    if (step->kind == TL_STEP_BANK) return tl_bank_max_ranks(step->bank, &size, step->arg);
    return tl_stage_max_ranks(step->stage, &size, step->arg);
}

bool tl_trial_trains(const tl_stage *stage, tl_step_kind kind)
{
    return kind == TL_STEP_BANK ||
           (kind == TL_STEP_RUN && (stage->gives & TL_PARTS_MODEL) != 0 &&
            !tl_stage_passes_target(stage));
}

uint32_t tl_trial_gives(const tl_plan *plan, const tl_stage *stage, tl_step_kind kind)
{
    const uint32_t unread = plan->logs_queries ? 0 : TL_BIT(TL_PART_QUERY_LOG);
    if (kind == TL_STEP_BANK) return TL_BIT(TL_PART_SURROGATE);
    return kind == TL_STEP_RUN ? stage->gives & ~unread : 0;
}

uint32_t tl_trial_keeps(const tl_plan *plan, const tl_stage *stage, tl_step_kind kind)
{
    /* Asking again would cost as much as the attack. */
    const uint32_t keeps = stage->keeps | TL_BIT(TL_PART_QUERY_LOG);
    if (kind == TL_STEP_BANK) return TL_BIT(TL_PART_SURROGATE);
    return tl_trial_gives(plan, stage, kind) & keeps;
}

int tl_trial_metrics(const tl_trial_step *step)
{
    return tl_metrics_count(step->metrics);
}

char *tl_trial_metric_name(const tl_plan *plan, const tl_trial_step *step, int m,
                           char out[TL_METRIC_NAME])
{
    const bool is_judge = step->kind == TL_STEP_JUDGE;
    const bool has_part = is_judge && step->item != TL_PART_TARGET;
    char judge[24] = "";
    if (is_judge && step->judgement > 0) {
        (void)snprintf(judge, sizeof judge, "_judge%d", step->judgement);
    }
    char round[24] = "";
    if (step->round > 1) (void)snprintf(round, sizeof round, "_round%d", step->round);
    const int length =
        snprintf(out, TL_METRIC_NAME, "%s_%s%s%s%s%s", plan->instance[step->instance].name,
                 step->metrics[m].name, has_part ? "_" : "",
                 has_part ? tl_part_name((tl_part)step->item) : "", judge, round);
    TL_INVARIANT(length > 0 && length < TL_METRIC_NAME);
    return out;
}
