/*
 * safetensors: u64 little-endian length of the header, the header (JSON), the buffer.
 * Written by hand in tensor order, so that the same model gives the same bytes; read by
 * jansson, with every size checked against the model that the metadata names. The checksum
 * covers the metadata before it and the buffer; the rest of the header follows from the
 * metadata, so it is regenerated and compared.
 */
#include "compute/train/model_file.h"

#include "compute/core/durable.h"
#include "compute/core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LONGEST_HEADER = 1 << 20 };

/* The checksum of the metadata in `text` so far, and the buffer. */
static void checksum(const tl_text *text, const tl_model *model, char sum[TL_KEY_TEXT])
{
    const tl_key buffer = tl_key_of(model->param, model->params * sizeof *model->param);
    const tl_key metadata = tl_key_of(text->at, text->length);
    tl_hash both = {0};
    tl_hash_key(&both, &metadata);
    tl_hash_key(&both, &buffer);
    const tl_key key = tl_hash_end(&both);
    (void)tl_key_text(&key, sum);
}

static void write_header(const tl_model *model, const char *step, const tl_tensor *tensor,
                         int count, tl_text *text)
{
    const tl_model_spec *spec = &model->spec;
    char sum[TL_KEY_TEXT];
    tl_text_print(
        text,
        "{\"__metadata__\":{\"format\":\"threatloop-2\",\"step\":\"%s\",\"kind\":\"%s\","
        "\"width\":\"%d\",\"depth\":\"%d\",\"channels\":\"%d\",\"height\":\"%d\",\"columns\":"
        "\"%d\",\"classes\":\"%d\",\"heads\":\"%d\",\"kv_heads\":\"%d\"",
        step, tl_model_kind_name(spec->kind), spec->width, spec->depth, spec->in.channels,
        spec->in.height, spec->in.width, spec->classes, spec->heads, spec->kv_heads);
    if (spec->splits > 1) tl_text_print(text, ",\"splits\":\"%d\"", spec->splits);
    checksum(text, model, sum);
    tl_text_print(text, ",\"sha256_128\":\"%s\"}", sum);
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

static tl_status write_file(const char *path, const tl_text *header, const tl_model *model,
                            tl_err *err)
{
    char host[65] = "", temporary[TL_PATH_SPACE];
    unsigned char length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)((uint64_t)header->length >> (8 * i));
    const tl_durable_piece piece[] = {{length, sizeof length},
                                      {header->at, header->length},
                                      {model->param, model->params * sizeof *model->param}};
    if (gethostname(host, sizeof host - 1) != 0) *host = '\0';
    const int n = snprintf(temporary, sizeof temporary, "%s.%08x.%ld.tmp", path,
                           (unsigned)tl_crc32(host, strlen(host)), (long)getpid());
    TL_CHECK(n > 0 && (size_t)n < sizeof temporary, err, TL_E_IO,
             "a path of %zu bytes is too long", strlen(path));
    TL_CHECK(tl_durable_replace_by(path, temporary, piece, 3), err, TL_E_IO,
             "%s: cannot be written: %s", path, strerror(errno));
    return TL_OK;
}

tl_status tl_model_save(const tl_model *model, const tl_key *step, const char *path,
                        tl_err *err)
{
    tl_arena arena = tl_arena_open(0);
    tl_tensor *tensor;
    int count;
    tl_text header = {0};
    char maker[TL_KEY_TEXT] = "";
    if (step) (void)tl_key_text(step, maker);
    tl_status status = tl_model_tensors(model, &arena, &tensor, &count, err);
    if (status == TL_OK) write_header(model, maker, tensor, count, &header);
    if (status == TL_OK && header.is_short)
        status = tl_fail(err, TL_E_NOMEM, "no memory left");
    if (status == TL_OK) status = write_file(path, &header, model, err);
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
                 read_number(metadata, "heads", &spec->heads) &&
                 read_number(metadata, "kv_heads", &spec->kv_heads) &&
                 (!json_object_get(metadata, "splits") ||
                  read_number(metadata, "splits", &spec->splits)),
             err, TL_E_FORMAT, "%s: its metadata describes no threatloop model", path);
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

/* The contents of a file's header. */
typedef struct read_header {
    tl_tensor *tensor;
    int count;
    char step[TL_KEY_TEXT]; /* that made the model */
} read_header;

static tl_status read_model(const char *path, const json_t *root, uint64_t left,
                            tl_arena *arena, read_header *header, tl_model **out,
                            tl_err *err)
{
    tl_model_spec spec;
    TL_TRY(read_spec(path, root, &spec, err));
    const uint64_t params = tl_model_count(&spec);
    TL_CHECK(params > 0 && left == params * sizeof(float), err, TL_E_FORMAT,
             "%s: holds %llu bytes of tensors, but its model has %llu parameters", path,
             (unsigned long long)left, (unsigned long long)params);
    TL_TRY(tl_model_new(&spec, arena, out, err));
    TL_TRY(tl_model_tensors(*out, arena, &header->tensor, &header->count, err));
    for (int i = 0; i < header->count; i++) {
        const tl_tensor *tensor = &header->tensor[i];
        TL_CHECK(is_tensor(json_object_get(root, tensor->name), tensor), err, TL_E_FORMAT,
                 "%s: tensor %s is missing, or has another type, shape or place", path,
                 tensor->name);
    }
    TL_CHECK(json_object_size(root) == (size_t)header->count + 1, err, TL_E_FORMAT,
             "%s: has tensors that do not belong to its model", path);
    const char *step =
        json_string_value(json_object_get(json_object_get(root, "__metadata__"), "step"));
    (void)snprintf(header->step, sizeof header->step, "%s", step ? step : "");
    return TL_OK;
}

/* Checks that the model is intact and of the expected step. */
static tl_status check_whole(const char *path, const char *text, size_t length,
                             const read_header *header, const tl_model *model,
                             const tl_key *step, tl_err *err)
{
    char wanted[TL_KEY_TEXT];
    tl_text again = {0};
    write_header(model, header->step, header->tensor, header->count, &again);
    const bool is_short = again.is_short;
    const bool is_same =
        !is_short && again.length == length && memcmp(again.at, text, length) == 0;
    tl_text_close(&again);
    TL_CHECK(!is_short, err, TL_E_NOMEM, "%s: no memory left to check it", path);
    TL_CHECK(is_same, err, TL_E_FORMAT,
             "%s: its checksum is wrong, or its header was modified", path);
    TL_CHECK(!step || strcmp(tl_key_text(step, wanted), header->step) == 0, err,
             TL_E_FORMAT, "%s: holds the model of another step, %s", path, header->step);
    return TL_OK;
}

static tl_status read_open(FILE *file, const char *path, uint64_t size, const tl_key *step,
                           tl_arena *arena, tl_model **out, tl_err *err)
{
    tl_model *model;
    read_header facts;
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
    if (!header) return TL_E_NOMEM;
    TL_CHECK(fread(header, 1, length, file) == length, err, TL_E_FORMAT,
             "%s: is cut off in its header", path);
    json_error_t why;
    json_t *root = json_loadb(header, length, JSON_REJECT_DUPLICATES, &why);
    TL_CHECK(root, err, TL_E_FORMAT, "%s: its header is not JSON: %s", path, why.text);
    const tl_status status =
        read_model(path, root, size - sizeof bytes - length, arena, &facts, &model, err);
    json_decref(root);
    TL_TRY(status);
    TL_CHECK(fread(model->param, sizeof(float), model->params, file) == model->params, err,
             TL_E_FORMAT, "%s: is cut off in its tensors", path);
    TL_TRY(check_whole(path, header, length, &facts, model, step, err));
    *out = model;
    return TL_OK;
}

tl_status tl_model_load(const char *path, const tl_key *step, tl_arena *arena,
                        tl_model **out, tl_err *err)
{
    struct stat info;
    /* Checked after it is open, and opened without waiting: it may be a pipe. */
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    FILE *file = descriptor >= 0 ? fdopen(descriptor, "rb") : NULL;
    if (descriptor >= 0 && !file) (void)close(descriptor);
    TL_CHECK(file, err, TL_E_IO, "%s: cannot be opened: %s", path, strerror(errno));
    tl_status status;
    if (fstat(fileno(file), &info) != 0 || !S_ISREG(info.st_mode)) {
        status = tl_fail(err, TL_E_IO, "%s: is not a file", path);
    } else {
        status = read_open(file, path, (uint64_t)info.st_size, step, arena, out, err);
    }
    (void)fclose(file);
    return status;
}
