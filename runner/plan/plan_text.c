/*
 * The texts of a plan: as it is run, and as result files have it, in which data that were
 * named by an absolute path are called by their file's name. The second is written from a
 * tree of its own, read from the first, so that quotes and escapes are as they must be.
 */
#include "compute/data/source.h"
#include "runner/plan/plan_private.h"

#include <string.h>

static tl_status write_tree(const tl_yaml *root, tl_arena *arena, const char **out,
                            tl_err *err)
{
    tl_text text = {0};
    tl_yaml_write(root, &text);
    *out = text.is_short ? NULL : tl_arena_text(arena, text.at, err);
    tl_text_close(&text);
    TL_CHECK(*out, err, TL_E_NOMEM, "no memory for the text of the plan");
    return TL_OK;
}

static void shorten(tl_yaml *node)
{
    if (node->kind == TL_YAML_SCALAR) node->text = tl_source_label(node->text);
    for (tl_yaml *child = node->first; child; child = child->next) shorten(child);
}

tl_status tl_plan_texts(tl_plan_reader *reader, tl_err *err)
{
    tl_plan *plan = reader->plan;
    tl_arena arena = tl_arena_open(0);
    tl_yaml *root;
    TL_TRY(write_tree(reader->root, &plan->arena, &plan->text, err));
    tl_status status =
        tl_yaml_read(plan->name, plan->text, strlen(plan->text), &arena, &root, err);
    if (status == TL_OK) {
        shorten(root);
        status = write_tree(root, &plan->arena, &plan->public_text, err);
    }
    tl_arena_close(&arena);
    return status;
}
