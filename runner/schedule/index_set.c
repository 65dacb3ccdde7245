#include "runner/schedule/scheduler_private.h"

tl_status tl_index_set_open(tl_index_set *set, uint32_t size, tl_arena *arena, tl_err *err)
{
    *set = (tl_index_set){0};
    uint32_t members = size ? size : 1;
    do {
        TL_INVARIANT(set->levels < TL_SET_LEVELS);
        const uint32_t words = (members + 63) / 64;
        TL_ALLOC(set->level[set->levels], arena, words, err);
        set->words[set->levels++] = words;
        members = words;
    } while (members > 1);
    return TL_OK;
}

bool tl_index_set_has(const tl_index_set *set, uint32_t member)
{
    return (set->level[0][member / 64] >> (member % 64)) & 1;
}

void tl_index_set_insert(tl_index_set *set, uint32_t member)
{
    set->count++;
    for (int l = 0; l < set->levels; l++, member /= 64) {
        uint64_t *word = &set->level[l][member / 64];
        const bool was_empty = *word == 0;
        *word |= UINT64_C(1) << (member % 64);
        if (!was_empty) return;
    }
}

void tl_index_set_remove(tl_index_set *set, uint32_t member)
{
    set->count--;
    for (int l = 0; l < set->levels; l++, member /= 64) {
        uint64_t *word = &set->level[l][member / 64];
        *word &= ~(UINT64_C(1) << (member % 64));
        if (*word) return;
    }
}

uint32_t tl_index_set_next(const tl_index_set *set, uint32_t from)
{
    for (int l = 0; l < set->levels; l++) {
        const uint32_t word = from / 64;
        if (word >= set->words[l]) return UINT32_MAX;
        const uint64_t bits = set->level[l][word] & (~UINT64_C(0) << (from % 64));
        if (bits) {
            uint32_t at = word * 64 + (uint32_t)__builtin_ctzll(bits);
            while (l-- > 0) at = at * 64 + (uint32_t)__builtin_ctzll(set->level[l][at]);
            return at;
        }
        from = word + 1;
    }
    return UINT32_MAX;
}
