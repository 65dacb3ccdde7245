#include "runner/sweep/measured.h"

#include <stdlib.h>
#include <string.h>

enum { LEAST_ROOM = 64 };

static tl_key place_of(const tl_trial_step *step)
{
    const bool is_judge = step->kind == TL_STEP_JUDGE;
    const int32_t word[4] = {step->instance, is_judge ? 1 + step->item : 0, step->judgement,
                             step->round};
    tl_key key;
    memcpy(key.byte, word, sizeof key.byte);
    return key;
}

uint32_t tl_measured_find(const tl_measured_list *list, const tl_trial_step *step)
{
    if (step->kind == TL_STEP_BANK) return TL_NO_ENTRY;
    const tl_key place = place_of(step);
    return tl_key_table_find(&list->places, list->one, sizeof *list->one, &place);
}

tl_status tl_measured_add(tl_measured_list *list, const tl_trial *trial, int position,
                          tl_err *err)
{
    const tl_trial_step *step = &trial->step[position];
    if (tl_measured_find(list, step) != TL_NO_ENTRY) return TL_OK;
    if (list->count == list->room) {
        const uint32_t room = list->room ? 2 * list->room : LEAST_ROOM;
        tl_measured *more = realloc(list->one, room * sizeof *more);
        TL_CHECK(more, err, TL_E_NOMEM, "no memory left for %u steps with metrics", room);
        list->one = more;
        list->room = room;
    }
    const int metrics = tl_trial_metrics(step);
    list->one[list->count] = (tl_measured){.place = place_of(step),
                                           .step = *step,
                                           .cell = trial->cell,
                                           .first = list->columns,
                                           .metrics = metrics};
    TL_TRY(tl_key_table_add(&list->places, list->one, sizeof *list->one, err));
    list->count++;
    list->columns += metrics;
    return TL_OK;
}

void tl_measured_close(tl_measured_list *list)
{
    free(list->one);
    tl_key_table_close(&list->places);
    *list = (tl_measured_list){0};
}
