/*
 * A YAML document as a tree whose nodes know their line and column. Anchors, aliases and
 * tags are refused; size, nesting and number of nodes are bounded, so the text need not be
 * trusted.
 */
#ifndef TL_RUNNER_PLAN_YAML_H
#define TL_RUNNER_PLAN_YAML_H

#include "compute/core/arena.h"
#include "compute/core/text.h"

/** Limits of a document. */
enum {
    TL_YAML_BYTES = 1 << 20,
    TL_YAML_DEPTH = 32,
    TL_YAML_NODES = 100000,
    TL_YAML_KEY = 160, /**< bytes of a key: written escaped, it must fit one line of 1024 */
    TL_YAML_KEYS = 1024 /**< of one map: each is compared with all before it */
};

/** What a node of the tree is. */
typedef enum tl_yaml_kind { TL_YAML_SCALAR, TL_YAML_LIST, TL_YAML_MAP } tl_yaml_kind;

/** A node of the tree. */
typedef struct tl_yaml tl_yaml;

/** All that it points to is in the arena of the tree. */
struct tl_yaml {
    tl_yaml_kind kind;
    const char *text;   /**< SCALAR: its text, quotes and escapes resolved; else NULL */
    const char *origin; /**< what it was read from: a file's name, or "--set a=b" */
    int line, column;   /**< from 1 */
    const tl_yaml *key; /**< of a child of a MAP: its key, a scalar; else NULL */
    int children;       /**< LIST, MAP */
    tl_yaml *first, *last, *next;
};

/**
 * Reads one document of `length` bytes into `arena`. An empty document is an empty scalar.
 * \param origin  what errors call the text; borrowed for the life of the tree
 * \return TL_E_ARG with "origin:line:col: message", TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_yaml_read(const char *origin, const char *text, size_t length,
                                   tl_arena *arena, tl_yaml **out, tl_err *err);

/** Fails with "origin:line:col: message", pointing to `at`. \return TL_E_ARG */
TL_MUST_USE tl_status tl_yaml_error(const tl_yaml *at, tl_err *err, const char *format, ...)
    TL_PRINTF(3, 4);

/** Puts "origin:line:col: " of `at` before the text of `err`, the error of another
 * function. \return as tl_fail_prefix */
TL_MUST_USE tl_status tl_yaml_prefix(const tl_yaml *at, tl_err *err);

/** Returns tl_yaml_error(at, err, format, ...) unless `condition` holds. */
#define TL_YAML_CHECK(condition, at, err, ...)                            \
    do {                                                                  \
        if (!(condition)) return tl_yaml_error((at), (err), __VA_ARGS__); \
    } while (0)

/** The value under `key` of a MAP, or NULL. */
tl_yaml *tl_yaml_find(const tl_yaml *map, const char *key);

/** Puts `value` under `key` of `map`, replacing what is there, or as the last.
 * \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_yaml_put(tl_yaml *map, const char *key, const tl_yaml *value,
                                  tl_arena *arena, tl_err *err);

/** A scalar at the place of `like`; NULL as tl_arena_take. */
tl_yaml *tl_yaml_scalar(const char *text, const tl_yaml *like, tl_arena *arena,
                        tl_err *err);

/** An empty list or map at the place of `like`; NULL as tl_arena_take. */
tl_yaml *tl_yaml_new(tl_yaml_kind kind, const tl_yaml *like, tl_arena *arena, tl_err *err);

/** Appends `child` (with its key, where `parent` is a MAP). */
void tl_yaml_append(tl_yaml *parent, tl_yaml *child);

/** "a text", "a list" or "a map", for messages; of an empty scalar "nothing". */
const char *tl_yaml_kind_name(const tl_yaml *node);

/**
 * Writes `map` as YAML that reads back as the same tree: one line for each key, one for
 * each entry of a list or map under it, deeper ones in flow style.
 */
void tl_yaml_write(const tl_yaml *map, tl_text *out);

#endif
