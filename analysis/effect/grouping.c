#include "analysis/effect/grouping.h"

/* The pair of levels of a cell, as its place in `begin`; -1 if a factor has none there. */
static int pair_of(const tl_design *design, const tl_grouping *g, uint32_t cell)
{
    const uint32_t t = tl_design_first(design, cell);
    const int a = design->factor[g->factor[0]].level[t];
    const int b = g->factor[1] < 0 ? 0 : design->factor[g->factor[1]].level[t];
    return a < 0 || b < 0 ? -1 : a * g->levels[1] + b;
}

tl_status tl_grouping_open(const tl_design *design, const int factor[2], tl_arena *arena,
                           tl_grouping *out, tl_err *err)
{
    *out = (tl_grouping){.factor = {factor[0], factor[1]}};
    for (int k = 0; k < 2; k++)
        out->levels[k] = factor[k] < 0 ? 1 : design->factor[factor[k]].levels;
    const int pairs = out->levels[0] * out->levels[1];
    tl_keyed_row *list;
    uint32_t *next; /* [pairs] where the next cell goes */
    size_t count = 0;
    TL_ALLOC(out->begin, arena, pairs + 1, err);
    TL_ALLOC(out->cell, arena, design->cells, err);
    const size_t mark = tl_arena_mark(arena);
    TL_ALLOC(list, arena, design->cells, err);
    TL_ALLOC(next, arena, pairs, err);
    for (int c = 0; c < design->cells; c++) {
        const int pair = pair_of(design, out, (uint32_t)c);
        if (pair < 0) continue;
        const uint32_t t = tl_design_first(design, (uint32_t)c);
        list[count++] = (tl_keyed_row){tl_design_key(design, factor, t), (uint32_t)c};
        out->begin[pair + 1]++;
    }
    tl_design_sort(list, count);
    for (int k = 0; k < pairs; k++) out->begin[k + 1] += next[k] = out->begin[k];
    uint32_t group = 0;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && list[i].key != list[i - 1].key) group++;
        const int pair = pair_of(design, out, list[i].row);
        out->cell[next[pair]++] = (tl_grouped_cell){group, list[i].row};
    }
    tl_arena_rewind(arena, mark);
    return TL_OK;
}

tl_grouped_range tl_grouping_at(const tl_grouping *grouping, const int level[2])
{
    const int pair = level[0] * grouping->levels[1] + level[1];
    const tl_grouped_cell *cell = grouping->cell;
    return (tl_grouped_range){cell + grouping->begin[pair],
                              cell + grouping->begin[pair + 1]};
}
