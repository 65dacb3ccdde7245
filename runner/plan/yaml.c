/*
 * The tree is built from libfyaml's events: unlike its documents they need no recursion, so
 * a hostile text meets our limits first. The only file that uses libfyaml.
 */
#include "runner/plan/yaml.h"

#include <libfyaml.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

static tl_yaml place_of(const builder *b, struct fy_event *event)
{
    const struct fy_mark *mark = fy_event_start_mark(event);
    return (tl_yaml){.origin = b->origin,
                     .line = mark ? mark->line + 1 : 1,
                     .column = mark ? mark->column + 1 : 1};
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

static tl_status add_scalar(builder *b, struct fy_event *event, tl_yaml *node, tl_err *err)
{
    size_t length = 0;
    const char *text =
        event->scalar.value ? fy_token_get_text(event->scalar.value, &length) : "";
    if (!text) length = 0;
    TL_YAML_CHECK(length <= 0 || !memchr(text, '\0', length), node, err,
                  "a text must not contain a NUL byte");
    if (!fy_event_start_mark(event)) place_empty(b, node);
    char *copy;
    TL_ALLOC(copy, b->arena, length + 1, err);
    if (length > 0) memcpy(copy, text, length);
    node->kind = TL_YAML_SCALAR;
    node->text = copy;
    return add_node(b, node, err);
}

static tl_status take_event(builder *b, struct fy_event *event, tl_err *err)
{
    tl_yaml node = place_of(b, event);
    const struct fy_token *anchor = NULL, *tag = NULL;
    switch (event->type) {
    case FYET_DOCUMENT_START:
        if (b->documents++ == 0) return TL_OK;
        return tl_yaml_error(&node, err,
                             "a plan must be one document, but a second one begins here");
    case FYET_ALIAS:
        return tl_yaml_error(&node, err, "aliases (*name) are not allowed in a plan");
    case FYET_SCALAR:
        anchor = event->scalar.anchor;
        tag = event->scalar.tag;
        break;
    case FYET_SEQUENCE_START:
        anchor = event->sequence_start.anchor;
        tag = event->sequence_start.tag;
        node.kind = TL_YAML_LIST;
        break;
    case FYET_MAPPING_START:
        anchor = event->mapping_start.anchor;
        tag = event->mapping_start.tag;
        node.kind = TL_YAML_MAP;
        break;
    case FYET_SEQUENCE_END:
    case FYET_MAPPING_END:
        b->depth--;
        return TL_OK;
    default:
        return TL_OK;
    }
    TL_YAML_CHECK(!anchor, &node, err, "anchors (&name) are not allowed in a plan");
    TL_YAML_CHECK(!tag, &node, err, "tags (!name) are not allowed in a plan");
    if (event->type == FYET_SCALAR) return add_scalar(b, event, &node, err);
    return add_node(b, &node, err);
}

/* The library's own error, with its place. */
static tl_status syntax_error(const builder *b, struct fy_diag *diag, tl_err *err)
{
    void *at = NULL;
    const struct fy_diag_error *first = fy_diag_errors_iterate(diag, &at);
    tl_yaml place = {.origin = b->origin, .line = 1, .column = 1};
    TL_YAML_CHECK(first, &place, err, "not YAML");
    place.line = first->line > 0 ? first->line : 1;
    place.column = first->column > 0 ? first->column : 1;
    return tl_yaml_error(&place, err, "not YAML: %s", first->msg);
}

static tl_status take_events(builder *b, struct fy_parser *parser, struct fy_diag *diag,
                             tl_err *err)
{
    for (;;) {
        struct fy_event *event = fy_parser_parse(parser);
        if (!event) break;
        const bool is_end = event->type == FYET_STREAM_END;
        const tl_status status = take_event(b, event, err);
        fy_parser_event_free(parser, event);
        if (status != TL_OK) return status;
        if (is_end) return TL_OK;
    }
    return syntax_error(b, diag, err);
}

/* Refuses bytes that are not text, on which libfyaml may loop forever (seen with 0.7.12),
 * and tabs in the indentation, with a plainer message than its own. */
static tl_status check_bytes(const char *origin, const char *text, size_t length,
                             tl_err *err)
{
    tl_yaml at = {.origin = origin, .line = 1, .column = 1};
    bool is_indent = true;
    for (size_t i = 0; i < length; at.column++) {
        const unsigned char byte = (unsigned char)text[i];
        const size_t more = tl_text_sequence(text + i, length - i);
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
    const struct fy_diag_cfg quiet = {.level = FYET_ERROR, .module_mask = ~0U};
    struct fy_diag *diag = fy_diag_create(&quiet);
    TL_CHECK(diag, err, TL_E_NOMEM, "no memory to read '%s'", origin);
    fy_diag_set_collect_errors(diag, true);
    const struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET, .diag = diag};
    struct fy_parser *parser = fy_parser_create(&cfg);
    builder b = {.origin = origin, .arena = arena};
    tl_status status = TL_OK;
    if (!parser || fy_parser_set_string(parser, text, length) != 0) {
        status = tl_fail(err, TL_E_NOMEM, "no memory to read '%s'", origin);
    } else {
        status = take_events(&b, parser, diag, err);
    }
    if (parser) fy_parser_destroy(parser);
    fy_diag_destroy(diag);
    if (status != TL_OK) return status;
    if (!b.root) {
        b.root = tl_yaml_scalar("", &start, arena, err);
        if (!b.root) return TL_E_NOMEM;
    }
    *out = b.root;
    return TL_OK;
}
