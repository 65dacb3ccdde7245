#include "runner/store/journal_stats.h"

#include <stdlib.h>
#include <string.h>

enum { LEAST_SPACE = 512 };

typedef struct tl_tally_step {
    tl_key key;
    int stage;
    tl_record_kind kind; /* of its last record */
} tl_tally_step;

static tl_status find_stage(tl_tally *tally, const char *name, int *out, tl_err *err)
{
    for (int i = 0; i < tally->stages; i++) {
        if (strcmp(tally->stage[i].name, name) == 0) {
            *out = i;
            return TL_OK;
        }
    }
    tl_tally_stage *stage =
        realloc(tally->stage, ((size_t)tally->stages + 1) * sizeof *stage);
    if (stage) tally->stage = stage;
    char *copy = stage ? malloc(strlen(name) + 1) : NULL;
    TL_CHECK(copy, err, TL_E_SPACE, "no memory left to count stages");
    tally->stage[tally->stages] = (tl_tally_stage){.name = strcpy(copy, name)};
    *out = tally->stages++;
    return TL_OK;
}

/* The step's number: its own, or the next one, which is free. */
static tl_status find_step(tl_tally *tally, const tl_record *record, uint32_t *out,
                           tl_err *err)
{
    tl_key_table *numbers = &tally->numbers;
    *out = tl_key_table_find(numbers, tally->step, sizeof *tally->step, &record->key);
    if (*out != TL_NO_ENTRY) return TL_OK;
    *out = numbers->count;
    if (*out == tally->space) {
        const uint32_t space = tally->space ? 2 * tally->space : LEAST_SPACE;
        tl_tally_step *step = realloc(tally->step, space * sizeof *step);
        TL_CHECK(step, err, TL_E_SPACE, "no memory to count %u steps", *out + 1);
        tally->step = step;
        tally->space = space;
    }
    tl_tally_step *step = &tally->step[*out];
    *step = (tl_tally_step){.key = record->key, .kind = TL_RECORD_HEAD};
    TL_TRY(find_stage(tally, record->stage, &step->stage, err));
    return tl_key_table_add(numbers, tally->step, sizeof *step, err);
}

static tl_status take(void *self, const tl_record *record, tl_err *err)
{
    tl_tally *tally = self;
    if (record->when > tally->last) tally->last = record->when;
    if (record->kind == TL_RECORD_HEAD) return TL_OK;
    uint32_t number;
    TL_TRY(find_step(tally, record, &number, err));
    tl_tally_step *step = &tally->step[number];
    tl_tally_counts *counts = &tally->stage[step->stage].counts;
    if (step->kind == TL_RECORD_DONE) return TL_OK;
    if (step->kind != TL_RECORD_HEAD) { /* counted before */
        tally->all.count[step->kind]--;
        counts->count[step->kind]--;
    }
    step->kind = record->kind;
    tally->all.count[step->kind]++;
    counts->count[step->kind]++;
    if (step->kind != TL_RECORD_DONE) return TL_OK;
    tally->all.seconds += record->seconds;
    counts->seconds += record->seconds;
    tally->rank_seconds += record->seconds * record->width;
    return TL_OK;
}

tl_status tl_tally_read(const char *path, tl_tally *out, tl_err *err)
{
    tl_tally tally = {0};
    const tl_status status = tl_journal_read(path, take, &tally, err);
    if (status != TL_OK) {
        tl_tally_close(&tally);
        return status;
    }
    *out = tally;
    return TL_OK;
}

void tl_tally_close(tl_tally *tally)
{
    for (int i = 0; i < tally->stages; i++) free(tally->stage[i].name);
    free(tally->stage);
    free(tally->step);
    tl_key_table_close(&tally->numbers);
    *tally = (tl_tally){0};
}
