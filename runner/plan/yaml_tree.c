/*
 * Searching the tree, changing it, and writing it in one canonical form.
 */
#include "runner/plan/yaml.h"

#include "compute/core/utf8.h"

#include <stdint.h>
#include <string.h>

const char *tl_yaml_kind_name(const tl_yaml *node)
{
    if (node->kind == TL_YAML_MAP) return "a map";
    if (node->kind == TL_YAML_LIST) return "a list";
    return node->text[0] ? "a text" : "nothing";
}

tl_yaml *tl_yaml_find(const tl_yaml *map, const char *key)
{
    for (tl_yaml *child = map->first; child; child = child->next) {
        if (child->key && strcmp(child->key->text, key) == 0) return child;
    }
    return NULL;
}

void tl_yaml_append(tl_yaml *parent, tl_yaml *child)
{
    child->next = NULL;
    if (parent->last) {
        parent->last->next = child;
    } else {
        parent->first = child;
    }
    parent->last = child;
    parent->children++;
}

tl_yaml *tl_yaml_new(tl_yaml_kind kind, const tl_yaml *like, tl_arena *arena, tl_err *err)
{
    tl_yaml *node = tl_arena_take(arena, 1, sizeof *node, err);
    if (!node) return NULL;
    *node = (tl_yaml){
        .kind = kind, .origin = like->origin, .line = like->line, .column = like->column};
    return node;
}

tl_yaml *tl_yaml_scalar(const char *text, const tl_yaml *like, tl_arena *arena, tl_err *err)
{
    tl_yaml *node = tl_yaml_new(TL_YAML_SCALAR, like, arena, err);
    if (!node) return NULL;
    node->text = tl_arena_text(arena, text, err);
    return node->text ? node : NULL;
}

tl_status tl_yaml_put(tl_yaml *map, const char *key, const tl_yaml *value, tl_arena *arena,
                      tl_err *err)
{
    tl_yaml *place = tl_yaml_find(map, key);
    if (place) {
        const tl_yaml old = *place;
        *place = *value;
        place->key = old.key;
        place->next = old.next;
        return TL_OK;
    }
    tl_yaml *child;
    TL_ALLOC(child, arena, 1, err);
    *child = *value;
    child->key = tl_yaml_scalar(key, value, arena, err);
    if (!child->key) return TL_E_NOMEM;
    tl_yaml_append(map, child);
    return TL_OK;
}

static bool is_plain(const char *text)
{
    static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789_";
    if (!text[0]) return false;
    const bool is_number = text[0] == '-' && text[1] >= '0' && text[1] <= '9';
    if (!is_number && !strchr(word, text[0]) && text[0] != '.' && text[0] != '/') {
        return false;
    }
    const size_t length = strlen(text);
    if (strcmp(text, "...") == 0) return false;
    for (size_t i = 1; i < length; i++) {
        if (!strchr(word, text[i]) && !strchr("./+-", text[i])) return false;
    }
    return true;
}

/* Whether YAML reads a character in double quotes as it stands: it is printable, and no
 * line break of any kind. Source: YAML 1.1, 5.1 and 5.4. */
static bool is_literal(uint32_t code)
{
    if (code < 0xa0) return code >= 0x20 && code < 0x7f;
    return code != 0x2028 && code != 0x2029 && code != 0xfeff && code != 0xfffe &&
           code != 0xffff;
}

static void write_scalar(const char *text, tl_text *out)
{
    if (is_plain(text)) {
        tl_text_add(out, text);
        return;
    }
    size_t left = strlen(text), n;
    tl_text_add(out, "\"");
    for (const char *c = text; left > 0; c += n, left -= n) {
        n = tl_utf8_sequence(c, left);
        const bool is_text = n > 0; /* --set may name keys that are not */
        if (!is_text) n = 1;
        const uint32_t code = is_text ? tl_utf8_code(c, n) : (unsigned char)*c;
        if (code == '"' || code == '\\') {
            tl_text_print(out, "\\%c", (int)code);
        } else if (is_text && is_literal(code)) {
            tl_text_bytes(out, c, n);
        } else {
            tl_text_print(out, code < 0x100 ? "\\x%02x" : "\\u%04x", code);
        }
    }
    tl_text_add(out, "\"");
}

/* Depth is bounded by TL_YAML_DEPTH. */
static void write_flow(const tl_yaml *node, tl_text *out)
{
    if (node->kind == TL_YAML_SCALAR) {
        write_scalar(node->text, out);
        return;
    }
    tl_text_add(out, node->kind == TL_YAML_MAP ? "{" : "[");
    for (const tl_yaml *child = node->first; child; child = child->next) {
        if (child != node->first) tl_text_add(out, ", ");
        if (child->key) {
            write_scalar(child->key->text, out);
            tl_text_add(out, ": ");
        }
        write_flow(child, out);
    }
    tl_text_add(out, node->kind == TL_YAML_MAP ? "}" : "]");
}

void tl_yaml_write(const tl_yaml *map, tl_text *out)
{
    for (const tl_yaml *child = map->first; child; child = child->next) {
        write_scalar(child->key->text, out);
        if (child->kind == TL_YAML_SCALAR || child->children == 0) {
            tl_text_add(out, ": ");
            write_flow(child, out);
            tl_text_add(out, "\n");
            continue;
        }
        tl_text_add(out, ":\n");
        for (const tl_yaml *entry = child->first; entry; entry = entry->next) {
            tl_text_add(out, child->kind == TL_YAML_MAP ? "  " : "  - ");
            if (entry->key) {
                write_scalar(entry->key->text, out);
                tl_text_add(out, ": ");
            }
            write_flow(entry, out);
            tl_text_add(out, "\n");
        }
    }
}
