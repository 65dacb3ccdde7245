#include "compute/data/idx.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

static const char *type_of(int code)
{
    switch (code) {
    case 0x08:
        return "u1";
    case 0x09:
        return "i1";
    case 0x0b:
        return "i2";
    case 0x0c:
        return "i4";
    case 0x0d:
        return "f4";
    case 0x0e:
        return "f8";
    default:
        return NULL;
    }
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

static tl_status read_open(gzFile file, const char *path, uint64_t limit, tl_arena *arena,
                           tl_array *out, tl_err *err)
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
    TL_ALLOC(out->bytes, arena, out->count * item, err);
    TL_TRY(take(file, path, out->bytes, out->count * item, err));
    unsigned char beyond;
    /* Reading past the end makes zlib compare the checksum. */
    const int left = gzread(file, &beyond, 1);
    int code = Z_OK;
    (void)gzerror(file, &code);
    TL_CHECK(left >= 0 && code != Z_BUF_ERROR, err, TL_E_FORMAT,
             "%s: its gzip stream is damaged", path);
    TL_CHECK(left == 0, err, TL_E_FORMAT, "%s: has bytes left over behind its elements",
             path);
    for (uint64_t i = 0; item > 1 && i < out->count; i++) {
        unsigned char *at = out->bytes + i * item;
        for (size_t a = 0, b = (size_t)item - 1; a < b; a++, b--) {
            const unsigned char held = at[a];
            at[a] = at[b];
            at[b] = held;
        }
    }
    return TL_OK;
}

tl_status tl_idx_read(const char *path, tl_arena *arena, tl_array *out, tl_err *err)
{
    struct stat info;
    TL_CHECK(stat(path, &info) == 0, err, TL_E_IO, "%s: cannot be opened: %s", path,
             strerror(errno));
    TL_CHECK(S_ISREG(info.st_mode), err, TL_E_IO, "%s: is not a file", path);
    gzFile file = gzopen(path, "rb");
    TL_CHECK(file, err, TL_E_IO, "%s: cannot be opened: %s", path, strerror(errno));
    /* Deflate packs at most 1032 to 1, so a short file cannot claim much memory. */
    const uint64_t most = ((uint64_t)info.st_size + 64) * 1032;
    const uint64_t limit = most < TL_ARRAY_LIMIT ? most : TL_ARRAY_LIMIT;
    const tl_status status = read_open(file, path, limit, arena, out, err);
    (void)gzclose(file);
    return status;
}
