#include "compute/data/mnist.h"

#include "compute/data/idx.h"

#include <string.h>

tl_status tl_mnist_find(const char *name, const char *dir, char path[TL_DATA_PATH_SPACE],
                        tl_err *err)
{
    static const char *const ending[] = {"-images-idx3-ubyte.gz", "-images-idx3-ubyte",
                                         "-images.idx3-ubyte.gz", "-images.idx3-ubyte",
                                         NULL};
    return tl_data_path_find(dir, name, ending, path, err);
}

static tl_status read_idx_pair(const char *name, const char *dir, tl_arena *raw,
                               tl_array *images, tl_array *labels, tl_err *err)
{
    static const char *const label_ending[] = {
        "-labels-idx1-ubyte.gz", "-labels-idx1-ubyte", "-labels.idx1-ubyte.gz",
        "-labels.idx1-ubyte", NULL};
    char path[TL_DATA_PATH_SPACE], text[160];
    TL_TRY(tl_mnist_find(name, dir, path, err));
    TL_TRY(tl_idx_read(path, raw, images, err));
    TL_CHECK(strcmp(images->type, "u1") == 0 && images->rank == 3 && images->count > 0, err,
             TL_E_FORMAT, "%s: is %s; images are u1 (N, height, width)", path,
             tl_array_text(images, text));
    TL_CHECK(images->size[1] >= 4 && images->size[1] <= 1024 && images->size[2] >= 4 &&
                 images->size[2] <= 1024,
             err, TL_E_FORMAT, "%s: is %s; allowed are sides of 4 to 1024 pixels", path,
             tl_array_text(images, text));
    TL_TRY(tl_data_path_find(dir, name, label_ending, path, err));
    TL_TRY(tl_idx_read(path, raw, labels, err));
    TL_CHECK(strcmp(labels->type, "u1") == 0 && labels->rank == 1, err, TL_E_FORMAT,
             "%s: is %s; labels are u1 (N,)", path, tl_array_text(labels, text));
    TL_CHECK(labels->size[0] == images->size[0], err, TL_E_FORMAT,
             "%s: has %llu labels for %llu images", path,
             (unsigned long long)labels->size[0], (unsigned long long)images->size[0]);
    return TL_OK;
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
    tl_arena raw = tl_arena_open(TL_ARRAY_LIMIT);
    tl_array images, labels;
    tl_status status = read_idx_pair(name, dir, &raw, &images, &labels, err);
    if (status == TL_OK) status = fill(name, &images, &labels, arena, &out->all, err);
    tl_arena_close(&raw);
    out->rows[TL_SPLIT_TRAIN] = out->all.rows;
    out->note = "MNIST (LeCun, Cortes)";
    return status;
}
