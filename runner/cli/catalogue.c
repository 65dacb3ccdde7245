#include "runner/cli/catalogue.h"

#include "runner/plan/plan.h"

#include <string.h>

static json_t *text_of(const char *text)
{
    return json_string(text ? text : "");
}

/* Steals `value`; memory that runs out here is a bug of the machine, not of the user. */
static void put(json_t *object, const char *key, json_t *value)
{
    TL_INVARIANT(object && value);
    const int failed = json_object_set_new(object, key, value);
    TL_INVARIANT(!failed);
}

static void append(json_t *list, json_t *value)
{
    TL_INVARIANT(list && value);
    const int failed = json_array_append_new(list, value);
    TL_INVARIANT(!failed);
}

static json_t *parts_of(uint32_t parts)
{
    json_t *list = json_array();
    for (int part = 0; part < TL_PARTS; part++) {
        if (parts & TL_BIT(part)) append(list, text_of(tl_part_name((tl_part)part)));
    }
    return list;
}

static json_t *fallback_of(const tl_param *param)
{
    switch (param->type) {
    case TL_PARAM_TEXT:
        return text_of(param->text_fallback);
    case TL_PARAM_CHOICE:
        return text_of(param->choices[(int)param->fallback]);
    case TL_PARAM_BOOL:
        return json_boolean(param->fallback != 0.0);
    case TL_PARAM_INT:
        return json_integer((json_int_t)param->fallback);
    case TL_PARAM_REAL:
        break;
    }
    return json_real(param->fallback);
}

json_t *tl_catalogue_params(const tl_param *params)
{
    static const char *const type[] = {[TL_PARAM_REAL] = "number",
                                       [TL_PARAM_INT] = "whole number",
                                       [TL_PARAM_BOOL] = "true or false",
                                       [TL_PARAM_CHOICE] = "word",
                                       [TL_PARAM_TEXT] = "text"};
    json_t *list = json_array();
    const int count = tl_params_count(params);
    for (int i = 0; i < count; i++) {
        const tl_param *param = &params[i];
        json_t *one = json_object();
        put(one, "name", text_of(param->name));
        put(one, "type", text_of(type[param->type]));
        put(one, "default", fallback_of(param));
        put(one, "about", text_of(param->about));
        if (param->type == TL_PARAM_REAL || param->type == TL_PARAM_INT) {
            put(one, "low", json_real(param->low));
            put(one, "high", json_real(param->high));
            put(one, "low_is_open", json_boolean(param->low_is_open));
            put(one, "units", text_of(tl_units(param->units)));
        }
        if (param->type == TL_PARAM_CHOICE) {
            json_t *words = json_array();
            for (int c = 0; param->choices[c]; c++)
                append(words, text_of(param->choices[c]));
            put(one, "choices", words);
        }
        append(list, one);
    }
    return list;
}

static json_t *metrics_of(const tl_metric *metrics)
{
    static const char *const better[] = {
        [TL_BETTER_NONE] = "", [TL_BETTER_HIGHER] = "higher", [TL_BETTER_LOWER] = "lower"};
    json_t *list = json_array();
    for (int m = 0; metrics && metrics[m].name; m++) {
        json_t *one = json_object();
        put(one, "name", text_of(metrics[m].name));
        put(one, "units", text_of(tl_units(metrics[m].units)));
        put(one, "about", text_of(metrics[m].about));
        put(one, "better_for_owner", text_of(better[metrics[m].better]));
        put(one, "is_rate", json_boolean(metrics[m].is_rate));
        append(list, one);
    }
    return list;
}

json_t *tl_catalogue_stage(const tl_stage *stage)
{
    char access[64];
    json_t *one = json_object();
    put(one, "name", text_of(stage->name));
    put(one, "about", text_of(stage->about));
    put(one, "flow", text_of(tl_flow_name(stage->flow)));
    put(one, "role", text_of(tl_role_name(stage->role)));
    put(one, "taxonomy", text_of(stage->taxonomy));
    put(one, "access", text_of(tl_access_text(stage->access, access)));
    put(one, "works_on", text_of(tl_wants_name(stage->wants)));
    put(one, "reads", parts_of(stage->reads));
    put(one, "gives", parts_of(stage->gives));
    put(one, "draws", json_boolean(stage->draws));
    put(one, "version", json_integer(stage->version));
    put(one, "params", tl_catalogue_params(stage->params));
    put(one, "metrics", metrics_of(stage->metrics));
    put(one, "judges", parts_of(stage->judges));
    put(one, "judge_metrics", metrics_of(stage->judge_metrics));
    put(one, "trains_models_beforehand", json_boolean(stage->bank.count != NULL));
    put(one, "source", text_of(stage->source));
    return one;
}

static json_t *stages_list(void)
{
    json_t *list = json_array();
    int count = 0;
    const tl_stage *const *all = tl_stages(&count);
    for (int i = 0; i < count; i++) {
        json_t *one = json_object();
        put(one, "name", text_of(all[i]->name));
        put(one, "role", text_of(tl_role_name(all[i]->role)));
        put(one, "flow", text_of(tl_flow_name(all[i]->flow)));
        put(one, "about", text_of(all[i]->about));
        append(list, one);
    }
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
    for (int k = 0; name[k]; k++) {
        json_t *one = json_object();
        put(one, "name", text_of(name[k]));
        put(one, "about", text_of(about[k]));
        append(list, one);
    }
    return list;
}

static json_t *data_list(void)
{
    json_t *list = json_array();
    int count = 0;
    const tl_source_name *names = tl_source_names(&count);
    for (int i = 0; i < count; i++) {
        json_t *one = json_object();
        put(one, "name", text_of(names[i].name));
        put(one, "about", text_of(names[i].about));
        append(list, one);
    }
    return list;
}

static void append_metrics(json_t *list, const tl_stage *stage, const tl_metric *metrics)
{
    for (int m = 0; metrics && metrics[m].name; m++) {
        char name[160];
        (void)snprintf(name, sizeof name, "%s_%s", stage->name, metrics[m].name);
        for (char *c = name; *c; c++) {
            if (*c == '.') *c = '_';
        }
        json_t *one = json_object();
        put(one, "name", text_of(name));
        put(one, "units", text_of(tl_units(metrics[m].units)));
        put(one, "about", text_of(metrics[m].about));
        append(list, one);
    }
}

static json_t *metrics_list(void)
{
    json_t *list = json_array();
    int count = 0;
    const tl_stage *const *all = tl_stages(&count);
    for (int i = 0; i < count; i++) {
        append_metrics(list, all[i], all[i]->metrics);
        append_metrics(list, all[i], all[i]->judge_metrics);
    }
    return list;
}

/* What follows "about:" in a plan's text, up to the end of the line. */
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
    for (const tl_shipped_plan *p = tl_plans_shipped(); p->name; p++) {
        json_t *one = json_object();
        put(one, "name", text_of(p->name));
        put(one, "about", about_of(p->text));
        append(list, one);
    }
    return list;
}

json_t *tl_catalogue_list(const char *what)
{
    static const struct {
        const char *word;
        json_t *(*make)(void);
    } lists[] = {{"stages", stages_list},
                 {"models", models_list},
                 {"data", data_list},
                 {"metrics", metrics_list},
                 {"plans", plans_list}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (strcmp(what, lists[i].word) == 0) return lists[i].make();
    }
    return NULL;
}
