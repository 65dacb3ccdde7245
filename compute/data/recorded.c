/*
 * Questions are found by their key, by bisection. As read from an .npz they are sorted by
 * key, then by source row, and the first of equal ones is kept.
 */
#include "compute/data/recorded.h"

#include "compute/core/tensor_file.h"
#include "compute/data/npz.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char format[] = "threatloop-answers-1";

enum { MOST = INT32_MAX, BLOCKS = TL_SPLITS };

/* --- reading an .npz ------------------------------------------------------------------ */

/* One answer: to which source row, and where it stands. */
typedef struct item {
    tl_key question;
    int row;
    const tl_array *array;
    uint64_t at; /* row of the array */
} item;

/* A file while it is read. */
typedef struct reading {
    const char *path;
    const tl_source *source;
    tl_npz *npz;
    tl_arena arena; /* of all here */
    tl_array block[BLOCKS], numbers;
    bool has_logits;
    int blocks, entries;
    item *entry; /* [entries] */
} reading;

static int by_question(const void *a, const void *b)
{
    const item *x = a, *y = b;
    const int order = memcmp(x->question.byte, y->question.byte, sizeof x->question.byte);
    return order ? order : (x->row > y->row) - (x->row < y->row);
}

/* Reads <prefix>scores or <prefix>logits, if one is there. \param out NULL if none is */
static tl_status read_block(reading *r, const char *prefix, const tl_array **out,
                            tl_err *err)
{
    char scores[32], logits[32], text[160];
    (void)snprintf(scores, sizeof scores, "%sscores", prefix);
    (void)snprintf(logits, sizeof logits, "%slogits", prefix);
    const int as_scores = tl_npz_find(r->npz, scores);
    const int as_logits = tl_npz_find(r->npz, logits);
    const int member = as_logits >= 0 ? as_logits : as_scores;
    *out = NULL;
    if (member < 0) return TL_OK;
    const bool has_logits = as_logits >= 0;
    TL_CHECK((as_scores < 0 || as_logits < 0) &&
                 (r->blocks == 0 || has_logits == r->has_logits),
             err, TL_E_FORMAT, "%s: has both scores and logits; keep one kind", r->path);
    tl_array *array = &r->block[r->blocks++];
    TL_TRY(tl_npz_read(r->npz, member, &r->arena, array, err));
    TL_CHECK(array->type[0] == 'f' && array->rank == 2 &&
                 array->size[1] == (uint64_t)r->source->all.classes,
             err, TL_E_FORMAT,
             "%s: %s is %s; allowed are floats, one for each of the %d classes of %s: (N, "
             "%d)",
             r->path, has_logits ? logits : scores, tl_array_text(array, text),
             r->source->all.classes, r->source->name, r->source->all.classes);
    r->has_logits = has_logits;
    *out = array;
    return TL_OK;
}

/* Notes that row `at` of the array answers source row `row`. */
static void add_entry(reading *r, const tl_array *array, uint64_t at, int row)
{
    const tl_dataset *all = &r->source->all;
    const size_t size = (size_t)tl_shape_size(all->shape);
    const float *question = all->input + (size_t)row * size;
    r->entry[r->entries++] =
        (item){tl_key_of(question, size * sizeof *question), row, array, at};
}

/* Answers to the rows of the official splits. */
static tl_status read_splits(reading *r, tl_err *err)
{
    static const char *const name[TL_SPLITS] = {"train", "val", "test"};
    int first = 0;
    for (int s = 0; s < TL_SPLITS; s++) {
        char prefix[16];
        const tl_array *array;
        const int rows = r->source->rows[s];
        (void)snprintf(prefix, sizeof prefix, "%s_", name[s]);
        TL_TRY(read_block(r, prefix, &array, err));
        TL_CHECK(
            !array || r->source->has_splits, err, TL_E_FORMAT,
            "%s: has answers to %s rows, but %s has no official splits; call the array "
            "scores, with an answer to each of its %d rows in order",
            r->path, name[s], r->source->name, r->source->all.rows);
        TL_CHECK(!array || array->size[0] == (uint64_t)rows, err, TL_E_FORMAT,
                 "%s: has answers to %llu %s rows, but %s has %d of them", r->path,
                 array ? (unsigned long long)array->size[0] : 0, name[s], r->source->name,
                 rows);
        for (int i = 0; array && i < rows; i++) add_entry(r, array, (uint64_t)i, first + i);
        first += rows;
    }
    return TL_OK;
}

/* Answers to the source's first rows, or to those that the member `rows` lists. */
static tl_status read_whole(reading *r, tl_err *err)
{
    const tl_array *array;
    const int member = tl_npz_find(r->npz, "rows"), rows = r->source->all.rows;
    char text[160];
    TL_TRY(read_block(r, "", &array, err));
    TL_CHECK(array, err, TL_E_FORMAT,
             "%s: has no answers: it needs train_scores, val_scores or test_scores, or "
             "scores (or logits in place of scores)",
             r->path);
    TL_CHECK(array->size[0] <= (uint64_t)rows, err, TL_E_FORMAT,
             "%s: has %llu answers, but %s has %d rows", r->path,
             (unsigned long long)array->size[0], r->source->name, rows);
    if (member >= 0) {
        tl_array *numbers = &r->numbers;
        TL_TRY(tl_npz_read(r->npz, member, &r->arena, numbers, err));
        TL_CHECK((numbers->type[0] == 'i' || numbers->type[0] == 'u') &&
                     numbers->count == array->size[0],
                 err, TL_E_FORMAT,
                 "%s: rows is %s; allowed are integers, one for each of the %llu answers",
                 r->path, tl_array_text(numbers, text), (unsigned long long)array->size[0]);
    }
    for (uint64_t i = 0; i < array->size[0]; i++) {
        const double row = member >= 0 ? tl_array_get(&r->numbers, i) : (double)i;
        TL_CHECK(row >= 0.0 && row < (double)rows, err, TL_E_FORMAT,
                 "%s: answer %llu is to row %.0f, but %s has rows 0..%d", r->path,
                 (unsigned long long)i, row, r->source->name, rows - 1);
        add_entry(r, array, i, (int)row);
    }
    return TL_OK;
}

static tl_status check_answer(const reading *r, const double *answer, int row, tl_err *err)
{
    double sum = 0.0;
    for (int c = 0; c < r->source->all.classes; c++) {
        TL_CHECK(isfinite(answer[c]), err, TL_E_FORMAT,
                 "%s: the answer to row %d is not finite", r->path, row);
        TL_CHECK(r->has_logits || (answer[c] >= 0.0 && answer[c] <= 1.0 + 1e-6), err,
                 TL_E_FORMAT,
                 "%s: the answer to row %d has %g, but scores are probabilities, 0 to 1; "
                 "call the array logits if that is what it holds",
                 r->path, row, answer[c]);
        sum += answer[c];
    }
    TL_CHECK(r->has_logits || sum > 0.0, err, TL_E_FORMAT,
             "%s: the scores of row %d are all 0", r->path, row);
    return TL_OK;
}

/* Copies what was read, in order, the first of equal questions alone. */
static tl_status keep(reading *r, tl_arena *arena, tl_recorded *out, tl_err *err)
{
    const int classes = out->classes;
    qsort(r->entry, (size_t)r->entries, sizeof *r->entry, by_question);
    TL_ALLOC(out->question, arena, r->entries, err);
    TL_ALLOC(out->answer, arena, (size_t)r->entries * (size_t)classes, err);
    for (int i = 0; i < r->entries; i++) {
        const item *e = &r->entry[i];
        int split = 0, end = r->source->rows[0];
        while (split + 1 < TL_SPLITS && e->row >= end) end += r->source->rows[++split];
        if (i == 0 || e->row != e[-1].row) out->of_split[split]++;
        if (i > 0 && tl_key_equal(&e->question, &e[-1].question)) continue;
        double *answer = out->answer + (size_t)out->rows * (size_t)classes;
        for (int c = 0; c < classes; c++)
            answer[c] = tl_array_get(e->array, e->at * (uint64_t)classes + (uint64_t)c);
        TL_TRY(check_answer(r, answer, e->row, err));
        out->question[out->rows++] = e->question;
    }
    return TL_OK;
}

static void hash_contents(tl_recorded *out)
{
    tl_hash hash = {0};
    const size_t numbers = (size_t)out->rows * (size_t)out->classes;
    const tl_key questions =
        tl_key_of(out->question, (size_t)out->rows * sizeof *out->question);
    const tl_key answers = tl_key_of(out->answer, numbers * sizeof *out->answer);
    tl_hash_u64(&hash, (uint64_t)out->size);
    tl_hash_u64(&hash, (uint64_t)out->classes);
    tl_hash_u64(&hash, out->has_logits);
    tl_hash_key(&hash, &questions);
    tl_hash_key(&hash, &answers);
    out->content = tl_hash_end(&hash);
}

static tl_status read_open(reading *r, tl_arena *arena, tl_recorded *out, tl_err *err)
{
    const char *slash = strrchr(r->path, '/');
    TL_ALLOC(r->entry, &r->arena, r->source->all.rows, err);
    TL_TRY(read_splits(r, err));
    if (r->blocks == 0) TL_TRY(read_whole(r, err));
    *out = (tl_recorded){.label = tl_arena_text(arena, slash ? slash + 1 : r->path, err),
                         .size = tl_shape_size(r->source->all.shape),
                         .classes = r->source->all.classes,
                         .has_logits = r->has_logits};
    if (!out->label) return TL_E_NOMEM;
    TL_TRY(keep(r, arena, out, err));
    hash_contents(out);
    return TL_OK;
}

tl_status tl_recorded_read(const char *path, const tl_source *source, tl_arena *arena,
                           tl_recorded *out, tl_err *err)
{
    reading r = {.path = path, .source = source, .arena = tl_arena_open(0)};
    TL_TRY(tl_npz_open(path, &r.npz, err));
    const tl_status status = read_open(&r, arena, out, err);
    tl_npz_close(r.npz);
    tl_arena_close(&r.arena);
    return status;
}

const double *tl_recorded_find(const tl_recorded *recorded, const float *question)
{
    const tl_key key = tl_key_of(question, (size_t)recorded->size * sizeof *question);
    int low = 0, high = recorded->rows;
    while (low < high) {
        const int middle = low + (high - low) / 2;
        const int order =
            memcmp(recorded->question[middle].byte, key.byte, sizeof key.byte);
        if (order == 0)
            return recorded->answer + (size_t)middle * (size_t)recorded->classes;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* --- files of our own ----------------------------------------------------------------- */

enum { ENTRIES = 4, TENSORS = 2 };

tl_status tl_recorded_save(const tl_recorded *recorded, const tl_key *step,
                           const tl_folder *folder, const char *path, tl_err *err)
{
    char size[12], logits[12];
    (void)snprintf(size, sizeof size, "%d", recorded->size);
    (void)snprintf(logits, sizeof logits, "%d", recorded->has_logits);
    char digits[TL_KEY_TEXT];
    tl_file_entry entry[ENTRIES] = {{"label", recorded->label},
                                    {"size", size},
                                    {"logits", logits},
                                    {"content", tl_key_text(&recorded->content, digits)}};
    const uint64_t rows = (uint64_t)recorded->rows, classes = (uint64_t)recorded->classes;
    tl_file_tensor tensor[TENSORS] = {
        {"question", TL_DTYPE_U8, 2, {rows, sizeof(tl_key)}, recorded->question},
        {"answer", TL_DTYPE_F64, 2, {rows, classes}, recorded->answer}};
    const tl_tensor_file file = {.format = format,
                                 .step = step,
                                 .entries = ENTRIES,
                                 .entry = entry,
                                 .tensors = TENSORS,
                                 .tensor = tensor};
    return tl_tensor_file_save(&file, folder, path, err);
}

tl_status tl_recorded_load(const tl_folder *folder, const char *path, const tl_key *step,
                           tl_arena *arena, tl_recorded **out, tl_err *err)
{
    const tl_tensor_want want = {.what = "answers", .format = format, .step = step};
    tl_tensor_file *file;
    tl_recorded *recorded;
    int has_logits = 0;
    TL_TRY(tl_tensor_file_load(folder, path, &want, arena, &file, err));
    TL_ALLOC(recorded, arena, 1, err);
    const tl_file_tensor *question = tl_tensor_file_find(file, "question", TL_DTYPE_U8, 2),
                         *answer = tl_tensor_file_find(file, "answer", TL_DTYPE_F64, 2);
    const char *content = tl_tensor_file_text(file, "content");
    *recorded = (tl_recorded){.label = tl_tensor_file_text(file, "label")};
    TL_CHECK(question && answer && content && recorded->label &&
                 question->size[1] == sizeof(tl_key) && question->size[0] <= MOST &&
                 answer->size[0] == question->size[0] && answer->size[1] >= 1 &&
                 tl_key_read(content, &recorded->content) &&
                 tl_tensor_file_whole(file, "size", MOST, &recorded->size) &&
                 tl_tensor_file_whole(file, "logits", 1, &has_logits),
             err, TL_E_FORMAT, "%s: holds no recorded answers", path);
    recorded->rows = (int)question->size[0];
    recorded->classes = (int)answer->size[1];
    recorded->has_logits = has_logits == 1;
    recorded->question = question->at;
    recorded->answer = answer->at;
    *out = recorded;
    return TL_OK;
}
