#include "runner/cli/catalogue.h"

#include "compute/core/json.h"
#include "runner/cli/metric_names.h"
#include "runner/plan/plan.h"

#include <string.h>

/* {name, about}: how every record begins. */
static json_t *entry(const char *name, const char *about)
{
    json_t *one = json_object();
    tl_json_put(one, "name", tl_json_text(name));
    tl_json_put(one, "about", tl_json_text(about));
    return one;
}

static json_t *parts_of(uint32_t parts)
{
    json_t *list = json_array();
    for (int part = 0; part < TL_PARTS; part++) {
        if (parts & TL_BIT(part))
            tl_json_append(list, tl_json_text(tl_part_name((tl_part)part)));
    }
    return list;
}

json_t *tl_catalogue_stores(unsigned stores)
{
    json_t *list = json_array();
    for (int k = 0; k < TL_STORE_KINDS; k++)
        if (stores & 1U << k) tl_json_append(list, tl_json_text(tl_store_name(k)));
    return list;
}

static json_t *words_of(const char *const *words)
{
    json_t *list = json_array();
    for (; *words; words++) tl_json_append(list, tl_json_text(*words));
    return list;
}

static json_t *fallback_of(const tl_param *param)
{
    char unused[32];
    if (param->type == TL_PARAM_BOOL) return json_boolean(param->fallback != 0.0);
    if (param->type == TL_PARAM_INT) return json_integer((json_int_t)param->fallback);
    return param->type == TL_PARAM_REAL ? json_real(param->fallback)
                                        : tl_json_text(tl_param_default(param, unused));
}

json_t *tl_catalogue_params(const tl_param *params)
{
    static const char *const type[] = {[TL_PARAM_REAL] = "number",
                                       [TL_PARAM_INT] = "whole number",
                                       [TL_PARAM_BOOL] = "true or false",
                                       [TL_PARAM_CHOICE] = "word",
                                       [TL_PARAM_TEXT] = "text"};
    json_t *list = json_array();
    for (const tl_param *p = params; p && p->name; p++) {
        const bool is_number = p->type == TL_PARAM_REAL || p->type == TL_PARAM_INT;
        json_t *one = entry(p->name, p->about);
        tl_json_add(one, "{s:s, s:o}", "type", type[p->type], "default", fallback_of(p));
        if (is_number)
            tl_json_add(one, "{s:f, s:f, s:b, s:o}", "low", p->low, "high", p->high,
                        "low_is_open", p->low_is_open, "units",
                        tl_json_text(tl_units(p->units)));
        if (p->choices) tl_json_put(one, "choices", words_of(p->choices));
        tl_json_append(list, one);
    }
    return list;
}

static json_t *metrics_of(const tl_metric *metrics)
{
    static const char *const better[] = {
        [TL_BETTER_NONE] = "", [TL_BETTER_HIGHER] = "higher", [TL_BETTER_LOWER] = "lower"};
    json_t *list = json_array();
    for (int m = 0; metrics && metrics[m].name; m++) {
        json_t *one = entry(metrics[m].name, metrics[m].about);
        tl_json_add(one, "{s:o, s:s, s:b}", "units",
                    tl_json_text(tl_units(metrics[m].units)), "better_for_owner",
                    better[metrics[m].better], "is_rate", metrics[m].is_rate);
        tl_json_append(list, one);
    }
    return list;
}

json_t *tl_catalogue_stage(const tl_stage *stage)
{
    char access[64];
    json_t *one = entry(stage->name, stage->about);
    tl_json_add(
        one, "{s:s, s:s, s:o, s:s, s:s, s:o, s:o, s:b, s:i, s:o, s:o, s:o, s:o, s:s, s:o}",
        "flow", tl_flow_name(stage->flow), "role", tl_role_name(stage->role), "taxonomy",
        tl_json_text(stage->taxonomy), "access", tl_access_text(stage->access, access),
        "works_on", tl_wants_name(stage->wants), "reads", parts_of(stage->reads), "gives",
        parts_of(stage->gives), "draws", stage->draws, "version", (int)stage->version,
        "params", tl_catalogue_params(stage->params), "metrics", metrics_of(stage->metrics),
        "judges", parts_of(stage->judges), "judge_metrics",
        metrics_of(stage->judge_metrics), "bank", stage->bank ? stage->bank->name : "",
        "source", tl_json_text(stage->source));
    tl_json_put(one, "own_recipe", json_boolean(stage->own_recipe != 0));
    tl_json_put(one, "stores", tl_catalogue_stores(stage->stores));
    tl_json_put(one, "control", tl_json_text(stage->control ? stage->control->name : ""));
    tl_json_put(one, "variant", tl_json_text(stage->variant ? stage->variant : ""));
    return one;
}

static json_t *stages_list(void)
{
    json_t *list = json_array();
    int count = 0;
    const tl_stage *const *all = tl_stages(&count);
    for (int i = 0; i < count; i++)
        tl_json_append(list,
                       json_pack("{s:s, s:s, s:s, s:s}", "name", all[i]->name, "about",
                                 all[i]->about, "role", tl_role_name(all[i]->role), "flow",
                                 tl_flow_name(all[i]->flow)));
    return list;
}

static json_t *models_list(void)
{
    const char *const *name = tl_model_params[TL_MODEL_KIND].choices;
    static const char *const about[] = {
        [TL_MODEL_MLP] = "images: `layers` hidden dense layers of `width` units with ReLU",
        [TL_MODEL_CNN] =
            "images: `layers` blocks of 3x3 convolution, pooling and ReLU, from "
            "`width` channels, doubling",
        [TL_MODEL_RESNET] = "images: `layers` stages of two residual blocks, from `width` "
                            "channels, doubling, with group normalisation (as ResNet-18)",
        [TL_MODEL_GPT] = "tokens: `layers` transformer blocks of `width` features and "
                         "`heads` heads, learned positions, tied head (as GPT-2)",
        [TL_MODEL_LLAMA] = "tokens: as gpt with RMSNorm, rotary positions, SwiGLU and "
                           "`kv_heads` heads of keys and values (as Llama)",
        [TL_MODEL_LINEAR] = "images: softmax regression, one dense layer and nothing "
                            "hidden; `width` and `layers` are not used"};
    json_t *list = json_array();
    for (int k = 0; name[k]; k++) tl_json_append(list, entry(name[k], about[k]));
    return list;
}

static json_t *data_list(void)
{
    json_t *list = json_array();
    int count = 0;
    const tl_source_name *names = tl_source_names(&count);
    for (int i = 0; i < count; i++)
        tl_json_append(list, entry(names[i].name, names[i].about));
    return list;
}

/* The stages of one role. */
static json_t *stages_of(tl_role role)
{
    json_t *all = stages_list(), *list = json_array(), *one;
    size_t i;
    json_array_foreach(all, i, one)
    {
        if (strcmp(tl_json_field(one, "role"), tl_role_name(role)) == 0)
            tl_json_append(list, json_incref(one));
    }
    json_decref(all);
    return list;
}

static json_t *attacks_list(void)
{
    return stages_of(TL_ROLE_ATTACK);
}

static json_t *defenses_list(void)
{
    return stages_of(TL_ROLE_DEFENSE);
}

/* What follows "about:" in the text of a plan, to the end of the line. */
static json_t *about_of(const char *text)
{
    const char *at = strncmp(text, "about:", 6) == 0 ? text : strstr(text, "\nabout:");
    if (!at) return json_string("");
    at = strchr(at, ':') + 1;
    at += strspn(at, " \"'");
    size_t length = strcspn(at, "\n");
    while (length > 0 && strchr(" \"'\r", at[length - 1])) length--;
    return json_stringn(at, length);
}

static json_t *plans_list(void)
{
    json_t *list = json_array();
    for (const tl_shipped_plan *p = tl_plans_shipped(); p->name; p++)
        tl_json_append(
            list, json_pack("{s:s, s:o}", "name", p->name, "about", about_of(p->text)));
    return list;
}

json_t *tl_catalogue_list(const char *what)
{
    static const struct {
        const char *word;
        json_t *(*make)(void);
    } lists[] = {{"stages", stages_list},     {"attacks", attacks_list},
                 {"defenses", defenses_list}, {"models", models_list},
                 {"data", data_list},         {"metrics", tl_metric_records},
                 {"plans", plans_list}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (strcmp(what, lists[i].word) == 0) return lists[i].make();
    }
    return NULL;
}
