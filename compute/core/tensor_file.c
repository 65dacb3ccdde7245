/*
 * safetensors: u64 little-endian length of the header, the header (JSON), the buffer.
 * Written by hand in the order of the caller, so that the same contents give the same
 * bytes; read by jansson. The checksum covers the metadata before it, the table of tensors
 * (unless it is implied) and the buffer. When a file is read, its header is written again
 * from what was understood and compared: so there is one header for given contents, and no
 * byte of it goes unverified.
 */
#include "compute/core/tensor_file.h"

#include "compute/core/file.h"
#include "compute/core/text.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST_HEADER = 1 << 20 };

static const uint64_t most_numbers = (uint64_t)1 << 60, most_size = INT32_MAX;

static const struct {
    const char *name;
    uint64_t bytes;
} types[TL_DTYPES] = {
    [TL_DTYPE_F32] = {"F32", 4}, [TL_DTYPE_F64] = {"F64", 8}, [TL_DTYPE_I32] = {"I32", 4},
    [TL_DTYPE_I64] = {"I64", 8}, [TL_DTYPE_U32] = {"U32", 4}, [TL_DTYPE_U8] = {"U8", 1},
};

uint64_t tl_file_tensor_bytes(const tl_file_tensor *tensor)
{
    uint64_t bytes = types[tensor->dtype].bytes;
    for (int d = 0; d < tensor->rank; d++) bytes *= tensor->size[d];
    return bytes;
}

bool tl_file_tensor_equal(const tl_file_tensor *a, const tl_file_tensor *b)
{
    bool is_equal =
        strcmp(a->name, b->name) == 0 && a->dtype == b->dtype && a->rank == b->rank;
    for (int d = 0; d < a->rank && is_equal; d++) is_equal = a->size[d] == b->size[d];
    return is_equal;
}

/* Whether no product of its sizes can overflow, in any order. */
static bool is_shape(const tl_file_tensor *tensor)
{
    uint64_t count = 1;
    if (tensor->rank < 0 || tensor->rank > TL_FILE_TENSOR_RANK) return false;
    for (int d = 0; d < tensor->rank; d++) {
        const uint64_t size = tensor->size[d];
        if (size > most_size || (size > 0 && count > most_numbers / size)) return false;
        if (size > 0) count *= size;
    }
    return true;
}

/* --- the header ----------------------------------------------------------------------- */

static void add_string(tl_text *text, const char *string)
{
    tl_text_add(text, "\"");
    for (const char *c = string; *c; c++) {
        if (*c == '"' || *c == '\\') tl_text_add(text, "\\");
        if ((unsigned char)*c < 0x20) {
            tl_text_print(text, "\\u%04x", (unsigned)*c);
        } else {
            tl_text_bytes(text, c, 1);
        }
    }
    tl_text_add(text, "\"");
}

static void write_table(const tl_tensor_file *file, tl_text *text)
{
    uint64_t at = 0;
    for (int i = 0; i < file->tensors; i++) {
        const tl_file_tensor *tensor = &file->tensor[i];
        tl_text_add(text, ",");
        add_string(text, tensor->name);
        tl_text_print(text, ":{\"dtype\":\"%s\",\"shape\":[", types[tensor->dtype].name);
        for (int d = 0; d < tensor->rank; d++) {
            tl_text_print(text, "%s%llu", d ? "," : "",
                          (unsigned long long)tensor->size[d]);
        }
        const uint64_t end = at + tl_file_tensor_bytes(tensor);
        tl_text_print(text, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)at,
                      (unsigned long long)end);
        at = end;
    }
}

/* The buffer: the tensors that hold something, neighbours in memory as one piece.
 * `piece` [tensors] is set; returns how many there are. */
static int gather(const tl_tensor_file *file, tl_durable_piece *piece)
{
    int pieces = 0;
    for (int i = 0; i < file->tensors; i++) {
        const size_t n = (size_t)tl_file_tensor_bytes(&file->tensor[i]);
        const char *at = file->tensor[i].at;
        tl_durable_piece *last = pieces > 0 ? &piece[pieces - 1] : NULL;
        if (n == 0) continue;
        if (last && (const char *)last->bytes + last->n == at) {
            last->n += n;
        } else {
            piece[pieces++] = (tl_durable_piece){at, n};
        }
    }
    return pieces;
}

static void write_header(const tl_tensor_file *file, const tl_durable_piece *piece,
                         int pieces, tl_text *text)
{
    tl_text table = {0};
    tl_hash all = {0};
    char digits[TL_KEY_TEXT] = "";
    if (file->step) (void)tl_key_text(file->step, digits);
    tl_text_add(text, "{\"__metadata__\":{\"format\":");
    add_string(text, file->format);
    tl_text_print(text, ",\"step\":\"%s\"", digits);
    for (int i = 0; i < file->entries; i++) {
        tl_text_add(text, ",");
        add_string(text, file->entry[i].name);
        tl_text_add(text, ":");
        add_string(text, file->entry[i].text);
    }
    write_table(file, &table);
    tl_key key = tl_key_of(text->at, text->length);
    tl_hash_key(&all, &key);
    if (!file->is_table_implied) {
        key = tl_key_of(table.at, table.length);
        tl_hash_key(&all, &key);
    }
    key = tl_key_of_pieces(piece, pieces);
    tl_hash_key(&all, &key);
    key = tl_hash_end(&all);
    tl_text_print(text, ",\"sha256_128\":\"%s\"}", tl_key_text(&key, digits));
    tl_text_bytes(text, table.at, table.length);
    tl_text_add(text, "}");
    while (text->length % 8 != 0 && !text->is_short) tl_text_add(text, " ");
    text->is_short = text->is_short || table.is_short;
    tl_text_close(&table);
}

/* --- save ----------------------------------------------------------------------------- */

static tl_status write_file(const tl_folder *folder, const char *path,
                            const tl_text *header, tl_durable_piece *piece, int pieces,
                            tl_err *err)
{
    unsigned char length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)((uint64_t)header->length >> (8 * i));
    piece[0] = (tl_durable_piece){length, sizeof length};
    piece[1] = (tl_durable_piece){header->at, header->length};
    return tl_file_replace(folder, path, 0600, piece, pieces, err);
}

/* Whether a reader will understand the header. */
static tl_status check_header(const char *path, const tl_text *header, tl_err *err)
{
    json_error_t why;
    TL_CHECK(!header->is_short, err, TL_E_NOMEM, "%s: no memory left to write it", path);
    TL_CHECK(header->length <= LONGEST_HEADER, err, TL_E_ARG,
             "%s: a header of %zu bytes is too long, at most %d are allowed", path,
             header->length, LONGEST_HEADER);
    json_t *root = json_loadb(header->at, header->length, JSON_REJECT_DUPLICATES, &why);
    TL_CHECK(root, err, TL_E_ARG, "%s: its names and texts make no JSON: %s", path,
             why.text);
    json_decref(root);
    return TL_OK;
}

tl_status tl_tensor_file_save(const tl_tensor_file *file, const tl_folder *folder,
                              const char *path, tl_err *err)
{
    for (int i = 0; i < file->tensors; i++) {
        TL_CHECK(is_shape(&file->tensor[i]), err, TL_E_ARG,
                 "%s: the shape of tensor %s is beyond the limits of a file", path,
                 file->tensor[i].name);
    }
    tl_arena arena = tl_arena_open(0);
    tl_text header = {0};
    tl_durable_piece *piece =
        tl_arena_take(&arena, (size_t)file->tensors + 2, sizeof *piece, err);
    tl_status status = TL_E_NOMEM;
    if (piece) {
        const int pieces = gather(file, piece + 2);
        write_header(file, piece + 2, pieces, &header);
        status = check_header(path, &header, err);
        if (status == TL_OK)
            status = write_file(folder, path, &header, piece, pieces + 2, err);
    }
    tl_text_close(&header);
    tl_arena_close(&arena);
    return status;
}

/* --- load ----------------------------------------------------------------------------- */

static const char *noun(const tl_tensor_want *want)
{
    return want->what ? want->what : "contents";
}

/* Sets `file`'s format, step and entries from the metadata; anything that does not fit here
 * differs from the header when it is written again. */
static tl_status read_metadata(const char *path, json_t *root, tl_arena *arena,
                               tl_tensor_file *file, tl_err *err)
{
    json_t *metadata = json_object_get(root, "__metadata__");
    const char *name;
    json_t *value;
    const char *step = json_string_value(json_object_get(metadata, "step"));
    const char *format = json_string_value(json_object_get(metadata, "format"));
    TL_CHECK(step && format && json_object_get(metadata, "sha256_128"), err, TL_E_FORMAT,
             "%s: its metadata lacks a format, a step or a checksum", path);
    file->format = tl_arena_text(arena, format, err);
    if (!file->format) return TL_E_NOMEM;
    if (*step) {
        tl_key *key;
        TL_ALLOC(key, arena, 1, err);
        TL_CHECK(tl_key_read(step, key), err, TL_E_FORMAT, "%s: its step is no key", path);
        file->step = key;
    }
    TL_ALLOC(file->entry, arena, json_object_size(metadata), err);
    json_object_foreach(metadata, name, value)
    {
        const char *text = json_string_value(value);
        TL_CHECK(text, err, TL_E_FORMAT, "%s: metadata %s is no text", path, name);
        if (strcmp(name, "format") == 0 || strcmp(name, "step") == 0 ||
            strcmp(name, "sha256_128") == 0) {
            continue;
        }
        tl_file_entry *entry = &file->entry[file->entries++];
        entry->name = tl_arena_text(arena, name, err);
        entry->text = tl_arena_text(arena, text, err);
        if (!entry->name || !entry->text) return TL_E_NOMEM;
    }
    return TL_OK;
}

/* A whole number 0..most; more than that for anything else. */
static uint64_t whole(const json_t *value, uint64_t most)
{
    const json_int_t number = json_is_integer(value) ? json_integer_value(value) : -1;
    return number >= 0 && (uint64_t)number <= most ? (uint64_t)number : most + 1;
}

/* Sets type and shape of `tensor`, whose numbers begin `*at` bytes into a buffer of `left`
 * bytes, and moves `*at` to its end; false if it is not so. */
static bool read_tensor(const json_t *entry, uint64_t left, uint64_t *at,
                        tl_file_tensor *tensor)
{
    const json_t *shape = json_object_get(entry, "shape");
    const json_t *offsets = json_object_get(entry, "data_offsets");
    const char *type = json_string_value(json_object_get(entry, "dtype"));
    tensor->dtype = TL_DTYPES;
    for (int t = 0; type && t < TL_DTYPES; t++) {
        if (strcmp(type, types[t].name) == 0) tensor->dtype = (tl_dtype)t;
    }
    if (tensor->dtype == TL_DTYPES || !json_is_array(shape) ||
        json_array_size(shape) > TL_FILE_TENSOR_RANK || json_array_size(offsets) != 2) {
        return false;
    }
    tensor->rank = (int)json_array_size(shape);
    for (int d = 0; d < tensor->rank; d++) {
        tensor->size[d] = whole(json_array_get(shape, (size_t)d), most_size);
    }
    if (!is_shape(tensor)) return false;
    const uint64_t bytes = tl_file_tensor_bytes(tensor);
    if (bytes > left - *at || whole(json_array_get(offsets, 0), left) != *at ||
        whole(json_array_get(offsets, 1), left) != *at + bytes) {
        return false;
    }
    *at += bytes;
    return true;
}

static tl_status read_table(const char *path, json_t *root, uint64_t left, tl_arena *arena,
                            tl_tensor_file *file, tl_err *err)
{
    const char *name;
    json_t *entry;
    uint64_t at = 0;
    TL_ALLOC(file->tensor, arena, json_object_size(root), err);
    json_object_foreach(root, name, entry)
    {
        if (strcmp(name, "__metadata__") == 0) continue;
        tl_file_tensor *tensor = &file->tensor[file->tensors++];
        TL_CHECK(read_tensor(entry, left, &at, tensor), err, TL_E_FORMAT,
                 "%s: tensor %s has an unknown type, or a shape or place that does not fit "
                 "into the file",
                 path, name);
        tensor->name = tl_arena_text(arena, name, err);
        if (!tensor->name) return TL_E_NOMEM;
    }
    TL_CHECK(at == left, err, TL_E_FORMAT,
             "%s: holds %llu bytes of tensors, but its header describes %llu", path,
             (unsigned long long)left, (unsigned long long)at);
    return TL_OK;
}

/* Reads the tensors to where the caller wants them. */
static tl_status read_tensors(FILE *stream, const char *path, const tl_tensor_want *want,
                              tl_arena *arena, tl_tensor_file *file, tl_err *err)
{
    TL_CHECK(!want->format || strcmp(want->format, file->format) == 0, err, TL_E_FORMAT,
             "%s: is of format %s, not %s", path, file->format, want->format);
    const tl_status status =
        want->place ? want->place(want->self, file, arena, err) : TL_OK;
    if (status != TL_OK) (void)tl_fail_prefix(err, "%s", path);
    TL_TRY(status);
    for (int i = 0; i < file->tensors; i++) {
        tl_file_tensor *tensor = &file->tensor[i];
        const size_t n = (size_t)tl_file_tensor_bytes(tensor);
        if (!tensor->at) tensor->at = tl_arena_take(arena, n, 1, err);
        if (!tensor->at) return TL_E_NOMEM;
        TL_CHECK(fread(tensor->at, 1, n, stream) == n, err, TL_E_FORMAT,
                 "%s: is cut off in its tensors", path);
    }
    return TL_OK;
}

/* Checks that the contents are intact and of the expected step. */
static tl_status check_whole(const char *path, const char *text, size_t length,
                             const tl_tensor_file *file, const tl_tensor_want *want,
                             tl_err *err)
{
    char digits[TL_KEY_TEXT] = "";
    tl_arena arena = tl_arena_open(0);
    tl_text again = {0};
    tl_durable_piece *piece =
        tl_arena_take(&arena, (size_t)file->tensors, sizeof *piece, err);
    if (piece) write_header(file, piece, gather(file, piece), &again);
    const bool is_short = !piece || again.is_short;
    const bool is_same =
        !is_short && again.length == length && memcmp(again.at, text, length) == 0;
    tl_text_close(&again);
    tl_arena_close(&arena);
    TL_CHECK(!is_short, err, TL_E_NOMEM, "%s: no memory left to check it", path);
    TL_CHECK(is_same, err, TL_E_FORMAT,
             "%s: its checksum is wrong, or its header was modified", path);
    if (file->step) (void)tl_key_text(file->step, digits);
    TL_CHECK(!want->step || (file->step && tl_key_equal(want->step, file->step)), err,
             TL_E_FORMAT, "%s: holds the %s of another step, %s", path, noun(want),
             *digits ? digits : "unknown");
    return TL_OK;
}

static tl_status read_open(FILE *stream, const char *path, uint64_t size,
                           const tl_tensor_want *want, tl_arena *arena,
                           tl_tensor_file *file, tl_err *err)
{
    unsigned char bytes[8];
    TL_CHECK(size >= sizeof bytes && fread(bytes, 1, sizeof bytes, stream) == sizeof bytes,
             err, TL_E_FORMAT, "%s: is too short for a safetensors file", path);
    TL_CHECK(memcmp(bytes, "version ", sizeof bytes) != 0, err, TL_E_FORMAT,
             "%s: is a Git LFS pointer, not the %s itself", path, noun(want));
    uint64_t length = 0;
    for (int i = 7; i >= 0; i--) length = length << 8 | bytes[i];
    TL_CHECK(length <= LONGEST_HEADER && length <= size - sizeof bytes, err, TL_E_FORMAT,
             "%s: its header claims %llu bytes", path, (unsigned long long)length);
    char *header = tl_arena_take(arena, length + 1, 1, err);
    if (!header) return TL_E_NOMEM;
    TL_CHECK(fread(header, 1, length, stream) == length, err, TL_E_FORMAT,
             "%s: is cut off in its header", path);
    json_error_t why;
    json_t *root = json_loadb(header, length, JSON_REJECT_DUPLICATES, &why);
    TL_CHECK(root, err, TL_E_FORMAT, "%s: its header is not JSON: %s", path, why.text);
    tl_status status = read_metadata(path, root, arena, file, err);
    if (status == TL_OK) {
        const uint64_t left = size - sizeof bytes - length;
        status = read_table(path, root, left, arena, file, err);
    }
    json_decref(root);
    TL_TRY(status);
    TL_TRY(read_tensors(stream, path, want, arena, file, err));
    return check_whole(path, header, length, file, want, err);
}

tl_status tl_tensor_file_load(const tl_folder *folder, const char *path,
                              const tl_tensor_want *want, tl_arena *arena,
                              tl_tensor_file **out, tl_err *err)
{
    FILE *stream;
    uint64_t bytes;
    tl_tensor_file *file;
    TL_ALLOC(file, arena, 1, err);
    file->is_table_implied = want->is_table_implied;
    TL_TRY(tl_file_stream(folder, path, &stream, &bytes, err));
    const tl_status status = read_open(stream, path, bytes, want, arena, file, err);
    (void)fclose(stream);
    if (status == TL_OK) *out = file;
    return status;
}

/* --- what a file holds ---------------------------------------------------------------- */

tl_file_tensor *tl_tensor_file_find(const tl_tensor_file *file, const char *name,
                                    tl_dtype dtype, int rank)
{
    for (int i = 0; i < file->tensors; i++) {
        tl_file_tensor *tensor = &file->tensor[i];
        if (strcmp(tensor->name, name) == 0) {
            return tensor->dtype == dtype && tensor->rank == rank ? tensor : NULL;
        }
    }
    return NULL;
}

const char *tl_tensor_file_text(const tl_tensor_file *file, const char *name)
{
    for (int i = 0; i < file->entries; i++) {
        if (strcmp(file->entry[i].name, name) == 0) return file->entry[i].text;
    }
    return NULL;
}

bool tl_tensor_file_whole(const tl_tensor_file *file, const char *name, int most,
                          int *value)
{
    const char *text = tl_tensor_file_text(file, name);
    char again[16];
    double number;
    if (!text || !tl_text_real(text, &number) || number < 0.0 || number > (double)most ||
        number != (double)(int)number) {
        return false;
    }
    (void)snprintf(again, sizeof again, "%d", (int)number);
    if (strcmp(again, text) != 0) return false;
    *value = (int)number;
    return true;
}
