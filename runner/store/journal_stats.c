#include "runner/store/journal_stats.h"

#include <stdlib.h>
#include <string.h>

/* A slot of the table of steps: open addressing, at most half full. */
typedef struct tl_tally_step {
    tl_key key;
    int stage;
    tl_record_kind kind; /* HEAD: the slot is free */
} tl_tally_step;

/* The slot of a key: its own, or the free one it would take. Keys are hashes, so their
 * first bytes are as good as any. */
static tl_tally_step *slot_of(tl_tally_step *step, uint32_t space, const tl_key *key)
{
    uint32_t at;
    memcpy(&at, key->byte, sizeof at);
    for (;; at++) {
        tl_tally_step *slot = &step[at & (space - 1)];
        if (slot->kind == TL_RECORD_HEAD || tl_key_equal(&slot->key, key)) return slot;
    }
}

static tl_status make_room(tl_tally *tally, tl_err *err)
{
    if (2 * (tally->steps + 1) <= tally->space) return TL_OK;
    TL_CHECK(tally->space < 1U << 30, err, TL_E_SPACE, "more steps than can be counted");
    const uint32_t space = tally->space ? 2 * tally->space : 1024;
    tl_tally_step *step = calloc(space, sizeof *step);
    TL_CHECK(step, err, TL_E_SPACE, "no memory left to count steps");
    for (uint32_t i = 0; i < tally->space; i++) {
        const tl_tally_step *old = &tally->step[i];
        if (old->kind != TL_RECORD_HEAD) *slot_of(step, space, &old->key) = *old;
    }
    free(tally->step);
    tally->step = step;
    tally->space = space;
    return TL_OK;
}

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

static void add_done(tl_tally *tally, const tl_record *record, int stage)
{
    tally->all.seconds += record->seconds;
    tally->stage[stage].counts.seconds += record->seconds;
    tally->rank_seconds += record->seconds * record->width;
}

static tl_status take(void *self, const tl_record *record, tl_err *err)
{
    tl_tally *tally = self;
    if (record->when > tally->last) tally->last = record->when;
    if (record->kind == TL_RECORD_HEAD) return TL_OK;
    TL_TRY(make_room(tally, err));
    tl_tally_step *slot = slot_of(tally->step, tally->space, &record->key);
    if (slot->kind == TL_RECORD_DONE) return TL_OK;
    if (slot->kind == TL_RECORD_HEAD) {
        TL_TRY(find_stage(tally, record->stage, &slot->stage, err));
        slot->key = record->key;
        tally->steps++;
    } else {
        tally->all.count[slot->kind]--;
        tally->stage[slot->stage].counts.count[slot->kind]--;
    }
    slot->kind = record->kind;
    tally->all.count[slot->kind]++;
    tally->stage[slot->stage].counts.count[slot->kind]++;
    if (slot->kind == TL_RECORD_DONE) add_done(tally, record, slot->stage);
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
    *tally = (tl_tally){0};
}
