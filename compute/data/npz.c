#include "compute/data/npz.h"

#include "compute/core/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>

enum {
    MOST_MEMBERS = 10000,
    HEAD = 10240,
    PIECE = 1 << 16,
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

/* A member that is being read. */
typedef struct member {
    zip_file_t *file;
    uint64_t size; /* stated */
    size_t got;    /* bytes of `head` */
    unsigned char head[HEAD];
    char where[512]; /* for errors */
} member;

/* Opens a member whose stated size is possible. */
static tl_status open_member(tl_npz *npz, int number, member *m, tl_err *err)
{
    zip_stat_t info;
    (void)snprintf(m->where, sizeof m->where, "%s: member %s", npz->path,
                   tl_npz_name(npz, number));
    TL_CHECK(zip_stat_index(npz->zip, (zip_uint64_t)number, 0, &info) == 0 &&
                 (info.valid & ZIP_STAT_SIZE),
             err, TL_E_FORMAT, "%s: its size is missing", m->where);
    TL_CHECK(info.size <= TL_ARRAY_LIMIT, err, TL_E_FORMAT,
             "%s: claims %llu bytes; at most %llu are allowed", m->where,
             (unsigned long long)info.size, (unsigned long long)TL_ARRAY_LIMIT);
    const zip_uint64_t known = ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    TL_CHECK((info.valid & known) == known &&
                 (info.comp_method == ZIP_CM_STORE || info.comp_method == ZIP_CM_DEFLATE),
             err, TL_E_FORMAT, "%s: is neither stored nor deflated", m->where);
    /* So a short member cannot claim much memory. */
    TL_CHECK(is_possible(&info), err, TL_E_FORMAT,
             "%s: claims %llu bytes, more than its %llu compressed bytes can hold",
             m->where, (unsigned long long)info.size, (unsigned long long)info.comp_size);
    m->size = info.size;
    m->file = zip_fopen_index(npz->zip, (zip_uint64_t)number, 0);
    TL_CHECK(m->file, err, TL_E_FORMAT, "%s: cannot be read: %s", m->where,
             zip_strerror(npz->zip));
    return TL_OK;
}

/* The header is checked against the stated size before anything large is inflated. */
static tl_status read_head(member *m, tl_npy *out, tl_err *err)
{
    TL_TRY(fill(m->file, m->where, m->head, m->size < HEAD ? (size_t)m->size : HEAD,
                &m->got, err));
    return tl_npy_head(m->where, m->head, m->got, m->size, out, err);
}

/* Reading past the end makes libzip compare the checksum. */
static tl_status check_end(const member *m, uint64_t got, tl_err *err)
{
    unsigned char beyond;
    size_t extra = 0;
    TL_TRY(fill(m->file, m->where, &beyond, 1, &extra, err));
    TL_CHECK(got == m->size && extra == 0, err, TL_E_FORMAT,
             "%s: does not have the %llu bytes it claims", m->where,
             (unsigned long long)m->size);
    return TL_OK;
}

/* Inflates the rest of the member in pieces. */
static tl_status skip_elements(const member *m, tl_err *err)
{
    unsigned char piece[PIECE];
    uint64_t all = m->got;
    for (size_t got = 1; got > 0 && all <= m->size; all += got)
        TL_TRY(fill(m->file, m->where, piece, sizeof piece, &got, err));
    return check_end(m, all, err);
}

/* Reads the elements, in the order and byte order of the file. */
static tl_status read_elements(const member *m, const tl_npy *npy, unsigned char *bytes,
                               tl_err *err)
{
    const size_t first = m->got - npy->data_at, all = (size_t)m->size - npy->data_at;
    size_t more;
    memcpy(bytes, m->head + npy->data_at, first);
    TL_TRY(fill(m->file, m->where, bytes + first, all - first, &more, err));
    return check_end(m, m->got + more, err);
}

static tl_status read_array(member *m, tl_arena *arena, tl_array *out, tl_err *err)
{
    tl_npy npy;
    unsigned char *bytes;
    TL_TRY(read_head(m, &npy, err));
    TL_TRY(tl_array_fits(m->where, m->size, arena, err));
    TL_ALLOC(bytes, arena, m->size - npy.data_at, err);
    TL_TRY(read_elements(m, &npy, bytes, err));
    return tl_npy_unfold(m->where, &npy, bytes, arena, out, err);
}

tl_status tl_npz_head(tl_npz *npz, int number, tl_npy *out, tl_err *err)
{
    member m;
    TL_TRY(open_member(npz, number, &m, err));
    const tl_status status = read_head(&m, out, err);
    (void)zip_fclose(m.file);
    return status;
}

tl_status tl_npz_check(tl_npz *npz, int number, tl_npy *out, tl_err *err)
{
    member m;
    TL_TRY(open_member(npz, number, &m, err));
    tl_status status = read_head(&m, out, err);
    if (status == TL_OK) status = skip_elements(&m, err);
    (void)zip_fclose(m.file);
    return status;
}

tl_status tl_npz_read(tl_npz *npz, int number, tl_arena *arena, tl_array *out, tl_err *err)
{
    member m;
    TL_TRY(open_member(npz, number, &m, err));
    const tl_status status = read_array(&m, arena, out, err);
    (void)zip_fclose(m.file);
    return status;
}
