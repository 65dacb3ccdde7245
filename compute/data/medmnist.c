#include "compute/data/medmnist.h"

#include "compute/data/npz.h"

#include <stdio.h>
#include <string.h>

enum { MOST_CLASSES = 256 };

static const char *const splits[TL_SPLITS] = {"train", "val", "test"};

typedef struct split_arrays {
    tl_array images, labels;
} split_arrays;

/* The member of that name, "train" and "_images". */
static tl_status find_member(const tl_npz *npz, const char *path, const char *split,
                             const char *what, int *member, tl_err *err)
{
    char name[32];
    (void)snprintf(name, sizeof name, "%s%s", split, what);
    *member = tl_npz_find(npz, name);
    TL_CHECK(*member >= 0, err, TL_E_FORMAT,
             "%s: has no member %s.npy; MedMNIST files have train, val and test images and "
             "labels",
             path, name);
    return TL_OK;
}

static bool is_colour(const tl_array *images)
{
    return images->rank == 4 && images->size[3] == 3;
}

static tl_status check_labels(const char *path, const char *split, const split_arrays *part,
                              tl_err *err)
{
    const tl_array *images = &part->images, *labels = &part->labels;
    char text[160];
    const bool is_single = labels->rank == 1 || (labels->rank == 2 && labels->size[1] == 1);
    TL_CHECK(is_single, err, TL_E_FORMAT,
             "%s: %s_labels is %s; only one label per image is supported", path, split,
             tl_array_text(labels, text));
    TL_CHECK(labels->size[0] == images->size[0], err, TL_E_FORMAT,
             "%s: %s has %llu images but %llu labels", path, split,
             (unsigned long long)images->size[0], (unsigned long long)labels->size[0]);
    TL_CHECK(labels->type[0] == 'u' || labels->type[0] == 'i' || labels->type[0] == 'b',
             err, TL_E_FORMAT, "%s: %s_labels has type %s; allowed are integers", path,
             split, labels->type);
    return TL_OK;
}

static tl_status check_values(const char *path, const char *split, const tl_array *labels,
                              tl_err *err)
{
    for (uint64_t i = 0; i < labels->count; i++) {
        const double label = tl_array_get(labels, i);
        TL_CHECK(label >= 0.0 && label < MOST_CLASSES, err, TL_E_FORMAT,
                 "%s: label %g of %s image %llu is outside 0..%d", path, label, split,
                 (unsigned long long)i, MOST_CLASSES - 1);
    }
    return TL_OK;
}

static tl_status check_split(const char *path, const char *split, const split_arrays *part,
                             const split_arrays *first, tl_err *err)
{
    const tl_array *images = &part->images;
    char text[160];
    TL_CHECK(strcmp(images->type, "u1") == 0, err, TL_E_FORMAT,
             "%s: %s_images has type %s; allowed is u1", path, split, images->type);
    TL_CHECK(
        images->rank == 3 || images->rank == 4, err, TL_E_FORMAT,
        "%s: %s_images is %s; allowed are images (N, H, W) or (N, H, W, 3) and volumes "
        "(N, D, H, W)",
        path, split, tl_array_text(images, text));
    for (int d = 1; d < (is_colour(images) ? 3 : images->rank); d++) {
        TL_CHECK(images->size[d] >= 4 && images->size[d] <= 1024, err, TL_E_FORMAT,
                 "%s: %s_images is %s; allowed are sides of 4 to 1024 pixels", path, split,
                 tl_array_text(images, text));
    }
    bool same = images->rank == first->images.rank;
    for (int d = 1; same && d < images->rank; d++) {
        same = images->size[d] == first->images.size[d];
    }
    TL_CHECK(same, err, TL_E_FORMAT,
             "%s: images of %s have another shape than those of train", path, split);
    return check_labels(path, split, part, err);
}

static tl_shape shape_of(const tl_array *images)
{
    const int a = (int)images->size[1], b = (int)images->size[2];
    if (images->rank == 3) return (tl_shape){1, a, b};
    if (is_colour(images)) return (tl_shape){3, a, b};
    return (tl_shape){a, b, (int)images->size[3]};
}

/* Bytes become planes of 0 to 1. The channel of colour comes last in the file, the slices
 * of a volume come first already. */
static void put_images(const tl_array *images, tl_shape shape, float *pixel)
{
    const size_t channels = is_colour(images) ? (size_t)shape.channels : 1;
    const size_t plane = (size_t)tl_shape_size(shape) / channels;
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
    const tl_shape shape = shape_of(&part[0].images);
    uint64_t rows = 0;
    for (int s = 0; s < TL_SPLITS; s++) rows += part[s].images.size[0];
    TL_CHECK(rows >= 1 && rows <= 100000000, err, TL_E_FORMAT, "%s: has %llu images", path,
             (unsigned long long)rows);
    tl_dataset *all = &out->all;
    const size_t size = (size_t)tl_shape_size(shape);
    TL_TRY(tl_dataset_new(shape, 0, (int)rows, arena, all, err));
    size_t at = 0;
    for (int s = 0; s < TL_SPLITS; s++) {
        put_images(&part[s].images, shape, all->input + at * size);
        for (uint64_t i = 0; i < part[s].labels.count; i++) {
            const int label = (int)tl_array_get(&part[s].labels, i);
            all->label[at + i] = label;
            if (label + 1 > all->classes) all->classes = label + 1;
        }
        out->rows[s] = (int)part[s].images.size[0];
        at += part[s].images.size[0];
    }
    return TL_OK;
}

/* What the headers say is checked before anything is inflated.
 * \param number  [TL_SPLITS][2] results: the members with images and labels */
static tl_status check_heads(tl_npz *npz, const char *path, const tl_arena *room,
                             int number[TL_SPLITS][2], tl_err *err)
{
    split_arrays first = {0};
    uint64_t bytes = 0;
    for (int s = 0; s < TL_SPLITS; s++) {
        tl_npy images, labels;
        TL_TRY(find_member(npz, path, splits[s], "_images", &number[s][0], err));
        TL_TRY(find_member(npz, path, splits[s], "_labels", &number[s][1], err));
        TL_TRY(tl_npz_head(npz, number[s][0], &images, err));
        TL_TRY(tl_npz_head(npz, number[s][1], &labels, err));
        const split_arrays part = {images.array, labels.array};
        if (s == 0) first = part;
        TL_TRY(check_split(path, splits[s], &part, &first, err));
        bytes += tl_array_bytes(&part.images) + tl_array_bytes(&part.labels);
    }
    return tl_array_fits(path, bytes, room, err);
}

static tl_status read_open(tl_npz *npz, const char *path, const tl_medmnist *set,
                           tl_arena *arena, tl_source *out, tl_err *err)
{
    split_arrays part[TL_SPLITS];
    int number[TL_SPLITS][2];
    tl_arena raw = tl_array_room(arena);
    tl_status status = check_heads(npz, path, &raw, number, err);
    for (int s = 0; s < TL_SPLITS && status == TL_OK; s++) {
        status = tl_npz_read(npz, number[s][0], &raw, &part[s].images, err);
        if (status == TL_OK)
            status = tl_npz_read(npz, number[s][1], &raw, &part[s].labels, err);
        if (status == TL_OK) status = check_values(path, splits[s], &part[s].labels, err);
    }
    if (status == TL_OK) status = put_all(path, part, arena, out, err);
    tl_arena_close(&raw);
    TL_TRY(status);
    out->has_splits = true;
    if (!set) return TL_OK;
    const tl_shape shape = out->all.shape; /* of a volume: a cube */
    const int channels = set->is_3d ? shape.height : set->channels;
    TL_CHECK(shape.channels == channels, err, TL_E_FORMAT,
             "%s: has %d channels, but %s has %d", path, shape.channels, set->name,
             channels);
    TL_CHECK(out->all.classes <= set->classes, err, TL_E_FORMAT,
             "%s: has labels up to %d, but %s has %d classes", path, out->all.classes - 1,
             set->name, set->classes);
    out->all.classes = set->classes;
    return TL_OK;
}

static tl_status note_origin(const char *path, const tl_medmnist *set, tl_arena *arena,
                             tl_source *out, tl_err *err)
{
    const bool is_volume = out->all.shape.channels > 3;
    char md5[TL_MD5_TEXT];
    TL_TRY(tl_hash_file(path, NULL, md5, err));
    const tl_medmnist *official = tl_medmnist_official(md5, NULL);
    if (set && official != set) official = NULL;
    if (official) set = official;
    const char *grades = set && set->task == TL_MEDMNIST_ORDINAL
                             ? "; its ordinal grades are taken as classes"
                             : "";
    const char *slices =
        is_volume ? "; a volume is one example, its slices the channels" : "";
    out->note = official
                    ? tl_arena_print(arena, err,
                                     "the official MedMNIST file of %s (MD5 matches)%s%s",
                                     official->name, grades, slices)
                    : tl_arena_print(arena, err, "not the official file (MD5 %s)%s%s", md5,
                                     grades, slices);
    return out->note ? TL_OK : TL_E_NOMEM;
}

tl_status tl_medmnist_read(const char *path, const tl_medmnist *set, tl_arena *arena,
                           tl_source *out, tl_err *err)
{
    TL_CHECK(
        !set || set->task != TL_MEDMNIST_LABELS, err, TL_E_FORMAT,
        "medmnist/%s has several labels per image (%d yes-or-no findings); models here "
        "predict one class per image, so it is not supported",
        set ? set->name : "", set ? set->classes : 0);
    tl_npz *npz;
    TL_TRY(tl_npz_open(path, &npz, err));
    tl_status status = read_open(npz, path, set, arena, out, err);
    tl_npz_close(npz);
    if (status == TL_OK) status = note_origin(path, set, arena, out, err);
    return status;
}
