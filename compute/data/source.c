#include "compute/data/source.h"

#include "compute/core/text.h"
#include "compute/data/idx.h"
#include "compute/data/lesions.h"
#include "compute/data/medmnist.h"
#include "compute/data/twins.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_SPACE = 4096, PLACES = 3 };

static const tl_source_name names[] = {
    {"synthetic/lesions", "grey 28x28 tissue with lesions, made here, 2 to 10 classes"},
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
};
enum { NAMES = sizeof names / sizeof *names };

const tl_source_name *tl_source_names(int *count)
{
    *count = NAMES;
    return names;
}

/* The folders to look in, first to last; unused ones are empty. */
static int places(const char *dir, char place[PLACES][PATH_SPACE])
{
    int count = 0;
    const char *variable = getenv("THREATLOOP_DATA"), *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    if (dir) (void)snprintf(place[count++], PATH_SPACE, "%s", dir);
    if (variable && *variable) (void)snprintf(place[count++], PATH_SPACE, "%s", variable);
    if (cache && *cache) {
        (void)snprintf(place[count++], PATH_SPACE, "%s/threatloop", cache);
    } else if (home && *home) {
        (void)snprintf(place[count++], PATH_SPACE, "%s/.cache/threatloop", home);
    }
    return count;
}

/* Finds PLACE/stem + one of the endings (NULL-terminated); names all it tried if none is
 * there. */
static tl_status look_up(const char *dir, const char *stem, const char *const *ending,
                         char path[PATH_SPACE], tl_err *err)
{
    char place[PLACES][PATH_SPACE];
    const int count = places(dir, place);
    tl_text tried = {0};
    for (int p = 0; p < count; p++) {
        for (const char *const *e = ending; *e; e++) {
            struct stat info;
            const int length = snprintf(path, PATH_SPACE, "%s/%s%s", place[p], stem, *e);
            if (length < PATH_SPACE && stat(path, &info) == 0) {
                tl_text_close(&tried);
                return TL_OK;
            }
        }
        tl_text_print(&tried, "%s%s/%s%s", p ? ", " : "", place[p], stem, ending[0]);
    }
    const tl_status status =
        tl_fail(err, TL_E_IO,
                "the data is not there: looked for %s; name the folder by --data DIR or "
                "THREATLOOP_DATA",
                tried.at ? tried.at : stem);
    tl_text_close(&tried);
    return status;
}

static tl_status open_medmnist(const char *name, const char *dir, tl_arena *arena,
                               tl_source *out, tl_err *err)
{
    static const char *const ending[] = {".npz", NULL};
    char path[PATH_SPACE];
    TL_TRY(look_up(dir, name, ending, path, err));
    return tl_medmnist_read(path, tl_medmnist_find(strchr(name, '/') + 1), arena, out, err);
}

static tl_status read_idx_pair(const char *name, const char *dir, tl_arena *raw,
                               tl_array *images, tl_array *labels, tl_err *err)
{
    static const char *const image_ending[] = {
        "-images-idx3-ubyte.gz", "-images-idx3-ubyte", "-images.idx3-ubyte.gz",
        "-images.idx3-ubyte", NULL};
    static const char *const label_ending[] = {
        "-labels-idx1-ubyte.gz", "-labels-idx1-ubyte", "-labels.idx1-ubyte.gz",
        "-labels.idx1-ubyte", NULL};
    char path[PATH_SPACE], text[160];
    TL_TRY(look_up(dir, name, image_ending, path, err));
    TL_TRY(tl_idx_read(path, raw, images, err));
    TL_CHECK(strcmp(images->type, "u1") == 0 && images->rank == 3 && images->count > 0, err,
             TL_E_FORMAT, "%s: is %s; images are u1 (N, height, width)", path,
             tl_array_text(images, text));
    TL_CHECK(images->size[1] >= 4 && images->size[1] <= 1024 && images->size[2] >= 4 &&
                 images->size[2] <= 1024,
             err, TL_E_FORMAT, "%s: is %s; sides of 4 to 1024 pixels are read", path,
             tl_array_text(images, text));
    TL_TRY(look_up(dir, name, label_ending, path, err));
    TL_TRY(tl_idx_read(path, raw, labels, err));
    TL_CHECK(strcmp(labels->type, "u1") == 0 && labels->rank == 1, err, TL_E_FORMAT,
             "%s: is %s; labels are u1 (N,)", path, tl_array_text(labels, text));
    TL_CHECK(labels->size[0] == images->size[0], err, TL_E_FORMAT,
             "%s: has %llu labels for %llu images", path,
             (unsigned long long)labels->size[0], (unsigned long long)images->size[0]);
    return TL_OK;
}

static tl_status open_mnist(const char *name, const char *dir, tl_arena *arena,
                            tl_source *out, tl_err *err)
{
    tl_arena raw = tl_arena_open(TL_ARRAY_LIMIT);
    tl_array images, labels;
    tl_status status = read_idx_pair(name, dir, &raw, &images, &labels, err);
    tl_dataset *all = &out->all;
    if (status == TL_OK) {
        *all = (tl_dataset){.shape = {1, (int)images.size[1], (int)images.size[2]},
                            .classes = 10,
                            .rows = (int)images.size[0]};
        all->pixel = tl_arena_take(arena, images.count, sizeof *all->pixel, err);
        all->label = tl_arena_take(arena, images.size[0], sizeof *all->label, err);
        all->flags = tl_arena_take(arena, images.size[0], sizeof *all->flags, err);
        all->origin = tl_arena_take(arena, images.size[0], sizeof *all->origin, err);
        if (!all->pixel || !all->label || !all->flags || !all->origin) status = TL_E_SPACE;
    }
    for (uint64_t i = 0; status == TL_OK && i < images.count; i++) {
        all->pixel[i] = (float)images.bytes[i] / 255.0f;
    }
    for (int i = 0; status == TL_OK && i < all->rows; i++) {
        all->label[i] = labels.bytes[i];
        all->origin[i] = (uint32_t)i;
        if (all->label[i] > 9) {
            status = tl_fail(err, TL_E_FORMAT, "%s: label %d of image %d is not a digit",
                             name, (int)all->label[i], i);
        }
    }
    tl_arena_close(&raw);
    out->rows[TL_SPLIT_TRAIN] = all->rows;
    out->note = "MNIST (LeCun, Cortes)";
    return status;
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

/* Rows of equal pixels get the number of the first of them. */
static tl_status find_groups(tl_source *source, tl_arena *arena, tl_err *err)
{
    const tl_dataset *all = &source->all;
    const size_t size = (size_t)tl_shape_size(all->shape);
    hashed_row *row = malloc((size_t)all->rows * sizeof *row);
    TL_CHECK(row, err, TL_E_SPACE, "no memory left to compare %d images", all->rows);
    for (int i = 0; i < all->rows; i++) {
        row[i].key = tl_key_of(all->pixel + (size_t)i * size, size * sizeof *all->pixel);
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
    for (int s = 0; s < TL_SPLITS; s++) tl_hash_u64(&content, (uint64_t)source->rows[s]);
    source->content = tl_hash_end(&content);
    qsort(row, (size_t)all->rows, sizeof *row, by_key);
    source->group = tl_arena_take(arena, (size_t)all->rows, sizeof *source->group, err);
    for (int i = 0, head = 0; source->group && i < all->rows; i++) {
        if (i > 0 && !tl_key_equal(&row[i].key, &row[head].key)) head = i;
        source->group[row[i].row] = row[head].row;
    }
    free(row);
    return source->group ? TL_OK : TL_E_SPACE;
}

/* Groups of near-duplicates, how many rows they hold, and a word about it in the note. */
static tl_status find_twins(tl_source *source, tl_arena *arena, tl_err *err)
{
    const int rows = source->all.rows;
    const int validation = source->rows[TL_SPLIT_TRAIN];
    const int test = validation + source->rows[TL_SPLIT_VALIDATION];
    tl_twin_counts *counts = &source->twins;
    TL_TAKE(source->twin, arena, rows, err);
    TL_TRY(tl_twins_find(&source->all, source->group, source->twin, err));
    const size_t mark = tl_arena_mark(arena);
    bool *is_head;
    TL_TAKE(is_head, arena, rows, err);
    for (int i = 0; i < rows; i++) {
        const int32_t head = source->twin[i];
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
            : tl_arena_print(arena, err, "%s; %d images have near-duplicates", source->note,
                             counts->all);
    return source->note ? TL_OK : TL_E_SPACE;
}

static tl_status refuse(const char *name, tl_err *err)
{
    if (strncmp(name, "medmnist/", 9) == 0 && tl_medmnist_find(name + 9)) {
        return tl_medmnist_read("", tl_medmnist_find(name + 9), NULL, NULL, err);
    }
    const char *known[NAMES];
    for (int i = 0; i < NAMES; i++) known[i] = names[i].name;
    const char *near = tl_text_nearest(name, known, NAMES);
    return tl_fail(err, TL_E_ARG,
                   "there is no data source '%s'%s%s%s; see threatloop data list", name,
                   near ? ": did you mean '" : "", near ? near : "", near ? "'" : "");
}

static bool is_listed(const char *name)
{
    for (int i = 0; i < NAMES; i++) {
        if (strcmp(names[i].name, name) == 0) return true;
    }
    return false;
}

static tl_status open_named(const char *name, const char *dir,
                            const tl_synthetic *synthetic, tl_arena *arena, tl_source *out,
                            tl_err *err)
{
    const size_t length = strlen(name);
    if (length > 4 && strcmp(name + length - 4, ".npz") == 0) {
        return tl_medmnist_read(name, NULL, arena, out, err);
    }
    if (!is_listed(name)) return refuse(name, err);
    if (strncmp(name, "medmnist/", 9) == 0)
        return open_medmnist(name, dir, arena, out, err);
    if (strncmp(name, "mnist/", 6) == 0) return open_mnist(name, dir, arena, out, err);
    TL_TRY(tl_lesions_make(synthetic, arena, &out->all, err));
    out->rows[TL_SPLIT_TRAIN] = out->all.rows;
    out->note = "generated";
    return TL_OK;
}

tl_status tl_source_open(const char *name, const char *dir, const tl_synthetic *synthetic,
                         tl_arena *arena, tl_source **out, tl_err *err)
{
    tl_source *source;
    TL_TAKE(source, arena, 1, err);
    source->name = tl_arena_text(arena, name, err);
    if (!source->name) return TL_E_SPACE;
    TL_TRY(open_named(name, dir, synthetic, arena, source, err));
    TL_TRY(find_groups(source, arena, err));
    TL_TRY(find_twins(source, arena, err));
    *out = source;
    return TL_OK;
}
