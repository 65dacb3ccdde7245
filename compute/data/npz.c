#include "compute/data/npz.h"

#include "compute/core/file.h"
#include "compute/data/npy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>

enum {
    MOST_MEMBERS = 10000,
    HEAD = 10240,
    MOST_SMALLER = 1032 /* deflate's maximum compression */
};

struct tl_npz {
    zip_t *zip;
    char *path;
    int members;
};

/* Whether the stated size is within the limit and possible for the compressed bytes. */
static bool is_possible(const zip_stat_t *info)
{
    return info->size <= TL_ARRAY_LIMIT &&
           info->size / MOST_SMALLER <= info->comp_size + 64;
}

/* Members may overlap, so that each alone is plausible in a small file: their total is
 * checked against the file's `bytes`. */
static tl_status check_total(const tl_npz *npz, uint64_t bytes, tl_err *err)
{
    const zip_uint64_t known = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE;
    uint64_t total = 0;
    for (int i = 0; i < npz->members; i++) {
        zip_stat_t info;
        if (zip_stat_index(npz->zip, (zip_uint64_t)i, 0, &info) != 0) continue;
        /* Impossible members are never read. */
        if ((info.valid & known) == known && is_possible(&info)) total += info.size;
    }
    TL_CHECK(total / MOST_SMALLER <= bytes, err, TL_E_FORMAT,
             "%s: its members claim %llu bytes in total, more than a file of %llu can hold",
             npz->path, (unsigned long long)total, (unsigned long long)bytes);
    return TL_OK;
}

tl_status tl_npz_open(const char *path, tl_npz **out, tl_err *err)
{
    uint64_t size;
    int file, code = 0;
    TL_TRY(tl_file_open(NULL, path, &file, &size, err));
    zip_t *zip = zip_fdopen(file, 0, &code);
    if (!zip) {
        (void)close(file);
        zip_error_t why;
        zip_error_init_with_code(&why, code);
        const bool is_system = zip_error_system_type(&why) == ZIP_ET_SYS;
        const tl_status fault =
            tl_fail(err, is_system ? TL_E_IO : TL_E_FORMAT, "%s: %s: %s", path,
                    is_system ? "cannot be opened" : "is not a complete npz (zip) file",
                    zip_error_strerror(&why));
        zip_error_fini(&why);
        return fault;
    }
    const zip_int64_t members = zip_get_num_entries(zip, 0);
    tl_npz *npz = calloc(1, sizeof *npz);
    char *copy = npz ? malloc(strlen(path) + 1) : NULL;
    if (!copy || members < 0 || members > MOST_MEMBERS) {
        free(npz);
        free(copy);
        (void)zip_close(zip);
        return tl_fail(err, TL_E_FORMAT, "%s: has %lld members, more than %d", path,
                       (long long)members, MOST_MEMBERS);
    }
    memcpy(copy, path, strlen(path) + 1);
    *npz = (tl_npz){.zip = zip, .path = copy, .members = (int)members};
    const tl_status status = check_total(npz, size, err);
    if (status == TL_OK) {
        *out = npz;
    } else {
        tl_npz_close(npz);
    }
    return status;
}

void tl_npz_close(tl_npz *npz)
{
    if (!npz) return;
    zip_discard(npz->zip);
    free(npz->path);
    free(npz);
}

int tl_npz_members(const tl_npz *npz)
{
    return npz->members;
}

const char *tl_npz_name(const tl_npz *npz, int member)
{
    const char *name = zip_get_name(npz->zip, (zip_uint64_t)member, 0);
    return name ? name : "?";
}

int tl_npz_find(const tl_npz *npz, const char *name)
{
    char wanted[128];
    (void)snprintf(wanted, sizeof wanted, "%s.npy", name);
    for (int i = 0; i < npz->members; i++) {
        const char *stored = tl_npz_name(npz, i), *slash = strrchr(stored, '/');
        if (strcmp(slash ? slash + 1 : stored, wanted) == 0) return i;
    }
    return -1;
}

/* Reads up to `n` bytes; fewer at the end. */
static tl_status fill(zip_file_t *file, const char *where, unsigned char *bytes, size_t n,
                      size_t *got, tl_err *err)
{
    *got = 0;
    while (*got < n) {
        const zip_int64_t more = zip_fread(file, bytes + *got, n - *got);
        TL_CHECK(more >= 0, err, TL_E_FORMAT, "%s: its content is damaged: %s", where,
                 zip_error_strerror(zip_file_get_error(file)));
        if (more == 0) break;
        *got += (size_t)more;
    }
    return TL_OK;
}

/* The header is checked against the stated size before anything large is allocated.
 */
static tl_status read_file(zip_file_t *file, const char *where, uint64_t size,
                           tl_arena *arena, tl_array *out, tl_err *err)
{
    unsigned char head[HEAD];
    size_t got, more = 0;
    TL_TRY(fill(file, where, head, size < HEAD ? (size_t)size : HEAD, &got, err));
    tl_npy npy;
    TL_TRY(tl_npy_head(where, head, got, size, &npy, err));
    unsigned char *whole = malloc((size_t)size);
    TL_CHECK(whole, err, TL_E_NOMEM, "%s: no memory left for %llu bytes", where,
             (unsigned long long)size);
    memcpy(whole, head, got);
    tl_status status = fill(file, where, whole + got, (size_t)size - got, &more, err);
    unsigned char beyond;
    size_t extra = 0;
    /* Reading past the end makes libzip compare the checksum. */
    if (status == TL_OK) status = fill(file, where, &beyond, 1, &extra, err);
    if (status == TL_OK && (got + more != size || extra != 0)) {
        status = tl_fail(err, TL_E_FORMAT, "%s: does not have the %llu bytes it claims",
                         where, (unsigned long long)size);
    }
    if (status == TL_OK) status = tl_npy_read(where, whole, (size_t)size, arena, out, err);
    free(whole);
    return status;
}

tl_status tl_npz_read(tl_npz *npz, int member, tl_arena *arena, tl_array *out, tl_err *err)
{
    char where[512];
    (void)snprintf(where, sizeof where, "%s: member %s", npz->path,
                   tl_npz_name(npz, member));
    zip_stat_t info;
    TL_CHECK(zip_stat_index(npz->zip, (zip_uint64_t)member, 0, &info) == 0 &&
                 (info.valid & ZIP_STAT_SIZE),
             err, TL_E_FORMAT, "%s: its size is missing", where);
    TL_CHECK(info.size <= TL_ARRAY_LIMIT, err, TL_E_FORMAT,
             "%s: claims %llu bytes; at most %llu are allowed", where,
             (unsigned long long)info.size, (unsigned long long)TL_ARRAY_LIMIT);
    const zip_uint64_t known = ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    TL_CHECK((info.valid & known) == known &&
                 (info.comp_method == ZIP_CM_STORE || info.comp_method == ZIP_CM_DEFLATE),
             err, TL_E_FORMAT, "%s: is neither stored nor deflated", where);
    /* So a short member cannot claim much memory. */
    TL_CHECK(is_possible(&info), err, TL_E_FORMAT,
             "%s: claims %llu bytes, more than its %llu compressed bytes can hold", where,
             (unsigned long long)info.size, (unsigned long long)info.comp_size);
    zip_file_t *file = zip_fopen_index(npz->zip, (zip_uint64_t)member, 0);
    TL_CHECK(file, err, TL_E_FORMAT, "%s: cannot be read: %s", where,
             zip_strerror(npz->zip));
    const tl_status status = read_file(file, where, info.size, arena, out, err);
    (void)zip_fclose(file);
    return status;
}
