#include "compute/data/npy.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MAGIC = 6, LONGEST_HEADER = 10000 };

/* The header's dictionary, read left to right. */
typedef struct reader {
    const char *at, *end;
    const char *name;
    tl_err *err;
} reader;

static void skip_blanks(reader *r)
{
    while (r->at < r->end && isspace((unsigned char)*r->at)) r->at++;
}

static bool take(reader *r, char c)
{
    skip_blanks(r);
    if (r->at >= r->end || *r->at != c) return false;
    r->at++;
    return true;
}

static tl_status bad(const reader *r, const char *what)
{
    return tl_fail(r->err, TL_E_FORMAT, "%s: its npy header is malformed: %s", r->name,
                   what);
}

/* A quoted word of at most 31 characters. */
static bool take_word(reader *r, char word[32])
{
    skip_blanks(r);
    if (r->at >= r->end || (*r->at != '\'' && *r->at != '"')) return false;
    const char quote = *r->at++;
    size_t n = 0;
    while (r->at < r->end && *r->at != quote && n < 31) word[n++] = *r->at++;
    word[n] = '\0';
    return take(r, quote);
}

static tl_status read_type(reader *r, tl_npy *out)
{
    char word[32];
    skip_blanks(r);
    if (r->at < r->end && *r->at == '[')
        return bad(r, "structured types are not supported");
    if (!take_word(r, word)) return bad(r, "'descr' is not a string");
    const char order = word[0];
    const char *type = strchr("<>|=", order) && order ? word + 1 : word;
    if (*type == 'O') {
        return tl_fail(r->err, TL_E_FORMAT,
                       "%s: holds Python objects (a pickle), which are never read",
                       r->name);
    }
    const int item = tl_array_item(type);
    TL_CHECK(
        item > 0, r->err, TL_E_FORMAT,
        "%s: elements of type '%s' are not supported; allowed: u1 i1 b1 u2 i2 f2 u4 i4 f4 u8 i8 f8",
        r->name, word);
    out->is_swapped = order == '>' && item > 1;
    memcpy(out->array.type, type, 3);
    return TL_OK;
}

static tl_status read_flag(reader *r, tl_npy *out)
{
    skip_blanks(r);
    const size_t left = (size_t)(r->end - r->at);
    if (left >= 4 && strncmp(r->at, "True", 4) == 0) {
        out->is_fortran = true;
        r->at += 4;
        return TL_OK;
    }
    if (left < 5 || strncmp(r->at, "False", 5) != 0) {
        return bad(r, "'fortran_order' is neither True nor False");
    }
    r->at += 5;
    return TL_OK;
}

static tl_status read_shape(reader *r, tl_npy *out)
{
    tl_array *array = &out->array;
    if (!take(r, '(')) return bad(r, "'shape' is not a tuple");
    array->count = 1;
    while (!take(r, ')')) {
        if (array->rank == TL_ARRAY_RANK) return bad(r, "more than 8 dimensions");
        skip_blanks(r);
        if (r->at >= r->end || !isdigit((unsigned char)*r->at)) {
            return bad(r, "'shape' has an element that is not a number");
        }
        uint64_t size = 0;
        for (; r->at < r->end && isdigit((unsigned char)*r->at); r->at++) {
            if (size > UINT64_MAX / 10 - 1) return bad(r, "a dimension is too large");
            size = size * 10 + (uint64_t)(*r->at - '0');
        }
        (void)take(r, 'L'); /* Python 2 wrote 5L */
        array->size[array->rank++] = size;
        const bool overflows = size != 0 && array->count > UINT64_MAX / 16 / size;
        TL_CHECK(!overflows, r->err, TL_E_FORMAT,
                 "%s: claims more elements than any file can hold", r->name);
        array->count *= size;
        if (!take(r, ',')) {
            if (!take(r, ')')) return bad(r, "'shape' is not closed");
            break;
        }
    }
    return TL_OK;
}

static tl_status read_dictionary(reader *r, tl_npy *out)
{
    static const char *const known[] = {"descr", "fortran_order", "shape"};
    unsigned seen = 0;
    if (!take(r, '{')) return bad(r, "it is not a dictionary");
    while (!take(r, '}')) {
        char key[32];
        if (!take_word(r, key) || !take(r, ':')) return bad(r, "a key is missing");
        unsigned k = 0;
        while (k < 3 && strcmp(key, known[k]) != 0) k++;
        if (k == 3) return bad(r, "it has an unknown key");
        if (seen & 1u << k) return bad(r, "a key is repeated");
        seen |= 1u << k;
        TL_TRY(k == 0   ? read_type(r, out)
               : k == 1 ? read_flag(r, out)
                        : read_shape(r, out));
        if (!take(r, ',')) {
            if (!take(r, '}')) return bad(r, "it is not closed");
            break;
        }
    }
    skip_blanks(r);
    if (r->at < r->end) return bad(r, "something follows its dictionary");
    return seen == 7 ? TL_OK : bad(r, "it needs 'descr', 'fortran_order' and 'shape'");
}

tl_status tl_npy_head(const char *name, const unsigned char *bytes, size_t n,
                      uint64_t whole, tl_npy *out, tl_err *err)
{
    *out = (tl_npy){0};
    TL_CHECK(n >= 10 && memcmp(bytes, "\x93NUMPY", MAGIC) == 0, err, TL_E_FORMAT,
             "%s: is not an npy file", name);
    const int version = bytes[MAGIC];
    TL_CHECK(version >= 1 && version <= 3, err, TL_E_FORMAT,
             "%s: unknown npy version %d; allowed: 1 to 3", name, version);
    const size_t start = version == 1 ? 10 : 12;
    TL_CHECK(n >= start, err, TL_E_FORMAT, "%s: is cut off in its npy header", name);
    size_t length = (size_t)bytes[8] | (size_t)bytes[9] << 8;
    if (version > 1) length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    TL_CHECK(length <= LONGEST_HEADER, err, TL_E_FORMAT,
             "%s: its npy header of %zu bytes is longer than %d", name, length,
             LONGEST_HEADER);
    TL_CHECK(start + length <= n, err, TL_E_FORMAT, "%s: is cut off in its npy header",
             name);
    const char *text = (const char *)bytes + start;
    reader r = {text, text + length, name, err};
    TL_TRY(read_dictionary(&r, out));
    out->data_at = start + length;
    const uint64_t item = (uint64_t)tl_array_item(out->array.type);
    const uint64_t needed = out->array.count * item;
    TL_CHECK(needed == whole - out->data_at, err, TL_E_FORMAT,
             "%s: its header claims %llu bytes of elements, but %llu follow", name,
             (unsigned long long)needed, (unsigned long long)(whole - out->data_at));
    return TL_OK;
}

/* Copies elements in C order: Fortran order is read with reversed strides. */
static void reorder(const tl_array *array, const unsigned char *from, unsigned char *to)
{
    const size_t item = (size_t)tl_array_item(array->type);
    uint64_t stride[TL_ARRAY_RANK], index[TL_ARRAY_RANK] = {0}, at = 0, step = 1;
    for (int d = 0; d < array->rank; d++) {
        stride[d] = step;
        step *= array->size[d];
    }
    for (uint64_t i = 0; i < array->count; i++) {
        memcpy(to + i * item, from + at * item, item);
        for (int d = array->rank - 1; d >= 0; d--) {
            at += stride[d];
            if (++index[d] < array->size[d]) break;
            at -= stride[d] * array->size[d];
            index[d] = 0;
        }
    }
}

tl_status tl_npy_unfold(const char *name, const tl_npy *npy, unsigned char *bytes,
                        tl_arena *arena, tl_array *out, tl_err *err)
{
    *out = npy->array;
    out->bytes = bytes;
    if (npy->is_fortran && out->rank > 1) {
        const uint64_t all = out->count * (uint64_t)tl_array_item(out->type);
        TL_TRY(tl_array_fits(name, all, arena, err));
        TL_ALLOC(out->bytes, arena, all, err);
        reorder(out, bytes, out->bytes);
    }
    if (npy->is_swapped) tl_array_swap(out);
    return TL_OK;
}

tl_status tl_npy_read(const char *name, const unsigned char *bytes, size_t n,
                      tl_arena *arena, tl_array *out, tl_err *err)
{
    tl_npy npy;
    unsigned char *copy;
    TL_TRY(tl_npy_head(name, bytes, n, n, &npy, err));
    TL_ALLOC(copy, arena, n - npy.data_at, err);
    memcpy(copy, bytes + npy.data_at, n - npy.data_at);
    return tl_npy_unfold(name, &npy, copy, arena, out, err);
}
