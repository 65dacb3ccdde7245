#include "runner/results/sample_lists.h"

#include "compute/core/clock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Seconds for files to come, and between two looks. */
static const double TIMEOUT = 10.0, NAP = 0.05;

enum { MOST_SOURCES = 4096, NOT_STORED = 0 };

/* A list of a kind: in which step's file, and as which list of it. */
typedef struct origin {
    uint32_t step;
    int32_t list;
} origin;

/* The group of a kind while it is gathered, and then while it is read. */
typedef struct kind_lists {
    tl_sample_lists *all;
    unsigned bit; /* TL_STORE_* */
    tl_group_source source[MOST_SOURCES];
    int sources;
    tl_group_list *list; /* [lists] of [room] */
    origin *from;        /* [lists] of [room] */
    uint32_t lists, room;
    size_t channels, height, width;
    uint32_t *first; /* [steps] 1 + its first list, lists of a step in a row; or 0 */
} kind_lists;

struct tl_sample_lists {
    const tl_sweep *sweep;
    const tl_store *store;
    tl_arena arena;
    tl_trial *trial;
    kind_lists *kind; /* [TL_STORE_KINDS], of which the plan's are used */
    int groups;
    tl_sample_group group[TL_STORE_KINDS];
    bool *is_seen; /* [steps] */
    double waited;
    tl_side side; /* the file that is read now */
    uint32_t open_step;
    unsigned char *records; /* [space] */
    size_t space;
};

/* ---- gathering ----------------------------------------------------------------------- */

/* Opens the side file of a step, which must be there. */
static tl_status open_side(tl_sample_lists *all, uint32_t step, tl_side *side, tl_err *err)
{
    const tl_sweep *sweep = all->sweep;
    const tl_graph_step *node = tl_graph_step_at(sweep->graph, step);
    const unsigned wanted =
        tl_plan_stores(sweep->plan, sweep->plan->instance[node->kind / 3].stage,
                       (tl_step_kind)(node->kind % 3));
    tl_err why = {0};
    tl_status status = tl_side_open(all->store, &node->key, wanted, side, &why);
    while (status == TL_E_MISSING && all->waited < TIMEOUT) {
        tl_sleep(NAP);
        all->waited += NAP;
        status = tl_side_open(all->store, &node->key, wanted, side, &why);
    }
    TL_CHECK(status != TL_E_MISSING && status != TL_E_FORMAT, err, TL_E_IO,
             "%s; resume the run: its step will be rerun", why.text);
    if (status != TL_OK && err) *err = why;
    return status;
}

/* The number of a source, or -1. */
static int32_t find_source(const kind_lists *k, const tl_group_source *wanted)
{
    for (int i = 0; i < k->sources; i++) {
        const tl_group_source *s = &k->source[i];
        if (s->instance == wanted->instance && s->round == wanted->round &&
            strcmp(s->name, wanted->name) == 0)
            return i;
    }
    return -1;
}

/* The number of a source, which is added if it is new. */
static tl_status add_source(kind_lists *k, const tl_group_source *wanted, int32_t *out,
                            tl_err *err)
{
    *out = find_source(k, wanted);
    if (*out >= 0) return TL_OK;
    TL_CHECK(k->sources < MOST_SOURCES, err, TL_E_NOMEM,
             "the plan stores more than %d kinds of lists", MOST_SOURCES);
    const char *name = tl_arena_text(&k->all->arena, wanted->name, err);
    if (!name) return TL_E_NOMEM;
    *out = k->sources++;
    k->source[*out] = (tl_group_source){wanted->instance, name, wanted->round};
    return TL_OK;
}

/* What a step of a trial calls its list `l`: the step may be shared by another use of the
 * stage, or by another round. */
static tl_group_source source_of(const kind_lists *k, const tl_trial_step *step, uint32_t l)
{
    return (tl_group_source){k->all->sweep->plan->instance[step->instance].name,
                             k->source[k->list[l].source].name, step->round};
}

static tl_status grow(kind_lists *k, tl_err *err)
{
    if (k->lists < k->room) return TL_OK;
    const uint32_t room = k->room ? 2 * k->room : 256;
    tl_group_list *list = realloc(k->list, room * sizeof *list);
    if (list) k->list = list;
    origin *from = realloc(k->from, room * sizeof *from);
    if (from) k->from = from;
    TL_CHECK(list && from, err, TL_E_NOMEM, "no memory for %u stored lists", room);
    k->room = room;
    return TL_OK;
}

static size_t larger(size_t a, int b)
{
    return a > (size_t)b ? a : (size_t)b;
}

/* Takes the lists of one kind in a step's file, the first time the step is seen. */
static tl_status take_lists(kind_lists *k, const tl_side *side, uint32_t id,
                            const tl_trial_step *step, tl_err *err)
{
    const tl_sweep *sweep = k->all->sweep;
    for (int i = 0; i < side->lists; i++) {
        const tl_samples_list *head = &side->list[i].head;
        if (head->kind != k->bit) continue;
        const tl_group_source source = {sweep->plan->instance[step->instance].name,
                                        head->name, step->round};
        tl_group_list list = {.trial = k->all->trial->number, .rows = head->rows};
        TL_TRY(add_source(k, &source, &list.source, err));
        TL_TRY(grow(k, err));
        if (k->first[id] == NOT_STORED) k->first[id] = k->lists + 1;
        k->from[k->lists] = (origin){id, i};
        k->list[k->lists++] = list;
        k->channels = larger(k->channels, head->shape.channels);
        k->height = larger(k->height, head->shape.height);
        k->width = larger(k->width, head->shape.width);
    }
    return TL_OK;
}

static tl_status take_file(tl_sample_lists *all, uint32_t id, const tl_trial_step *step,
                           tl_err *err)
{
    tl_side side;
    TL_TRY(open_side(all, id, &side, err));
    tl_status status = TL_OK;
    for (int i = 0; i < all->groups && status == TL_OK; i++)
        status = take_lists(&all->kind[i], &side, id, step, err);
    tl_side_close(&side);
    all->is_seen[id] = true;
    return status;
}

/* Whether list `l` is one of step `id`; the lists of a step are in a row. */
static bool is_of(const kind_lists *k, uint32_t l, uint32_t id)
{
    return l < k->lists && k->from[l].step == id;
}

static tl_status take_step(tl_sample_lists *all, const tl_trial_step *step, tl_err *err)
{
    const tl_sweep *sweep = all->sweep;
    if (tl_plan_stores(sweep->plan, step->stage, step->kind) == 0) return TL_OK;
    const uint32_t id = tl_graph_find(sweep->graph, &step->key);
    if (id == TL_NO_STEP || sweep->outcome[id].state != TL_STEP_DONE) return TL_OK;
    if (!all->is_seen[id]) return take_file(all, id, step, err);
    for (int i = 0; i < all->groups; i++) {
        kind_lists *k = &all->kind[i];
        int32_t unused;
        if (k->first[id] == NOT_STORED) continue;
        for (uint32_t l = k->first[id] - 1; is_of(k, l, id); l++) {
            const tl_group_source source = source_of(k, step, l);
            TL_TRY(add_source(k, &source, &unused, err));
        }
    }
    return TL_OK;
}

static tl_status take_trial(tl_sample_lists *all, uint32_t number, tl_err *err)
{
    tl_trial_decode(all->sweep->plan, number, all->trial);
    for (int i = 0; i < all->trial->steps; i++)
        TL_TRY(take_step(all, &all->trial->step[i], err));
    return TL_OK;
}

/* ---- reading ------------------------------------------------------------------------- */

static const unsigned char *get(const unsigned char *at, void *value, size_t n)
{
    memcpy(value, at, n);
    return at + n;
}

/* Spreads an image into the group's, which may be larger. */
static const unsigned char *get_pixels(const kind_lists *k, const tl_shape *shape,
                                       const unsigned char *at, float *pixel)
{
    const size_t width = (size_t)shape->width, row = width * sizeof(float);
    const size_t size = k->channels * k->height * k->width;
    for (size_t i = 0; i < size; i++) pixel[i] = (float)NAN;
    for (size_t c = 0; c < (size_t)shape->channels; c++) {
        for (size_t y = 0; y < (size_t)shape->height; y++)
            at = get(at, pixel + (c * k->height + y) * k->width, row);
    }
    return at;
}

static void unpack(const kind_lists *k, const tl_samples_list *head,
                   const unsigned char *at, size_t n, const tl_group_rows *out)
{
    const size_t size = k->channels * k->height * k->width;
    for (size_t i = 0; i < n; i++) {
        if (k->bit == TL_STORE_CURVES) {
            at = get(get(at, &out->x[i], sizeof(double)), &out->y[i], sizeof(double));
            continue;
        }
        if (k->bit == TL_STORE_SCORES) at = get(at, &out->score[i], sizeof(double));
        at = get(at, &out->row[i], sizeof(uint32_t));
        at = get(at, &out->label[i], sizeof(int32_t));
        if (k->bit == TL_STORE_SCORES) {
            out->member[i] = *at++ != 0;
            out->flags[i] = *at++;
        } else {
            at = get_pixels(k, &head->shape, at, out->pixel + i * size);
        }
    }
}

static tl_status take_space(tl_sample_lists *all, size_t bytes, tl_err *err)
{
    if (bytes <= all->space) return TL_OK;
    unsigned char *records = realloc(all->records, bytes);
    TL_CHECK(records, err, TL_E_NOMEM, "no memory to read samples");
    all->records = records;
    all->space = bytes;
    return TL_OK;
}

static tl_status read_records(void *self, uint32_t list, uint64_t from, size_t n,
                              const tl_group_rows *out, tl_err *err)
{
    const kind_lists *k = self;
    tl_sample_lists *all = k->all;
    const origin *o = &k->from[list];
    if (!all->side.is_open || all->open_step != o->step) {
        tl_side_close(&all->side);
        TL_TRY(open_side(all, o->step, &all->side, err));
        all->open_step = o->step;
    }
    const tl_samples_list *head = &all->side.list[o->list].head;
    TL_CHECK(o->list < all->side.lists && head->kind == k->bit &&
                 head->rows == k->list[list].rows,
             err, TL_E_IO, "a side file of samples has changed while it was read");
    TL_TRY(take_space(all, n * tl_samples_record_bytes(head), err));
    TL_TRY(tl_side_read(&all->side, o->list, from, n, all->records, err));
    unpack(k, head, all->records, n, out);
    return TL_OK;
}

/* The lists of this kind that a step stored, among those of its trial. */
static void put_lists(const kind_lists *k, uint32_t id, const tl_trial_step *step,
                      int32_t *list_of)
{
    for (uint32_t l = k->first[id] - 1; is_of(k, l, id); l++) {
        const tl_group_source source = source_of(k, step, l);
        list_of[find_source(k, &source)] = (int32_t)l;
    }
}

static tl_status index_trials(void *self, uint32_t first, uint32_t trials, int32_t *list_of,
                              tl_err *err)
{
    const kind_lists *k = self;
    const tl_sweep *sweep = k->all->sweep;
    tl_trial *trial = k->all->trial;
    (void)err;
    for (uint32_t t = 0; t < trials; t++) {
        int32_t *of = list_of + (size_t)t * (size_t)k->sources;
        for (int s = 0; s < k->sources; s++) of[s] = -1;
        tl_trial_decode(sweep->plan, first + t, trial);
        for (int i = 0; i < trial->steps; i++) {
            const tl_trial_step *step = &trial->step[i];
            if (!(tl_plan_stores(sweep->plan, step->stage, step->kind) & k->bit)) continue;
            const uint32_t id = tl_graph_find(sweep->graph, &step->key);
            if (id != TL_NO_STEP && k->first[id] != NOT_STORED) put_lists(k, id, step, of);
        }
    }
    return TL_OK;
}

/* ---- all ----------------------------------------------------------------------------- */

static tl_status open_kinds(tl_sample_lists *all, tl_err *err)
{
    const uint32_t steps = tl_graph_steps(all->sweep->graph);
    TL_TRY(tl_trial_new(&all->arena, &all->trial, err));
    TL_ALLOC(all->kind, &all->arena, TL_STORE_KINDS, err);
    TL_ALLOC(all->is_seen, &all->arena, steps, err);
    for (int b = 0; b < TL_STORE_KINDS; b++) {
        if (!(all->sweep->plan->store & 1U << b)) continue;
        kind_lists *k = &all->kind[all->groups];
        k->all = all;
        k->bit = 1U << b;
        TL_ALLOC(k->first, &all->arena, steps, err);
        all->group[all->groups++].kind = (tl_group_kind)b;
    }
    return TL_OK;
}

static void describe(tl_sample_lists *all)
{
    for (int i = 0; i < all->groups; i++) {
        kind_lists *k = &all->kind[i];
        all->group[i] = (tl_sample_group){.kind = all->group[i].kind,
                                          .sources = k->sources,
                                          .source = k->source,
                                          .lists = k->lists,
                                          .list = k->list,
                                          .trials = all->sweep->plan->trials,
                                          .channels = k->channels,
                                          .height = k->height,
                                          .width = k->width,
                                          .read = read_records,
                                          .index = index_trials,
                                          .self = k};
    }
}

tl_status tl_sample_lists_open(const tl_sweep *sweep, const tl_store *store,
                               tl_sample_lists **out, tl_err *err)
{
    tl_sample_lists *all = calloc(1, sizeof *all);
    TL_CHECK(all, err, TL_E_NOMEM, "no memory for stored samples");
    all->sweep = sweep;
    all->store = store;
    const uint32_t trials = sweep->plan->store ? sweep->plan->trials : 0;
    tl_status status = open_kinds(all, err);
    for (uint32_t t = 0; t < trials && status == TL_OK; t++)
        status = take_trial(all, t, err);
    if (status != TL_OK) {
        tl_sample_lists_close(all);
        return status;
    }
    describe(all);
    *out = all;
    return TL_OK;
}

const tl_sample_group *tl_sample_lists_groups(const tl_sample_lists *lists, int *count)
{
    *count = lists->groups;
    return lists->group;
}

void tl_sample_lists_close(tl_sample_lists *lists)
{
    if (!lists) return;
    tl_side_close(&lists->side);
    for (int i = 0; i < lists->groups; i++) {
        free(lists->kind[i].list);
        free(lists->kind[i].from);
    }
    free(lists->records);
    tl_arena_close(&lists->arena);
    free(lists);
}
