/*
 * Errors that only whole trials show: parts that nothing gives, or that nobody meets,
 * plants that nothing trains on, arguments that make no sense for the sizes, too many
 * steps. Every cell is laid out and its steps counted; each arrangement of alternatives is
 * checked once, and arguments in every cell of a small plan, otherwise in cells that differ
 * from the first in one axis.
 */
#include "runner/plan/trial_private.h"

#include <stdlib.h>
#include <string.h>

enum {
    MAX_ARRANGEMENTS = 1 << 20,
    MAX_LAID = 1 << 25,   /* steps of all cells: each is looked at */
    MAX_CHECKED = 1 << 28 /* pairs of steps of all arrangements, which are compared */
};

static const tl_yaml *place_of(const tl_plan_reader *reader, const tl_trial_step *step)
{
    return reader->body->instance_at[step->instance];
}

/* Writes the names of the stages that give `part` into `out` [space], for a message. */
static void givers(tl_part part, char *out, size_t space)
{
    int count = 0;
    size_t length = 0;
    const tl_stage *const *all = tl_stages(&count);
    out[0] = '\0';
    for (int i = 0; i < count; i++) {
        const size_t more = strlen(all[i]->name) + 4;
        if (!(all[i]->gives & ~all[i]->reads & TL_BIT(part)) || length + more >= space)
            continue;
        if (length > 0) {
            memcpy(out + length, " or ", 5);
            length += 4;
        }
        memcpy(out + length, all[i]->name, more - 3);
        length += more - 4;
    }
}

static tl_status check_flow(const tl_plan_reader *reader, const tl_trial *trial,
                            tl_err *err)
{
    for (int i = 0; i < trial->steps; i++) {
        const tl_trial_step *step = &trial->step[i];
        for (int part = 0; part < TL_PARTS; part++) {
            if (!(step->reads & TL_BIT(part)) || step->from[part] != TL_FROM_NOWHERE) {
                continue;
            }
            char names[200];
            givers((tl_part)part, names, sizeof names);
            return tl_yaml_error(
                place_of(reader, step), err,
                "%s reads the %s, which no stage before it gives; put %s before it",
                step->stage->name, tl_part_name((tl_part)part),
                names[0] ? names : "a stage that gives it");
        }
    }
    return TL_OK;
}

/* Whether a step of the trial reads the `part` that step `from` gave. */
static bool is_read(const tl_trial *trial, int from, tl_part part)
{
    for (int i = from + 1; i < trial->steps; i++) {
        if (trial->step[i].reads & TL_BIT(part) && trial->step[i].from[part] == from) {
            return true;
        }
    }
    return false;
}

/* What was recovered is one version: a second giver replaces the first one's images. That
 * is no loss if nothing uses either; if the second one's are used, the first one's were
 * meant to be. */
static tl_status check_recovered(const tl_plan_reader *reader, const tl_trial *trial,
                                 tl_err *err)
{
    int lost = -1;
    for (int i = 0; i < trial->steps; i++) {
        const tl_trial_step *step = &trial->step[i];
        if (step->kind != TL_STEP_RUN) continue;
        if (!(step->stage->gives & TL_BIT(TL_PART_RECOVERED))) continue;
        const bool is_used = is_read(trial, i, TL_PART_RECOVERED);
        TL_YAML_CHECK(
            !is_used || lost < 0 || trial->step[lost].round != step->round,
            place_of(reader, step), err,
            "what %s recovers would be lost: %s replaces it unused; keep one of them, or "
            "put d2d.use_recovered: {as: NAME} between them",
            reader->plan->instance[trial->step[lost].instance].name,
            reader->plan->instance[step->instance].name);
        lost = is_used ? -1 : i;
    }
    return TL_OK;
}

static tl_status check_plantings(const tl_plan_reader *reader, const tl_trial *trial,
                                 tl_err *err)
{
    for (int i = 0; i < trial->steps; i++) {
        const tl_trial_step *planter = &trial->step[i];
        if (planter->kind != TL_STEP_RUN || planter->stage->judges == 0) continue;
        bool is_judged = false;
        for (int j = i + 1; j < trial->steps && !is_judged; j++) {
            is_judged = trial->step[j].kind == TL_STEP_JUDGE &&
                        trial->step[j].instance == planter->instance;
        }
        TL_YAML_CHECK(
            is_judged, place_of(reader, planter), err,
            "nothing is trained after %s, so what it plants cannot be judged; put train "
            "after it",
            planter->stage->name);
    }
    return TL_OK;
}

/* --- order ---------------------------------------------------------------------------- */

/* Whether step `j` reads any part, or only `part`, that one of the marked steps gave. */
static bool reads_marked(const tl_trial *trial, int j, uint32_t parts, const bool *marked)
{
    const tl_trial_step *step = &trial->step[j];
    for (int part = 0; part < TL_PARTS; part++) {
        const int from = step->from[part];
        if (step->reads & parts & TL_BIT(part) && from >= 0 && marked[from]) return true;
    }
    return false;
}

/* Whether the step trains the control of a stage: what only controls meet, nobody does. */
static bool is_control(const tl_trial_step *step)
{
    return step->kind == TL_STEP_BANK && step->bank == step->stage->control;
}

/* Whether the pool that step `from` gives, or data made of it, reach a training, a model of
 * a bank or a judge. */
static bool is_trained_on(const tl_trial *trial, int from)
{
    bool marked[TL_TRIAL_STEPS] = {false};
    marked[from] = true;
    for (int j = from + 1; j < trial->steps; j++) {
        const tl_trial_step *step = &trial->step[j];
        if (is_control(step) || !reads_marked(trial, j, TL_PARTS_DATA, marked)) continue;
        if (step->kind != TL_STEP_RUN || tl_trial_trains(step->stage, step->kind))
            return true;
        marked[j] = (step->stage->gives & TL_PARTS_DATA) != 0;
    }
    return false;
}

/* Whether anybody asks the service that step `from` gives, or a longer one. */
static bool is_asked(const tl_trial *trial, int from)
{
    bool marked[TL_TRIAL_STEPS] = {false};
    marked[from] = true;
    for (int j = from + 1; j < trial->steps; j++) {
        const tl_trial_step *step = &trial->step[j];
        if (!reads_marked(trial, j, TL_BIT(TL_PART_SERVICE), marked)) continue;
        if (!(step->stage->gives & TL_BIT(TL_PART_SERVICE))) return true;
        marked[j] = true;
    }
    return false;
}

/* Whether anything is trained by the setup that step `from` gives, or one made of it; who
 * reads it for its sizes alone meets nothing of it. */
static bool is_trained_by(const tl_trial *trial, int from)
{
    bool marked[TL_TRIAL_STEPS] = {false};
    marked[from] = true;
    for (int j = from + 1; j < trial->steps; j++) {
        const tl_trial_step *step = &trial->step[j];
        if (is_control(step) || !reads_marked(trial, j, TL_BIT(TL_PART_SETUP), marked))
            continue;
        if (tl_trial_trains(step->stage, step->kind)) return true;
        marked[j] = (step->stage->gives & TL_BIT(TL_PART_SETUP)) != 0;
    }
    return false;
}

/* What a stage gives must be met by somebody. */
static tl_status check_order(const tl_plan_reader *reader, const tl_trial *trial,
                             tl_err *err)
{
    for (int i = 0; i < trial->steps; i++) {
        const tl_trial_step *step = &trial->step[i];
        const char *name = step->stage->name;
        if (step->kind != TL_STEP_RUN) continue;
        TL_YAML_CHECK(
            !(step->stage->gives & TL_BIT(TL_PART_POOL)) || is_trained_on(trial, i),
            place_of(reader, step), err,
            "nothing is trained on the rows that %s gives, or judged on them; "
            "put it before train, put a second train (train: {as: NAME}) after it, "
            "or exclude: the combination",
            name);
        TL_YAML_CHECK(!(step->stage->gives & TL_BIT(TL_PART_SERVICE)) || is_asked(trial, i),
                      place_of(reader, step), err,
                      "nobody queries the target after %s, so that no attack meets it; "
                      "put it before an attack that asks for labels, scores or logits, or "
                      "exclude: the combination",
                      name);
        TL_YAML_CHECK(!(step->stage->gives & TL_BIT(TL_PART_SETUP)) ||
                          is_trained_by(trial, i),
                      place_of(reader, step), err,
                      "nothing is trained after %s; put it before train", name);
    }
    return TL_OK;
}

/* Nobody asks for logits where a stage before it withholds them. Depends on arguments, so
 * every cell is checked. */
static tl_status check_answers(const tl_plan_reader *reader, const tl_trial *trial,
                               tl_err *err)
{
    for (int i = 0; i < trial->steps; i++) {
        const tl_trial_step *step = &trial->step[i];
        if (step->kind != TL_STEP_RUN) continue;
        TL_YAML_CHECK(step->withheld < 0 || !tl_stage_wants_logits(step->stage, step->arg),
                      place_of(reader, step), err,
                      "%s asks for logits, but %s before it gives none; ask for scores, or "
                      "leave it out",
                      step->stage->name, trial->step[step->withheld].stage->name);
    }
    return TL_OK;
}

/* Whether a version of one of `parts` can descend from link `planter` at link `judge`: it
 * gives one itself, or a stage after it does, in a later round any of the chain. */
static bool can_be_judged(const tl_chain *chain, int planter, int judge)
{
    const uint32_t parts = chain->link[planter]->stage->judges;
    const int end = chain->rounds > 1 ? chain->links : judge;
    for (int i = planter; i < end; i++) {
        const tl_stage *stage = chain->link[i]->stage;
        if (stage && stage->gives & parts) return true;
    }
    return false;
}

/* Every `- judge` needs a stage before it that plants something, in some alternative, and
 * a part in which that can be found. */
static tl_status check_judges(const tl_plan_reader *reader, tl_err *err)
{
    for (int c = 0; c < reader->body->chains; c++) {
        const tl_chain *chain = reader->body->chain[c];
        for (int i = 0; i < chain->links; i++) {
            bool is_planted = false, is_found = false;
            for (int p = 0; p < i && !chain->link[i]->stage; p++) {
                const tl_stage *stage = chain->link[p]->stage;
                if (!stage || stage->judges == 0) continue;
                is_planted = true;
                is_found = is_found || can_be_judged(chain, p, i);
            }
            if (chain->link[i]->stage) continue;
            TL_YAML_CHECK(is_planted, chain->link[i]->at, err,
                          "judge: no stage before it plants anything that could be judged; "
                          "put it after one that does, such as d2m.badnets");
            TL_YAML_CHECK(is_found, chain->link[i]->at, err,
                          "judge: nothing that was planted can be judged yet; put it after "
                          "train");
        }
    }
    return TL_OK;
}

/* --- sizes ---------------------------------------------------------------------------- */

/* Where `recipe` of the trial is written: at the stage that has it, else `model`. */
static const tl_yaml *place_of_recipe(const tl_plan_reader *reader, const tl_trial *trial,
                                      int recipe)
{
    for (int i = 0; i < trial->steps && recipe > 0; i++) {
        if (trial->step[i].stage->own_recipe == 0 || trial->step[i].kind != TL_STEP_RUN)
            continue;
        if (tl_trial_recipe_of(trial, i) == recipe)
            return place_of(reader, &trial->step[i]);
    }
    const tl_yaml *model = tl_yaml_find(reader->root, "model");
    return model ? model : reader->root;
}

/* Stages are made for such data as the trial has. */
static tl_status check_stages(const tl_plan_reader *reader, const tl_trial *trial,
                              tl_err *err)
{
    for (int i = 0; i < trial->steps; i++) {
        const tl_trial_step *step = &trial->step[i];
        if (tl_stage_check_data(step->stage, trial->source->name, trial->size.vocabulary,
                                err) != TL_OK)
            return tl_yaml_prefix(place_of(reader, step), err);
    }
    return TL_OK;
}

/* So are the models, and they can be made at all. */
static tl_status check_models(const tl_plan_reader *reader, const tl_trial *trial,
                              tl_err *err)
{
    for (int r = 0; r < trial->recipes; r++) {
        const char *kind = trial->recipe[r].model[TL_MODEL_KIND].text;
        if (tl_setup_check_kind(kind, trial->source->name, trial->size.vocabulary, err) ==
            TL_OK)
            continue;
        const tl_yaml *at = place_of_recipe(reader, trial, r);
        const tl_yaml *word = r == 0 ? tl_yaml_find(at, "kind") : NULL;
        return tl_yaml_prefix(word ? word : at, err);
    }
    tl_err fault = {0};
    for (int k = 0; k < trial->setups; k++) {
        TL_YAML_CHECK(tl_model_check(&trial->setup[k].model, &fault) == TL_OK,
                      place_of_recipe(reader, trial, trial->version[k].recipe), err, "%s",
                      fault.text);
    }
    return TL_OK;
}

static tl_status check_sizes(const tl_plan_reader *reader, const tl_trial *trial,
                             tl_err *err)
{
    TL_TRY(check_stages(reader, trial, err));
    TL_TRY(check_models(reader, trial, err));
    for (int i = 0; i < trial->steps; i++) {
        const tl_trial_step *step = &trial->step[i];
        const tl_size size = tl_trial_size(trial, i);
        if (step->kind != TL_STEP_RUN) continue;
        if (tl_stage_check(step->stage, &size, step->arg, err) == TL_OK) continue;
        return tl_yaml_prefix(place_of(reader, step), err);
    }
    return TL_OK;
}

/* The number of the arrangement of alternatives in a cell. */
static uint32_t arrangement(const tl_plan *plan, uint32_t cell)
{
    uint32_t number = 0;
    for (int i = 0; i < plan->axes; i++) {
        if (!plan->axis[i].is_choice) continue;
        number = number * (uint32_t)plan->axis[i].levels +
                 (uint32_t)tl_plan_level(plan, cell, i);
    }
    return number;
}

/* Whether the cell differs from the first in no more than one axis. */
static bool is_near_first(const tl_plan *plan, uint32_t cell)
{
    int differ = 0;
    for (int i = 0; i < plan->axes; i++) {
        differ += tl_plan_level(plan, cell, i) != tl_plan_level(plan, 0, i);
    }
    return differ <= 1;
}

static tl_status check_cells(tl_plan_reader *reader, tl_trial *trial, bool *is_met,
                             tl_err *err)
{
    tl_plan *plan = reader->plan;
    uint64_t laid = 0, checked = 0;
    plan->steps = 0;
    for (uint32_t cell = 0; cell < plan->cells; cell++) {
        TL_YAML_CHECK(
            tl_trial_layout(plan, cell * plan->replicates, trial),
            reader->body->chain[trial->chain]->at, err,
            "a trial of this chain has more than %d steps, including banks of models",
            TL_TRIAL_STEPS);
        plan->steps += (uint64_t)trial->steps * plan->replicates;
        TL_YAML_CHECK(plan->steps <= TL_MAX_STEPS, reader->root, err,
                      "the plan has more than %d steps; shorten axes or banks",
                      TL_MAX_STEPS);
        laid += (uint64_t)trial->steps;
        TL_YAML_CHECK(laid <= MAX_LAID, reader->root, err,
                      "the combinations have more than %d steps in all; shorten axes or "
                      "banks",
                      MAX_LAID);
        TL_TRY(check_answers(reader, trial, err));
        for (int k = 0; k < trial->setups; k++)
            plan->sums_fast |= trial->setup[k].recipe.reduction == TL_REDUCTION_FAST;
        const uint32_t number = arrangement(plan, cell);
        if (!is_met[number]) {
            is_met[number] = true;
            checked += (uint64_t)trial->steps * (uint64_t)trial->steps;
            TL_YAML_CHECK(checked <= MAX_CHECKED, reader->root, err,
                          "too many arrangements of alternatives in so long chains: more "
                          "than %d pairs of their steps; take out some",
                          MAX_CHECKED);
            TL_TRY(check_flow(reader, trial, err));
            TL_TRY(tl_plan_own_check(reader, trial, err));
            TL_TRY(check_recovered(reader, trial, err));
            TL_TRY(check_plantings(reader, trial, err));
            TL_TRY(check_order(reader, trial, err));
            TL_TRY(check_sizes(reader, trial, err));
        } else if (plan->cells <= TL_CHECKED_CELLS || is_near_first(plan, cell)) {
            TL_TRY(check_sizes(reader, trial, err));
        }
    }
    return TL_OK;
}

tl_status tl_plan_check(tl_plan_reader *reader, tl_err *err)
{
    const tl_plan *plan = reader->plan;
    uint64_t total = 1;
    TL_TRY(check_judges(reader, err));
    for (int i = 0; i < plan->axes; i++) {
        if (plan->axis[i].is_choice) total *= (uint64_t)plan->axis[i].levels;
        TL_YAML_CHECK(total <= MAX_ARRANGEMENTS, reader->axis_at[i], err,
                      "more than %d arrangements of alternatives", MAX_ARRANGEMENTS);
    }
    bool *is_met = calloc((size_t)total, sizeof *is_met);
    TL_CHECK(is_met, err, TL_E_NOMEM, "no memory to check the plan");
    tl_arena scratch = tl_arena_open(0);
    tl_trial *trial;
    tl_status status = tl_trial_new(&scratch, &trial, err);
    if (status == TL_OK) status = check_cells(reader, trial, is_met, err);
    tl_arena_close(&scratch);
    free(is_met);
    return status;
}
