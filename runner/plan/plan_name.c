/*
 * The name of a plan: its key `name`, or else made from its file's name, which may have any
 * letters. Names are those of files and of attributes, so theirs are few.
 */
#include "compute/core/utf8.h"
#include "runner/plan/plan_private.h"

#include <string.h>

static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "0123456789_-.";

/* Letters for U+00C0 to U+017F: what is left without their marks. */
enum { FIRST_FOLDED = 0xc0, FIRST_MARK = 0x300, LAST_MARK = 0x36f };
static const char folded[] =
    "AAAAAAACEEEEIIIIDNOOOOO_OUUUUYTsaaaaaaaceeeeiiiidnooooo_ouuuuyty"
    "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIiIiJjKkkLlLlLlL"
    "lLlNnNnNnnNnOoOoOoOoRrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";

/* The letter for the next of [left] bytes at `at`, '\0' for none; *length is how many it
 * has. */
static char letter_for(const char *at, size_t left, size_t *length)
{
    *length = tl_utf8_sequence(at, left);
    if (*length == 0) *length = 1;
    if (*length == 1) return strchr(allowed, *at) ? *at : '_';
    const uint32_t code = tl_utf8_code(at, *length);
    if (code >= FIRST_MARK && code <= LAST_MARK) return '\0';
    if (code >= FIRST_FOLDED && code < FIRST_FOLDED + sizeof folded - 1)
        return folded[code - FIRST_FOLDED];
    return '_';
}

/* Makes a name of a file's, without folder and ending. \return whether one is left */
static bool derive(const char *file, char out[TL_NAME])
{
    const char *slash = strrchr(file, '/'), *at = slash ? slash + 1 : file;
    const char *dot = strrchr(at, '.');
    const size_t left = dot && dot != at ? (size_t)(dot - at) : strlen(at);
    size_t length = 0, bytes;
    for (size_t i = 0; i < left; i += bytes) {
        const char letter = letter_for(at + i, left - i, &bytes);
        const bool is_gap = letter == '_' && length > 0 && out[length - 1] == '_' &&
                            at[i] != '_'; /* one _ for all letters in a row without any */
        const bool may_begin = length > 0 || !strchr("_-.", letter);
        if (letter == '\0' || is_gap || !may_begin) continue;
        if (length == TL_NAME - 1) return false;
        out[length++] = letter;
    }
    const bool ends_in_gap = length > 1 && out[length - 1] == '_' && at[left - 1] != '_';
    out[length - ends_in_gap] = '\0';
    return length > 0;
}

static tl_status add_key(tl_plan_reader *reader, tl_err *err)
{
    tl_plan *plan = reader->plan;
    tl_yaml *node = tl_yaml_scalar(plan->name, reader->root, &plan->arena, err);
    if (!node) return TL_E_NOMEM;
    node->key = tl_yaml_scalar("name", reader->root, &plan->arena, err);
    if (!node->key) return TL_E_NOMEM;
    node->next = reader->root->first;
    reader->root->first = node;
    if (!reader->root->last) reader->root->last = node;
    reader->root->children++;
    return TL_OK;
}

tl_status tl_plan_name(tl_plan_reader *reader, const char *file, tl_err *err)
{
    tl_plan *plan = reader->plan;
    const tl_yaml *said = tl_yaml_find(reader->root, "name");
    if (!said) {
        TL_YAML_CHECK(derive(file, plan->name), reader->root, err,
                      "no name of at most %d letters follows from this file's: give the "
                      "plan one, like name: my_plan",
                      TL_NAME - 1);
        return add_key(reader, err);
    }
    TL_YAML_CHECK(said->kind == TL_YAML_SCALAR, said, err, "name must be a word, found %s",
                  tl_yaml_kind_name(said));
    const size_t length = strlen(said->text);
    TL_YAML_CHECK(
        length != 0 && length < TL_NAME && !strchr(".-", said->text[0]) &&
            strspn(said->text, allowed) == length,
        said, err,
        "invalid name '%s': a plan's name has 1 to %d letters, digits, _, - and dots, and "
        "begins with a letter or digit",
        TL_BRIEF(said->text), TL_NAME - 1);
    memcpy(plan->name, said->text, length + 1);
    return TL_OK;
}
