#include "runner/datasets/data_info.h"

#include "compute/core/file.h"
#include "compute/core/hash.h"
#include "compute/core/json.h"
#include "compute/data/cifar.h"
#include "compute/data/idx.h"
#include "compute/data/medmnist.h"
#include "compute/data/npy.h"
#include "compute/data/npz.h"
#include "compute/data/source.h"
#include "experiments/stage/setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAGIC = 16, NPY_HEAD = 10240, LONGEST_HEADER = 1 << 24 };

/* Inflated bytes that are checked in all: more only take time. */
static const uint64_t MOST_CHECKED = 1 << 30;

/* A file being described. */
typedef struct file_info {
    const char *path, *as;
    FILE *stream;
    uint64_t size;
    tl_arena *arena;
    json_t *out, *arrays; /* arrays: borrowed from out */
} file_info;

static void add_array(const file_info *file, const char *name, const tl_array *array)
{
    json_t *shape = json_array();
    for (int d = 0; d < array->rank; d++)
        tl_json_append(shape, json_integer((json_int_t)array->size[d]));
    json_t *one = json_pack("{s:s, s:o}", "type", array->type, "shape", shape);
    if (name) tl_json_put(one, "name", tl_json_text(name));
    tl_json_append(file->arrays, one);
}

/* Reads up to `n` bytes from `offset` on. \return how many there were */
static size_t read_bytes(const file_info *file, long offset, size_t n, void *bytes)
{
    if (fseek(file->stream, offset, SEEK_SET) != 0) return 0;
    return fread(bytes, 1, n, file->stream);
}

/* Notes whether `bytes` of elements are too many to be checked. */
static void note_checked(const file_info *file, uint64_t bytes)
{
    if (bytes > MOST_CHECKED) tl_json_put(file->out, "checked", json_false());
}

static tl_status info_npy(const file_info *file, tl_err *err)
{
    unsigned char head[NPY_HEAD];
    tl_npy npy;
    const size_t got = read_bytes(file, 0, sizeof head, head);
    TL_TRY(tl_npy_head(file->path, head, got, file->size, &npy, err));
    add_array(file, NULL, &npy.array);
    return TL_OK;
}

static tl_status info_idx(const file_info *file, tl_err *err)
{
    tl_array array;
    TL_TRY(tl_idx_check(file->path, MOST_CHECKED, &array, err));
    note_checked(file, tl_array_bytes(&array));
    add_array(file, NULL, &array);
    return TL_OK;
}

/* What images and tokens share. */
static json_t *source_of(const tl_source *source)
{
    char key[TL_KEY_TEXT];
    int copies = 0;
    for (int i = 0; i < source->all.rows; i++) copies += source->group[i] != i;
    return json_pack("{s:o, s:i, s:i, s:s}", "note", tl_json_text(source->note), "rows",
                     source->all.rows, "exact_duplicates", copies, "content",
                     tl_key_text(&source->content, key));
}

static json_t *images_of(const tl_source *source)
{
    const tl_dataset *all = &source->all;
    json_t *out = source_of(source), *counts = json_array();
    for (int c = 0; c < all->classes; c++) {
        int count = 0;
        for (int i = 0; i < all->rows; i++) count += all->label[i] == c;
        tl_json_append(counts, json_integer(count));
    }
    tl_json_add(out, "{s:i, s:i, s:i, s:i, s:o, s:i}", "channels", all->shape.channels,
                "height", all->shape.height, "width", all->shape.width, "classes",
                all->classes, "class_rows", counts, "near_duplicates",
                source->near_duplicates.all);
    if (!source->has_splits) return out;
    tl_json_add(out, "{s:{s:i, s:i, s:i}, s:i, s:i}", "splits", "train", source->rows[0],
                "validation", source->rows[1], "test", source->rows[2],
                "validation_near_train", source->near_duplicates.validation,
                "test_near_train", source->near_duplicates.test);
    return out;
}

/* Describes an npz of images as a source, or says why it cannot be one. */
static tl_status info_images(const file_info *file, tl_err *err)
{
    tl_source *source;
    tl_err why = {0};
    const tl_status status =
        tl_source_open(file->path, NULL, NULL, file->arena, &source, &why);
    TL_CHECK(status != TL_E_IO, err, status, "%s", why.text);
    if (status == TL_OK)
        tl_json_put(file->out, "images", images_of(source));
    else
        tl_json_put(file->out, "unread", tl_json_text(why.text));
    return TL_OK;
}

static bool ends_in(const char *name, const char *ending)
{
    const size_t length = strlen(name), tail = strlen(ending);
    return length >= tail && strcmp(name + length - tail, ending) == 0;
}

/* Adds a member, and inflates it where *checked allows, to compare its checksum. */
static tl_status add_member(const file_info *file, tl_npz *npz, int member,
                            uint64_t *checked, tl_err *err)
{
    tl_npy npy;
    TL_TRY(tl_npz_head(npz, member, &npy, err));
    *checked += tl_array_bytes(&npy.array);
    if (*checked <= MOST_CHECKED) TL_TRY(tl_npz_check(npz, member, &npy, err));
    add_array(file, tl_npz_name(npz, member), &npy.array);
    return TL_OK;
}

static tl_status info_npz(const file_info *file, tl_err *err)
{
    tl_npz *npz;
    TL_TRY(tl_npz_open(file->path, &npz, err));
    json_t *others = json_array();
    tl_status status = TL_OK;
    uint64_t checked = 0;
    const bool is_images = tl_npz_find(npz, "train_images") >= 0;
    for (int i = 0; i < tl_npz_members(npz) && status == TL_OK; i++) {
        const char *name = tl_npz_name(npz, i);
        if (!ends_in(name, ".npy")) {
            tl_json_append(others, tl_json_text(name));
            continue;
        }
        status = add_member(file, npz, i, &checked, err);
    }
    tl_npz_close(npz);
    tl_json_put(file->out, "others", others);
    note_checked(file, checked);
    return status == TL_OK && is_images ? info_images(file, err) : status;
}

/* Bits of an element, the number at the end of `dtype`; 0 for an unknown type.
 * https://github.com/huggingface/safetensors, tensor.rs */
static uint64_t bits_of(const char *dtype)
{
    if (strcmp(dtype, "BOOL") == 0) return 8;
    const size_t letters = strcspn(dtype, "0123456789");
    const unsigned long bits = strtoul(dtype + letters, NULL, 10);
    const bool is_known = (letters == 1 && strchr("FIUC", *dtype)) ||
                          (letters == 2 && strncmp(dtype, "BF", 2) == 0);
    return is_known && (bits == 8 || bits == 16 || bits == 32 || bits == 64) ? bits : 0;
}

/* Checks and adds one tensor of a header; the byte buffer has `buffer` bytes. */
static tl_status add_tensor(const file_info *file, const char *name, const json_t *tensor,
                            uint64_t buffer, uint64_t *covered, tl_err *err)
{
    const char *dtype = json_string_value(json_object_get(tensor, "dtype"));
    const json_t *shape = json_object_get(tensor, "shape");
    const json_t *span = json_object_get(tensor, "data_offsets");
    const json_int_t begin = json_integer_value(json_array_get(span, 0));
    const json_int_t end = json_integer_value(json_array_get(span, 1));
    TL_CHECK(dtype && json_is_array(shape) && json_array_size(span) == 2, err, TL_E_FORMAT,
             "%s: tensor %s has no dtype, shape or data_offsets", file->path, name);
    const uint64_t bits = bits_of(dtype);
    TL_CHECK(bits > 0, err, TL_E_FORMAT, "%s: tensor %s has the unknown dtype %s",
             file->path, name, dtype);
    uint64_t count = 1;
    const json_t *size;
    size_t d;
    json_array_foreach(shape, d, size)
    {
        const json_int_t n = json_is_integer(size) ? json_integer_value(size) : -1;
        TL_CHECK(n >= 0 && (n == 0 || count <= UINT64_MAX / 64 / (uint64_t)n), err,
                 TL_E_FORMAT, "%s: tensor %s has an impossible shape", file->path, name);
        count *= (uint64_t)n;
    }
    TL_CHECK(begin >= 0 && begin <= end && (uint64_t)end <= buffer &&
                 (uint64_t)(end - begin) == count * bits / 8,
             err, TL_E_FORMAT,
             "%s: tensor %s does not fit within the %llu bytes of the buffer, or its shape",
             file->path, name, (unsigned long long)buffer);
    *covered += (uint64_t)(end - begin);
    tl_json_append(file->arrays, json_pack("{s:o, s:s, s:O}", "name", tl_json_text(name),
                                           "type", dtype, "shape", shape));
    return TL_OK;
}

static tl_status info_tensors(const file_info *file, json_t *header, uint64_t buffer,
                              tl_err *err)
{
    uint64_t covered = 0;
    const char *name;
    json_t *tensor;
    json_object_foreach(header, name, tensor)
    {
        if (strcmp(name, "__metadata__") == 0) continue;
        TL_TRY(add_tensor(file, name, tensor, buffer, &covered, err));
    }
    TL_CHECK(covered == buffer, err, TL_E_FORMAT,
             "%s: its tensors cover %llu bytes, but %llu follow the header", file->path,
             (unsigned long long)covered, (unsigned long long)buffer);
    return TL_OK;
}

static tl_status info_safetensors(const file_info *file, tl_err *err)
{
    unsigned char bytes[8] = {0};
    uint64_t length = 0;
    (void)read_bytes(file, 0, sizeof bytes, bytes);
    for (int k = 7; k >= 0; k--) length = length << 8 | bytes[k];
    TL_CHECK(length <= LONGEST_HEADER && length + 8 <= file->size, err, TL_E_FORMAT,
             "%s: its safetensors header of %llu bytes does not fit into the file",
             file->path, (unsigned long long)length);
    char *text;
    TL_ALLOC(text, file->arena, length + 1, err);
    TL_CHECK(read_bytes(file, 8, length, text) == length, err, TL_E_IO,
             "%s: cannot be read whole", file->path);
    json_error_t fault;
    json_t *header = json_loadb(text, length, JSON_REJECT_DUPLICATES, &fault);
    const tl_status status =
        json_is_object(header)
            ? info_tensors(file, header, file->size - 8 - length, err)
            : tl_fail(err, TL_E_FORMAT,
                      "%s: its safetensors header is not a JSON object: %s", file->path,
                      fault.text);
    json_decref(header);
    return status;
}

static tl_status info_cifar(const file_info *file, const tl_cifar *kind, tl_err *err)
{
    tl_source *source;
    TL_TRY(tl_source_open_cifar(file->path, kind, file->arena, &source, err));
    tl_json_put(file->out, "format",
                json_sprintf("%s, binary version, records of %d bytes", kind->name,
                             tl_cifar_record(kind)));
    tl_json_put(file->out, "images", images_of(source));
    return TL_OK;
}

/* Which CIFAR an unmarked file may be; NULL: neither. */
static tl_status guess_cifar(const file_info *file, const unsigned char magic[MAGIC],
                             const tl_cifar **kind, tl_err *err)
{
    const tl_cifar *ten = tl_cifar_find("cifar10"), *hundred = tl_cifar_find("cifar100");
    const bool is_ten = tl_cifar_fits(ten, file->size, magic);
    const bool is_hundred = tl_cifar_fits(hundred, file->size, magic);
    TL_CHECK(
        !is_ten || !is_hundred, err, TL_E_FORMAT,
        "%s: its length of %llu bytes fits both cifar10 and cifar100; say which with --as",
        file->path, (unsigned long long)file->size);
    *kind = is_ten ? ten : is_hundred ? hundred : NULL;
    return TL_OK;
}

/* Formats with a mark in their first bytes. */
static const struct format {
    const char *magic;
    size_t offset, length;
    const char *name;
    tl_status (*info)(const file_info *file, tl_err *err);
} formats[] = {{"PK", 0, 2, "npz (a zip of npy arrays)", info_npz},
               {"\x93NUMPY", 0, 6, "npy", info_npy},
               {"\x1f\x8b", 0, 2, "idx, gzipped", info_idx},
               {"\0\0", 0, 2, "idx", info_idx},
               {"{", 8, 1, "safetensors", info_safetensors}};

static tl_status info_content(const file_info *file, tl_err *err)
{
    static const char pointer[] = "version https:/";
    unsigned char magic[MAGIC] = {0};
    const tl_cifar *kind = file->as ? tl_cifar_find(file->as) : NULL;
    TL_CHECK(!file->as || kind, err, TL_E_ARG, "--as %s: give cifar10 or cifar100",
             file->as);
    if (kind) return info_cifar(file, kind, err);
    TL_CHECK(read_bytes(file, 0, sizeof magic, magic) > 0, err, TL_E_FORMAT, "%s: is empty",
             file->path);
    TL_CHECK(memcmp(magic, pointer, sizeof pointer - 1) != 0, err, TL_E_FORMAT,
             "%s: is a Git LFS pointer, not the file itself; fetch it with git lfs pull",
             file->path);
    if (ends_in(file->path, ".bin")) TL_TRY(guess_cifar(file, magic, &kind, err));
    if (kind) return info_cifar(file, kind, err);
    for (size_t k = 0; k < sizeof formats / sizeof *formats; k++) {
        const struct format *format = &formats[k];
        if (memcmp(magic + format->offset, format->magic, format->length) != 0) continue;
        tl_json_put(file->out, "format", json_string(format->name));
        return format->info(file, err);
    }
    return tl_fail(err, TL_E_FORMAT,
                   "%s: is neither npz, npy, idx (gzipped or not), safetensors nor, by its "
                   "name and length, CIFAR's binary version",
                   file->path);
}

tl_status tl_data_info_file(const char *path, const char *as, tl_arena *arena, json_t **out,
                            tl_err *err)
{
    char sha[TL_SHA256_TEXT], md5[TL_MD5_TEXT];
    uint64_t bytes;
    FILE *stream;
    TL_TRY(tl_file_stream(NULL, path, &stream, &bytes, err));
    const tl_status hashed = tl_hash_stream(stream, path, sha, md5, err);
    rewind(stream);
    if (hashed != TL_OK) (void)fclose(stream);
    TL_TRY(hashed);
    json_t *arrays = json_array();
    const tl_medmnist *set = tl_medmnist_official(md5, NULL);
    *out = json_pack("{s:o, s:I, s:s, s:s, s:o, s:s*}", "path", tl_json_text(path), "bytes",
                     (json_int_t)bytes, "sha256", sha, "md5", md5, "arrays", arrays,
                     "official", set ? set->name : NULL);
    const file_info file = {path, as, stream, bytes, arena, *out, arrays};
    const tl_status status = info_content(&file, err);
    (void)fclose(stream);
    if (status == TL_OK) return TL_OK;
    json_decref(*out);
    *out = NULL;
    return status;
}

tl_status tl_data_info_source(const char *name, const char *dir, tl_arena *arena,
                              json_t **out, tl_err *err)
{
    const tl_source_want want = {.examples = 1000,
                                 .classes = 4,
                                 .difficulty = 0.4,
                                 .context = (int)tl_data_params[TL_DATA_CONTEXT].fallback};
    tl_source *source;
    TL_TRY(tl_source_open(name, dir, &want, arena, &source, err));
    const bool is_images = source->all.vocabulary == 0;
    json_t *what = is_images ? images_of(source) : source_of(source);
    if (!is_images)
        tl_json_add(what, "{s:i, s:i}", "context", source->all.shape.width, "vocabulary",
                    source->all.vocabulary);
    *out = json_pack("{s:o, s:o}", "name", tl_json_text(name),
                     is_images ? "images" : "tokens", what);
    return TL_OK;
}
