/* compute/data/idx: files written by hand, plain and as gzip streams of stored blocks. */
#include "compute/data/idx.h"

#include "compute/core/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static char path[64];

static int name_file(void **state)
{
    (void)state;
    (void)strcpy(path, "/tmp/tl_idx_XXXXXX");
    const int file = mkstemp(path);
    return file < 0 ? -1 : close(file);
}

static int drop_file(void **state)
{
    (void)state;
    return unlink(path);
}

static tl_status read_bytes(const void *bytes, size_t n, tl_arena *arena, tl_array *array,
                            tl_err *err)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
    return tl_idx_read(path, arena, array, err);
}

/* RFC 1952 and 1951: a gzip member of one stored block. */
static size_t put_gzip(unsigned char *out, const unsigned char *bytes, size_t n)
{
    static const unsigned char head[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3};
    const uint32_t crc = tl_crc32(bytes, n);
    memcpy(out, head, sizeof head);
    const unsigned char block[5] = {1, (unsigned char)n, (unsigned char)(n >> 8),
                                    (unsigned char)~n, (unsigned char)(~n >> 8)};
    memcpy(out + 10, block, sizeof block);
    memcpy(out + 15, bytes, n);
    unsigned char *tail = out + 15 + n;
    for (int k = 0; k < 4; k++) {
        tail[k] = (unsigned char)(crc >> 8 * k);
        tail[4 + k] = (unsigned char)(n >> 8 * k);
    }
    return 15 + n + 8;
}

static const unsigned char images[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0,
                                       1, 0, 0, 0, 3, 9, 8, 7, 6, 5, 4};

static void types_and_sizes_are_big_endian(void **state)
{
    (void)state;
    static const struct {
        unsigned char bytes[16];
        size_t n;
        const char *type;
        double value;
    } cases[] = {
        {{0, 0, 0x08, 1, 0, 0, 0, 1, 200}, 9, "u1", 200},
        {{0, 0, 0x09, 1, 0, 0, 0, 1, 200}, 9, "i1", -56},
        {{0, 0, 0x0b, 1, 0, 0, 0, 1, 0xff, 0xfe}, 10, "i2", -2},
        {{0, 0, 0x0c, 1, 0, 0, 0, 1, 0, 1, 0, 0}, 12, "i4", 65536},
        {{0, 0, 0x0d, 1, 0, 0, 0, 1, 0xc0, 0x20, 0, 0}, 12, "f4", -2.5},
        {{0, 0, 0x0e, 1, 0, 0, 0, 1, 0xc0, 0x04, 0, 0, 0, 0, 0, 0}, 16, "f8", -2.5},
    };
    tl_arena arena = tl_arena_open(0);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        tl_array array;
        tl_err err = {0};
        const tl_status status =
            read_bytes(cases[c].bytes, cases[c].n, &arena, &array, &err);
        if (status != TL_OK) fail_msg("%s: %s", cases[c].type, err.text);
        assert_string_equal(array.type, cases[c].type);
        assert_true(tl_array_get(&array, 0) == cases[c].value);
    }
    tl_arena_close(&arena);
}

static void gzip_and_plain_are_the_same(void **state)
{
    (void)state;
    unsigned char packed[256];
    tl_arena arena = tl_arena_open(0);
    tl_array plain, unpacked, halves;
    assert_int_equal(read_bytes(images, sizeof images, &arena, &plain, NULL), TL_OK);
    size_t n = put_gzip(packed, images, sizeof images);
    assert_int_equal(read_bytes(packed, n, &arena, &unpacked, NULL), TL_OK);
    n = put_gzip(packed, images, 9);
    n += put_gzip(packed + n, images + 9, sizeof images - 9);
    assert_int_equal(read_bytes(packed, n, &arena, &halves, NULL), TL_OK);
    assert_int_equal(plain.rank, 3);
    assert_int_equal(plain.size[2], 3);
    assert_memory_equal(plain.bytes, images + 16, 6);
    assert_memory_equal(plain.bytes, unpacked.bytes, 6);
    assert_memory_equal(plain.bytes, halves.bytes, 6);
    tl_arena_close(&arena);
}

static void a_file_of_another_length_is_refused(void **state)
{
    (void)state;
    unsigned char longer[sizeof images + 1] = {0}, packed[256];
    memcpy(longer, images, sizeof images);
    tl_arena arena = tl_arena_open(0);
    tl_array array;
    tl_err err = {0};
    for (size_t cut = 0; cut < sizeof images; cut++) {
        assert_int_equal(read_bytes(images, cut, &arena, &array, &err), TL_E_FORMAT);
        assert_non_null(strstr(err.text, path));
    }
    assert_int_equal(read_bytes(longer, sizeof longer, &arena, &array, &err), TL_E_FORMAT);
    assert_non_null(strstr(err.text, "extra bytes"));
    const size_t n = put_gzip(packed, images, sizeof images);
    for (size_t cut = 2; cut < n; cut++) {
        if (read_bytes(packed, cut, &arena, &array, &err) != TL_E_FORMAT) {
            fail_msg("gzip cut to %zu of %zu bytes was read", cut, n);
        }
    }
    tl_arena_close(&arena);
}

static void a_wrong_checksum_is_refused(void **state)
{
    (void)state;
    unsigned char packed[256];
    tl_arena arena = tl_arena_open(0);
    tl_array array;
    tl_err err = {0};
    const size_t n = put_gzip(packed, images, sizeof images);
    packed[15 + sizeof images - 1] ^= 1;
    assert_int_equal(read_bytes(packed, n, &arena, &array, &err), TL_E_FORMAT);
    assert_non_null(strstr(err.text, "damaged"));
    tl_arena_close(&arena);
}

static void hostile_sizes_are_refused_before_allocating(void **state)
{
    (void)state;
    static const struct {
        unsigned char bytes[20];
        const char *reason;
    } cases[] = {
        {{0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255},
         "claims"},
        {{0, 0, 14, 2, 255, 255, 255, 255, 0, 0, 0, 255}, "claims"},
        {{0, 0, 8, 1, 0, 2, 0, 0}, "claims"},
        {{0, 0, 8, 9}, "not an idx"},
        {{0, 0, 7, 1}, "not an idx"},
        {{1, 0, 8, 1}, "not an idx"},
    };
    tl_arena arena = tl_arena_open(0);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        tl_array array;
        tl_err err = {0};
        const tl_status status =
            read_bytes(cases[c].bytes, sizeof cases[c].bytes, &arena, &array, &err);
        if (status != TL_E_FORMAT || !strstr(err.text, cases[c].reason)) {
            fail_msg("case %zu: wanted '%s', got '%s'", c, cases[c].reason, err.text);
        }
    }
    assert_int_equal(arena.peak, 0);
    tl_arena_close(&arena);
}

static void a_folder_or_nothing_is_an_io_error(void **state)
{
    (void)state;
    tl_arena arena = tl_arena_open(0);
    tl_array array;
    tl_err err = {0};
    assert_int_equal(tl_idx_read("/tmp", &arena, &array, &err), TL_E_IO);
    assert_string_equal(err.text, "/tmp: is a folder, not a file");
    assert_int_equal(tl_idx_read("/tmp/tl-none/x", &arena, &array, &err), TL_E_IO);
    assert_non_null(strstr(err.text, "No such file"));
    tl_arena_close(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_and_sizes_are_big_endian),
        cmocka_unit_test(gzip_and_plain_are_the_same),
        cmocka_unit_test(a_file_of_another_length_is_refused),
        cmocka_unit_test(a_wrong_checksum_is_refused),
        cmocka_unit_test(hostile_sizes_are_refused_before_allocating),
        cmocka_unit_test(a_folder_or_nothing_is_an_io_error),
    };
    return cmocka_run_group_tests(tests, name_file, drop_file);
}
