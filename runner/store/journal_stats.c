#include "runner/store/journal_stats.h"

#include <stdlib.h>
#include <string.h>

enum { LEAST_SPACE = 512 };

typedef struct tl_journal_stats_step {
    tl_key key;
    int stage;
    tl_record_kind kind; /* of its last record */
} tl_journal_stats_step;

static tl_status find_stage(tl_journal_stats *stats, const char *name, int *out,
                            tl_err *err)
{
    for (int i = 0; i < stats->stages; i++) {
        if (strcmp(stats->stage[i].name, name) == 0) {
            *out = i;
            return TL_OK;
        }
    }
    tl_journal_stats_stage *stage =
        realloc(stats->stage, ((size_t)stats->stages + 1) * sizeof *stage);
    if (stage) stats->stage = stage;
    char *copy = stage ? malloc(strlen(name) + 1) : NULL;
    TL_CHECK(copy, err, TL_E_NOMEM, "no memory to count stages");
    stats->stage[stats->stages] = (tl_journal_stats_stage){.name = strcpy(copy, name)};
    *out = stats->stages++;
    return TL_OK;
}

/* The step's number: its own, or the next one, which is free. */
static tl_status find_step(tl_journal_stats *stats, const tl_record *record, uint32_t *out,
                           tl_err *err)
{
    tl_key_table *numbers = &stats->numbers;
    *out = tl_key_table_find(numbers, stats->step, sizeof *stats->step, &record->key);
    if (*out != TL_NO_ENTRY) return TL_OK;
    *out = numbers->count;
    if (*out == stats->space) {
        const uint32_t space = stats->space ? 2 * stats->space : LEAST_SPACE;
        tl_journal_stats_step *step = realloc(stats->step, space * sizeof *step);
        TL_CHECK(step, err, TL_E_NOMEM, "no memory to count %u steps", *out + 1);
        stats->step = step;
        stats->space = space;
    }
    tl_journal_stats_step *step = &stats->step[*out];
    *step = (tl_journal_stats_step){.key = record->key, .kind = TL_RECORD_HEAD};
    TL_TRY(find_stage(stats, record->stage, &step->stage, err));
    return tl_key_table_add(numbers, stats->step, sizeof *step, err);
}

static tl_status take(void *self, const tl_record *record, tl_err *err)
{
    tl_journal_stats *stats = self;
    if (record->when > stats->last) stats->last = record->when;
    if (record->kind == TL_RECORD_HEAD) return TL_OK;
    uint32_t number;
    TL_TRY(find_step(stats, record, &number, err));
    tl_journal_stats_step *step = &stats->step[number];
    tl_journal_counts *counts = &stats->stage[step->stage].counts;
    if (step->kind == TL_RECORD_DONE) return TL_OK;
    if (step->kind != TL_RECORD_HEAD) { /* counted before */
        stats->all.count[step->kind]--;
        counts->count[step->kind]--;
    }
    step->kind = record->kind;
    stats->all.count[step->kind]++;
    counts->count[step->kind]++;
    if (step->kind != TL_RECORD_DONE) return TL_OK;
    stats->all.seconds += record->seconds;
    counts->seconds += record->seconds;
    stats->rank_seconds += record->seconds * record->width;
    return TL_OK;
}

tl_status tl_journal_stats_read(const tl_folder *folder, const char *path,
                                tl_journal_stats *out, tl_err *err)
{
    tl_journal_stats stats = {0};
    const tl_status status = tl_journal_read(folder, path, take, &stats, err);
    if (status != TL_OK) {
        tl_journal_stats_close(&stats);
        return status;
    }
    *out = stats;
    return TL_OK;
}

void tl_journal_stats_close(tl_journal_stats *stats)
{
    for (int i = 0; i < stats->stages; i++) free(stats->stage[i].name);
    free(stats->stage);
    free(stats->step);
    tl_key_table_close(&stats->numbers);
    *stats = (tl_journal_stats){0};
}
