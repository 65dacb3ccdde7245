/*
 * An assessment: the entry `- assess` at the end of a chain stands for every attack that
 * applies. Which do, the checks of a plan say: each attack in turn is added to the chain,
 * and taken out again if the plan is then refused, which is the reason that is told. An
 * attack may need what another gives, so those left out are tried again until nothing
 * changes. The order is that of stages.def in each pass, so that all ranks agree.
 */
#include "runner/plan/plan_private.h"

#include <stdio.h>
#include <string.h>

/* An assessment while it is made. */
typedef struct assessment {
    tl_plan_reader *reader;
    tl_chain *chain;
    tl_left_out *left; /* [stages] by number of the stage; reason NULL: not left out */
} assessment;

static bool has_stage(const tl_chain *chain, const tl_stage *stage)
{
    bool has = false;
    for (int l = 0; l < chain->links; l++) has = has || chain->link[l]->stage == stage;
    return has;
}

/* What `err` says, without the place in the plan and the name of the stage. */
static const char *reason_of(const assessment *a, const tl_stage *stage, const tl_err *err)
{
    const tl_yaml *at = a->chain->assess;
    char place[TL_ERR_TEXT];
    const int length =
        snprintf(place, sizeof place, "%s:%d:%d: ", at->origin, at->line, at->column);
    const bool is_there = strncmp(err->text, place, (size_t)length) == 0;
    const char *text = err->text + (is_there ? length : 0);
    const size_t name = strlen(stage->name);
    return strncmp(text, stage->name, name) == 0 && text[name] == ' ' ? text + name + 1
                                                                      : text;
}

/* Adds the stage if the plan can then run; else its reason is noted. */
static tl_status attempt(assessment *a, const tl_stage *stage, const char **reason,
                         tl_err *err)
{
    tl_plan *plan = a->reader->plan;
    const int links = a->chain->links, instances = plan->instances;
    tl_err why = {0};
    tl_status status =
        tl_plan_chain_add(a->reader, a->chain, stage->name, a->chain->assess, &why);
    if (status == TL_OK) status = tl_plan_publish(a->reader, &why);
    if (status == TL_OK) status = tl_plan_check(a->reader, &why);
    *reason = NULL;
    if (status == TL_OK) return TL_OK;
    if (status == TL_E_NOMEM) {
        *err = why;
        return status;
    }
    a->chain->links = links;
    plan->instances = instances;
    *reason = tl_arena_text(&plan->arena, reason_of(a, stage, &why), err);
    return *reason ? TL_OK : TL_E_NOMEM;
}

/* Why an attack has no place after the training of a target; NULL if it may have one. */
static const char *reason_beforehand(const tl_stage *stage)
{
    if (stage->gives & TL_BIT(TL_PART_POOL))
        return "it changes what a target is trained on, and this one is trained already";
    if (stage->gives & TL_BIT(TL_PART_ATTACKER))
        return "it serves the attacks of a next round, and an assessment has one";
    return NULL;
}

/* Tries all attacks that are not in the chain yet. \return in `changes` how many came in */
static tl_status try_all(assessment *a, int *changes, tl_err *err)
{
    int count;
    const tl_stage *const *all = tl_stages(&count);
    *changes = 0;
    for (int i = 0; i < count; i++) {
        const char *reason;
        const bool is_one =
            all[i]->role == TL_ROLE_ATTACK || strcmp(all[i]->name, "measure.utility") == 0;
        if (!is_one || has_stage(a->chain, all[i])) continue;
        reason = reason_beforehand(all[i]);
        if (!reason) TL_TRY(attempt(a, all[i], &reason, err));
        a->left[i] = (tl_left_out){all[i]->name, reason};
        *changes += reason == NULL;
    }
    return TL_OK;
}

static bool has_target(const assessment *a)
{
    bool has = a->chain->own != NULL;
    for (int l = 0; l < a->chain->links; l++) {
        const tl_stage *stage = a->chain->link[l]->stage;
        has = has || (stage && stage->gives & TL_BIT(TL_PART_TARGET));
    }
    return has;
}

tl_status tl_plan_assess(tl_plan_reader *reader, tl_err *err)
{
    tl_plan *plan = reader->plan;
    assessment a = {.reader = reader, .chain = reader->body->chain[0]};
    int count, changes;
    if (!a.chain->assess) return TL_OK;
    (void)tl_stages(&count);
    TL_ALLOC(a.left, &plan->arena, count, err);
    if (!has_target(&a))
        TL_TRY(tl_plan_chain_add(reader, a.chain, "train", a.chain->assess, err));
    do {
        TL_TRY(try_all(&a, &changes, err));
    } while (changes > 0);
    for (int i = 0; i < count; i++) {
        if (a.left[i].reason) a.left[plan->left_out++] = a.left[i];
    }
    plan->left = a.left;
    return tl_plan_publish(reader, err);
}
