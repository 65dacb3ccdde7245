/*
 * Chains. A chain becomes a flat list of links; those in options of a one_of carry the
 * levels of its axis at which they apply. Lists inside options are flattened into these
 * levels: an option with lists of 2 and 3 values has 6. So levels are counted before links
 * are made.
 */
#include "runner/plan/plan_private.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { MAX_OPTIONS = 256, MAX_STAGES = 512, MAX_ONE_OF_LEVELS = 100000 };

/* An entry of a chain: a word, and its settings. */
typedef struct entry {
    const tl_yaml *at;   /* the word */
    const tl_yaml *args; /* a MAP, or NULL */
} entry;

static tl_status read_entry(const tl_yaml *node, entry *out, tl_err *err)
{
    if (node->kind == TL_YAML_SCALAR && node->text[0]) {
        *out = (entry){.at = node};
        return TL_OK;
    }
    TL_YAML_CHECK(
        node->kind == TL_YAML_MAP && node->children == 1, node, err,
        "an entry of a chain must be one stage, like train or d2m.badnets: {rate: 0.1}; "
        "found %s%s",
        tl_yaml_kind_name(node), node->kind == TL_YAML_MAP ? " with several keys" : "");
    const tl_yaml *args = node->first;
    *out = (entry){.at = args->key};
    if (args->kind == TL_YAML_SCALAR && !args->text[0]) return TL_OK;
    TL_YAML_CHECK(args->kind == TL_YAML_MAP, args, err,
                  "the settings of %.60s must be a map, found %s", args->key->text,
                  tl_yaml_kind_name(args));
    out->args = args;
    return TL_OK;
}

static tl_status check_name(const tl_yaml *node, tl_err *err)
{
    static const char *const taken[] = {"data",   "model",     "recipe",     "chain",
                                        "status", "replicate", "split_hash", "trial_key",
                                        "trial",  "none",      "round"};
    TL_YAML_CHECK(node->kind == TL_YAML_SCALAR, node, err, "`as` must be a name, found %s",
                  tl_yaml_kind_name(node));
    const char *text = node->text;
    bool is_good = (isalpha((unsigned char)text[0]) || text[0] == '_') && strlen(text) < 40;
    for (const char *c = text; *c; c++) {
        if (!isalnum((unsigned char)*c) && *c != '_') is_good = false;
    }
    TL_YAML_CHECK(
        is_good, node, err,
        "`as: %.60s`: a name has at most 39 letters, digits and _, and does not begin "
        "with a digit",
        text);
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        TL_YAML_CHECK(strcmp(text, taken[i]) != 0, node, err,
                      "`as: %s`: this name is reserved", text);
    }
    return TL_OK;
}

static tl_status find_stage(const tl_yaml *at, const tl_stage **out, tl_err *err)
{
    *out = tl_stage_find(at->text);
    if (*out) return TL_OK;
    int count = 0;
    const tl_stage *const *all = tl_stages(&count);
    const char *names[MAX_STAGES];
    int known = 0;
    for (; known < count && known < MAX_STAGES - 4; known++)
        names[known] = all[known]->name;
    names[known++] = "judge";
    names[known++] = "one_of";
    names[known++] = "rounds";
    names[known++] = "assess";
    return tl_plan_unknown(at, "stage", at->text, names, known, err);
}

/* Sets the instance of `link`, the last of its chain, to the one called `name`. */
static tl_status find_instance(tl_plan_reader *reader, const tl_chain *chain,
                               const char *name, const tl_yaml *at, tl_link *link,
                               tl_err *err)
{
    tl_plan *plan = reader->plan;
    for (int i = 0; i < plan->instances; i++) {
        if (strcmp(reader->instance[i].name, name) != 0) continue;
        TL_YAML_CHECK(reader->instance[i].stage == link->stage, at, err,
                      "the name '%s' is already used by %s in line %d", name,
                      reader->instance[i].stage->name, reader->body->instance_at[i]->line);
        for (int l = 0; l < chain->links - 1; l++) {
            const tl_link *other = chain->link[l];
            const bool is_alternative =
                link->axis >= 0 && other->axis == link->axis && other->low != link->low;
            TL_YAML_CHECK(!other->stage || other->instance != i || is_alternative, at, err,
                          "duplicate stage '%s' (the first is in line %d); give one of "
                          "them another name with `as: NAME`",
                          name, other->at->line);
        }
        link->instance = i;
        return TL_OK;
    }
    TL_YAML_CHECK(plan->instances != TL_MAX_INSTANCES, at, err,
                  "more than %d stages in one plan", TL_MAX_INSTANCES);
    link->instance = plan->instances++;
    tl_instance *instance = &reader->instance[link->instance];
    instance->stage = link->stage;
    (void)snprintf(instance->name, sizeof instance->name, "%s", name);
    reader->body->instance_at[link->instance] = at;
    return TL_OK;
}

static tl_status add_link(tl_plan_reader *reader, tl_chain *chain, const entry *from,
                          const tl_alternative *option, tl_link **out, tl_err *err)
{
    TL_YAML_CHECK(chain->links != TL_MAX_LINKS, from->at, err,
                  "more than %d entries in one chain", TL_MAX_LINKS);
    TL_ALLOC(*out, &reader->plan->arena, 1, err);
    **out = (tl_link){
        .axis = option->axis, .low = option->low, .high = option->high, .at = from->at};
    chain->link[chain->links++] = *out;
    return TL_OK;
}

static tl_status add_stage(tl_plan_reader *reader, tl_chain *chain, const entry *from,
                           tl_alternative *option, char label[TL_NAME], tl_err *err)
{
    const tl_stage *stage;
    TL_TRY(find_stage(from->at, &stage, err));
    const tl_yaml *as = from->args ? tl_yaml_find(from->args, "as") : NULL;
    if (as) TL_TRY(check_name(as, err));
    char name[TL_NAME];
    (void)snprintf(name, sizeof name, "%s", as ? as->text : stage->name);
    (void)snprintf(label, TL_NAME, "%s", name);
    for (char *c = name; *c; c++) {
        if (*c == '.') *c = '_';
    }
    tl_link *link = NULL;
    TL_TRY(add_link(reader, chain, from, option, &link, err));
    link->stage = stage;
    TL_TRY(find_instance(reader, chain, name, as ? as : from->at, link, err));
    TL_TRY(tl_plan_defaults(reader, stage->params, link->arg, err));
    if (!from->args) return TL_OK;
    const tl_param_owner owner = {.name = as ? as->text : stage->name,
                                  .prefix = name,
                                  .option = option,
                                  .has_recipe = stage->own_recipe != 0};
    TL_TRY(tl_plan_own_recipe(reader, from->args, &owner, link, err));
    return tl_plan_params(reader, from->args, stage->params, &owner, link->arg, err);
}

static tl_status add_judge(tl_plan_reader *reader, tl_chain *chain, const entry *from,
                           const tl_alternative *option, tl_err *err)
{
    TL_YAML_CHECK(!from->args, from->args, err, "judge takes no settings");
    tl_link *link = NULL;
    return add_link(reader, chain, from, option, &link, err);
}

/* The word of an entry, if it is `text`; else NULL. */
static const tl_yaml *find_word(const tl_yaml *node, const char *text)
{
    const bool has_key = node->kind == TL_YAML_MAP && node->children == 1;
    const tl_yaml *word = has_key ? node->first->key : node;
    return word->kind == TL_YAML_SCALAR && strcmp(word->text, text) == 0 ? word : NULL;
}

/* Adds a simple entry; writes its label. */
static tl_status add_simple(tl_plan_reader *reader, tl_chain *chain, const tl_yaml *node,
                            tl_alternative *option, char label[TL_NAME], tl_err *err)
{
    entry from = {0};
    const tl_yaml *rounds = find_word(node, "rounds"), *former = find_word(node, "laps");
    if (former) { /* the old name, which tl_text_nearest would not find */
        return tl_yaml_error(former, err, "unknown stage '%s': did you mean 'rounds'?",
                             former->text);
    }
    TL_YAML_CHECK(!rounds, rounds, err,
                  "rounds repeats the whole chain, so it cannot be an option of "
                  "a one_of");
    TL_TRY(read_entry(node, &from, err));
    if (strcmp(from.at->text, "judge") == 0) {
        (void)snprintf(label, TL_NAME, "judge");
        return add_judge(reader, chain, &from, option, err);
    }
    TL_YAML_CHECK(
        strcmp(from.at->text, "one_of") != 0, from.at, err,
        "a one_of cannot contain a one_of; make its alternatives options of the outer one");
    return add_stage(reader, chain, &from, option, label, err);
}

/* Adds an option: none, an entry, or a list of entries, joined by + in the label. */
static tl_status add_option(tl_plan_reader *reader, tl_chain *chain, const tl_yaml *node,
                            tl_alternative *option, char label[TL_NAME], tl_err *err)
{
    if (node->kind == TL_YAML_SCALAR && strcmp(node->text, "none") == 0) {
        (void)snprintf(label, TL_NAME, "none");
        return TL_OK;
    }
    if (node->kind != TL_YAML_LIST) {
        return add_simple(reader, chain, node, option, label, err);
    }
    TL_YAML_CHECK(node->children != 0, node, err, "empty option; write none");
    label[0] = '\0';
    for (const tl_yaml *child = node->first; child; child = child->next) {
        char one[TL_NAME];
        TL_TRY(add_simple(reader, chain, child, option, one, err));
        const size_t length = strlen(label);
        TL_YAML_CHECK(
            length + strlen(one) + 2 <= TL_NAME, child, err,
            "the names of this option's stages have more than %d letters in all; use "
            "short `as` names",
            TL_NAME - 1);
        if (length > 0) label[length] = '+';
        memcpy(label + length + (length > 0), one, strlen(one) + 1);
    }
    return TL_OK;
}

/* Multiplies `levels` by the lengths of the lists of a map, up to a limit. */
static long times_lists(const tl_yaml *map, long levels)
{
    for (const tl_yaml *arg = map->first; arg; arg = arg->next) {
        const bool is_list = arg->kind == TL_YAML_LIST && arg->children > 0;
        if (is_list && levels <= MAX_ONE_OF_LEVELS) levels *= arg->children;
    }
    return levels;
}

/* Levels of one entry of an option: the product of its lists, also of those in a recipe or
 * model of its own. */
static long entry_levels(const tl_yaml *node)
{
    const tl_yaml *args = node->kind == TL_YAML_MAP ? node->first : NULL;
    if (!args || args->kind != TL_YAML_MAP) return 1;
    long levels = times_lists(args, 1);
    for (const tl_yaml *arg = args->first; arg; arg = arg->next)
        if (arg->kind == TL_YAML_MAP) levels = times_lists(arg, levels);
    return levels;
}

/* Levels of a one_of. \param first [options + 1] the first level of each option */
static tl_status count_levels(const tl_yaml *list, int *first, tl_err *err)
{
    long total = 0;
    for (const tl_yaml *node = list->first; node; node = node->next) {
        *first++ = (int)total;
        long levels = node->kind == TL_YAML_LIST ? 1 : entry_levels(node);
        const tl_yaml *one = node->kind == TL_YAML_LIST ? node->first : NULL;
        for (; one && levels <= MAX_ONE_OF_LEVELS; one = one->next)
            levels *= entry_levels(one);
        total += levels;
        TL_YAML_CHECK(total <= MAX_ONE_OF_LEVELS, list, err,
                      "this one_of has more than %d levels", MAX_ONE_OF_LEVELS);
    }
    *first = (int)total;
    return TL_OK;
}

static tl_status add_options(tl_plan_reader *reader, tl_chain *chain, const tl_yaml *list,
                             int axis, const int *first, tl_value *value, tl_err *err)
{
    for (const tl_yaml *node = list->first; node; node = node->next, first++) {
        tl_alternative option = {axis, first[0], first[1], first[1] - first[0]};
        char label[TL_NAME];
        TL_TRY(add_option(reader, chain, node, &option, label, err));
        for (int l = 0; l < first[0]; l++) {
            if (strcmp(value[l].text, label) != 0) continue;
            return tl_yaml_error(
                node, err, "duplicate option '%s'; rename one with `as: NAME`", label);
        }
        const char *text = tl_arena_text(&reader->plan->arena, label, err);
        if (!text) return TL_E_NOMEM;
        for (int l = first[0]; l < first[1]; l++) value[l].text = text;
    }
    return TL_OK;
}

static tl_status add_one_of(tl_plan_reader *reader, tl_chain *chain, const tl_yaml *node,
                            tl_err *err)
{
    static const char *const keys[] = {"as", "options"};
    const tl_yaml *map = node->first;
    TL_YAML_CHECK(map->kind == TL_YAML_MAP, map, err,
                  "one_of must be a map, like {as: poison, options: [none, "
                  "d2m.badnets]}; found %s",
                  tl_yaml_kind_name(map));
    for (const tl_yaml *child = map->first; child; child = child->next) {
        const char *key = child->key->text;
        if (strcmp(key, keys[0]) == 0 || strcmp(key, keys[1]) == 0) continue;
        return tl_plan_unknown(child->key, "key of one_of:", key, keys, 2, err);
    }
    const tl_yaml *as = tl_yaml_find(map, "as"), *options = tl_yaml_find(map, "options");
    TL_YAML_CHECK(as, map, err, "a one_of needs a name: as: NAME");
    TL_TRY(check_name(as, err));
    TL_YAML_CHECK(
        options && options->kind == TL_YAML_LIST && options->children != 0 &&
            options->children <= MAX_OPTIONS,
        options ? options : map, err,
        "a one_of needs options: a list of 1 to %d alternatives, the first of which is "
        "the reference",
        MAX_OPTIONS);
    int *first, number;
    tl_value *value;
    TL_ALLOC(first, &reader->plan->arena, options->children + 1, err);
    TL_TRY(count_levels(options, first, err));
    const int levels = first[options->children];
    TL_ALLOC(value, &reader->plan->arena, levels, err);
    tl_axis axis = {.is_choice = true, .zip = -1, .levels = levels, .value = value};
    (void)snprintf(axis.name, sizeof axis.name, "%s", as->text);
    TL_TRY(tl_plan_add_axis(reader, &axis, as, &number, err));
    return add_options(reader, chain, options, number, first, value, err);
}

/* Whether another round can differ: the attacker must gain rows and use rows. */
static bool has_loop(const tl_chain *chain)
{
    uint32_t reads = 0, gives = 0;
    for (int l = 0; l < chain->links; l++) {
        const tl_stage *stage = chain->link[l]->stage;
        if (!stage) continue;
        reads |= stage->reads | (stage->bank ? stage->bank->reads : 0);
        gives |= stage->gives;
    }
    return (reads & TL_BIT(TL_PART_ATTACKER)) != 0 &&
           (gives & (TL_BIT(TL_PART_RECOVERED) | TL_BIT(TL_PART_ATTACKER))) != 0;
}

tl_status tl_plan_chain_add(tl_plan_reader *reader, tl_chain *chain, const char *name,
                            const tl_yaml *at, tl_err *err)
{
    const tl_yaml *node = tl_yaml_scalar(name, at, &reader->plan->arena, err);
    if (!node) return TL_E_NOMEM;
    char label[TL_NAME];
    return add_simple(reader, chain, node, &(tl_alternative){.axis = -1}, label, err);
}

/* Makes a link of the stage called `name` that is none of the chain's own. */
static tl_status add_aside(tl_plan_reader *reader, tl_chain *chain, const char *name,
                           const tl_yaml *at, tl_link **out, tl_err *err)
{
    TL_TRY(tl_plan_chain_add(reader, chain, name, at, err));
    *out = chain->link[--chain->links];
    return TL_OK;
}

/* The check of a target that the plan brings, by the accuracy that it says. */
static tl_status add_own_target(tl_plan_reader *reader, tl_chain *chain, tl_err *err)
{
    const tl_plan_body *body = reader->body;
    const tl_yaml *section = tl_yaml_find(reader->root, "target");
    if (!tl_plan_brings_target(reader)) return TL_OK;
    TL_TRY(add_aside(reader, chain, "measure.own_target", chain->at, &chain->own, err));
    chain->own->arg[0] =
        section ? body->target[TL_TARGET_ACCURACY] : body->model[TL_MODEL_ACCURACY];
    return TL_OK;
}

/* Reads `rounds: N`, the last entry, after all others are in the chain. */
static tl_status read_rounds(tl_plan_reader *reader, tl_chain *chain, const tl_yaml *node,
                             tl_err *err)
{
    static const tl_param param = {.name = "rounds",
                                   .type = TL_PARAM_INT,
                                   .fallback = 1,
                                   .low = 1,
                                   .high = TL_MAX_LINKS};
    const tl_yaml *word = find_word(node, "rounds");
    TL_YAML_CHECK(!node->next, word, err, "rounds must be the last entry of their chain");
    TL_YAML_CHECK(
        node->kind == TL_YAML_MAP && node->first->kind == TL_YAML_SCALAR, word, err,
        "rounds must be one number, like rounds: 2; it cannot be an axis, since each "
        "round has its own metrics, which end in _round2, _round3, ...");
    tl_value rounds;
    TL_TRY(tl_plan_value(node->first, &param, "rounds", &rounds, err));
    chain->rounds = (int)rounds.number;
    if (chain->rounds == 1) return TL_OK;
    TL_YAML_CHECK(chain->links * chain->rounds + chain->rounds - 1 <= TL_MAX_LINKS, word,
                  err, "%d rounds of this chain make more than %d entries", chain->rounds,
                  TL_MAX_LINKS);
    TL_YAML_CHECK(has_loop(chain), word, err,
                  "a second round would repeat the first: the chain needs a stage "
                  "that recovers data for the attacker, and one that reads the "
                  "attacker's rows");
    return add_aside(reader, chain, "d2d.use_recovered", word, &chain->join, err);
}

tl_status tl_plan_chain(tl_plan_reader *reader, const tl_yaml *list, tl_chain *chain,
                        tl_err *err)
{
    TL_YAML_CHECK(list->kind == TL_YAML_LIST && list->children != 0, list, err,
                  "a chain must be a list of stages, found %s",
                  list->kind == TL_YAML_LIST ? "an empty list" : tl_yaml_kind_name(list));
    chain->at = list;
    chain->rounds = 1;
    TL_TRY(add_own_target(reader, chain, err));
    char label[TL_NAME];
    for (const tl_yaml *node = list->first; node; node = node->next) {
        const bool is_choice = node->kind == TL_YAML_MAP && node->children == 1 &&
                               strcmp(node->first->key->text, "one_of") == 0;
        if (find_word(node, "assess")) {
            TL_YAML_CHECK(
                !node->next && node->kind == TL_YAML_SCALAR && reader->body->chains == 1,
                node, err,
                "assess takes no settings and is the last entry of the one chain: "
                "write those attacks before it whose settings you choose");
            chain->assess = node;
        } else if (find_word(node, "rounds")) {
            TL_TRY(read_rounds(reader, chain, node, err));
        } else if (is_choice) {
            TL_TRY(add_one_of(reader, chain, node, err));
        } else {
            TL_TRY(
                add_simple(reader, chain, node, &(tl_alternative){.axis = -1}, label, err));
        }
    }
    for (int l = 0; l < chain->links; l++) {
        const tl_link *link = chain->link[l];
        TL_YAML_CHECK(!link->stage || !tl_stage_passes_target(link->stage), link->at, err,
                      "%s comes first of itself where model.file or target.answers brings "
                      "the target; leave it out of the chain",
                      link->stage->name);
    }
    return TL_OK;
}
