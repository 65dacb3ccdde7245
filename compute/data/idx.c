#include "compute/data/idx.h"

#include "compute/core/file.h"

#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { PIECE = 1 << 16 };

static const char *type_of(int code)
{
    static const char *const type[] = {"u1", "i1", NULL, "i2", "i4", "f4", "f8"};
    return code >= 0x08 && code <= 0x0e ? type[code - 0x08] : NULL;
}

static tl_status take(gzFile file, const char *path, unsigned char *bytes, size_t n,
                      tl_err *err)
{
    for (size_t got = 0; got < n;) {
        const size_t piece = n - got < 1 << 20 ? n - got : 1 << 20;
        const int more = gzread(file, bytes + got, (unsigned)piece);
        TL_CHECK(more >= 0, err, TL_E_FORMAT, "%s: its gzip stream is damaged", path);
        TL_CHECK(more > 0, err, TL_E_FORMAT, "%s: ends %zu bytes early", path, n - got);
        got += (size_t)more;
    }
    return TL_OK;
}

/* Type and shape, of a file that inflates to `limit` bytes at most. */
static tl_status read_head(gzFile file, const char *path, uint64_t limit, tl_array *out,
                           tl_err *err)
{
    unsigned char head[4];
    *out = (tl_array){.count = 1};
    TL_TRY(take(file, path, head, sizeof head, err));
    const char *type = type_of(head[2]);
    TL_CHECK(head[0] == 0 && head[1] == 0 && type && head[3] <= TL_ARRAY_RANK, err,
             TL_E_FORMAT, "%s: is not an idx file", path);
    memcpy(out->type, type, 3);
    out->rank = head[3];
    const uint64_t item = (uint64_t)tl_array_item(type);
    for (int d = 0; d < out->rank; d++) {
        unsigned char b[4];
        TL_TRY(take(file, path, b, sizeof b, err));
        out->size[d] =
            (uint64_t)b[0] << 24 | (uint64_t)b[1] << 16 | (uint64_t)b[2] << 8 | b[3];
        const bool fits = out->size[d] == 0 || out->count <= limit / item / out->size[d];
        TL_CHECK(fits, err, TL_E_FORMAT, "%s: claims more elements than its bytes can hold",
                 path);
        out->count *= out->size[d];
    }
    return TL_OK;
}

static tl_status check_end(gzFile file, const char *path, tl_err *err)
{
    unsigned char beyond;
    /* Reading past the end makes zlib compare the checksum. */
    const int left = gzread(file, &beyond, 1);
    int code = Z_OK;
    (void)gzerror(file, &code);
    TL_CHECK(left >= 0 && code != Z_BUF_ERROR, err, TL_E_FORMAT,
             "%s: its gzip stream is damaged", path);
    TL_CHECK(left == 0, err, TL_E_FORMAT, "%s: has extra bytes after its elements", path);
    return TL_OK;
}

static tl_status keep_elements(gzFile file, const char *path, tl_arena *arena,
                               tl_array *out, tl_err *err)
{
    const size_t all = (size_t)tl_array_bytes(out);
    TL_TRY(tl_array_fits(path, all, arena, err));
    TL_ALLOC(out->bytes, arena, all, err);
    TL_TRY(take(file, path, out->bytes, all, err));
    TL_TRY(check_end(file, path, err));
    if (tl_array_item(out->type) > 1) tl_array_swap(out);
    return TL_OK;
}

static tl_status skip_elements(gzFile file, const char *path, const tl_array *array,
                               tl_err *err)
{
    unsigned char piece[PIECE];
    for (uint64_t left = tl_array_bytes(array), n; left > 0; left -= n) {
        n = left < PIECE ? left : PIECE;
        TL_TRY(take(file, path, piece, (size_t)n, err));
    }
    return check_end(file, path, err);
}

/* \param arena NULL: elements are not kept, and not read if they have more than `most`
 * bytes
 */
static tl_status read_file(const char *path, tl_arena *arena, uint64_t most, tl_array *out,
                           tl_err *err)
{
    uint64_t size;
    int descriptor;
    TL_TRY(tl_file_open(NULL, path, &descriptor, &size, err));
    gzFile file = gzdopen(descriptor, "rb");
    if (!file) (void)close(descriptor);
    TL_CHECK(file, err, TL_E_NOMEM, "%s: no memory left to read it", path);
    /* Deflate packs at most 1032 to 1, so a short file cannot claim much memory. */
    const uint64_t inflated = (size + 64) * 1032;
    const uint64_t limit = inflated < TL_ARRAY_LIMIT ? inflated : TL_ARRAY_LIMIT;
    tl_status status = read_head(file, path, limit, out, err);
    if (status == TL_OK && arena)
        status = keep_elements(file, path, arena, out, err);
    else if (status == TL_OK && tl_array_bytes(out) <= most)
        status = skip_elements(file, path, out, err);
    (void)gzclose(file);
    return status;
}

tl_status tl_idx_read(const char *path, tl_arena *arena, tl_array *out, tl_err *err)
{
    return read_file(path, arena, 0, out, err);
}

tl_status tl_idx_check(const char *path, uint64_t most, tl_array *out, tl_err *err)
{
    return read_file(path, NULL, most, out, err);
}
