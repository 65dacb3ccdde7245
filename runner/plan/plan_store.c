/*
 * What is stored besides metrics: the key `store`. It decides no number, so it is in no
 * step's key.
 */
#include "runner/plan/plan_private.h"

#include <stdio.h>
#include <string.h>

unsigned tl_plan_stores(const tl_plan *plan, const tl_stage *stage, tl_step_kind kind)
{
    return kind == TL_STEP_RUN ? plan->store & stage->stores : 0;
}

static tl_status read_kind(const tl_yaml *node, unsigned *kind, tl_err *err)
{
    const char *names[TL_STORE_KINDS];
    TL_YAML_CHECK(node->kind == TL_YAML_SCALAR && node->text[0], node, err,
                  "store lists words, found %s", tl_yaml_kind_name(node));
    for (int k = 0; k < TL_STORE_KINDS; k++) {
        names[k] = tl_store_name(k);
        *kind = 1U << k;
        if (strcmp(names[k], node->text) == 0) return TL_OK;
    }
    return tl_plan_unknown(node, "kind in store:", node->text, names, TL_STORE_KINDS, err);
}

/* A kind that no stage of the plan hands over would be an empty group: refused, with the
 * stages that do. */
static tl_status check_givers(const tl_plan *plan, const tl_yaml *at, unsigned kind,
                              tl_err *err)
{
    tl_text names = {0};
    int count;
    for (int i = 0; i < plan->instances; i++)
        if (plan->instance[i].stage->stores & kind) return TL_OK;
    const tl_stage *const *stage = tl_stages(&count);
    for (int i = 0; i < count; i++) {
        if (!(stage[i]->stores & kind)) continue;
        tl_text_print(&names, "%s%s", names.length ? ", " : "", stage[i]->name);
    }
    const tl_status status =
        tl_yaml_error(at, err, "no stage of this plan hands over %s; these do: %s",
                      at->text, names.at ? names.at : "none");
    tl_text_close(&names);
    return status;
}

tl_status tl_plan_store(tl_plan_reader *reader, tl_err *err)
{
    tl_plan *plan = reader->plan;
    const tl_yaml *list = tl_yaml_find(reader->root, "store");
    if (!list) return TL_OK;
    TL_YAML_CHECK(list->kind == TL_YAML_LIST, list, err,
                  "store must be a list like [scores, curves, images], found %s",
                  tl_yaml_kind_name(list));
    for (const tl_yaml *child = list->first; child; child = child->next) {
        unsigned kind = 0;
        TL_TRY(read_kind(child, &kind, err));
        TL_YAML_CHECK(!(plan->store & kind), child, err, "duplicate '%s' in store",
                      child->text);
        plan->store |= kind;
        TL_TRY(check_givers(plan, child, kind, err));
    }
    return TL_OK;
}
