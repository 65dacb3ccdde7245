#include "compute/nn/state_dict.h"

#include "compute/core/text.h"
#include "compute/nn/state_names.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The search for a model's tensors. */
typedef struct search {
    const tl_model_spec *spec;
    const tl_safetensors *file;
    int tensors;
    tl_tensor *tensor; /* [tensors] ours */
    size_t *found;     /* [tensors] how many of its numbers were found */
    bool *is_used;     /* [file->tensors] */
    int names;
    tl_state_name *name; /* [names] */
    tl_state_map *map;
} search;

static tl_status open_search(const tl_model *model, const tl_safetensors *file,
                             tl_arena *arena, search *s, tl_state_map *map, tl_err *err)
{
    *s = (search){.spec = &model->spec, .file = file, .map = map};
    TL_TRY(tl_model_tensors(model, arena, &s->tensor, &s->tensors, err));
    TL_ALLOC(s->found, arena, s->tensors, err);
    TL_ALLOC(s->is_used, arena, file->tensors, err);
    TL_ALLOC(s->name, arena, TL_STATE_NAMES, err);
    s->names = tl_state_names_of(s->spec, s->name);
    *map = (tl_state_map){0};
    TL_ALLOC(map->piece, arena, file->tensors, err);
    return TL_OK;
}

/* The tensor of the file that is called `name`, or -1. */
static int find_theirs(const search *s, const char *name)
{
    for (int i = 0; i < s->file->tensors; i++) {
        if (strcmp(tl_state_name_plain(s->file->tensor[i].name), name) == 0) return i;
    }
    return -1;
}

static char *shape_of(const tl_tensor *tensor, char out[96])
{
    tl_foreign_tensor like = {.rank = tensor->rank};
    for (int d = 0; d < tensor->rank; d++) like.size[d] = (uint64_t)tensor->size[d];
    return tl_foreign_shape(&like, out);
}

static bool is_shape(const tl_foreign_tensor *theirs, const tl_tensor *ours)
{
    bool is_same = theirs->rank == ours->rank;
    for (int d = 0; d < ours->rank && is_same; d++)
        is_same = theirs->size[d] == (uint64_t)ours->size[d];
    return is_same;
}

static tl_status refuse_shape(const search *s, const tl_foreign_tensor *theirs,
                              const tl_tensor *ours, tl_err *err)
{
    char found[96], wanted[96];
    return tl_fail(
        err, TL_E_ARG,
        "tensor %.80s is %s, but %s of the plan's model is %s, by kind %s, width %d, "
        "%d layers, for inputs of %dx%dx%d and %d classes",
        theirs->name, tl_foreign_shape(theirs, found), ours->name, shape_of(ours, wanted),
        tl_model_kind_name(s->spec->kind), s->spec->width, s->spec->depth,
        s->spec->in.channels, s->spec->in.height, s->spec->in.width, s->spec->classes);
}

static bool has(const search *s, int ours)
{
    return s->found[ours] == s->tensor[ours].count;
}

/* Theirs is ours, or its rows from number `at` on. */
static tl_state_piece *use(search *s, int theirs, int ours, size_t at)
{
    tl_state_piece *piece = &s->map->piece[s->map->pieces++];
    *piece = (tl_state_piece){.from = theirs, .to = s->tensor[ours].at + at};
    s->found[ours] += (size_t)s->file->tensor[theirs].count;
    s->is_used[theirs] = true;
    return piece;
}

/* --- by name -------------------------------------------------------------------------- */

/* All or none: torchvision's conv1 is our conv0. */
static tl_status find_by_own_names(search *s, tl_err *err)
{
    for (int i = 0; i < s->tensors; i++) {
        if (find_theirs(s, s->tensor[i].name) < 0) return TL_OK;
    }
    for (int i = 0; i < s->tensors; i++) {
        const int theirs = find_theirs(s, s->tensor[i].name);
        if (!is_shape(&s->file->tensor[theirs], &s->tensor[i]))
            return refuse_shape(s, &s->file->tensor[theirs], &s->tensor[i], err);
        (void)use(s, theirs, i, 0);
    }
    return TL_OK;
}

static int find_ours(const search *s, const char *name)
{
    int i = 0;
    while (i < s->tensors && strcmp(s->tensor[i].name, name) != 0) i++;
    TL_INVARIANT(i < s->tensors);
    return i;
}

static bool is_turned(const tl_foreign_tensor *theirs, const tl_tensor *ours)
{
    return theirs->rank == 2 && ours->rank == 2 &&
           theirs->size[0] == (uint64_t)ours->size[1] &&
           theirs->size[1] == (uint64_t)ours->size[0];
}

/* Whether matrices of the file are [inputs x outputs], as the one that is three times as
 * wide as it is high shows; square ones are as that. */
static bool turns_matrices(const search *s)
{
    for (int i = 0; i < s->names; i++) {
        if (!s->name[i].can_be_turned) continue;
        const int theirs = find_theirs(s, s->name[i].theirs);
        const tl_tensor *ours = &s->tensor[find_ours(s, s->name[i].ours)];
        if (theirs >= 0 && ours->size[0] != ours->size[1])
            return is_turned(&s->file->tensor[theirs], ours);
    }
    return false;
}

static tl_status find_by_usual_names(search *s, tl_err *err)
{
    const bool turns = turns_matrices(s);
    for (int i = 0; i < s->names; i++) {
        const tl_state_name *name = &s->name[i];
        const int number = find_ours(s, name->ours), theirs = find_theirs(s, name->theirs);
        if (theirs < 0 || s->is_used[theirs] || has(s, number)) continue;
        const tl_foreign_tensor *found = &s->file->tensor[theirs];
        tl_tensor wanted = s->tensor[number];
        const bool turned = turns && name->can_be_turned && wanted.rank == 2;
        if (name->rows > 0) wanted.size[0] = name->rows;
        if (!(turned ? is_turned(found, &wanted) : is_shape(found, &wanted)))
            return refuse_shape(s, found, &wanted, err);
        const size_t columns = wanted.rank == 2 ? (size_t)wanted.size[1] : 1;
        tl_state_piece *piece = use(s, theirs, number, (size_t)name->row * columns);
        piece->turned = turned ? wanted.size[0] : 0;
        piece->head = name->head;
        piece->columns = (int)columns;
    }
    return TL_OK;
}

/* An output layer that is the embedding again. */
static void find_tied(search *s)
{
    const int theirs = find_theirs(s, "lm_head.weight");
    if (!tl_model_reads_tokens(s->spec->kind) || theirs < 0 || s->is_used[theirs]) return;
    if (!has(s, 0) || !is_shape(&s->file->tensor[theirs], &s->tensor[0])) return;
    tl_state_piece *piece = &s->map->piece[s->map->pieces++];
    *piece = (tl_state_piece){.from = theirs, .to = s->tensor[0].at, .is_tied = true};
    s->is_used[theirs] = true;
}

/* --- by shape ------------------------------------------------------------------------- */

/* Weight and bias of one layer, as numbers of tensors; bias -1: none. */
typedef struct pair {
    int weight, bias;
} pair;

/* The bias of the module whose weight is `weight`, or -1. */
static int bias_of(const search *s, int weight)
{
    char name[256];
    const char *whole = s->file->tensor[weight].name;
    const size_t length = strlen(whole) - strlen("weight");
    if (length > 200) return -1;
    (void)snprintf(name, sizeof name, "%.*sbias", (int)length, whole);
    for (int i = 0; i < s->file->tensors; i++) {
        if (strcmp(s->file->tensor[i].name, name) == 0 && !s->is_used[i]) return i;
    }
    return -1;
}

static bool ends_in_weight(const char *name)
{
    const char *dot = strrchr(name, '.');
    return strcmp(dot ? dot + 1 : name, "weight") == 0;
}

static bool fits(const search *s, pair theirs, pair ours)
{
    return is_shape(&s->file->tensor[theirs.weight], &s->tensor[ours.weight]) &&
           theirs.bias >= 0 &&
           is_shape(&s->file->tensor[theirs.bias], &s->tensor[ours.bias]);
}

static bool is_like(const search *s, pair a, pair b)
{
    const tl_tensor *x = &s->tensor[a.weight], *y = &s->tensor[b.weight];
    return x->rank == y->rank && memcmp(x->size, y->size, sizeof x->size) == 0;
}

/* Compares two names that differ in numbers alone, by these; sets `is_order` to false for
 * names that differ in more. */
static int by_numbers(const char *a, const char *b, bool *is_order)
{
    int order = 0;
    while (*a && *b) {
        if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
            char *end_a, *end_b;
            const unsigned long x = strtoul(a, &end_a, 10), y = strtoul(b, &end_b, 10);
            if (order == 0) order = (x > y) - (x < y);
            a = end_a;
            b = end_b;
        } else if (*a++ != *b++) {
            break;
        }
    }
    *is_order = *a == '\0' && *b == '\0' && order != 0;
    return order;
}

/* Gives the layers ours [count] of one shape the modules theirs [count] of that shape. */
static tl_status give_in_order(search *s, const pair *ours, pair *theirs, int count,
                               tl_err *err)
{
    for (int i = 0; i < count; i++) {
        for (int j = i + 1; j < count; j++) {
            const char *a = s->file->tensor[theirs[i].weight].name,
                       *b = s->file->tensor[theirs[j].weight].name;
            bool is_order;
            const int order = by_numbers(a, b, &is_order);
            TL_CHECK(
                is_order, err, TL_E_ARG,
                "%.80s and %.80s have the same shape, and nothing in their names tells "
                "which layer comes first; call them %s and %s when you export them",
                a, b, s->tensor[ours[i].weight].name, s->tensor[ours[j].weight].name);
            if (order < 0) continue;
            const pair swapped = theirs[i];
            theirs[i] = theirs[j];
            theirs[j] = swapped;
        }
        (void)use(s, theirs[i].weight, ours[i].weight, 0);
        (void)use(s, theirs[i].bias, ours[i].bias, 0);
    }
    return TL_OK;
}

/* Finds the modules for all layers that are shaped as layer `first`. \param room [tensors
 * + file->tensors] */
static tl_status find_shape(search *s, pair first, pair *room, tl_err *err)
{
    pair *ours = room, *theirs = room + s->tensors;
    int wanted = 0, found = 0;
    for (int i = 0; i + 1 < s->tensors; i += 2) {
        if (!has(s, i) && is_like(s, (pair){i, i + 1}, first))
            ours[wanted++] = (pair){i, i + 1};
    }
    for (int i = 0; i < s->file->tensors; i++) {
        if (s->is_used[i] || !ends_in_weight(s->file->tensor[i].name)) continue;
        const pair module = {i, bias_of(s, i)};
        if (fits(s, module, first)) theirs[found++] = module;
    }
    if (found != wanted) return TL_OK; /* told with all that is missing or left over */
    return give_in_order(s, ours, theirs, found, err);
}

/* Of kinds whose layers each have one weight and one bias. */
static tl_status find_by_shape(search *s, tl_arena *arena, tl_err *err)
{
    pair *room;
    if (s->names > 0) return TL_OK;
    TL_ALLOC(room, arena, s->tensors + s->file->tensors, err);
    for (int i = 0; i + 1 < s->tensors; i += 2) {
        if (!has(s, i)) TL_TRY(find_shape(s, (pair){i, i + 1}, room, err));
    }
    return TL_OK;
}

/* --- what is missing ------------------------------------------------------------------ */

static bool is_left_over(const search *s, int theirs)
{
    const char *name = s->file->tensor[theirs].name;
    return !s->is_used[theirs] && !(s->names > 0 && tl_state_name_is_constant(name));
}

/* Adds "name shape" to a list of at most a few. */
static void list(tl_text *text, int number, const char *name, const char *shape)
{
    enum { MOST = 4 };
    if (number < MOST) tl_text_print(text, "%s%.60s (%s)", number ? ", " : "", name, shape);
    if (number == MOST) tl_text_add(text, ", ...");
}

/* One weight of the file that stands for one of ours in all but its shape. */
static bool find_near(const search *s, int *theirs, int *ours)
{
    for (int i = 0; i < s->tensors; i++) {
        if (has(s, i) || s->tensor[i].rank < 2) continue;
        for (int j = 0; j < s->file->tensors; j++) {
            if (!is_left_over(s, j) || s->file->tensor[j].rank != s->tensor[i].rank)
                continue;
            *theirs = j;
            *ours = i;
            return true;
        }
    }
    return false;
}

static tl_status check_all(const search *s, tl_err *err)
{
    tl_text missing = {0}, surplus = {0};
    char shape[96];
    int lacks = 0, left = 0, theirs, ours;
    bool has_batch_norm = false;
    for (int i = 0; i < s->tensors; i++) {
        if (!has(s, i))
            list(&missing, lacks++, s->tensor[i].name, shape_of(&s->tensor[i], shape));
    }
    for (int i = 0; i < s->file->tensors; i++) {
        const tl_foreign_tensor *tensor = &s->file->tensor[i];
        if (!is_left_over(s, i)) continue;
        has_batch_norm = has_batch_norm || strstr(tensor->name, "running_mean");
        list(&surplus, left++, tensor->name, tl_foreign_shape(tensor, shape));
    }
    tl_status status = TL_OK;
    if (lacks > 0 && lacks == left && find_near(s, &theirs, &ours)) {
        status = refuse_shape(s, &s->file->tensor[theirs], &s->tensor[ours], err);
    } else if (lacks > 0 || left > 0) {
        status =
            tl_fail(err, TL_E_ARG,
                    "its tensors are not those of kind %s, width %d, %d layers%s%s%s%s%s",
                    tl_model_kind_name(s->spec->kind), s->spec->width, s->spec->depth,
                    lacks ? "; missing: " : "", lacks ? missing.at : "",
                    left ? "; left over: " : "", left ? surplus.at : "",
                    has_batch_norm ? " (models here have group norm, no batch norm)" : "");
    }
    tl_text_close(&missing);
    tl_text_close(&surplus);
    return status;
}

tl_status tl_state_map_find(const tl_model *model, const tl_safetensors *file,
                            tl_arena *arena, tl_state_map *out, tl_err *err)
{
    search s;
    TL_TRY(open_search(model, file, arena, &s, out, err));
    TL_TRY(find_by_own_names(&s, err));
    TL_TRY(find_by_usual_names(&s, err));
    find_tied(&s);
    TL_TRY(find_by_shape(&s, arena, err));
    return check_all(&s, err);
}

/* --- the numbers ---------------------------------------------------------------------- */

/* `x` [rows x columns] to its transpose in `to`. */
static void turn(const float *x, size_t rows, size_t columns, float *to)
{
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < columns; c++) to[c * rows + r] = x[r * columns + c];
    }
}

/* Rows i and i + head/2 of every head become neighbours: rotary positions turn them as a
 * pair. */
static void pair_rows(const float *x, size_t rows, size_t columns, size_t head, float *to)
{
    for (size_t r = 0; r < rows; r++) {
        const size_t i = r % head, half = head / 2;
        const size_t place = r - i + (i < half ? 2 * i : 2 * (i - half) + 1);
        memcpy(to + place * columns, x + r * columns, columns * sizeof *to);
    }
}

static tl_status load_piece(const tl_state_piece *piece, const tl_foreign_tensor *tensor,
                            const float *x, tl_model *model, tl_err *err)
{
    const size_t count = (size_t)tensor->count;
    float *to = model->param + piece->to;
    if (piece->is_tied) {
        TL_CHECK(memcmp(x, to, count * sizeof *to) == 0, err, TL_E_FORMAT,
                 "tensor %.80s differs from the embedding, but the output layer of a %s "
                 "here is the embedding again (tied): train it so",
                 tensor->name, tl_model_kind_name(model->spec.kind));
    } else if (piece->turned > 0) {
        turn(x, count / (size_t)piece->turned, (size_t)piece->turned, to);
    } else if (piece->head > 0) {
        pair_rows(x, count / (size_t)piece->columns, (size_t)piece->columns,
                  (size_t)piece->head, to);
    } else {
        memcpy(to, x, count * sizeof *to);
    }
    return TL_OK;
}

tl_status tl_state_map_load(const tl_state_map *map, const tl_safetensors *file,
                            const unsigned char *buffer, tl_model *model, tl_err *err)
{
    tl_status status = TL_OK;
    tl_arena arena = tl_arena_open(0);
    for (int i = 0; i < map->pieces && status == TL_OK; i++) {
        const tl_state_piece *piece = &map->piece[i];
        const tl_foreign_tensor *tensor = &file->tensor[piece->from];
        const size_t mark = tl_arena_mark(&arena);
        float *x = tl_arena_take(&arena, (size_t)tensor->count, sizeof *x, err);
        status = x ? tl_foreign_floats(tensor, buffer, x, err) : TL_E_NOMEM;
        if (status == TL_OK) status = load_piece(piece, tensor, x, model, err);
        tl_arena_rewind(&arena, mark);
    }
    tl_arena_close(&arena);
    return status;
}
