#include "runner/results/split_hashes.h"

#include <stdlib.h>

enum { LEAST_SPACE = 64 };

typedef struct tl_split_hash {
    tl_key root, hash;
} tl_split_hash;

void tl_split_hashes_close(tl_split_hashes *hashes)
{
    free(hashes->known);
    tl_key_table_close(&hashes->numbers);
    tl_arena_close(&hashes->scratch);
    *hashes = (tl_split_hashes){0};
}

static tl_status grow(tl_split_hashes *hashes, tl_err *err)
{
    const uint32_t space = hashes->space ? 2 * hashes->space : LEAST_SPACE;
    tl_split_hash *known = realloc(hashes->known, space * sizeof *known);
    TL_CHECK(known, err, TL_E_NOMEM, "no memory for the hashes of %u splits", space);
    hashes->known = known;
    hashes->space = space;
    return TL_OK;
}

tl_status tl_split_hashes_find(tl_split_hashes *hashes, const tl_trial *trial, tl_key *out,
                               tl_err *err)
{
    const tl_key *root = &trial->root[TL_PART_POOL];
    uint32_t at =
        tl_key_table_find(&hashes->numbers, hashes->known, sizeof *hashes->known, root);
    if (at == TL_NO_ENTRY) {
        at = hashes->numbers.count;
        if (at == hashes->space) TL_TRY(grow(hashes, err));
        tl_roles roles;
        const size_t mark = tl_arena_mark(&hashes->scratch);
        const tl_status status =
            tl_roles_draw(trial->source, &trial->split, hashes->plan->seed, trial->draw,
                          &hashes->scratch, &roles, err);
        if (status == TL_OK) hashes->known[at] = (tl_split_hash){*root, roles.split_hash};
        tl_arena_rewind(&hashes->scratch, mark);
        TL_TRY(status);
        TL_TRY(
            tl_key_table_add(&hashes->numbers, hashes->known, sizeof *hashes->known, err));
    }
    *out = hashes->known[at].hash;
    return TL_OK;
}
