/*
 * Opens a plan: text to tree, --set, canonical text, then one section after the other.
 */
#include "runner/plan/plan_private.h"

#include "compute/core/file.h"
#include "compute/core/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const top_keys[] = {
    "name",   "about", "seed",   "replicates", "data",    "model",      "target",
    "recipe", "chain", "chains", "sweep",      "exclude", "hypotheses", "store"};
enum { TOP_KEYS = sizeof top_keys / sizeof *top_keys };

static tl_status check_keys(const tl_yaml *root, tl_err *err)
{
    TL_YAML_CHECK(
        root->kind == TL_YAML_MAP, root, err,
        "a plan must be a map with data, chain and the like, found %s (threatloop new "
        "writes one)",
        tl_yaml_kind_name(root));
    for (const tl_yaml *child = root->first; child; child = child->next) {
        int k = 0;
        while (k < TOP_KEYS && strcmp(top_keys[k], child->key->text) != 0) k++;
        if (k == TOP_KEYS) {
            return tl_plan_unknown(child->key, "key", child->key->text, top_keys, TOP_KEYS,
                                   err);
        }
    }
    return TL_OK;
}

/* Names the plan: by its key `name`, else by its file without folder and ending. */
static tl_status name_plan(tl_plan_reader *reader, const char *name, tl_err *err)
{
    tl_plan *plan = reader->plan;
    const tl_yaml *said = tl_yaml_find(reader->root, "name");
    const char *text = name;
    if (said) {
        TL_YAML_CHECK(said->kind == TL_YAML_SCALAR, said, err,
                      "name must be a word, found %s", tl_yaml_kind_name(said));
        text = said->text;
    } else {
        const char *slash = strrchr(name, '/');
        if (slash) text = slash + 1;
    }
    (void)snprintf(plan->name, sizeof plan->name, "%s", text);
    char *dot = said ? NULL : strrchr(plan->name, '.');
    if (dot && dot != plan->name) *dot = '\0';
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_-.";
    const size_t length = strlen(text);
    TL_YAML_CHECK(
        length != 0 && length < TL_NAME && plan->name[0] != '.' && plan->name[0] != '-' &&
            strspn(plan->name, allowed) == strlen(plan->name),
        said ? said : reader->root, err,
        "invalid name '%.70s': a plan's name has 1 to %d letters, digits, _, - and dots, "
        "and begins with a letter or digit",
        text, TL_NAME - 1);
    if (said) return TL_OK;
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

tl_status tl_plan_publish(tl_plan_reader *reader, tl_err *err)
{
    tl_plan *plan = reader->plan;
    tl_axis *axis;
    tl_inner *inner;
    tl_instance *instance;
    TL_ALLOC(axis, &plan->arena, plan->axes, err);
    TL_ALLOC(inner, &plan->arena, plan->inners, err);
    TL_ALLOC(instance, &plan->arena, plan->instances, err);
    memcpy(axis, reader->axis, (size_t)plan->axes * sizeof *axis);
    memcpy(inner, reader->inner, (size_t)plan->inners * sizeof *inner);
    memcpy(instance, reader->instance, (size_t)plan->instances * sizeof *instance);
    for (int i = 0; i < plan->instances; i++) {
        if (instance[i].stage->reads & TL_BIT(TL_PART_QUERY_LOG)) plan->logs_queries = true;
    }
    plan->axis = axis;
    plan->inner = inner;
    plan->instance = instance;
    return TL_OK;
}

static tl_status read_plan(tl_plan_reader *reader, const char *name, const char *text,
                           tl_err *err)
{
    tl_plan *plan = reader->plan;
    const char *origin = tl_arena_text(&plan->arena, name, err);
    if (!origin) return TL_E_NOMEM;
    TL_TRY(tl_yaml_read(origin, text, strlen(text), &plan->arena, &reader->root, err));
    TL_TRY(check_keys(reader->root, err));
    for (int i = 0; i < reader->options->sets; i++) {
        TL_TRY(tl_plan_set(reader, reader->options->set[i], err));
    }
    TL_TRY(check_keys(reader->root, err));
    TL_TRY(name_plan(reader, name, err));
    TL_TRY(tl_plan_texts(reader, err));
    TL_TRY(tl_plan_chain_axis(reader, err));
    TL_TRY(tl_plan_setup(reader, err));
    TL_TRY(tl_plan_chains(reader, err));
    TL_TRY(tl_plan_sweep(reader, err));
    TL_TRY(tl_plan_publish(reader, err));
    TL_TRY(tl_plan_sources(reader, err));
    TL_TRY(tl_plan_own_open(reader, err));
    TL_TRY(tl_plan_assess(reader, err));
    TL_TRY(tl_plan_check(reader, err));
    TL_TRY(tl_plan_store(reader, err));
    TL_TRY(tl_plan_columns(reader, err));
    return tl_plan_hypotheses(reader, err);
}

tl_status tl_plan_parse(const char *name, const char *text, const tl_plan_options *options,
                        tl_plan **out, tl_err *err)
{
    tl_plan *plan = calloc(1, sizeof *plan);
    tl_plan_reader *reader = calloc(1, sizeof *reader);
    tl_status status = TL_OK;
    if (plan && reader) {
        plan->arena = tl_arena_open(tl_memory_account(options->memory, TL_MEMORY_DATA));
        plan->folder =
            tl_arena_text(&plan->arena, options->folder ? options->folder : ".", err);
        plan->is_shared = options->is_shared;
        plan->ranks = options->ranks > 1 ? options->ranks : 1;
        plan->rank_memory = options->rank_memory;
        plan->body = tl_arena_take(&plan->arena, 1, sizeof *plan->body, err);
        *reader = (tl_plan_reader){.plan = plan, .body = plan->body, .options = options};
        status =
            plan->body && plan->folder ? read_plan(reader, name, text, err) : TL_E_NOMEM;
    } else {
        status = tl_fail(err, TL_E_NOMEM, "no memory for a plan");
    }
    free(reader);
    if (status != TL_OK) {
        tl_plan_close(plan);
        return status;
    }
    *out = plan;
    return TL_OK;
}

void tl_plan_close(tl_plan *plan)
{
    if (!plan) return;
    tl_arena_close(&plan->arena);
    free(plan);
}

/* A whole file as text. \param out freed by the caller */
static tl_status read_file(FILE *file, const char *name, char **out, tl_err *err)
{
    char *text = malloc(TL_YAML_BYTES + 2);
    TL_CHECK(text, err, TL_E_NOMEM, "no memory to read '%s'", name);
    const size_t n = fread(text, 1, TL_YAML_BYTES + 1, file);
    tl_status status = TL_OK;
    if (ferror(file)) {
        status = tl_fail(err, TL_E_IO, "%s: cannot be read: %s", name, strerror(errno));
    } else if (n > TL_YAML_BYTES) {
        status = tl_fail(err, TL_E_ARG, "%s:1:1: a plan has at most %d bytes", name,
                         TL_YAML_BYTES);
    } else if (memchr(text, '\0', n)) {
        status = tl_fail(err, TL_E_ARG, "%s:1:1: not YAML: contains a NUL byte", name);
    }
    text[n] = '\0';
    if (status == TL_OK) {
        *out = text;
    } else {
        free(text);
    }
    return status;
}

static tl_status open_shipped(const char *name, const tl_plan_options *options,
                              tl_plan **out, tl_err *err)
{
    const char *names[64];
    int count = 0;
    for (const tl_shipped_plan *p = tl_plans_shipped(); p->name; p++) {
        if (strcmp(p->name, name) == 0) {
            return tl_plan_parse(name, p->text, options, out, err);
        }
        if (count < 64) names[count++] = p->name;
    }
    char hint[TL_HINT];
    return tl_fail(err, TL_E_ARG,
                   "no file and no shipped plan named '%s'%s; see threatloop list plans",
                   name, tl_text_hint(name, names, count, hint));
}

/* The folder of a file, absolute, as other ranks may work elsewhere; of a shipped plan's
 * name the working directory. */
static tl_status folder_of(const char *name, char folder[TL_PATH_SPACE], tl_err *err)
{
    const char *slash = strrchr(name, '/');
    const int length = slash ? (int)(slash - name) : 0;
    folder[0] = '\0';
    TL_CHECK(name[0] == '/' || getcwd(folder, TL_PATH_SPACE), err, TL_E_IO,
             "the working directory cannot be found: %s", strerror(errno));
    const size_t begun = strlen(folder), left = TL_PATH_SPACE - begun;
    const int more = snprintf(folder + begun, left, "%s%.*s",
                              begun > 0 && length > 0 ? "/" : "", length, name);
    TL_CHECK(more >= 0 && (size_t)more < left, err, TL_E_ARG,
             "the path of %.100s is too long", name);
    return TL_OK;
}

tl_status tl_plan_open(const char *name, const tl_plan_options *options, tl_plan **out,
                       tl_err *err)
{
    char folder[TL_PATH_SPACE];
    tl_plan_options here = *options;
    here.folder = folder;
    TL_TRY(folder_of(name, folder, err));
    FILE *file;
    const tl_status opened = tl_file_stream(NULL, name, &file, NULL, err);
    if (opened != TL_OK && errno == ENOENT) return open_shipped(name, &here, out, err);
    TL_TRY(opened);
    char *text = NULL;
    const tl_status read = read_file(file, name, &text, err);
    (void)fclose(file);
    TL_TRY(read);
    const tl_status status = tl_plan_parse(name, text, &here, out, err);
    free(text);
    return status;
}
