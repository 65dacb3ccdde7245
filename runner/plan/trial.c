/*
 * Lays out a trial: the links of its chain that apply at the levels of its cell, the
 * version of each part that they read, banks before the stages that want them, judges where
 * they are due. Ancestors are bits over the trial's stages (a chain has at most 64 links,
 * all rounds counted).
 */
#include "runner/plan/trial_private.h"

#include <stdio.h>
#include <string.h>

_Static_assert(TL_MAX_LINKS <= 64, "ancestors are bits of one word");

/* The state while a chain is walked. */
typedef struct walk {
    const tl_plan *plan;
    tl_trial *trial;
    const int *level;
    int version[TL_PARTS];     /* step that gave it, -1 from the start */
    uint64_t above[TL_PARTS];  /* stages the version descends from */
    int stages;                /* of the chain so far */
    int step_of[TL_MAX_LINKS]; /* of each, its RUN step */
    int round, judgements;
    bool is_full;
} walk;

tl_status tl_trial_new(tl_arena *arena, tl_trial **out, tl_err *err)
{
    TL_ALLOC(*out, arena, 1, err);
    TL_ALLOC((*out)->step, arena, TL_TRIAL_STEPS, err);
    return TL_OK;
}

/* Adds a step that reads the current versions; NULL if the trial is full. */
static tl_trial_step *add_step(walk *w, const tl_stage *stage, int instance, uint32_t reads)
{
    if (w->trial->steps == TL_TRIAL_STEPS) {
        w->is_full = true;
        return NULL;
    }
    tl_trial_step *step = &w->trial->step[w->trial->steps++];
    *step = (tl_trial_step){
        .stage = stage, .instance = instance, .round = w->round, .reads = reads};
    for (int part = 0; part < TL_PARTS; part++) {
        step->from[part] = reads & TL_BIT(part) ? w->version[part] : -1;
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
    for (int i = 0; i < w->stages; i++) {
        const bool is_above = (above >> i & 1U) != 0;
        const tl_stage *stage = w->trial->step[w->step_of[i]].stage;
        if (is_above && strcmp(stage->name, name) == 0) count++;
    }
    return count;
}

static void copy_args(tl_trial_step *step, const tl_value *arg)
{
    const int params = tl_params_count(step->stage->params);
    if (params > 0) memcpy(step->arg, arg, (size_t)params * sizeof *arg);
}

/* \return ancestors of the bank's models */
static uint64_t add_bank(walk *w, const tl_link *link, const tl_value *arg, int *from,
                         int *count)
{
    const tl_stage *stage = link->stage;
    *from = w->trial->steps;
    *count = 0;
    if (!stage->bank.count) return 0;
    const int wanted = stage->bank.count(arg);
    const uint64_t above = ancestors(w, stage->bank.reads);
    const char *draws_as = stage->bank.draws_as ? stage->bank.draws_as : stage->name;
    const uint32_t occurrence = occurrence_of(w, draws_as, above);
    for (int i = 0; i < wanted; i++) {
        tl_trial_step *step = add_step(w, stage, link->instance, stage->bank.reads);
        if (!step) return above;
        step->kind = TL_STEP_BANK;
        step->item = i;
        step->occurrence = occurrence;
        copy_args(step, arg);
        (*count)++;
    }
    return above;
}

static void add_stage(walk *w, const tl_link *link)
{
    const tl_stage *stage = link->stage;
    tl_value arg[TL_MAX_PARAMS] = {{0.0, NULL}};
    const int params = tl_params_count(stage->params);
    for (int i = 0; i < params; i++) arg[i] = *tl_binding_value(&link->arg[i], w->level);
    int from, count;
    const uint64_t bank = add_bank(w, link, arg, &from, &count);
    tl_trial_step *step = add_step(w, stage, link->instance, stage->reads);
    if (!step) return;
    const uint64_t above = ancestors(w, stage->reads) | bank;
    step->kind = TL_STEP_RUN;
    step->bank_from = from;
    step->bank_count = count;
    step->occurrence = occurrence_of(w, stage->name, above);
    step->metrics = stage->metrics;
    copy_args(step, arg);
    const int position = w->trial->steps - 1;
    const uint64_t self = (uint64_t)1 << w->stages;
    w->step_of[w->stages++] = position;
    for (int part = 0; part < TL_PARTS; part++) {
        if (!(stage->gives & TL_BIT(part))) continue;
        w->version[part] = position;
        w->above[part] = above | self;
    }
}

/* Whether a later planter of the same instance is above the version of `part` too. */
static bool is_planted_again(const walk *w, int i, int part)
{
    const int instance = w->trial->step[w->step_of[i]].instance;
    for (int later = i + 1; later < w->stages; later++) {
        const bool is_above = (w->above[part] >> later & 1U) != 0;
        if (is_above && w->trial->step[w->step_of[later]].instance == instance) return true;
    }
    return false;
}

/* Adds judges of all that was planted so far, on the current versions. */
static void add_judges(walk *w, int judgement)
{
    for (int i = 0; i < w->stages; i++) {
        const tl_trial_step planter = w->trial->step[w->step_of[i]];
        const tl_stage *stage = planter.stage;
        for (int part = 0; part < TL_PARTS; part++) {
            if (!(stage->judges & TL_BIT(part)) || !(w->above[part] >> i & 1U)) continue;
            if (is_planted_again(w, i, part)) continue;
            tl_trial_step *step =
                add_step(w, stage, planter.instance, stage->judge_reads | TL_BIT(part));
            if (!step) return;
            step->kind = TL_STEP_JUDGE;
            step->item = part;
            step->judgement = judgement;
            step->occurrence = planter.occurrence;
            step->metrics = stage->judge_metrics;
            copy_args(step, planter.arg);
        }
    }
}

/* Resets `part` to its version at the start of the trial. */
static void reset_part(walk *w, tl_part part)
{
    w->version[part] = TL_PARTS_GIVEN & TL_BIT(part) ? -1 : TL_FROM_NOWHERE;
    w->above[part] = 0;
}

static void begin_round(walk *w, const tl_chain *chain)
{
    static const tl_part of_owner[] = {TL_PART_POOL, TL_PART_VALIDATION, TL_PART_TEST,
                                       TL_PART_SETUP, TL_PART_SERVICE};
    w->round++;
    w->judgements = 0;
    if (w->round == 1) return;
    if (w->version[TL_PART_RECOVERED] >= 0) add_stage(w, chain->join);
    reset_part(w, TL_PART_RECOVERED);
    for (size_t i = 0; i < sizeof of_owner / sizeof *of_owner; i++) {
        reset_part(w, of_owner[i]);
    }
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
}

bool tl_trial_layout(const tl_plan *plan, uint32_t number, tl_trial *trial)
{
    const tl_plan_body *body = plan->body;
    int level[TL_MAX_AXES] = {0};
    trial->number = number;
    trial->cell = number / plan->replicates;
    trial->replicate = plan->first_replicate + number % plan->replicates;
    for (int i = 0; i < plan->axes; i++) level[i] = tl_plan_level(plan, trial->cell, i);
    trial->chain = body->chain_axis < 0 ? 0 : level[body->chain_axis];
    const tl_data_choice *choice = &body->choice[tl_plan_data_index(plan, level)];
    read_values(plan, level, choice, &trial->values);
    trial->source = choice->source;
    trial->split = choice->split;
    trial->size = choice->size;
    trial->size.setup =
        tl_setup_of(&trial->values, choice->size.shape, choice->size.classes);
    trial->steps = 0;
    walk w = {.plan = plan, .trial = trial, .level = level};
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

int tl_trial_parents(const tl_trial *trial, int position, int parent[TL_TRIAL_STEPS])
{
    const tl_trial_step *step = &trial->step[position];
    int count = 0;
    for (int part = 0; part < TL_PARTS; part++) {
        const int from = step->from[part];
        if (!(step->reads & TL_BIT(part)) || from < 0) continue;
        bool is_known = false;
        for (int i = 0; i < count; i++) is_known = is_known || parent[i] == from;
        if (!is_known) parent[count++] = from;
    }
    for (int i = 0; i < step->bank_count; i++) parent[count++] = step->bank_from + i;
    return count;
}

double tl_trial_cost(const tl_trial *trial, int position)
{
    const tl_trial_step *step = &trial->step[position];
    const tl_stage *stage = step->stage;
    if (step->kind == TL_STEP_BANK) {
        return stage->bank.cost ? stage->bank.cost(&trial->size, step->arg) : 0.0;
    }
    if (step->kind == TL_STEP_JUDGE && (TL_PARTS_MODEL & TL_BIT(step->item))) {
        /* The test rows through the model, with the plant and without. */
        return 2.0 * trial->size.test * tl_model_flop(&trial->size.setup.model);
    }
    /* Judging data costs about what planting in it did. */
    return stage->cost ? stage->cost(&trial->size, step->arg) : 0.0;
}

double tl_trial_memory(const tl_trial *trial, int position, int ranks, bool is_first)
{
    const tl_trial_step *step = &trial->step[position];
    const tl_team team = tl_team_counted(is_first ? 0 : 1, ranks);
    return tl_stage_memory(step->stage, step->kind, (tl_part)step->item, step->arg,
                           &trial->size, &team);
}

int tl_trial_max_ranks(const tl_trial *trial, int position)
{
    const tl_trial_step *step = &trial->step[position];
    const int max_ranks =
        step->stage->max_ranks ? step->stage->max_ranks(&trial->size, step->arg) : 1;
    if (step->kind != TL_STEP_JUDGE) return max_ranks > 1 ? max_ranks : 1;
    return 1;
}

bool tl_trial_gives_model(const tl_stage *stage, tl_step_kind kind)
{
    return kind == TL_STEP_BANK ||
           (kind == TL_STEP_RUN && (stage->gives & TL_PARTS_MODEL) != 0);
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
