/*
 * JSON as the commands print it. Values are jansson's; running out of memory aborts the
 * program.
 */
#ifndef TL_COMPUTE_CORE_JSON_H
#define TL_COMPUTE_CORE_JSON_H

#include <jansson.h>

/** Sets object[key] to `value`, whose reference it steals. */
void tl_json_put(json_t *object, const char *key, json_t *value);

/** Adds the members of the object that json_pack makes from `format`, "{s:s, ...}". */
void tl_json_add(json_t *object, const char *format, ...);

/** Appends `value`, whose reference it steals, to `list`. */
void tl_json_append(json_t *list, json_t *value);

/** A string; "" for NULL. Text that is not UTF-8 is replaced by a remark. */
json_t *tl_json_text(const char *text);

/** A number; null where `x` is not finite. */
json_t *tl_json_real(double x);

/** The string object[key], borrowed; "" where there is none. */
const char *tl_json_field(const json_t *object, const char *key);

/** The whole number object[key]; 0 where there is none. */
long long tl_json_whole(const json_t *object, const char *key);

/** Prints `value`, whose reference it steals, and a newline to stdout.
 * \param flags of json_dumps: JSON_INDENT(2), JSON_COMPACT ... */
void tl_json_print(json_t *value, size_t flags);

#endif
