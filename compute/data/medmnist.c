#include "compute/data/medmnist.h"

#include "compute/data/npz.h"

#include <stdio.h>
#include <string.h>

enum { MOST_CLASSES = 256 };

static const tl_medmnist sets[] = {
    {"pathmnist", "a8b06965200029087d5bd730944a56c1", 9, false, false},
    {"chestmnist", "02c8a6516a18b556561a56cbdd36c4a8", 14, false, true},
    {"dermamnist", "0744692d530f8e62ec473284d019b0c7", 7, false, false},
    {"octmnist", "c68d92d5b585d8d81f7112f81e2d0842", 4, false, false},
    {"pneumoniamnist", "28209eda62fecd6e6a2d98b1501bb15f", 2, false, false},
    {"retinamnist", "bd4c0672f1bba3e3a89f0e4e876791e4", 5, false, false},
    {"breastmnist", "750601b1f35ba3300ea97c75c52ff8f6", 2, false, false},
    {"bloodmnist", "7053d0359d879ad8a5505303e11de1dc", 8, false, false},
    {"tissuemnist", "ebe78ee8b05294063de985d821c1c34b", 8, false, false},
    {"organamnist", "68e3f8846a6bd62f0c9bf841c0d9eacc", 11, false, false},
    {"organcmnist", "b9ceb9546e10131b32923c5bbeaea2b1", 11, false, false},
    {"organsmnist", "9ab87b696fb54e2a387ebe992d6ed5f1", 11, false, false},
    {"organmnist3d", "a0c5a1ff56af4f155c46d46fbb45a2fe", 11, true, false},
    {"nodulemnist3d", "8755a7e9e05a4d9ce80a24c3e7a256f3", 2, true, false},
    {"adrenalmnist3d", "bbd3c5a5576322bc4cdfea780653b1ce", 2, true, false},
    {"fracturemnist3d", "6aa7b0143a6b42da40027a9dda61302f", 3, true, false},
    {"vesselmnist3d", "b41fd4f7e7e2feedddb201585ecafa1b", 2, true, false},
    {"synapsemnist3d", "1235b78a3cd6280881dd7850a78eadb6", 2, true, false},
};

const tl_medmnist *tl_medmnist_sets(int *count)
{
    *count = (int)(sizeof sets / sizeof *sets);
    return sets;
}

const tl_medmnist *tl_medmnist_find(const char *name)
{
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        if (strcmp(sets[i].name, name) == 0) return &sets[i];
    }
    return NULL;
}

const tl_medmnist *tl_medmnist_official(const char *md5)
{
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        if (strcmp(sets[i].md5, md5) == 0) return &sets[i];
    }
    return NULL;
}

typedef struct split_arrays {
    tl_array images, labels;
} split_arrays;

static tl_status read_member(tl_npz *npz, const char *path, const char *name,
                             tl_arena *arena, tl_array *out, tl_err *err)
{
    const int member = tl_npz_find(npz, name);
    TL_CHECK(member >= 0, err, TL_E_FORMAT,
             "%s: has no member %s.npy; MedMNIST files have train, val and test images and "
             "labels",
             path, name);
    return tl_npz_read(npz, member, arena, out, err);
}

static tl_status check_split(const char *path, const char *split, const split_arrays *part,
                             const split_arrays *first, tl_err *err)
{
    const tl_array *images = &part->images, *labels = &part->labels;
    char text[160];
    TL_CHECK(strcmp(images->type, "u1") == 0, err, TL_E_FORMAT,
             "%s: %s_images holds elements of type %s; u1 are read", path, split,
             images->type);
    const bool is_grey = images->rank == 3;
    const bool is_colour = images->rank == 4 && images->size[3] == 3;
    TL_CHECK(
        is_grey || is_colour, err, TL_E_FORMAT,
        "%s: %s_images is %s; two-dimensional images are read, (N, H, W) or (N, H, W, 3)",
        path, split, tl_array_text(images, text));
    TL_CHECK(images->size[1] >= 4 && images->size[1] <= 1024 && images->size[2] >= 4 &&
                 images->size[2] <= 1024,
             err, TL_E_FORMAT, "%s: %s_images is %s; sides of 4 to 1024 pixels are read",
             path, split, tl_array_text(images, text));
    const bool is_single = labels->rank == 1 || (labels->rank == 2 && labels->size[1] == 1);
    TL_CHECK(is_single, err, TL_E_FORMAT,
             "%s: %s_labels is %s; one label an image is read, not several", path, split,
             tl_array_text(labels, text));
    TL_CHECK(labels->size[0] == images->size[0], err, TL_E_FORMAT,
             "%s: %s has %llu images but %llu labels", path, split,
             (unsigned long long)images->size[0], (unsigned long long)labels->size[0]);
    TL_CHECK(labels->type[0] == 'u' || labels->type[0] == 'i' || labels->type[0] == 'b',
             err, TL_E_FORMAT,
             "%s: %s_labels holds elements of type %s; whole numbers are read", path, split,
             labels->type);
    for (uint64_t i = 0; i < labels->count; i++) {
        const double label = tl_array_get(labels, i);
        TL_CHECK(label >= 0.0 && label < MOST_CLASSES, err, TL_E_FORMAT,
                 "%s: label %g of %s image %llu is outside 0..%d", path, label, split,
                 (unsigned long long)i, MOST_CLASSES - 1);
    }
    bool same = images->rank == first->images.rank;
    for (int d = 1; same && d < images->rank; d++) {
        same = images->size[d] == first->images.size[d];
    }
    TL_CHECK(same, err, TL_E_FORMAT,
             "%s: images of %s have another shape than those of train", path, split);
    return TL_OK;
}

/* Bytes with the channel last become planes of 0 to 1. */
static void put_images(const tl_array *images, tl_shape shape, float *pixel)
{
    const size_t plane = (size_t)shape.height * (size_t)shape.width;
    const size_t channels = (size_t)shape.channels;
    for (uint64_t row = 0; row < images->size[0]; row++) {
        const unsigned char *from = images->bytes + row * plane * channels;
        float *to = pixel + row * plane * channels;
        for (size_t c = 0; c < channels; c++) {
            for (size_t i = 0; i < plane; i++) {
                to[c * plane + i] = (float)from[i * channels + c] / 255.0f;
            }
        }
    }
}

static tl_status put_all(const char *path, const split_arrays part[TL_SPLITS],
                         tl_arena *arena, tl_source *out, tl_err *err)
{
    const tl_array *first = &part[0].images;
    const tl_shape shape = {first->rank == 4 ? 3 : 1, (int)first->size[1],
                            (int)first->size[2]};
    uint64_t rows = 0;
    for (int s = 0; s < TL_SPLITS; s++) rows += part[s].images.size[0];
    TL_CHECK(rows >= 1 && rows <= 100000000, err, TL_E_FORMAT, "%s: has %llu images", path,
             (unsigned long long)rows);
    tl_dataset *all = &out->all;
    *all = (tl_dataset){.shape = shape, .rows = (int)rows};
    const size_t size = (size_t)tl_shape_size(shape);
    TL_TAKE(all->pixel, arena, rows * size, err);
    TL_TAKE(all->label, arena, rows, err);
    TL_TAKE(all->flags, arena, rows, err);
    TL_TAKE(all->origin, arena, rows, err);
    size_t at = 0;
    for (int s = 0; s < TL_SPLITS; s++) {
        put_images(&part[s].images, shape, all->pixel + at * size);
        for (uint64_t i = 0; i < part[s].labels.count; i++) {
            const int label = (int)tl_array_get(&part[s].labels, i);
            all->label[at + i] = label;
            if (label + 1 > all->classes) all->classes = label + 1;
        }
        out->rows[s] = (int)part[s].images.size[0];
        at += part[s].images.size[0];
    }
    for (size_t i = 0; i < rows; i++) all->origin[i] = (uint32_t)i;
    return TL_OK;
}

static tl_status read_open(tl_npz *npz, const char *path, const tl_medmnist *set,
                           tl_arena *arena, tl_source *out, tl_err *err)
{
    static const char *const split[TL_SPLITS] = {"train", "val", "test"};
    split_arrays part[TL_SPLITS];
    tl_arena raw = tl_arena_open(TL_ARRAY_LIMIT);
    tl_status status = TL_OK;
    for (int s = 0; s < TL_SPLITS && status == TL_OK; s++) {
        char name[32];
        (void)snprintf(name, sizeof name, "%s_images", split[s]);
        status = read_member(npz, path, name, &raw, &part[s].images, err);
        (void)snprintf(name, sizeof name, "%s_labels", split[s]);
        if (status == TL_OK) {
            status = read_member(npz, path, name, &raw, &part[s].labels, err);
        }
        if (status == TL_OK) status = check_split(path, split[s], &part[s], &part[0], err);
    }
    if (status == TL_OK) status = put_all(path, part, arena, out, err);
    tl_arena_close(&raw);
    TL_TRY(status);
    TL_CHECK(!set || out->all.classes <= set->classes, err, TL_E_FORMAT,
             "%s: has labels up to %d, but %s has %d classes", path, out->all.classes - 1,
             set ? set->name : "", set ? set->classes : 0);
    if (set) out->all.classes = set->classes;
    out->has_splits = true;
    return TL_OK;
}

static tl_status note_origin(const char *path, const tl_medmnist *set, tl_arena *arena,
                             tl_source *out, tl_err *err)
{
    char md5[TL_MD5_TEXT];
    TL_TRY(tl_hash_file(path, NULL, md5, err));
    const tl_medmnist *official = tl_medmnist_official(md5);
    if (official && (!set || set == official)) {
        out->note = tl_arena_print(
            arena, err, "the official MedMNIST file of %s (MD5 matches)", official->name);
    } else {
        out->note = tl_arena_print(arena, err, "not the official file (MD5 %s)", md5);
    }
    return out->note ? TL_OK : TL_E_SPACE;
}

tl_status tl_medmnist_read(const char *path, const tl_medmnist *set, tl_arena *arena,
                           tl_source *out, tl_err *err)
{
    TL_CHECK(!set || !set->is_3d, err, TL_E_FORMAT,
             "medmnist/%s holds volumes; two-dimensional sets are read",
             set ? set->name : "");
    TL_CHECK(!set || !set->is_multi_label, err, TL_E_FORMAT,
             "medmnist/%s gives several labels to an image; sets with one label are read",
             set ? set->name : "");
    tl_npz *npz;
    TL_TRY(tl_npz_open(path, &npz, err));
    tl_status status = read_open(npz, path, set, arena, out, err);
    tl_npz_close(npz);
    if (status == TL_OK) status = note_origin(path, set, arena, out, err);
    return status;
}
