#include "compute/data/mnist.h"

#include "compute/data/idx.h"
#include "compute/data/data_paths.h"

#include <string.h>

static tl_status read_idx_pair(const char *name, const char *dir, tl_arena *raw,
                               tl_array *images, tl_array *labels, tl_err *err)
{
    static const char *const image_ending[] = {
        "-images-idx3-ubyte.gz", "-images-idx3-ubyte", "-images.idx3-ubyte.gz",
        "-images.idx3-ubyte", NULL};
    static const char *const label_ending[] = {
        "-labels-idx1-ubyte.gz", "-labels-idx1-ubyte", "-labels.idx1-ubyte.gz",
        "-labels.idx1-ubyte", NULL};
    char path[TL_DATA_PATH_SPACE], text[160];
    TL_TRY(tl_data_path_find(dir, name, image_ending, path, err));
    TL_TRY(tl_idx_read(path, raw, images, err));
    TL_CHECK(strcmp(images->type, "u1") == 0 && images->rank == 3 && images->count > 0, err,
             TL_E_FORMAT, "%s: is %s; images are u1 (N, height, width)", path,
             tl_array_text(images, text));
    TL_CHECK(images->size[1] >= 4 && images->size[1] <= 1024 && images->size[2] >= 4 &&
                 images->size[2] <= 1024,
             err, TL_E_FORMAT, "%s: is %s; sides of 4 to 1024 pixels are read", path,
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

tl_status tl_mnist_read(const char *name, const char *dir, tl_arena *arena, tl_source *out,
                        tl_err *err)
{
    tl_arena raw = tl_arena_open(TL_ARRAY_LIMIT);
    tl_array images, labels;
    tl_status status = read_idx_pair(name, dir, &raw, &images, &labels, err);
    tl_dataset *all = &out->all;
    if (status == TL_OK) {
        *all = (tl_dataset){.shape = {1, (int)images.size[1], (int)images.size[2]},
                            .classes = 10,
                            .rows = (int)images.size[0]};
        all->input = tl_arena_take(arena, images.count, sizeof *all->input, err);
        all->label = tl_arena_take(arena, images.size[0], sizeof *all->label, err);
        all->flags = tl_arena_take(arena, images.size[0], sizeof *all->flags, err);
        all->origin = tl_arena_take(arena, images.size[0], sizeof *all->origin, err);
        if (!all->input || !all->label || !all->flags || !all->origin) status = TL_E_NOMEM;
    }
    for (uint64_t i = 0; status == TL_OK && i < images.count; i++) {
        all->input[i] = (float)images.bytes[i] / 255.0f;
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
