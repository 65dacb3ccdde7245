/*
 * compute/data/npz and what is made of it by compute/data/medmnist. Zips are written here
 * by hand, byte by byte as in PKWARE's APPNOTE 6.3: stored members, so that sizes,
 * checksums and promises can be made wrong one at a time.
 */
#include "compute/data/npz.h"

#include "compute/core/hash.h"
#include "compute/data/medmnist.h"
#include "compute/data/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

enum { MOST = 16, SPACE = 1 << 16, SIDE = 4 };

static char path[64];

/* A zip being written. Faults, where set, are put into every member. */
typedef struct archive {
    unsigned char bytes[SPACE];
    size_t n;
    struct {
        char name[40];
        uint32_t at, crc, size, stated;
    } member[MOST];
    int members;
    uint32_t wrong_crc;  /* added to the true one */
    uint32_t wrong_size; /* added to the uncompressed size */
    uint16_t method;
    int is_zip64_local; /* local sizes are 0xFFFFFFFF, as numpy writes them */
} archive;

static void put16(archive *a, unsigned value)
{
    a->bytes[a->n++] = (unsigned char)value;
    a->bytes[a->n++] = (unsigned char)(value >> 8);
}

static void put32(archive *a, uint32_t value)
{
    put16(a, value & 0xffff);
    put16(a, value >> 16);
}

static void put_bytes(archive *a, const void *bytes, size_t n)
{
    assert_true(a->n + n + 4096 < SPACE);
    if (n > 0) memcpy(a->bytes + a->n, bytes, n);
    a->n += n;
}

static void add_file(archive *a, const char *name, const void *bytes, size_t n)
{
    const int m = a->members++;
    (void)snprintf(a->member[m].name, sizeof a->member[m].name, "%s", name);
    a->member[m].at = (uint32_t)a->n;
    a->member[m].crc = tl_crc32(bytes, n) + a->wrong_crc;
    a->member[m].size = (uint32_t)n;
    a->member[m].stated = (uint32_t)n + a->wrong_size;
    put_bytes(a, "PK\3\4", 4);
    put16(a, a->is_zip64_local ? 45 : 20);
    put16(a, 0);
    put16(a, a->method);
    put32(a, 0x00210000); /* 1 January 1980 */
    put32(a, a->member[m].crc);
    put32(a, a->is_zip64_local ? UINT32_MAX : a->member[m].size);
    put32(a, a->is_zip64_local ? UINT32_MAX : a->member[m].stated);
    put16(a, (unsigned)strlen(name));
    put16(a, a->is_zip64_local ? 20 : 0);
    put_bytes(a, name, strlen(name));
    if (a->is_zip64_local) {
        put16(a, 1);
        put16(a, 16);
        put32(a, a->member[m].stated);
        put32(a, 0);
        put32(a, a->member[m].size);
        put32(a, 0);
    }
    put_bytes(a, bytes, n);
}

/* A u1 array whose element i is first + step * i. */
static void add_array(archive *a, const char *name, const char *type, const char *shape,
                      size_t n, int first, int step)
{
    static unsigned char file[SPACE / 2];
    char header[128];
    const int length =
        snprintf(header, sizeof header,
                 "{'descr': '%s', 'fortran_order': False, 'shape': %s, }\n", type, shape);
    memcpy(file, "\x93NUMPY\x01\x00", 8);
    file[8] = (unsigned char)length;
    file[9] = 0;
    memcpy(file + 10, header, (size_t)length);
    for (size_t i = 0; i < n; i++) {
        file[10 + (size_t)length + i] = (unsigned char)(first + step * (int)i);
    }
    add_file(a, name, file, 10 + (size_t)length + n);
}

static void write_zip(archive *a)
{
    const size_t directory = a->n;
    for (int m = 0; m < a->members; m++) {
        put_bytes(a, "PK\1\2", 4);
        put16(a, 20);
        put16(a, 20);
        put16(a, 0);
        put16(a, a->method);
        put32(a, 0x00210000);
        put32(a, a->member[m].crc);
        put32(a, a->member[m].size);
        put32(a, a->member[m].stated);
        put16(a, (unsigned)strlen(a->member[m].name));
        for (int k = 0; k < 4; k++) put16(a, 0); /* extra, comment, disk, attributes */
        put32(a, 0);
        put32(a, a->member[m].at);
        put_bytes(a, a->member[m].name, strlen(a->member[m].name));
    }
    const size_t end = a->n;
    put_bytes(a, "PK\5\6", 4);
    put32(a, 0);
    put16(a, (unsigned)a->members);
    put16(a, (unsigned)a->members);
    put32(a, (uint32_t)(end - directory));
    put32(a, (uint32_t)directory);
    put16(a, 0);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(a->bytes, 1, a->n, file), a->n);
    assert_int_equal(fclose(file), 0);
}

static archive *new_archive(void)
{
    archive *a = calloc(1, sizeof *a);
    assert_non_null(a);
    return a;
}

static int name_file(void **state)
{
    (void)state;
    (void)strcpy(path, "/tmp/tl_npz_XXXXXX");
    const int file = mkstemp(path);
    return file < 0 ? -1 : close(file);
}

static int drop_file(void **state)
{
    (void)state;
    return unlink(path);
}

/* Reads member "a" of the file. */
static tl_status read_a(tl_array *array, tl_arena *arena, tl_err *err)
{
    tl_npz *npz;
    TL_TRY(tl_npz_open(path, &npz, err));
    const int member = tl_npz_find(npz, "a");
    const tl_status status =
        member < 0 ? TL_E_ARG : tl_npz_read(npz, member, arena, array, err);
    tl_npz_close(npz);
    return status;
}

static void members_are_found_by_name_in_any_order_and_folder(void **state)
{
    (void)state;
    for (int zip64 = 0; zip64 <= 1; zip64++) {
        archive *zip = new_archive();
        zip->is_zip64_local = zip64;
        add_file(zip, "README.txt", "hello", 5);
        add_array(zip, "ba.npy", "|u1", "(2,)", 2, 90, 1);
        add_array(zip, "folder/a.npy", "<u2", "(2,)", 4, 1, 1);
        write_zip(zip);
        tl_arena arena = tl_arena_open(0);
        tl_array array;
        tl_err err = {0};
        if (read_a(&array, &arena, &err) != TL_OK) fail_msg("%s", err.text);
        assert_true(tl_array_get(&array, 0) == 0x0201);
        assert_true(tl_array_get(&array, 1) == 0x0403);
        tl_arena_close(&arena);
        free(zip);
    }
}

static void damage_is_refused_with_file_member_and_reason(void **state)
{
    (void)state;
    static const struct {
        uint32_t crc, size;
        uint16_t method;
        const char *shape, *reason;
    } cases[] = {
        {1, 0, 0, "(8,)", "CRC"},
        {0, 0, 0, "(9,)", "claims 9 bytes of elements, but 8"},
        {0, 0, 0, "(1152921504606846976,)", "more elements"},
        {0, 0, 0, "(576460752303423488,)", "claims"},
        {0, 1u << 30, 0, "(1073741832,)", "compressed bytes can hold"},
        {0, 1u << 30, 8, "(1073741832,)", "compressed bytes can hold"},
        {0, 16, 0, "(24,)", "damaged"},
        {0, 0, 12, "(8,)", "neither stored nor deflated"},
        {0, 0, 8, "(8,)", "damaged"},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        archive *zip = new_archive();
        zip->wrong_crc = cases[c].crc;
        zip->wrong_size = cases[c].size;
        zip->method = cases[c].method;
        add_array(zip, "a.npy", "|u1", cases[c].shape, 8, 0, 1);
        write_zip(zip);
        tl_arena arena = tl_arena_open(0);
        tl_array array;
        tl_err err = {0};
        const tl_status status = read_a(&array, &arena, &err);
        if (status != TL_E_FORMAT || !strstr(err.text, cases[c].reason) ||
            !strstr(err.text, path) || !strstr(err.text, "a.npy")) {
            fail_msg("case %zu: wanted '%s', got %d '%s'", c, cases[c].reason, (int)status,
                     err.text);
        }
        tl_arena_close(&arena);
        free(zip);
    }
}

static void a_zip_cut_anywhere_is_refused(void **state)
{
    (void)state;
    archive *zip = new_archive();
    add_array(zip, "a.npy", "|u1", "(8,)", 8, 0, 1);
    write_zip(zip);
    for (size_t cut = 0; cut < zip->n; cut++) {
        tl_arena arena = tl_arena_open(0);
        tl_array array;
        assert_int_equal(truncate(path, (off_t)(zip->n - 1 - cut)), 0);
        assert_int_equal(read_a(&array, &arena, NULL), TL_E_FORMAT);
        tl_arena_close(&arena);
    }
    free(zip);
}

static void members_on_one_another_are_no_bomb(void **state)
{
    (void)state;
    enum { BYTES = 3000, EACH = 3000000 };
    static const unsigned char content[BYTES];
    archive *a = new_archive();
    tl_npz *npz;
    tl_err err = {0};
    a->method = 8;
    add_file(a, "a.npy", content, BYTES);
    a->member[0].stated = EACH; /* no more than 3000 bytes may hold */
    for (a->members = 1; a->members < 10; a->members++) {
        a->member[a->members] = a->member[0];
        a->member[a->members].name[0] = (char)('a' + a->members);
    }
    write_zip(a);
    assert_int_equal(tl_npz_open(path, &npz, &err), TL_E_FORMAT);
    assert_non_null(strstr(err.text, "its members claim 30000000 bytes in total"));
    free(a);
}

static void a_folder_or_nothing_is_an_io_error(void **state)
{
    (void)state;
    tl_npz *npz;
    tl_err err = {0};
    assert_int_equal(tl_npz_open("/tmp", &npz, &err), TL_E_IO);
    assert_string_equal(err.text, "/tmp: is a folder, not a file");
    assert_int_equal(tl_npz_open("/tmp/tl-none/x.npz", &npz, &err), TL_E_IO);
    assert_non_null(strstr(err.text, "No such file"));
}

/* --- MedMNIST's layout ------------------------------------------------------------------
 */

typedef struct layout {
    const char *type, *images, *labels, *label_type;
    size_t pixels, label_bytes; /* of each split */
    int first_label;
    const char *reason; /* NULL: is read */
} layout;

static tl_status read_layout(const layout *want, int drops_test, tl_arena *arena,
                             tl_source *source, tl_err *err)
{
    static const char *const split[3] = {"train", "val", "test"};
    archive *zip = new_archive();
    for (int s = 2; s >= 0; s--) {
        char name[40];
        (void)snprintf(name, sizeof name, "%s_images.npy", split[s]);
        add_array(zip, name, want->type, want->images, want->pixels, s, 1);
        (void)snprintf(name, sizeof name, "%s_labels.npy", split[s]);
        if (s == 2 && drops_test) continue;
        add_array(zip, name, want->label_type, want->labels, want->label_bytes,
                  want->first_label, 1);
    }
    write_zip(zip);
    free(zip);
    return tl_medmnist_read(path, NULL, arena, source, err);
}

static void colour_becomes_planes(void **state)
{
    (void)state;
    static const layout colour = {"|u1", "(2, 4, 4, 3)", "(2, 1)", "|u1", 96, 2, 0, NULL};
    tl_arena arena = tl_arena_open(0);
    tl_source source = {0};
    tl_err err = {0};
    if (read_layout(&colour, 0, &arena, &source, &err) != TL_OK) fail_msg("%s", err.text);
    assert_int_equal(source.all.shape.channels, 3);
    assert_int_equal(source.all.rows, 6);
    assert_int_equal(source.all.classes, 2);
    assert_true(source.has_splits);
    for (int s = 0; s < TL_SPLITS; s++) assert_int_equal(source.rows[s], 2);
    /* Split s holds s + i at byte i; pixel p of channel c of row r is byte 48 r + 3 p + c.
     */
    for (int r = 0; r < 6; r++) {
        for (int c = 0; c < 3; c++) {
            for (int p = 0; p < SIDE * SIDE; p++) {
                const int byte = (r / 2 + 48 * (r % 2) + 3 * p + c) & 255;
                const float pixel = source.all.input[r * 48 + c * 16 + p];
                assert_true(pixel == (float)byte / 255.0f);
            }
        }
        assert_int_equal(source.all.label[r], r % 2);
    }
    assert_non_null(strstr(source.note, "not the official file (MD5 "));
    tl_arena_close(&arena);
}

static void layouts_that_are_not_read_are_named(void **state)
{
    (void)state;
    static const layout cases[] = {
        {"|u1", "(2, 4, 4)", "(2,)", "|u1", 32, 2, 0, NULL},
        {"|u1", "(1, 4, 4)", "(1,)", "<i8", 16, 8, 0, "label"},
        {"|u1", "(2, 4, 4, 4)", "(2, 1)", "|u1", 128, 2, 0, NULL},
        {"|u1", "(2, 4, 4, 2)", "(2, 1)", "|u1", 64, 2, 0, "sides of 4 to 1024"},
        {"|u1", "(2, 4, 4, 4, 4)", "(2, 1)", "|u1", 512, 2, 0, "volumes (N, D, H, W)"},
        {"|u1", "(2, 4, 4)", "(2, 2)", "|u1", 32, 4, 0, "one label per image"},
        {"|u1", "(2, 4, 4)", "(3, 1)", "|u1", 32, 3, 0, "2 images but 3 labels"},
        {"|i1", "(2, 4, 4)", "(2, 1)", "|u1", 32, 2, 0, "type i1"},
        {"|u1", "(2, 4, 4)", "(2, 1)", "|i1", 32, 2, 255, "label -1"},
        {"|u1", "(2, 4, 4)", "(1, 2)", "|u1", 32, 2, 0, "one label per image"},
        {"|u1", "(2, 2, 8)", "(2, 1)", "|u1", 32, 2, 0, "sides of 4 to 1024"},
        {"|u1", "(0, 4, 4)", "(0, 1)", "|u1", 0, 0, 0, "has 0 images"},
        {"|u1", "(0, 0, 4294967296)", "(0, 1)", "|u1", 0, 0, 0, "sides of 4 to 1024"},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        tl_arena arena = tl_arena_open(0);
        tl_source source = {0};
        tl_err err = {0};
        const tl_status status = read_layout(&cases[c], 0, &arena, &source, &err);
        const int is_right = cases[c].reason ? status == TL_E_FORMAT &&
                                                   strstr(err.text, cases[c].reason) != NULL
                                             : status == TL_OK;
        if (!is_right) {
            fail_msg("case %zu: wanted '%s', got %d '%s'", c,
                     cases[c].reason ? cases[c].reason : "ok", (int)status, err.text);
        }
        tl_arena_close(&arena);
    }
    tl_arena arena = tl_arena_open(0);
    tl_source source = {0};
    tl_err err = {0};
    assert_int_equal(read_layout(&cases[0], 1, &arena, &source, &err), TL_E_FORMAT);
    assert_non_null(strstr(err.text, "test_labels"));
    tl_arena_close(&arena);
}

/* Slices lie one after the other in the file, as planes do here. */
static void slices_of_a_volume_become_channels(void **state)
{
    (void)state;
    static const layout volume = {"|u1", "(2, 5, 4, 6)", "(2, 1)", "|u1", 240, 2, 0, NULL};
    tl_arena arena = tl_arena_open(0);
    tl_source source = {0};
    tl_err err = {0};
    if (read_layout(&volume, 0, &arena, &source, &err) != TL_OK) fail_msg("%s", err.text);
    assert_int_equal(source.all.shape.channels, 5);
    assert_int_equal(source.all.shape.height, 4);
    assert_int_equal(source.all.shape.width, 6);
    assert_int_equal(source.all.rows, 6);
    for (int i = 0; i < 6 * 120; i++) { /* split s holds s + i at byte i */
        const int byte = (i / 240 + i % 240) & 255;
        assert_true(source.all.input[i] == (float)byte / 255.0f);
    }
    assert_non_null(strstr(source.note, "its slices the channels"));
    tl_arena_close(&arena);
}

static void multi_label_sets_are_refused_with_the_reason(void **state)
{
    (void)state;
    tl_err err = {0};
    tl_source *source;
    tl_arena arena = tl_arena_open(0);
    assert_int_equal(
        tl_source_open("medmnist/chestmnist", NULL, NULL, &arena, &source, &err),
        TL_E_FORMAT);
    assert_non_null(strstr(err.text, "several labels per image (14 yes-or-no"));
    tl_arena_close(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_found_by_name_in_any_order_and_folder),
        cmocka_unit_test(damage_is_refused_with_file_member_and_reason),
        cmocka_unit_test(a_zip_cut_anywhere_is_refused),
        cmocka_unit_test(members_on_one_another_are_no_bomb),
        cmocka_unit_test(a_folder_or_nothing_is_an_io_error),
        cmocka_unit_test(colour_becomes_planes),
        cmocka_unit_test(layouts_that_are_not_read_are_named),
        cmocka_unit_test(slices_of_a_volume_become_channels),
        cmocka_unit_test(multi_label_sets_are_refused_with_the_reason),
    };
    return cmocka_run_group_tests(tests, name_file, drop_file);
}
