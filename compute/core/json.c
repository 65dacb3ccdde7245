#include "compute/core/json.h"

#include "compute/core/print.h"

#include "compute/core/status.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

void tl_json_put(json_t *object, const char *key, json_t *value)
{
    const int failed = json_object_set_new(object, key, value);
    TL_INVARIANT(!failed);
}

void tl_json_add(json_t *object, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    json_t *more = json_vpack_ex(NULL, 0, format, arguments);
    va_end(arguments);
    const int failed = json_object_update(object, more);
    TL_INVARIANT(!failed);
    json_decref(more);
}

void tl_json_append(json_t *list, json_t *value)
{
    const int failed = json_array_append_new(list, value);
    TL_INVARIANT(!failed);
}

json_t *tl_json_text(const char *text)
{
    json_t *made = json_string(text ? text : "");
    return made ? made : json_string("(a name that is not UTF-8)");
}

json_t *tl_json_real(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

const char *tl_json_field(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

long long tl_json_whole(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

void tl_json_print(json_t *value, size_t flags)
{
    char *text = json_dumps(value, flags);
    TL_INVARIANT(text != NULL);
    tl_print_lines(stdout, text);
    tl_print(stdout, "\n");
    free(text);
    json_decref(value);
}
