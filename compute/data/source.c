#include "compute/data/source.h"

#include "compute/core/text.h"
#include "compute/data/cifar.h"
#include "compute/data/corpus.h"
#include "compute/data/data_paths.h"
#include "compute/data/lesions.h"
#include "compute/data/markov.h"
#include "compute/data/medmnist.h"
#include "compute/data/mnist.h"
#include "compute/data/near_duplicates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const tl_source_name names[] = {
    {"synthetic/lesions", "grey 28x28 tissue with lesions, generated, 2 to 10 classes"},
    {"synthetic/markov",
     "tokens of a Markov chain of known entropy, generated, 2 to 65536"},
    {"text/NAME", "your text as bytes: DIR/text/NAME.txt, or a folder of documents"},
    {"tokens/NAME", "GPT-2 tokens as llm.c writes them: DIR/tokens/NAME.bin"},
    {"mnist/t10k", "MNIST test images, 10,000 of 28x28, idx[.gz]"},
    {"mnist/train", "MNIST training images, 60,000 of 28x28, idx[.gz]"},
    {"medmnist/pathmnist", "colon pathology, 28x28 RGB, 9 classes"},
    {"medmnist/dermamnist", "dermatoscope, 28x28 RGB, 7 classes"},
    {"medmnist/octmnist", "retinal OCT, 28x28 grey, 4 classes"},
    {"medmnist/pneumoniamnist", "chest X-ray, 28x28 grey, 2 classes"},
    {"medmnist/retinamnist", "fundus camera, 28x28 RGB, 5 ordinal grades taken as classes"},
    {"medmnist/breastmnist", "breast ultrasound, 28x28 grey, 2 classes"},
    {"medmnist/bloodmnist", "blood cell microscope, 28x28 RGB, 8 classes"},
    {"medmnist/tissuemnist", "kidney cortex microscope, 28x28 grey, 8 classes"},
    {"medmnist/organamnist", "abdominal CT, axial, 28x28 grey, 11 classes"},
    {"medmnist/organcmnist", "abdominal CT, coronal, 28x28 grey, 11 classes"},
    {"medmnist/organsmnist", "abdominal CT, sagittal, 28x28 grey, 11 classes"},
    {"medmnist/organmnist3d", "abdominal CT organs, volumes as 28 slices, 11 classes"},
    {"medmnist/nodulemnist3d", "chest CT lung nodules, volumes as 28 slices, 2 classes"},
    {"medmnist/adrenalmnist3d", "adrenal gland shapes, volumes as 28 slices, 2 classes"},
    {"medmnist/fracturemnist3d", "rib fractures, volumes as 28 slices, 3 classes"},
    {"medmnist/vesselmnist3d", "brain vessel shapes, volumes as 28 slices, 2 classes"},
    {"medmnist/synapsemnist3d", "electron microscope synapses, volumes as 28 slices, 2 "
                                "classes"},
    {"cifar10", "CIFAR-10 photographs, 32x32 RGB, 10 classes, binary version"},
    {"cifar100", "CIFAR-100 photographs, 32x32 RGB, 100 classes, binary version"},
};
enum { NAMES = sizeof names / sizeof *names };

const tl_source_name *tl_source_names(int *count)
{
    *count = NAMES;
    return names;
}

static bool is_npz(const char *name)
{
    const size_t length = strlen(name);
    return length > 4 && strcmp(name + length - 4, ".npz") == 0;
}

const char *tl_source_label(const char *name)
{
    static const char ending[] = ".safetensors";
    const size_t length = strlen(name), n = sizeof ending - 1;
    const bool is_model = length > n && strcmp(name + length - n, ending) == 0;
    const char *slash = strrchr(name, '/');
    return slash && (is_model || (name[0] == '/' && is_npz(name))) ? slash + 1 : name;
}

tl_status tl_source_find(const char *name, const char *dir, char path[TL_DATA_PATH_SPACE],
                         tl_err *err)
{
    static const char *const npz[] = {".npz", NULL}, *const folder[] = {"", NULL};
    if (strncmp(name, "medmnist/", 9) == 0) {
        const tl_status status = tl_data_path_find(dir, name, npz, path, err);
        return status == TL_OK
                   ? TL_OK
                   : tl_fail_prefix(err, "%s (got by threatloop data fetch)", name);
    }
    if (strncmp(name, "mnist/", 6) == 0) return tl_mnist_find(name, dir, path, err);
    if (tl_corpus_is(name)) return tl_corpus_find(name, dir, path, err);
    const tl_cifar *cifar = tl_cifar_find(name);
    if (cifar) return tl_data_path_find(dir, cifar->folder, folder, path, err);
    path[0] = '\0';
    return TL_OK;
}

/* Whether `path` is the file `from`, or in the folder `from`. */
static bool is_from(const char *path, const char *from)
{
    struct stat it, there, above;
    char folder[TL_PATH_SPACE];
    if (stat(path, &it) != 0 || stat(from, &there) != 0) return false;
    if (!S_ISDIR(there.st_mode))
        return it.st_ino == there.st_ino && it.st_dev == there.st_dev;
    const char *slash = strrchr(path, '/');
    (void)snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1,
                   slash ? path : ".");
    return stat(folder, &above) == 0 && above.st_ino == there.st_ino &&
           above.st_dev == there.st_dev;
}

bool tl_source_reads(const char *name, const char *dir, const char *path)
{
    char from[TL_DATA_PATH_SPACE];
    if (is_npz(name)) return is_from(path, name);
    if (strncmp(name, "mnist/", 6) == 0 &&
        tl_mnist_find_labels(name, dir, from, NULL) == TL_OK && is_from(path, from))
        return true;
    return tl_source_find(name, dir, from, NULL) == TL_OK && *from && is_from(path, from);
}

typedef struct hashed_row {
    tl_key key;
    int32_t row;
} hashed_row;

static int by_key(const void *a, const void *b)
{
    const hashed_row *x = a, *y = b;
    const int order = memcmp(x->key.byte, y->key.byte, sizeof x->key.byte);
    return order ? order : (x->row > y->row) - (x->row < y->row);
}

/* The key that exact duplicates share; for tokens it includes the next token. */
static tl_key row_key(const tl_dataset *all, int row)
{
    const size_t size = (size_t)tl_shape_size(all->shape);
    const tl_key key =
        tl_key_of(all->input + (size_t)row * size, size * sizeof *all->input);
    if (all->vocabulary == 0) return key;
    tl_hash window = {0};
    tl_hash_key(&window, &key);
    tl_hash_u64(&window, (uint64_t)all->label[row]);
    return tl_hash_end(&window);
}

/* Gives exact duplicates the number of the first of them. */
static tl_status find_groups(tl_source *source, tl_arena *room, tl_err *err)
{
    const tl_dataset *all = &source->all;
    hashed_row *row = tl_arena_take(room, (size_t)all->rows, sizeof *row, err);
    if (!row) return TL_E_NOMEM;
    for (int i = 0; i < all->rows; i++) {
        row[i].key = row_key(all, i);
        row[i].row = i;
    }
    tl_hash content = {0};
    for (int i = 0; i < all->rows; i++) {
        tl_hash_key(&content, &row[i].key);
        tl_hash_u64(&content, (uint64_t)all->label[i]);
    }
    const int form[] = {all->shape.channels, all->shape.height, all->shape.width,
                        all->classes};
    for (int k = 0; k < 4; k++) tl_hash_u64(&content, (uint64_t)form[k]);
    if (all->vocabulary > 0) tl_hash_u64(&content, (uint64_t)all->vocabulary);
    for (int s = 0; s < TL_SPLITS; s++) tl_hash_u64(&content, (uint64_t)source->rows[s]);
    source->content = tl_hash_end(&content);
    qsort(row, (size_t)all->rows, sizeof *row, by_key);
    for (int i = 0, head = 0; i < all->rows; i++) {
        if (i > 0 && !tl_key_equal(&row[i].key, &row[head].key)) head = i;
        source->group[row[i].row] = row[head].row;
        source->distinct += row[i].row == row[head].row;
    }
    return TL_OK;
}

/* Finds near-duplicates, counts them and mentions them in the note. */
static tl_status find_near_duplicates(tl_source *source, tl_arena *arena, tl_err *err)
{
    const int rows = source->all.rows;
    const int validation = source->rows[TL_SPLIT_TRAIN];
    const int test = validation + source->rows[TL_SPLIT_VALIDATION];
    tl_near_duplicate_counts *counts = &source->near_duplicates;
    TL_ALLOC(source->duplicate_of, arena, rows, err);
    TL_TRY(tl_near_duplicates_find(&source->all, source->group, source->duplicate_of,
                                   tl_arena_left(arena), err));
    const size_t mark = tl_arena_mark(arena);
    bool *is_head;
    TL_ALLOC(is_head, arena, rows, err);
    for (int i = 0; i < rows; i++) {
        const int32_t head = source->duplicate_of[i];
        if (head == i) continue;
        counts->all += is_head[head] ? 1 : 2;
        is_head[head] = true;
        if (!source->has_splits || head >= validation) continue;
        counts->validation += i >= validation && i < test;
        counts->test += i >= test;
    }
    tl_arena_rewind(arena, mark);
    if (counts->all == 0) return TL_OK;
    source->note =
        source->has_splits
            ? tl_arena_print(arena, err,
                             "%s; %d of %d test images have a near-duplicate in train",
                             source->note, counts->test, source->rows[TL_SPLIT_TEST])
            : tl_arena_print(arena, err, "%s; %d %s", source->note, counts->all,
                             source->all.vocabulary > 0 ? "rows have exact duplicates"
                                                        : "images have near-duplicates");
    return source->note ? TL_OK : TL_E_NOMEM;
}

static tl_status refuse(const char *name, tl_err *err)
{
    const char *known[NAMES];
    char hint[TL_HINT];
    for (int i = 0; i < NAMES; i++) known[i] = names[i].name;
    return tl_fail(err, TL_E_ARG, "unknown data source '%s'%s; see threatloop data list",
                   name, tl_text_hint(name, known, NAMES, hint));
}

static bool is_listed(const char *name)
{
    for (int i = 0; i < NAMES; i++) {
        if (strcmp(names[i].name, name) == 0) return true;
    }
    return false;
}

static bool is_of_tokens(const char *name)
{
    return tl_corpus_is(name) || strcmp(name, "synthetic/markov") == 0;
}

static tl_status open_tokens(const char *name, const char *path, const tl_source_want *want,
                             tl_arena *arena, tl_source *out, tl_err *err)
{
    TL_CHECK(want->context >= TL_CONTEXT_LEAST && want->context <= TL_CONTEXT_MOST, err,
             TL_E_ARG, "the rows of %s have %d to %d tokens (data.context), not %d", name,
             TL_CONTEXT_LEAST, TL_CONTEXT_MOST, want->context);
    if (!tl_corpus_is(name)) return tl_markov_make(want, arena, out, err);
    return tl_corpus_read(name, path, want->context, arena, out, err);
}

static tl_status open_named(const char *name, const char *dir, const tl_source_want *want,
                            tl_arena *arena, tl_source *out, tl_err *err)
{
    if (is_npz(name)) return tl_medmnist_read(name, NULL, arena, out, err);
    int size;
    const tl_medmnist *set =
        strncmp(name, "medmnist/", 9) == 0 ? tl_medmnist_named(name + 9, &size) : NULL;
    if (!set && !is_of_tokens(name) && !is_listed(name)) return refuse(name, err);
    if (set && set->task == TL_MEDMNIST_LABELS) {
        return tl_medmnist_read("", set, arena, out, err);
    }
    char path[TL_DATA_PATH_SPACE];
    TL_TRY(tl_source_find(name, dir, path, err));
    if (set) return tl_medmnist_read(path, set, arena, out, err);
    if (strncmp(name, "mnist/", 6) == 0) return tl_mnist_read(name, dir, arena, out, err);
    if (tl_cifar_find(name)) {
        return tl_cifar_read(path, tl_cifar_find(name), arena, out, err);
    }
    TL_INVARIANT(want != NULL);
    if (is_of_tokens(name)) return open_tokens(name, path, want, arena, out, err);
    TL_TRY(tl_lesions_make(want, arena, &out->all, err));
    out->rows[TL_SPLIT_TRAIN] = out->all.rows;
    out->note = "generated";
    return TL_OK;
}

/* Of a generated source without rows. */
static tl_status complete_outline(tl_source *source, const char *name,
                                  const tl_source_want *want, tl_arena *arena, tl_err *err)
{
    const double bytes =
        4.0 * (double)source->all.rows * (double)tl_shape_size(source->all.shape);
    char need[32], have[32];
    TL_CHECK(bytes <= (double)tl_arena_left(arena), err, TL_E_NOMEM,
             "%s: %d rows need %s, more than the %s of memory that data may take; --memory "
             "allows more",
             name, source->all.rows, tl_text_size(bytes, need),
             tl_text_size((double)tl_arena_left(arena), have));
    tl_hash content = {0};
    tl_hash_text(&content, name);
    tl_hash_u64(&content, (uint64_t)want->examples);
    tl_hash_u64(&content, (uint64_t)want->classes);
    tl_hash_real(&content, want->difficulty);
    tl_hash_u64(&content, (uint64_t)want->context);
    source->content = tl_hash_end(&content);
    source->distinct = source->all.rows;
    source->name = tl_arena_text(arena, name, err);
    return source->name ? TL_OK : TL_E_NOMEM;
}

/* Names a source that was read, and finds its duplicates. */
static tl_status complete(tl_source *source, const char *name, tl_arena *arena, tl_err *err)
{
    source->name = tl_arena_text(arena, name, err);
    if (!source->name) return TL_E_NOMEM;
    TL_ALLOC(source->group, arena, source->all.rows, err);
    tl_arena room = tl_arena_open(tl_arena_left(arena));
    const tl_status status = find_groups(source, &room, err);
    tl_arena_close(&room);
    TL_TRY(status);
    return find_near_duplicates(source, arena, err);
}

tl_status tl_source_open(const char *name, const char *dir, const tl_source_want *want,
                         tl_arena *arena, tl_source **out, tl_err *err)
{
    tl_source *source;
    TL_ALLOC(source, arena, 1, err);
    *out = source;
    TL_TRY(open_named(name, dir, want, arena, source, err));
    if (want && want->is_outline && strncmp(name, "synthetic/", 10) == 0)
        return complete_outline(source, name, want, arena, err);
    return complete(source, name, arena, err);
}

tl_status tl_source_open_cifar(const char *path, const tl_cifar *kind, tl_arena *arena,
                               tl_source **out, tl_err *err)
{
    tl_source *source;
    TL_ALLOC(source, arena, 1, err);
    TL_TRY(tl_cifar_read_file(path, kind, arena, source, err));
    TL_TRY(complete(source, path, arena, err));
    *out = source;
    return TL_OK;
}
