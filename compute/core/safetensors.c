#include "compute/core/safetensors.h"

#include "compute/core/file.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_HEADER = 1 << 24, LENGTH_BYTES = 8 };

static const uint64_t MOST_NUMBERS = (uint64_t)1 << 40;

/* Types of the format, those with floats first. */
static const struct {
    const char *name;
    uint64_t bytes;
} types[] = {{"F32", 4}, {"F64", 8}, {"F16", 2},  {"BF16", 2},    {"I64", 8},
             {"I32", 4}, {"I16", 2}, {"I8", 1},   {"U64", 8},     {"U32", 4},
             {"U16", 2}, {"U8", 1},  {"BOOL", 1}, {"F8_E4M3", 1}, {"F8_E5M2", 1}};
enum { TYPES = sizeof types / sizeof *types, FLOATS = 4 };

char *tl_foreign_shape(const tl_foreign_tensor *tensor, char out[96])
{
    int length = 0;
    (void)snprintf(out, 96, "1 number");
    for (int d = 0; d < tensor->rank && length < 70; d++) {
        length += snprintf(out + length, 96 - (size_t)length, "%s%llu", d ? "x" : "",
                           (unsigned long long)tensor->size[d]);
    }
    return out;
}

/* --- the table ------------------------------------------------------------------------ */

/* A whole number 0..most; more than that for anything else. */
static uint64_t whole(const json_t *value, uint64_t most)
{
    const json_int_t number = json_is_integer(value) ? json_integer_value(value) : -1;
    return number >= 0 && (uint64_t)number <= most ? (uint64_t)number : most + 1;
}

/* Sets type, shape and place; false if they do not fit one another or into `room` bytes. */
static bool read_entry(const json_t *entry, uint64_t room, tl_foreign_tensor *out)
{
    const json_t *shape = json_object_get(entry, "shape");
    const json_t *offsets = json_object_get(entry, "data_offsets");
    const char *type = json_string_value(json_object_get(entry, "dtype"));
    int t = 0;
    while (type && t < TYPES && strcmp(type, types[t].name) != 0) t++;
    if (!type || t == TYPES || !json_is_array(shape) ||
        json_array_size(shape) > TL_FOREIGN_RANK || json_array_size(offsets) != 2) {
        return false;
    }
    out->type = t < FLOATS ? types[t].name : NULL;
    out->rank = (int)json_array_size(shape);
    out->count = 1;
    for (int d = 0; d < out->rank; d++) {
        const uint64_t size = whole(json_array_get(shape, (size_t)d), INT32_MAX);
        if (size > INT32_MAX || (size > 0 && out->count > MOST_NUMBERS / size))
            return false;
        out->size[d] = size;
        out->count *= size;
    }
    out->at = whole(json_array_get(offsets, 0), room);
    const uint64_t end = whole(json_array_get(offsets, 1), room);
    out->bytes = out->count * types[t].bytes;
    return out->at <= room && end <= room && out->bytes <= room &&
           end == out->at + out->bytes;
}

static int by_place(const void *a, const void *b)
{
    const tl_foreign_tensor *x = *(const tl_foreign_tensor *const *)a,
                            *y = *(const tl_foreign_tensor *const *)b;
    if (x->at != y->at) return x->at < y->at ? -1 : 1;
    return (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

/* Whether the tensors fill the buffer, one after the other in some order. */
static tl_status check_places(const char *path, const tl_safetensors *file, tl_arena *arena,
                              tl_err *err)
{
    const tl_foreign_tensor **sorted;
    uint64_t at = 0;
    const size_t mark = tl_arena_mark(arena);
    TL_ALLOC(sorted, arena, file->tensors, err);
    for (int i = 0; i < file->tensors; i++) sorted[i] = &file->tensor[i];
    qsort(sorted, (size_t)file->tensors, sizeof *sorted, by_place);
    for (int i = 0; i < file->tensors; i++) {
        TL_CHECK(sorted[i]->at == at, err, TL_E_FORMAT,
                 "%s: tensor %.100s begins at byte %llu of the buffer, where %llu is due: "
                 "tensors must neither overlap nor leave gaps",
                 path, sorted[i]->name, (unsigned long long)sorted[i]->at,
                 (unsigned long long)at);
        at += sorted[i]->bytes;
    }
    TL_CHECK(at == file->bytes, err, TL_E_FORMAT,
             "%s: holds %llu bytes of tensors, but its header describes %llu: the file is "
             "incomplete, or has a surplus",
             path, (unsigned long long)file->bytes, (unsigned long long)at);
    tl_arena_rewind(arena, mark);
    return TL_OK;
}

static tl_status read_table(const char *path, json_t *root, tl_arena *arena,
                            tl_safetensors *out, tl_err *err)
{
    const char *name;
    json_t *entry;
    TL_CHECK(json_is_object(root), err, TL_E_FORMAT,
             "%s: its header is no table of tensors", path);
    TL_ALLOC(out->tensor, arena, json_object_size(root), err);
    json_object_foreach(root, name, entry)
    {
        if (strcmp(name, "__metadata__") == 0) continue;
        tl_foreign_tensor *tensor = &out->tensor[out->tensors++];
        TL_CHECK(read_entry(entry, out->bytes, tensor), err, TL_E_FORMAT,
                 "%s: tensor %.100s has an unknown type, or a shape or place that does not "
                 "fit into the file",
                 path, name);
        tensor->name = tl_arena_text(arena, name, err);
        if (!tensor->name) return TL_E_NOMEM;
    }
    return check_places(path, out, arena, err);
}

/* Reads the header of an open file of `size` bytes. */
static tl_status read_header(FILE *stream, const char *path, uint64_t size, tl_arena *arena,
                             tl_safetensors *out, tl_err *err)
{
    unsigned char bytes[LENGTH_BYTES];
    TL_CHECK(size >= sizeof bytes && fread(bytes, 1, sizeof bytes, stream) == sizeof bytes,
             err, TL_E_FORMAT, "%s: is too short for a safetensors file", path);
    TL_CHECK(memcmp(bytes, "version ", sizeof bytes) != 0, err, TL_E_FORMAT,
             "%s: is a Git LFS pointer, not the file itself", path);
    TL_CHECK(memcmp(bytes, "PK\3\4", 4) != 0 && memcmp(bytes, "\x80\x02", 2) != 0, err,
             TL_E_FORMAT,
             "%s: is a file of torch.save, which can hold code and is not read; export the "
             "state_dict as safetensors (README, Your own model)",
             path);
    uint64_t length = 0;
    for (int i = LENGTH_BYTES - 1; i >= 0; i--) length = length << 8 | bytes[i];
    TL_CHECK(length <= LONGEST_HEADER && length <= size - sizeof bytes, err, TL_E_FORMAT,
             "%s: is no safetensors file, or damaged: its header claims %llu bytes", path,
             (unsigned long long)length);
    char *header = tl_arena_take(arena, length + 1, 1, err);
    if (!header) return TL_E_NOMEM;
    TL_CHECK(fread(header, 1, length, stream) == length, err, TL_E_FORMAT,
             "%s: is cut off in its header", path);
    json_error_t why;
    json_t *root = json_loadb(header, length, JSON_REJECT_DUPLICATES, &why);
    TL_CHECK(root, err, TL_E_FORMAT, "%s: its header is not JSON: %s", path, why.text);
    out->data_at = sizeof bytes + length;
    out->bytes = size - out->data_at;
    const tl_status status = read_table(path, root, arena, out, err);
    json_decref(root);
    return status;
}

tl_status tl_safetensors_open(const char *path, tl_arena *arena, tl_safetensors *out,
                              tl_err *err)
{
    uint64_t size;
    *out = (tl_safetensors){0};
    FILE *stream;
    TL_TRY(tl_file_stream(NULL, path, &stream, &size, err));
    const tl_status status = read_header(stream, path, size, arena, out, err);
    (void)fclose(stream);
    return status;
}

/* --- the numbers ---------------------------------------------------------------------- */

static uint64_t bits_of(const unsigned char *bytes, int count)
{
    uint64_t bits = 0;
    for (int i = count - 1; i >= 0; i--) bits = bits << 8 | bytes[i];
    return bits;
}

/* IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction. */
static float half_of(uint64_t bits)
{
    const int exponent = (int)(bits >> 10 & 31);
    const double fraction = (double)(bits & 1023);
    double value =
        exponent == 0 ? ldexp(fraction, -24) : ldexp(1024.0 + fraction, exponent - 25);
    if (exponent == 31) value = fraction > 0.0 ? (double)NAN : (double)INFINITY;
    return (float)(bits >> 15 ? -value : value);
}

static float single_of(uint64_t bits)
{
    const uint32_t low = (uint32_t)bits;
    float value;
    memcpy(&value, &low, sizeof value);
    return value;
}

static float double_of(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return (float)value;
}

tl_status tl_foreign_floats(const tl_foreign_tensor *tensor, const unsigned char *buffer,
                            float *out, tl_err *err)
{
    const char *type = tensor->type;
    TL_CHECK(type, err, TL_E_FORMAT, "tensor %.100s holds no floating-point numbers",
             tensor->name);
    const unsigned char *from = buffer + tensor->at;
    const int item = strcmp(type, "F64") == 0 ? 8 : (strcmp(type, "F32") == 0 ? 4 : 2);
    for (uint64_t i = 0; i < tensor->count; i++, from += item) {
        const uint64_t bits = bits_of(from, item);
        if (item == 2)
            out[i] = type[0] == 'B' ? single_of(bits << 16) : half_of(bits);
        else
            out[i] = item == 4 ? single_of(bits) : double_of(bits);
        TL_CHECK(isfinite(out[i]), err, TL_E_FORMAT,
                 "number %llu of tensor %.100s is not finite in single precision",
                 (unsigned long long)i, tensor->name);
    }
    return TL_OK;
}
