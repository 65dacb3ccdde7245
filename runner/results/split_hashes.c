#include "runner/results/split_hashes.h"

#include <stdlib.h>
#include <string.h>

enum { LEAST_SPACE = 64 };

typedef struct tl_split_hash {
    tl_key root, hash;
} tl_split_hash;

void tl_split_hashes_close(tl_split_hashes *hashes)
{
    free(hashes->known);
    free(hashes->slot);
    tl_arena_close(&hashes->scratch);
    *hashes = (tl_split_hashes){0};
}

/* The slot of a key: its own, or the free one it would take. Keys are hashes, so their
 * first bytes are as good as any. */
static uint32_t *slot_of(const tl_split_hashes *hashes, const tl_key *root)
{
    uint32_t at;
    memcpy(&at, root->byte, sizeof at);
    for (;; at++) {
        uint32_t *slot = &hashes->slot[at & (2 * hashes->space - 1)];
        if (*slot == 0 || tl_key_equal(&hashes->known[*slot - 1].root, root)) return slot;
    }
}

static tl_status grow(tl_split_hashes *hashes, tl_err *err)
{
    const uint32_t space = hashes->space ? 2 * hashes->space : LEAST_SPACE;
    tl_split_hash *known = realloc(hashes->known, space * sizeof *known);
    if (known) hashes->known = known;
    uint32_t *slot = calloc(2 * (size_t)space, sizeof *slot);
    if (!known || !slot) {
        free(slot);
        return tl_fail(err, TL_E_SPACE, "no memory left for %u splits", space);
    }
    free(hashes->slot);
    hashes->slot = slot;
    hashes->space = space;
    for (uint32_t i = 0; i < hashes->count; i++) *slot_of(hashes, &known[i].root) = i + 1;
    return TL_OK;
}

tl_status tl_split_hashes_find(tl_split_hashes *hashes, const tl_trial *trial, tl_key *out,
                               tl_err *err)
{
    const tl_key *root = &trial->root[TL_PART_POOL];
    if (hashes->count == hashes->space) TL_TRY(grow(hashes, err));
    uint32_t *slot = slot_of(hashes, root);
    if (*slot == 0) {
        tl_roles roles;
        const size_t mark = tl_arena_mark(&hashes->scratch);
        const tl_status status =
            tl_roles_draw(trial->source, &trial->split, hashes->plan->seed,
                          trial->replicate, &hashes->scratch, &roles, err);
        if (status == TL_OK) {
            hashes->known[hashes->count] = (tl_split_hash){*root, roles.split_hash};
            *slot = ++hashes->count;
        }
        tl_arena_rewind(&hashes->scratch, mark);
        TL_TRY(status);
    }
    *out = hashes->known[*slot - 1].hash;
    return TL_OK;
}
