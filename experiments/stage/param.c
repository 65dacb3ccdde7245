#include "experiments/stage/param.h"

#include "compute/core/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *tl_units(const char *units)
{
    return units ? units : "1";
}

int tl_params_count(const tl_param *params)
{
    int count = 0;
    while (params && params[count].name) count++;
    return count;
}

int tl_params_find(const tl_param *params, const char *name)
{
    const int count = tl_params_count(params);
    for (int i = 0; i < count; i++) {
        if (strcmp(params[i].name, name) == 0) return i;
    }
    return -1;
}

void tl_params_defaults(const tl_param *params, tl_value *value)
{
    const int count = tl_params_count(params);
    for (int i = 0; i < count; i++) {
        const tl_param *param = &params[i];
        value[i] = (tl_value){.number = param->fallback};
        if (param->type == TL_PARAM_CHOICE)
            value[i].text = param->choices[(int)param->fallback];
        if (param->type == TL_PARAM_TEXT) value[i].text = param->text_fallback;
    }
}

void tl_params_unpack(const tl_param *params, const tl_value *value, tl_args *out)
{
    *out = (tl_args){{0}};
    const int count = tl_params_count(params);
    for (int i = 0; i < count; i++) {
        unsigned char *to = out->bytes + params[i].at;
        const double number = value[i].number;
        const int whole = (int)number;
        const bool is_set = number != 0.0;
        switch (params[i].type) {
        case TL_PARAM_REAL:
            memcpy(to, &number, sizeof number);
            break;
        case TL_PARAM_INT:
        case TL_PARAM_CHOICE:
            memcpy(to, &whole, sizeof whole);
            break;
        case TL_PARAM_BOOL:
            memcpy(to, &is_set, sizeof is_set);
            break;
        case TL_PARAM_TEXT:
            memcpy(to, &value[i].text, sizeof value[i].text);
            break;
        }
    }
}

static tl_status read_choice(const tl_param *param, const char *what, const char *text,
                             tl_value *out, tl_err *err)
{
    int count = 0;
    for (; param->choices[count]; count++) {
        const char *word = param->choices[count];
        if (strcmp(word, text) == 0) {
            *out = (tl_value){.number = count, .text = word};
            return TL_OK;
        }
    }
    tl_text list = {0};
    for (int i = 0; i < count; i++)
        tl_text_print(&list, "%s%s", i > 0 ? ", " : "", param->choices[i]);
    char hint[TL_HINT];
    (void)tl_fail(err, TL_E_ARG, "%s cannot be '%s'%s; allowed: %s", what, TL_BRIEF(text),
                  tl_text_hint(text, param->choices, count, hint), list.at);
    tl_text_close(&list);
    return TL_E_ARG;
}

static tl_status read_number(const tl_param *param, const char *what, const char *text,
                             tl_value *out, tl_err *err)
{
    double x = 0.0;
    const bool is_whole = param->type == TL_PARAM_INT;
    TL_CHECK(tl_text_real(text, &x) && (!is_whole || x == floor(x)), err, TL_E_ARG,
             "%s must be a %snumber, found '%s'", what, is_whole ? "whole " : "",
             TL_BRIEF(text));
    TL_CHECK(x >= param->low && x <= param->high &&
                 !(param->low_is_open && x <= param->low),
             err, TL_E_ARG, "%s is %s, allowed is %s %.12g %s %.12g", what, TL_BRIEF(text),
             param->low_is_open ? "above" : "from", param->low,
             param->low_is_open ? "up to" : "to", param->high);
    *out = (tl_value){.number = x == 0.0 ? 0.0 : x}; /* no -0 */
    return TL_OK;
}

tl_status tl_param_read(const tl_param *param, const char *what, const char *text,
                        tl_value *out, tl_err *err)
{
    const bool is_true = strcmp(text, "true") == 0;
    switch (param->type) {
    case TL_PARAM_CHOICE:
        return read_choice(param, what, text, out, err);
    case TL_PARAM_TEXT:
        *out = (tl_value){.text = text};
        return TL_OK;
    case TL_PARAM_BOOL:
        TL_CHECK(is_true || strcmp(text, "false") == 0, err, TL_E_ARG,
                 "%s must be true or false, found '%s'", what, TL_BRIEF(text));
        *out = (tl_value){.number = is_true};
        return TL_OK;
    case TL_PARAM_REAL:
    case TL_PARAM_INT:
        break;
    }
    return read_number(param, what, text, out, err);
}

const char *tl_param_default(const tl_param *param, char out[32])
{
    switch (param->type) {
    case TL_PARAM_CHOICE:
        return param->choices[(int)param->fallback];
    case TL_PARAM_TEXT:
        return param->text_fallback ? param->text_fallback : "";
    case TL_PARAM_BOOL:
        return param->fallback != 0.0 ? "true" : "false";
    case TL_PARAM_REAL:
    case TL_PARAM_INT:
        break;
    }
    return tl_text_shortest(param->fallback, out);
}

void tl_params_hash(const tl_param *params, const tl_value *value, uint32_t mask,
                    tl_hash *hash)
{
    const int count = tl_params_count(params);
    for (int i = 0; i < count; i++) {
        if (!(mask & 1U << i)) continue;
        const bool is_word =
            params[i].type == TL_PARAM_TEXT || params[i].type == TL_PARAM_CHOICE;
        tl_hash_text(hash, params[i].name);
        if (is_word) {
            tl_hash_text(hash, value[i].text);
        } else {
            tl_hash_real(hash, value[i].number);
        }
    }
}
