/*
 * The tree is built from libyaml's events: unlike its documents they come one by one, so a
 * hostile text meets our limits first. The only file that uses libyaml.
 */
#include "runner/plan/yaml.h"

#include "compute/core/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

/* A document being built. */
typedef struct builder {
    const char *origin;
    tl_arena *arena;
    tl_yaml *root;
    tl_yaml *open[TL_YAML_DEPTH]; /* containers not yet ended */
    tl_yaml *key[TL_YAML_DEPTH];  /* the pending key of each */
    int depth, nodes, documents;
} builder;

tl_status tl_yaml_error(const tl_yaml *at, tl_err *err, const char *format, ...)
{
    tl_text text = {0};
    va_list list;
    va_start(list, format);
    tl_text_print_list(&text, format, list);
    va_end(list);
    (void)tl_fail(err, TL_E_ARG, "%s:%d:%d: %s", at->origin, at->line, at->column,
                  text.at ? text.at : "no memory for a message");
    tl_text_close(&text);
    return TL_E_ARG;
}

tl_status tl_yaml_prefix(const tl_yaml *at, tl_err *err)
{
    return tl_fail_prefix(err, "%s:%d:%d", at->origin, at->line, at->column);
}

/* libyaml counts from 0, and columns in characters. */
static tl_yaml place_of(const builder *b, const yaml_mark_t *mark)
{
    return (tl_yaml){
        .origin = b->origin, .line = (int)mark->line + 1, .column = (int)mark->column + 1};
}

static tl_status add_node(builder *b, const tl_yaml *like, tl_err *err)
{
    TL_YAML_CHECK(++b->nodes <= TL_YAML_NODES, like, err, "more than %d values in one plan",
                  TL_YAML_NODES);
    tl_yaml *node;
    TL_ALLOC(node, b->arena, 1, err);
    *node = *like;
    tl_yaml *parent = b->depth > 0 ? b->open[b->depth - 1] : NULL;
    if (!parent) {
        b->root = node;
    } else if (parent->kind == TL_YAML_LIST) {
        tl_yaml_append(parent, node);
    } else if (!b->key[b->depth - 1]) {
        TL_YAML_CHECK(node->kind == TL_YAML_SCALAR, node, err,
                      "a key must be a word, found %s", tl_yaml_kind_name(node));
        TL_YAML_CHECK(strlen(node->text) <= TL_YAML_KEY, node, err,
                      "a key has at most %d bytes", TL_YAML_KEY);
        TL_YAML_CHECK(parent->children != TL_YAML_KEYS, node, err,
                      "more than %d keys in one map", TL_YAML_KEYS);
        TL_YAML_CHECK(!tl_yaml_find(parent, node->text), node, err, "duplicate key '%s'",
                      node->text);
        b->key[b->depth - 1] = node;
    } else {
        node->key = b->key[b->depth - 1];
        b->key[b->depth - 1] = NULL;
        tl_yaml_append(parent, node);
    }
    if (node->kind == TL_YAML_SCALAR) return TL_OK;
    TL_YAML_CHECK(b->depth != TL_YAML_DEPTH, node, err, "nested deeper than %d levels",
                  TL_YAML_DEPTH);
    b->key[b->depth] = NULL;
    b->open[b->depth++] = node;
    return TL_OK;
}

/* A value that is not there has no place: it gets that of its key, or of what is before it.
 */
static void place_empty(const builder *b, tl_yaml *node)
{
    if (b->depth == 0) return;
    const tl_yaml *parent = b->open[b->depth - 1], *key = b->key[b->depth - 1];
    const tl_yaml *near = key ? key : parent->last ? parent->last : parent;
    node->line = near->line;
    node->column = near->column;
}

static tl_status add_scalar(builder *b, const yaml_event_t *event, tl_yaml *node,
                            tl_err *err)
{
    const char *text = (const char *)event->data.scalar.value;
    const size_t length = event->data.scalar.length;
    TL_YAML_CHECK(strlen(text) == length, node, err, "a text must not contain a NUL byte");
    if (length == 0 && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
        place_empty(b, node);
    node->kind = TL_YAML_SCALAR;
    node->text = tl_arena_text(b->arena, text, err);
    if (!node->text) return TL_E_NOMEM;
    return add_node(b, node, err);
}

static tl_status take_event(builder *b, const yaml_event_t *event, tl_err *err)
{
    tl_yaml node = place_of(b, &event->start_mark);
    const yaml_char_t *anchor = NULL, *tag = NULL;
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (b->documents++ == 0) return TL_OK;
        return tl_yaml_error(&node, err,
                             "a plan must be one document, but a second one begins here");
    case YAML_ALIAS_EVENT:
        return tl_yaml_error(&node, err, "aliases (*name) are not allowed in a plan");
    case YAML_SCALAR_EVENT:
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
        node.kind = TL_YAML_LIST;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
        node.kind = TL_YAML_MAP;
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        b->depth--;
        return TL_OK;
    default:
        return TL_OK;
    }
    TL_YAML_CHECK(!anchor, &node, err, "anchors (&name) are not allowed in a plan");
    TL_YAML_CHECK(!tag, &node, err, "tags (!name) are not allowed in a plan");
    if (event->type == YAML_SCALAR_EVENT) return add_scalar(b, event, &node, err);
    return add_node(b, &node, err);
}

/* The library's own error, with its place. */
static tl_status syntax_error(const builder *b, const yaml_parser_t *parser, tl_err *err)
{
    TL_CHECK(parser->error != YAML_MEMORY_ERROR, err, TL_E_NOMEM, "no memory to read '%s'",
             b->origin);
    const tl_yaml at = place_of(b, &parser->problem_mark);
    const char *problem = parser->problem ? parser->problem : "it cannot be parsed";
    if (!parser->context) return tl_yaml_error(&at, err, "not YAML: %s", problem);
    return tl_yaml_error(&at, err, "not YAML: %s, %s that began in line %zu", problem,
                         parser->context, parser->context_mark.line + 1);
}

static tl_status take_events(builder *b, yaml_parser_t *parser, tl_err *err)
{
    for (;;) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) return syntax_error(b, parser, err);
        const bool is_end = event.type == YAML_STREAM_END_EVENT;
        const tl_status status = take_event(b, &event, err);
        yaml_event_delete(&event);
        if (status != TL_OK || is_end) return status;
    }
}

/* Refuses bytes that are not text, and tabs in the indentation, with plainer messages than
 * the library's. */
static tl_status check_bytes(const char *origin, const char *text, size_t length,
                             tl_err *err)
{
    tl_yaml at = {.origin = origin, .line = 1, .column = 1};
    bool is_indent = true;
    for (size_t i = 0; i < length; at.column++) {
        const unsigned char byte = (unsigned char)text[i];
        const size_t more = tl_utf8_sequence(text + i, length - i);
        const bool is_control =
            (byte < 0x20 && byte != '\n' && byte != '\t' && byte != '\r') || byte == 0x7f;
        TL_YAML_CHECK(more != 0 && !is_control, &at, err, "not YAML: the byte 0x%02x is %s",
                      byte, more == 0 ? "not UTF-8" : "a control character");
        TL_YAML_CHECK(byte != '\t' || !is_indent, &at, err,
                      "not YAML: tab in the indentation; use spaces");
        if (byte == '\n') {
            at.line++;
            at.column = 0;
            is_indent = true;
        } else if (byte != ' ') {
            is_indent = false;
        }
        i += more;
    }
    return TL_OK;
}

tl_status tl_yaml_read(const char *origin, const char *text, size_t length, tl_arena *arena,
                       tl_yaml **out, tl_err *err)
{
    tl_yaml start = {.origin = origin, .line = 1, .column = 1, .text = ""};
    TL_YAML_CHECK(length <= TL_YAML_BYTES, &start, err,
                  "a plan has at most %d bytes, found %zu", TL_YAML_BYTES, length);
    TL_TRY(check_bytes(origin, text, length, err));
    yaml_parser_t parser;
    TL_CHECK(yaml_parser_initialize(&parser), err, TL_E_NOMEM, "no memory to read '%s'",
             origin);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const yaml_char_t *)text, length);
    builder b = {.origin = origin, .arena = arena};
    const tl_status status = take_events(&b, &parser, err);
    yaml_parser_delete(&parser);
    if (status != TL_OK) return status;
    if (!b.root) {
        b.root = tl_yaml_scalar("", &start, arena, err);
        if (!b.root) return TL_E_NOMEM;
    }
    *out = b.root;
    return TL_OK;
}
