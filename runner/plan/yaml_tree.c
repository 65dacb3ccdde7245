/*
 * Searching the tree, changing it, and writing it in one canonical form.
 */
#include "runner/plan/yaml.h"

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

static void write_scalar(const char *text, tl_text *out)
{
    if (is_plain(text)) {
        tl_text_add(out, text);
        return;
    }
    tl_text_add(out, "\"");
    for (const char *c = text; *c; c++) {
        const unsigned char byte = (unsigned char)*c;
        if (byte == '"' || byte == '\\') {
            tl_text_print(out, "\\%c", byte);
        } else if (byte < 0x20 || byte == 0x7f) {
            tl_text_print(out, "\\x%02x", byte);
        } else {
            tl_text_bytes(out, c, 1);
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
