#include "runner/results/downstream.h"

#include <string.h>

tl_status tl_downstream_new(const tl_plan *plan, const tl_measured_list *steps,
                            tl_arena *arena, tl_downstream *out, tl_err *err)
{
    *out = (tl_downstream){.plan = plan, .steps = steps};
    TL_ALLOC(out->mark, arena, (size_t)plan->cells * 2 * steps->count, err);
    return TL_OK;
}

/* \param number of a step, or count + that of a step whose bank is meant */
static uint64_t *mark_at(const tl_downstream *d, uint32_t cell, uint32_t number)
{
    return &d->mark[(size_t)cell * 2 * d->steps->count + number];
}

/* What the step's bank is, and the test rows. */
static tl_key bank_content(const tl_trial *trial, const tl_trial_step *step)
{
    tl_hash hash = {0};
    tl_hash_text(&hash, "bank and test");
    for (int b = 0; b < step->bank_count; b++)
        tl_hash_key(&hash, &trial->step[step->bank_from + b].content);
    const int from = step->from[TL_PART_TEST];
    const bool is_given = step->reads & TL_BIT(TL_PART_TEST) && from >= 0;
    tl_hash_key(&hash, is_given ? &trial->step[from].content : &trial->root[TL_PART_TEST]);
    return tl_hash_end(&hash);
}

void tl_downstream_mark(tl_downstream *downstream, const tl_trial *trial, int position,
                        uint32_t number)
{
    const tl_trial_step *step = &trial->step[position];
    const tl_key bank = bank_content(trial, step);
    const uint32_t steps = downstream->steps->count;
    memcpy(mark_at(downstream, trial->cell, number), step->content.byte, sizeof(uint64_t));
    memcpy(mark_at(downstream, trial->cell, steps + number), bank.byte, sizeof(uint64_t));
}

/* A factor: an axis, or the values of `within` inside its alternatives. */
typedef struct factor {
    int axis;
    const tl_inner *within; /* NULL: the axis itself */
    bool is_barred;         /* whether a move led to no cell of the plan */
} factor;

/* Whether the cell computes the same in that round, even in another place. */
static bool computes(const tl_downstream *d, uint32_t cell, uint32_t number, uint64_t mark)
{
    const uint32_t steps = d->steps->count;
    const int round = d->steps->one[number % steps].step.round;
    if (*mark_at(d, cell, number) == mark) return true;
    for (uint32_t i = 0; i < 2 * steps; i++) {
        if (*mark_at(d, cell, i) == mark && d->steps->one[i % steps].step.round == round)
            return true;
    }
    return false;
}

/* Moves the factor's axis, and those zipped with it, to level `l`. \return the cell, or -1
 * where the plan has none */
static int64_t move(const tl_plan *plan, factor *f, int l, int *level)
{
    for (int a = 0; a < plan->axes; a++)
        if (tl_axes_move_together(plan->axis, a, f->axis)) level[a] = l;
    const int64_t cell = tl_plan_cell(plan, level);
    f->is_barred |= cell < 0;
    return cell;
}

/* Moves to the first alternative that has the inner values, from a cell without them: the
 * rate of a poison may matter downstream though this cell has no poison.
 * \return the mark of the step there; 0: none */
static uint64_t enter(const tl_downstream *d, uint32_t number, factor *f, int *level)
{
    for (int l = 0; l < d->plan->axis[f->axis].levels; l++) {
        if (!f->within->has[l]) continue;
        const int64_t cell = move(d->plan, f, l, level);
        const uint64_t mark = cell < 0 ? 0 : *mark_at(d, (uint32_t)cell, number);
        if (mark) return mark;
    }
    return 0;
}

/* Whether moving the factor from its level in `cell`, which has the step, changes the step.
 * Inner values move within their alternative. */
static bool matters_from(const tl_downstream *d, uint32_t number, uint32_t cell, factor *f)
{
    int level[TL_MAX_AXES] = {0};
    const tl_axis *axis = &d->plan->axis[f->axis];
    for (int a = 0; a < d->plan->axes; a++) level[a] = tl_plan_level(d->plan, cell, a);
    uint64_t mark = *mark_at(d, cell, number);
    if (f->within && !f->within->has[level[f->axis]]) mark = enter(d, number, f, level);
    if (!mark) return false;
    const int here = level[f->axis];
    for (int l = 0; l < axis->levels; l++) {
        const bool is_same_option =
            !axis->is_choice || strcmp(axis->value[l].text, axis->value[here].text) == 0;
        const bool is_move = f->within ? is_same_option && f->within->has[l]
                                       : !(axis->is_choice && is_same_option);
        if (!is_move) continue;
        const int64_t there = move(d->plan, f, l, level);
        if (there >= 0 && !computes(d, (uint32_t)there, number, mark)) return true;
    }
    return false;
}

static bool matters(const tl_downstream *d, uint32_t number, factor *f)
{
    const uint32_t cell_of = d->steps->one[number % d->steps->count].cell;
    if (matters_from(d, number, cell_of, f)) return true;
    if (!f->is_barred) return false;
    for (uint32_t cell = 0; cell < d->plan->cells; cell++) {
        if (*mark_at(d, cell, number) && matters_from(d, number, cell, f)) return true;
    }
    return false;
}

tl_status tl_downstream_factors(const tl_downstream *downstream, uint32_t number,
                                tl_downstream_of of, tl_arena *arena, const char **out,
                                tl_err *err)
{
    const tl_plan *plan = downstream->plan;
    if (of == TL_DOWNSTREAM_OF_BANK) number += downstream->steps->count;
    tl_text list = {0};
    for (int i = 0; i < plan->axes + plan->inners; i++) {
        const tl_inner *inner = i < plan->axes ? NULL : &plan->inner[i - plan->axes];
        factor f = {.axis = inner ? inner->axis : i, .within = inner};
        if (!matters(downstream, number, &f)) continue;
        tl_text_print(&list, "%s%s", list.length ? " " : "",
                      inner ? inner->name : plan->axis[i].name);
    }
    *out = tl_arena_text(arena, list.at ? list.at : "", err);
    tl_text_close(&list);
    return *out ? TL_OK : TL_E_NOMEM;
}
