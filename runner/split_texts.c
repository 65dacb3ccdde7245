#include "runner/split_texts.h"

#include <stdlib.h>
#include <string.h>

enum { LEAST_SPACE = 64, TEXTS_A_PIECE = 1024 };

tl_split_texts tl_split_texts_open(const tl_plan *plan, tl_arena *arena)
{
    return (tl_split_texts){.plan = plan, .arena = arena};
}

void tl_split_texts_close(tl_split_texts *texts)
{
    free(texts->root);
    free(texts->text);
    free(texts->slot);
    tl_arena_close(&texts->scratch);
    *texts = (tl_split_texts){0};
}

/* The slot of a key: its own, or the free one it would take. Keys are hashes, so their
 * first bytes are as good as any. */
static uint32_t *slot_of(const tl_split_texts *texts, const tl_key *root)
{
    uint32_t at;
    memcpy(&at, root->byte, sizeof at);
    for (;; at++) {
        uint32_t *slot = &texts->slot[at & (2 * texts->space - 1)];
        if (*slot == 0 || tl_key_equal(&texts->root[*slot - 1], root)) return slot;
    }
}

static tl_status grow(tl_split_texts *texts, tl_err *err)
{
    const uint32_t space = texts->space ? 2 * texts->space : LEAST_SPACE;
    tl_key *root = realloc(texts->root, space * sizeof *root);
    if (root) texts->root = root;
    const char **text = realloc(texts->text, space * sizeof *text);
    if (text) texts->text = text;
    uint32_t *slot = calloc(2 * (size_t)space, sizeof *slot);
    if (slot) {
        free(texts->slot);
        texts->slot = slot;
        texts->space = space;
        for (uint32_t i = 0; root && i < texts->count; i++) {
            *slot_of(texts, &texts->root[i]) = i + 1;
        }
    }
    TL_CHECK(root && text && slot, err, TL_E_SPACE, "no memory left for %u splits", space);
    return TL_OK;
}

static tl_status draw(tl_split_texts *texts, const tl_trial *trial, const char **out,
                      tl_err *err)
{
    if (texts->left == 0) {
        TL_TAKE(texts->next, texts->arena, TEXTS_A_PIECE * TL_KEY_TEXT, err);
        texts->left = TEXTS_A_PIECE;
    }
    tl_roles roles;
    const size_t mark = tl_arena_mark(&texts->scratch);
    const tl_status status = tl_roles_draw(trial->source, &trial->split, texts->plan->seed,
                                           trial->replicate, &texts->scratch, &roles, err);
    tl_arena_rewind(&texts->scratch, mark);
    TL_TRY(status);
    *out = tl_key_text(&roles.split_hash, texts->next);
    texts->next += TL_KEY_TEXT;
    texts->left--;
    return TL_OK;
}

tl_status tl_split_texts_find(tl_split_texts *texts, const tl_trial *trial,
                              const char **out, tl_err *err)
{
    const tl_key *root = &trial->root[TL_PART_POOL];
    if (texts->count == texts->space) TL_TRY(grow(texts, err));
    uint32_t *slot = slot_of(texts, root);
    if (*slot == 0) {
        TL_TRY(draw(texts, trial, out, err));
        texts->root[texts->count] = *root;
        texts->text[texts->count] = *out;
        *slot = ++texts->count;
    }
    *out = texts->text[*slot - 1];
    return TL_OK;
}
