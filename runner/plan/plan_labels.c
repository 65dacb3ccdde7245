/*
 * Display names: the key `labels`, from the names of factors, levels and metrics to texts
 * for people. They decide no number, so they are in no step's key.
 */
#include "runner/plan/plan_private.h"

#include <string.h>

enum { MAX_LABELS = 256, MAX_LABEL = 60 };

/* All names that may have a label. \param name result, in the arena */
static tl_status gather(const tl_plan_reader *reader, const char ***name, int *count,
                        tl_err *err)
{
    const tl_plan *plan = reader->plan;
    int room = reader->metrics + plan->axes + plan->inners, n = 0;
    for (int a = 0; a < plan->axes; a++) room += plan->axis[a].levels;
    TL_ALLOC(*name, &reader->plan->arena, room, err);
    for (int a = 0; a < plan->axes; a++) {
        const tl_axis *axis = &plan->axis[a];
        (*name)[n++] = axis->name;
        for (int l = 0; l < axis->levels && axis->is_choice; l++)
            (*name)[n++] = axis->value[l].text;
    }
    for (int i = 0; i < plan->inners; i++) (*name)[n++] = plan->inner[i].name;
    for (int m = 0; m < reader->metrics; m++) (*name)[n++] = reader->metric[m];
    *count = n;
    return TL_OK;
}

static tl_status read_one(const tl_yaml *node, const char *const *name, int names,
                          tl_label *out, tl_err *err)
{
    int i = 0;
    TL_YAML_CHECK(node->kind == TL_YAML_SCALAR && *node->text &&
                      strlen(node->text) <= MAX_LABEL && !strpbrk(node->text, "\r\n"),
                  node, err, "a label must be one line of at most %d letters", MAX_LABEL);
    while (i < names && strcmp(name[i], node->key->text) != 0) i++;
    if (i == names)
        return tl_plan_unknown(node->key,
                               "factor, level or metric in labels:", node->key->text, name,
                               names, err);
    *out = (tl_label){name[i], node->text};
    return TL_OK;
}

tl_status tl_plan_labels(tl_plan_reader *reader, tl_err *err)
{
    tl_plan *plan = reader->plan;
    const tl_yaml *map = tl_yaml_find(reader->root, "labels");
    const char **name;
    tl_label *label;
    int names;
    if (!map) return TL_OK;
    TL_YAML_CHECK(
        map->kind == TL_YAML_MAP && map->children <= MAX_LABELS, map, err,
        "labels must be a map of at most %d names of factors, levels or metrics to "
        "texts, like {poison: what is poisoned}",
        MAX_LABELS);
    TL_TRY(gather(reader, &name, &names, err));
    TL_ALLOC(label, &plan->arena, map->children, err);
    for (const tl_yaml *node = map->first; node; node = node->next)
        TL_TRY(read_one(node, name, names, &label[plan->labels++], err));
    plan->label = label;
    return TL_OK;
}
