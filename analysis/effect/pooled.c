#include "analysis/effect/pooled.h"

#include "compute/core/text.h"

/* How many levels of factor f the cells in use have. */
static tl_status count_levels(const tl_design *design, const tl_combination *cells, int f,
                              tl_arena *arena, int *out, tl_err *err)
{
    const tl_factor *factor = &design->factor[f];
    bool *seen;
    const size_t mark = tl_arena_mark(arena);
    TL_ALLOC(seen, arena, factor->levels + 1, err);
    *out = 0;
    for (int i = 0; i < cells->used; i++) {
        const int level = factor->level[tl_design_first(design, cells->cell[i].cell)];
        if (level < 0 || seen[level]) continue;
        seen[level] = true;
        ++*out;
    }
    tl_arena_rewind(arena, mark);
    return TL_OK;
}

tl_status tl_pooled_name(const tl_design *design, const tl_target *target, const int own[2],
                         const tl_combination *cells, tl_arena *arena, const char **out,
                         tl_err *err)
{
    tl_text text = {0};
    tl_status status = TL_OK;
    *out = NULL;
    for (int f = 0; f < design->factors && status == TL_OK; f++) {
        const tl_factor *factor = &design->factor[f];
        bool moves = !tl_word_listed(target->above, factor->column->name);
        for (int k = 0; k < 2 && own[k] >= 0; k++)
            moves |= f == own[k] || tl_factors_zipped(factor, &design->factor[own[k]]);
        int levels = 0;
        if (!moves) status = count_levels(design, cells, f, arena, &levels, err);
        if (levels < 2) continue;
        tl_text_print(&text, "%s%s (%d levels)", text.length ? ", " : "",
                      factor->column->name, levels);
    }
    if (status == TL_OK && text.length > 0) {
        *out = tl_arena_text(arena, text.at, err);
        if (!*out) status = TL_E_NOMEM;
    }
    tl_text_close(&text);
    return status;
}
