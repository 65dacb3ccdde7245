#include "compute/data/mnist.h"

#include "compute/core/hash.h"
#include "compute/data/idx.h"

#include <string.h>

/* MD5 of the files that LeCun, Cortes and Burges published, compressed and not, as
 * torchvision (datasets/mnist.py) and many others list them. */
static const struct official {
    const char *name;
    const char *images[2], *labels[2];
} officials[] = {
    {"mnist/t10k",
     {"9fb629c4189551a2d022fa330f9573f3", "2646ac647ad5339dbf082846283269ea"},
     {"ec29112dd5afa0611ce80d1b7f02629c", "27ae3e4e09519cfbb04c329615203637"}},
    {"mnist/train",
     {"f68b3c2dcbeaaa9fbdd348bbdeb94873", "6bbc9ace898e44ae57da46a324031adb"},
     {"d53e105ee54ea40749a09fcbcd1e9432", "a25bea736e30d166cdddb491f175f624"}},
};

/* The two files of a set. */
typedef struct idx_pair {
    char images[TL_DATA_PATH_SPACE], labels[TL_DATA_PATH_SPACE];
} idx_pair;

tl_status tl_mnist_find(const char *name, const char *dir, char path[TL_DATA_PATH_SPACE],
                        tl_err *err)
{
    static const char *const ending[] = {"-images-idx3-ubyte.gz", "-images-idx3-ubyte",
                                         "-images.idx3-ubyte.gz", "-images.idx3-ubyte",
                                         NULL};
    if (tl_data_path_find(dir, name, ending, path, err) == TL_OK) return TL_OK;
    return tl_fail_prefix(err, "%s (its files are at " TL_MNIST_URL ")", name);
}

tl_status tl_mnist_find_labels(const char *name, const char *dir,
                               char path[TL_DATA_PATH_SPACE], tl_err *err)
{
    static const char *const ending[] = {"-labels-idx1-ubyte.gz", "-labels-idx1-ubyte",
                                         "-labels.idx1-ubyte.gz", "-labels.idx1-ubyte",
                                         NULL};
    return tl_data_path_find(dir, name, ending, path, err);
}

static tl_status find_pair(const char *name, const char *dir, idx_pair *out, tl_err *err)
{
    TL_TRY(tl_mnist_find(name, dir, out->images, err));
    return tl_mnist_find_labels(name, dir, out->labels, err);
}

static tl_status read_pair(const idx_pair *pair, tl_arena *raw, tl_array *images,
                           tl_array *labels, tl_err *err)
{
    char text[160];
    TL_TRY(tl_idx_read(pair->images, raw, images, err));
    TL_CHECK(strcmp(images->type, "u1") == 0 && images->rank == 3 && images->count > 0, err,
             TL_E_FORMAT, "%s: is %s; images are u1 (N, height, width)", pair->images,
             tl_array_text(images, text));
    TL_CHECK(images->size[1] >= 4 && images->size[1] <= 1024 && images->size[2] >= 4 &&
                 images->size[2] <= 1024,
             err, TL_E_FORMAT, "%s: is %s; allowed are sides of 4 to 1024 pixels",
             pair->images, tl_array_text(images, text));
    TL_TRY(tl_idx_read(pair->labels, raw, labels, err));
    TL_CHECK(strcmp(labels->type, "u1") == 0 && labels->rank == 1, err, TL_E_FORMAT,
             "%s: is %s; labels are u1 (N,)", pair->labels, tl_array_text(labels, text));
    TL_CHECK(labels->size[0] == images->size[0], err, TL_E_FORMAT,
             "%s: has %llu labels for %llu images", pair->labels,
             (unsigned long long)labels->size[0], (unsigned long long)images->size[0]);
    return TL_OK;
}

static bool is_either(const char *md5, const char *const known[2])
{
    return strcmp(md5, known[0]) == 0 || strcmp(md5, known[1]) == 0;
}

static tl_status note_origin(const char *name, const idx_pair *pair, tl_arena *arena,
                             tl_source *out, tl_err *err)
{
    char images[TL_MD5_TEXT], labels[TL_MD5_TEXT];
    TL_TRY(tl_hash_file(pair->images, NULL, images, err));
    TL_TRY(tl_hash_file(pair->labels, NULL, labels, err));
    for (size_t i = 0; i < sizeof officials / sizeof *officials; i++) {
        const struct official *o = &officials[i];
        if (strcmp(o->name, name) != 0) continue;
        if (!is_either(images, o->images) || !is_either(labels, o->labels)) continue;
        out->note = "the official MNIST files (LeCun, Cortes; MD5 matches)";
        return TL_OK;
    }
    out->note = tl_arena_print(arena, err,
                               "files of that name, not the official ones of MNIST (MD5 of "
                               "images %s, of labels %s)",
                               images, labels);
    return out->note ? TL_OK : TL_E_NOMEM;
}

static tl_status fill(const char *name, const tl_array *images, const tl_array *labels,
                      tl_arena *arena, tl_dataset *all, tl_err *err)
{
    const tl_shape shape = {1, (int)images->size[1], (int)images->size[2]};
    TL_TRY(tl_dataset_new(shape, 10, (int)images->size[0], arena, all, err));
    for (uint64_t i = 0; i < images->count; i++) {
        all->input[i] = (float)images->bytes[i] / 255.0f;
    }
    for (int i = 0; i < all->rows; i++) {
        all->label[i] = labels->bytes[i];
        TL_CHECK(all->label[i] <= 9, err, TL_E_FORMAT,
                 "%s: label %d of image %d is not a digit", name, (int)all->label[i], i);
    }
    return TL_OK;
}

tl_status tl_mnist_read(const char *name, const char *dir, tl_arena *arena, tl_source *out,
                        tl_err *err)
{
    idx_pair pair;
    tl_arena raw = tl_array_room(arena);
    tl_array images, labels;
    tl_status status = find_pair(name, dir, &pair, err);
    if (status == TL_OK) status = read_pair(&pair, &raw, &images, &labels, err);
    if (status == TL_OK) status = fill(name, &images, &labels, arena, &out->all, err);
    tl_arena_close(&raw);
    out->rows[TL_SPLIT_TRAIN] = out->all.rows;
    return status == TL_OK ? note_origin(name, &pair, arena, out, err) : status;
}
