#include "experiments/stage/param.h"

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
