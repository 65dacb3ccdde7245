/*
 * safetensors: u64 little-endian length of the header, the header (JSON), the buffer.
 * Written by hand in tensor order, so that the same model gives the same bytes; read by
 * jansson, with every size checked against the model that the metadata names.
 */
#include "compute/train/model_file.h"

#include "compute/core/hash.h"
#include "compute/core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LONGEST_HEADER = 1 << 20, PATH_SPACE = 4200 };

static void checksum(const tl_model *model, char text[TL_KEY_TEXT])
{
    const tl_key key = tl_key_of(model->param, model->params * sizeof *model->param);
    (void)tl_key_text(&key, text);
}

static void write_header(const tl_model *model, const tl_tensor *tensor, int count,
                         tl_text *text)
{
    const tl_model_spec *spec = &model->spec;
    char sum[TL_KEY_TEXT];
    checksum(model, sum);
    tl_text_print(
        text,
        "{\"__metadata__\":{\"format\":\"threatloop-1\",\"kind\":\"%s\",\"width\":"
        "\"%d\",\"depth\":\"%d\",\"channels\":\"%d\",\"height\":\"%d\",\"columns\":"
        "\"%d\",\"classes\":\"%d\",\"heads\":\"%d\",\"kv_heads\":\"%d\","
        "\"sha256_128\":\"%s\"}",
        tl_model_kind_name(spec->kind), spec->width, spec->depth, spec->in.channels,
        spec->in.height, spec->in.width, spec->classes, spec->heads, spec->kv_heads, sum);
    for (int i = 0; i < count; i++) {
        tl_text_print(text, ",\"%s\":{\"dtype\":\"F32\",\"shape\":[", tensor[i].name);
        for (int d = 0; d < tensor[i].rank; d++) {
            tl_text_print(text, "%s%d", d ? "," : "", tensor[i].size[d]);
        }
        tl_text_print(text, "],\"data_offsets\":[%zu,%zu]}", tensor[i].at * sizeof(float),
                      (tensor[i].at + tensor[i].count) * sizeof(float));
    }
    tl_text_add(text, "}");
    while (text->length % 8 != 0 && !text->is_short) tl_text_add(text, " ");
}

static bool write_all(int file, const void *bytes, size_t n)
{
    const unsigned char *at = bytes;
    while (n > 0) {
        const ssize_t wrote = write(file, at, n);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return false;
        at += wrote;
        n -= (size_t)wrote;
    }
    return true;
}

static bool sync_folder(const char *path)
{
    char folder[PATH_SPACE];
    (void)snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash) *slash = '\0';
    const int file = open(slash ? folder : ".", O_RDONLY);
    if (file < 0) return false;
    const bool is_synced = fsync(file) == 0;
    (void)close(file);
    return is_synced;
}

static bool write_file(const char *path, const tl_text *header, const tl_model *model)
{
    const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0) return false;
    unsigned char length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)((uint64_t)header->length >> (8 * i));
    bool is_good = write_all(file, length, sizeof length) &&
                   write_all(file, header->at, header->length) &&
                   write_all(file, model->param, model->params * sizeof *model->param) &&
                   fsync(file) == 0;
    const int reason = errno;
    if (close(file) != 0) is_good = false;
    if (!is_good) errno = reason;
    return is_good;
}

tl_status tl_model_save(const tl_model *model, const char *path, tl_err *err)
{
    tl_arena arena = tl_arena_open(0);
    tl_tensor *tensor;
    int count;
    tl_text header = {0};
    tl_status status = tl_model_tensors(model, &arena, &tensor, &count, err);
    if (status == TL_OK) write_header(model, tensor, count, &header);
    char temporary[PATH_SPACE];
    const int length =
        snprintf(temporary, sizeof temporary, "%s.%ld.tmp", path, (long)getpid());
    if (status == TL_OK && (length < 0 || (size_t)length >= sizeof temporary))
        status = tl_fail(err, TL_E_IO, "a path of %zu bytes is too long", strlen(path));
    if (status == TL_OK && header.is_short)
        status = tl_fail(err, TL_E_SPACE, "no memory left");
    if (status == TL_OK && (!write_file(temporary, &header, model) ||
                            rename(temporary, path) != 0 || !sync_folder(path))) {
        status = tl_fail(err, TL_E_IO, "%s: cannot be written: %s", path, strerror(errno));
        (void)remove(temporary);
    }
    tl_text_close(&header);
    tl_arena_close(&arena);
    return status;
}

static bool read_number(const json_t *metadata, const char *name, int *value)
{
    const char *text = json_string_value(json_object_get(metadata, name));
    double number;
    if (!text || !tl_text_real(text, &number) || number < 0.0 || number > 1e6 ||
        number != (double)(int)number) {
        return false;
    }
    *value = (int)number;
    return true;
}

static tl_status read_spec(const char *path, const json_t *root, tl_model_spec *spec,
                           tl_err *err)
{
    const json_t *metadata = json_object_get(root, "__metadata__");
    const char *kind = json_string_value(json_object_get(metadata, "kind"));
    *spec = (tl_model_spec){.kind = TL_MODEL_KINDS};
    for (int k = 0; kind && k < TL_MODEL_KINDS; k++) {
        if (strcmp(kind, tl_model_kind_name((tl_model_kind)k)) == 0) {
            spec->kind = (tl_model_kind)k;
        }
    }
    TL_CHECK(spec->kind != TL_MODEL_KINDS && read_number(metadata, "width", &spec->width) &&
                 read_number(metadata, "depth", &spec->depth) &&
                 read_number(metadata, "channels", &spec->in.channels) &&
                 read_number(metadata, "height", &spec->in.height) &&
                 read_number(metadata, "columns", &spec->in.width) &&
                 read_number(metadata, "classes", &spec->classes) &&
                 (!tl_model_reads_tokens(spec->kind) ||
                  (read_number(metadata, "heads", &spec->heads) &&
                   read_number(metadata, "kv_heads", &spec->kv_heads))),
             err, TL_E_FORMAT, "%s: its metadata name no model of threatloop", path);
    return TL_OK;
}

static bool is_tensor(const json_t *entry, const tl_tensor *tensor)
{
    const json_t *shape = json_object_get(entry, "shape");
    const json_t *offsets = json_object_get(entry, "data_offsets");
    const char *type = json_string_value(json_object_get(entry, "dtype"));
    if (!type || strcmp(type, "F32") != 0) return false;
    if (json_array_size(shape) != (size_t)tensor->rank || json_array_size(offsets) != 2) {
        return false;
    }
    for (int d = 0; d < tensor->rank; d++) {
        if (json_integer_value(json_array_get(shape, (size_t)d)) != tensor->size[d]) {
            return false;
        }
    }
    const json_int_t from = json_integer_value(json_array_get(offsets, 0));
    const json_int_t to = json_integer_value(json_array_get(offsets, 1));
    const uint64_t at = tensor->at * sizeof(float),
                   end = at + tensor->count * sizeof(float);
    return from >= 0 && to >= 0 && (uint64_t)from == at && (uint64_t)to == end;
}

static tl_status read_model(const char *path, const json_t *root, uint64_t left,
                            tl_arena *arena, tl_model **out, tl_err *err)
{
    tl_model_spec spec;
    TL_TRY(read_spec(path, root, &spec, err));
    const uint64_t params = tl_model_count(&spec);
    TL_CHECK(params > 0 && left == params * sizeof(float), err, TL_E_FORMAT,
             "%s: holds %llu bytes of tensors, but its model has %llu parameters", path,
             (unsigned long long)left, (unsigned long long)params);
    tl_tensor *tensor;
    int count;
    TL_TRY(tl_model_new(&spec, arena, out, err));
    TL_TRY(tl_model_tensors(*out, arena, &tensor, &count, err));
    for (int i = 0; i < count; i++) {
        TL_CHECK(is_tensor(json_object_get(root, tensor[i].name), &tensor[i]), err,
                 TL_E_FORMAT,
                 "%s: tensor %s is missing, or has another type, shape or place", path,
                 tensor[i].name);
    }
    TL_CHECK(json_object_size(root) == (size_t)count + 1, err, TL_E_FORMAT,
             "%s: has tensors that its model has not", path);
    return TL_OK;
}

static tl_status read_open(FILE *file, const char *path, uint64_t size, tl_arena *arena,
                           tl_model **out, tl_err *err)
{
    tl_model *model;
    unsigned char bytes[8];
    TL_CHECK(size >= sizeof bytes && fread(bytes, 1, sizeof bytes, file) == sizeof bytes,
             err, TL_E_FORMAT, "%s: is too short for a safetensors file", path);
    TL_CHECK(memcmp(bytes, "version ", sizeof bytes) != 0, err, TL_E_FORMAT,
             "%s: is a Git LFS pointer, not the model itself", path);
    uint64_t length = 0;
    for (int i = 7; i >= 0; i--) length = length << 8 | bytes[i];
    TL_CHECK(length <= LONGEST_HEADER && length <= size - sizeof bytes, err, TL_E_FORMAT,
             "%s: its header claims %llu bytes", path, (unsigned long long)length);
    char *header = tl_arena_take(arena, length + 1, 1, err);
    if (!header) return TL_E_SPACE;
    TL_CHECK(fread(header, 1, length, file) == length, err, TL_E_FORMAT,
             "%s: is cut off in its header", path);
    json_error_t why;
    json_t *root = json_loadb(header, length, JSON_REJECT_DUPLICATES, &why);
    TL_CHECK(root, err, TL_E_FORMAT, "%s: its header is no JSON: %s", path, why.text);
    tl_status status =
        read_model(path, root, size - sizeof bytes - length, arena, &model, err);
    char stored[TL_KEY_TEXT] = "", sum[TL_KEY_TEXT];
    const char *text = json_string_value(
        json_object_get(json_object_get(root, "__metadata__"), "sha256_128"));
    (void)snprintf(stored, sizeof stored, "%s", text ? text : "");
    json_decref(root);
    TL_TRY(status);
    TL_CHECK(fread(model->param, sizeof(float), model->params, file) == model->params, err,
             TL_E_FORMAT, "%s: is cut off in its tensors", path);
    checksum(model, sum);
    TL_CHECK(strcmp(sum, stored) == 0, err, TL_E_FORMAT, "%s: its checksum is wrong", path);
    *out = model;
    return TL_OK;
}

tl_status tl_model_load(const char *path, tl_arena *arena, tl_model **out, tl_err *err)
{
    struct stat info;
    FILE *file = fopen(path, "rb");
    TL_CHECK(file, err, TL_E_IO, "%s: cannot be opened: %s", path, strerror(errno));
    tl_status status;
    if (fstat(fileno(file), &info) != 0 || !S_ISREG(info.st_mode)) {
        status = tl_fail(err, TL_E_IO, "%s: is not a file", path);
    } else {
        status = read_open(file, path, (uint64_t)info.st_size, arena, out, err);
    }
    (void)fclose(file);
    return status;
}
