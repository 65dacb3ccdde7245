#include "runner/datasets/data_info.h"

#include "compute/core/hash.h"
#include "compute/data/cifar.h"
#include "compute/data/idx.h"
#include "compute/data/medmnist.h"
#include "compute/data/npy.h"
#include "compute/data/npz.h"
#include "compute/data/source.h"
#include "experiments/stage/setup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { MAGIC = 16, LONGEST_HEADER = 100000000 }; /* the limit of safetensors itself */

/* A file being described. */
typedef struct file_info {
    const char *path, *as;
    uint64_t size;
    tl_arena *arena;
    json_t *out, *arrays; /* arrays: borrowed from out */
} file_info;

static void put(json_t *object, const char *key, json_t *value)
{
    const int failed = json_object_set_new(object, key, value);
    TL_INVARIANT(!failed);
}

/* Names from files may be no UTF-8, which JSON cannot hold. */
static json_t *text_of(const char *text)
{
    json_t *made = json_string(text);
    return made ? made : json_string("(a name that is not UTF-8)");
}

static void add_array(json_t *arrays, const char *name, const tl_array *array)
{
    json_t *one = json_object(), *shape = json_array();
    for (int d = 0; d < array->rank; d++) {
        const int failed =
            json_array_append_new(shape, json_integer((json_int_t)array->size[d]));
        TL_INVARIANT(!failed);
    }
    if (name) put(one, "name", text_of(name));
    put(one, "type", json_string(array->type));
    put(one, "shape", shape);
    const int failed = json_array_append_new(arrays, one);
    TL_INVARIANT(!failed);
}

static tl_status info_npy(const file_info *file, tl_err *err)
{
    TL_CHECK(file->size <= TL_ARRAY_LIMIT, err, TL_E_FORMAT, "%s: is larger than 4 GiB",
             file->path);
    unsigned char *bytes;
    TL_TAKE(bytes, file->arena, file->size, err);
    FILE *stream = fopen(file->path, "rb");
    TL_CHECK(stream, err, TL_E_IO, "%s: cannot be opened: %s", file->path, strerror(errno));
    const size_t got = fread(bytes, 1, file->size, stream);
    (void)fclose(stream);
    TL_CHECK(got == file->size, err, TL_E_IO, "%s: cannot be read whole", file->path);
    tl_array array;
    TL_TRY(tl_npy_read(file->path, bytes, got, file->arena, &array, err));
    put(file->out, "format", json_string("npy"));
    add_array(file->arrays, NULL, &array);
    return TL_OK;
}

static tl_status info_idx(const file_info *file, bool is_gzip, tl_err *err)
{
    tl_array array;
    TL_TRY(tl_idx_read(file->path, file->arena, &array, err));
    put(file->out, "format", json_string(is_gzip ? "idx, gzipped" : "idx"));
    add_array(file->arrays, NULL, &array);
    return TL_OK;
}

static bool ends_in(const char *name, const char *ending)
{
    const size_t length = strlen(name), tail = strlen(ending);
    return length >= tail && strcmp(name + length - tail, ending) == 0;
}

static int count_copies(const tl_source *source)
{
    int copies = 0;
    for (int i = 0; i < source->all.rows; i++) copies += source->group[i] != i;
    return copies;
}

static json_t *images_of(const tl_source *source)
{
    static const char *const split[TL_SPLITS] = {"train", "validation", "test"};
    const tl_dataset *all = &source->all;
    json_t *out = json_object(), *counts = json_array();
    put(out, "note", json_string(source->note));
    put(out, "rows", json_integer(all->rows));
    put(out, "channels", json_integer(all->shape.channels));
    put(out, "height", json_integer(all->shape.height));
    put(out, "width", json_integer(all->shape.width));
    put(out, "classes", json_integer(all->classes));
    for (int c = 0; c < all->classes; c++) {
        int count = 0;
        for (int i = 0; i < all->rows; i++) count += all->label[i] == c;
        const int failed = json_array_append_new(counts, json_integer(count));
        TL_INVARIANT(!failed);
    }
    put(out, "class_rows", counts);
    if (source->has_splits) {
        json_t *splits = json_object();
        for (int s = 0; s < TL_SPLITS; s++) {
            put(splits, split[s], json_integer(source->rows[s]));
        }
        put(out, "splits", splits);
    }
    put(out, "exact_duplicates", json_integer(count_copies(source)));
    put(out, "near_duplicates", json_integer(source->twins.all));
    if (source->has_splits) {
        put(out, "validation_near_train", json_integer(source->twins.validation));
        put(out, "test_near_train", json_integer(source->twins.test));
    }
    char key[TL_KEY_TEXT];
    put(out, "content", json_string(tl_key_text(&source->content, key)));
    return out;
}

static json_t *tokens_of(const tl_source *source)
{
    const tl_dataset *all = &source->all;
    json_t *out = json_object();
    put(out, "note", json_string(source->note));
    put(out, "rows", json_integer(all->rows));
    put(out, "context", json_integer(all->shape.width));
    put(out, "vocabulary", json_integer(all->vocabulary));
    put(out, "exact_duplicates", json_integer(count_copies(source)));
    char key[TL_KEY_TEXT];
    put(out, "content", json_string(tl_key_text(&source->content, key)));
    return out;
}

/* What an npz of images is as a source, or why it is none. */
static tl_status info_images(const file_info *file, tl_err *err)
{
    tl_source *source;
    tl_err why = {0};
    const tl_status status =
        tl_source_open(file->path, NULL, NULL, file->arena, &source, &why);
    if (status == TL_OK) {
        put(file->out, "images", images_of(source));
    } else if (status == TL_E_FORMAT || status == TL_E_ARG) {
        put(file->out, "unread", text_of(why.text));
    } else {
        return tl_fail(err, status, "%s", why.text);
    }
    return TL_OK;
}

static tl_status info_npz(const file_info *file, tl_err *err)
{
    tl_npz *npz;
    TL_TRY(tl_npz_open(file->path, &npz, err));
    json_t *others = json_array();
    tl_status status = TL_OK;
    const bool is_images = tl_npz_find(npz, "train_images") >= 0;
    for (int i = 0; i < tl_npz_members(npz) && status == TL_OK; i++) {
        const char *name = tl_npz_name(npz, i);
        if (!ends_in(name, ".npy")) {
            const int failed = json_array_append_new(others, text_of(name));
            TL_INVARIANT(!failed);
            continue;
        }
        const size_t mark = tl_arena_mark(file->arena);
        tl_array array;
        status = tl_npz_read(npz, i, file->arena, &array, err);
        if (status == TL_OK) add_array(file->arrays, name, &array);
        tl_arena_rewind(file->arena, mark);
    }
    tl_npz_close(npz);
    put(file->out, "format", json_string("npz (a zip of npy arrays)"));
    put(file->out, "others", others);
    if (status == TL_OK && is_images) status = info_images(file, err);
    return status;
}

/* Bits of an element, or 0. https://github.com/huggingface/safetensors, tensor.rs */
static uint64_t bits_of(const char *dtype)
{
    static const struct {
        const char *name;
        uint64_t bits;
    } known[] = {{"BOOL", 8}, {"U8", 8},   {"I8", 8},      {"I16", 16},
                 {"U16", 16}, {"F16", 16}, {"BF16", 16},   {"I32", 32},
                 {"U32", 32}, {"F32", 32}, {"F64", 64},    {"I64", 64},
                 {"U64", 64}, {"C64", 64}, {"F8_E4M3", 8}, {"F8_E5M2", 8}};
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        if (strcmp(known[k].name, dtype) == 0) return known[k].bits;
    }
    return 0;
}

/* Checks one tensor of a header and adds it; `buffer` is the length of the byte buffer. */
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
             "%s: tensor %s does not lie within the %llu bytes of the buffer as its shape "
             "asks",
             file->path, name, (unsigned long long)buffer);
    *covered += (uint64_t)(end - begin);
    json_t *one =
        json_pack("{s:o, s:s, s:O}", "name", text_of(name), "type", dtype, "shape", shape);
    const int failed = json_array_append_new(file->arrays, one);
    TL_INVARIANT(!failed);
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

static tl_status info_safetensors(const file_info *file, const unsigned char magic[MAGIC],
                                  tl_err *err)
{
    uint64_t length = 0;
    for (int k = 7; k >= 0; k--) length = length << 8 | magic[k];
    TL_CHECK(length <= LONGEST_HEADER && length + 8 <= file->size, err, TL_E_FORMAT,
             "%s: its safetensors header of %llu bytes does not fit into the file",
             file->path, (unsigned long long)length);
    char *text;
    TL_TAKE(text, file->arena, length + 1, err);
    FILE *stream = fopen(file->path, "rb");
    TL_CHECK(stream, err, TL_E_IO, "%s: cannot be opened: %s", file->path, strerror(errno));
    const bool is_whole =
        fseek(stream, 8, SEEK_SET) == 0 && fread(text, 1, length, stream) == length;
    (void)fclose(stream);
    TL_CHECK(is_whole, err, TL_E_IO, "%s: cannot be read whole", file->path);
    json_error_t fault;
    json_t *header = json_loadb(text, length, JSON_REJECT_DUPLICATES, &fault);
    if (!json_is_object(header)) {
        json_decref(header);
        return tl_fail(err, TL_E_FORMAT, "%s: its safetensors header is no JSON object: %s",
                       file->path, fault.text);
    }
    put(file->out, "format", json_string("safetensors"));
    const tl_status status = info_tensors(file, header, file->size - 8 - length, err);
    json_decref(header);
    return status;
}

static tl_status info_cifar(const file_info *file, const tl_cifar *kind, tl_err *err)
{
    tl_source *source;
    TL_TRY(tl_source_open_cifar(file->path, kind, file->arena, &source, err));
    char format[64];
    (void)snprintf(format, sizeof format, "%s, binary version, records of %d bytes",
                   kind->name, tl_cifar_record(kind));
    put(file->out, "format", json_string(format));
    put(file->out, "images", images_of(source));
    return TL_OK;
}

/* The CIFAR that a file without a mark may be; NULL if it can be neither. */
static tl_status guess_cifar(const file_info *file, const unsigned char magic[MAGIC],
                             const tl_cifar **kind, tl_err *err)
{
    const tl_cifar *ten = tl_cifar_find("cifar10"), *hundred = tl_cifar_find("cifar100");
    const bool is_ten = tl_cifar_fits(ten, file->size, magic);
    const bool is_hundred = tl_cifar_fits(hundred, file->size, magic);
    TL_CHECK(!is_ten || !is_hundred, err, TL_E_FORMAT,
             "%s: its length of %llu bytes fits cifar10 and cifar100; say which it is by "
             "--as",
             file->path, (unsigned long long)file->size);
    *kind = is_ten ? ten : is_hundred ? hundred : NULL;
    return TL_OK;
}

static tl_status info_content(const file_info *file, tl_err *err)
{
    static const char pointer[] = "version https:/";
    unsigned char magic[MAGIC] = {0};
    const tl_cifar *kind = file->as ? tl_cifar_find(file->as) : NULL;
    TL_CHECK(!file->as || kind, err, TL_E_ARG,
             "--as %s: a file can be said to be cifar10 or cifar100", file->as);
    if (kind) return info_cifar(file, kind, err);
    FILE *stream = fopen(file->path, "rb");
    TL_CHECK(stream, err, TL_E_IO, "%s: cannot be opened: %s", file->path, strerror(errno));
    const size_t got = fread(magic, 1, sizeof magic, stream);
    (void)fclose(stream);
    TL_CHECK(got > 0, err, TL_E_FORMAT, "%s: is empty", file->path);
    TL_CHECK(memcmp(magic, pointer, sizeof pointer - 1) != 0, err, TL_E_FORMAT,
             "%s: is a pointer of Git LFS, not the file itself; fetch it by git lfs pull",
             file->path);
    if (ends_in(file->path, ".bin")) TL_TRY(guess_cifar(file, magic, &kind, err));
    if (kind) return info_cifar(file, kind, err);
    if (memcmp(magic, "PK", 2) == 0) return info_npz(file, err);
    if (memcmp(magic, "\x93NUMPY", 6) == 0) return info_npy(file, err);
    if (memcmp(magic, "\x1f\x8b", 2) == 0) return info_idx(file, true, err);
    if (magic[0] == 0 && magic[1] == 0) return info_idx(file, false, err);
    if (got > 8 && magic[8] == '{') return info_safetensors(file, magic, err);
    return tl_fail(err, TL_E_FORMAT,
                   "%s: is neither npz, npy, idx (also gzipped), safetensors nor, by its "
                   "name and length, CIFAR's binary version",
                   file->path);
}

tl_status tl_data_info_file(const char *path, const char *as, tl_arena *arena, json_t **out,
                            tl_err *err)
{
    struct stat info;
    char sha[TL_SHA256_TEXT], md5[TL_MD5_TEXT];
    TL_CHECK(stat(path, &info) == 0, err, TL_E_IO, "%s: cannot be opened: %s", path,
             strerror(errno));
    TL_CHECK(!S_ISDIR(info.st_mode), err, TL_E_IO, "%s: is a folder, not a file", path);
    TL_CHECK(S_ISREG(info.st_mode), err, TL_E_IO, "%s: is not a file", path);
    TL_TRY(tl_hash_file(path, sha, md5, err));
    file_info file = {.path = path,
                      .as = as,
                      .size = (uint64_t)info.st_size,
                      .arena = arena,
                      .out = json_object(),
                      .arrays = json_array()};
    put(file.out, "path", text_of(path));
    put(file.out, "bytes", json_integer((json_int_t)info.st_size));
    put(file.out, "sha256", json_string(sha));
    put(file.out, "md5", json_string(md5));
    const tl_medmnist *set = tl_medmnist_official(md5, NULL);
    if (set) put(file.out, "official", json_string(set->name));
    put(file.out, "arrays", file.arrays);
    const tl_status status = info_content(&file, err);
    if (status == TL_OK) {
        *out = file.out;
    } else {
        json_decref(file.out);
    }
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
    *out = json_object();
    put(*out, "name", text_of(name));
    if (source->all.vocabulary > 0) {
        put(*out, "tokens", tokens_of(source));
    } else {
        put(*out, "images", images_of(source));
    }
    return TL_OK;
}
