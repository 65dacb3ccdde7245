/*
 * compute/data/npy: headers as numpy and others write them, and headers meant to harm. The
 * bytes are written here by hand, by numpy's description of the format.
 */
#include "compute/data/npy.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { SPACE = 16384 };

/* A version 1 file: header text as given, padded by nothing, then `n` element bytes. */
static size_t put(unsigned char *file, const char *header, const void *data, size_t n)
{
    const size_t length = strlen(header);
    memcpy(file, "\x93NUMPY\x01\x00", 8);
    file[8] = (unsigned char)(length & 255);
    file[9] = (unsigned char)(length >> 8);
    memcpy(file + 10, header, length);
    if (n > 0) memcpy(file + 10 + length, data, n);
    return 10 + length + n;
}

/* The sum over i of (i + 1) * element i, which depends on the order. */
static double weigh(const tl_array *array)
{
    double sum = 0.0;
    for (uint64_t i = 0; i < array->count; i++) {
        sum += (double)(i + 1) * tl_array_get(array, i);
    }
    return sum;
}

static void every_type_has_its_value(void **state)
{
    (void)state;
    static const struct {
        const char *descr;
        unsigned char bytes[8];
        size_t n;
        double value;
    } cases[] = {
        {"|u1", {200}, 1, 200},
        {"|i1", {200}, 1, -56},
        {"|b1", {1}, 1, 1},
        {"<u2", {0x34, 0x12}, 2, 0x1234},
        {">u2", {0x12, 0x34}, 2, 0x1234},
        {"<i2", {0xfe, 0xff}, 2, -2},
        {">i2", {0xff, 0xfe}, 2, -2},
        {"<u4", {0xff, 0xff, 0xff, 0xff}, 4, 4294967295.0},
        {">i4", {0xff, 0xff, 0xff, 0xfd}, 4, -3},
        {"<i8", {0xfb, 255, 255, 255, 255, 255, 255, 255}, 8, -5},
        {">u8", {0, 0, 0, 1, 0, 0, 0, 0}, 8, 4294967296.0},
        {"<f2", {0x00, 0xc1}, 2, -2.5},
        {">f2", {0x3c, 0x00}, 2, 1.0},
        {"<f2", {0x01, 0x00}, 2, 0x1p-24},
        {"<f2", {0xff, 0x7b}, 2, 65504.0},
        {"<f4", {0, 0, 0x20, 0xc0}, 4, -2.5},
        {">f4", {0xc0, 0x20, 0, 0}, 4, -2.5},
        {"<f8", {0, 0, 0, 0, 0, 0, 0x04, 0xc0}, 8, -2.5},
        {">f8", {0xc0, 0x04, 0, 0, 0, 0, 0, 0}, 8, -2.5},
    };
    tl_arena arena = tl_arena_open(0);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        unsigned char file[256];
        char header[128];
        tl_array array;
        tl_err err = {0};
        (void)snprintf(header, sizeof header,
                       "{'descr': '%s', 'fortran_order': False, 'shape': (1,), }\n",
                       cases[c].descr);
        const size_t n = put(file, header, cases[c].bytes, cases[c].n);
        const tl_status status = tl_npy_read("a.npy", file, n, &arena, &array, &err);
        if (status != TL_OK) fail_msg("%s: %s", cases[c].descr, err.text);
        assert_true(tl_array_get(&array, 0) == cases[c].value);
    }
    tl_arena_close(&arena);
}

static void headers_of_all_writers_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        int rank;
        size_t bytes;
        double weight;
    } cases[] = {
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }   \n", 2, 6, 91},
        {"{'shape': (2, 3), 'fortran_order': False, 'descr': '|u1'}", 2, 6, 91},
        {"{\"fortran_order\":False,\"descr\":\"|u1\",\"shape\":(2,3)}", 2, 6, 91},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (2L, 3L), }\n", 2, 6, 91},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (6,), }\n", 1, 6, 91},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (), }\n", 0, 1, 1},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (0, 28, 28), }\n", 3, 0, 0},
        /* 1 2 3 4 5 6 stored by columns are the rows 1 3 5 / 2 4 6. */
        {"{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }\n", 2, 6,
         1 * 1 + 2 * 3 + 3 * 5 + 4 * 2 + 5 * 4 + 6 * 6},
    };
    static const unsigned char data[6] = {1, 2, 3, 4, 5, 6};
    tl_arena arena = tl_arena_open(0);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        unsigned char file[256];
        tl_array array;
        tl_err err = {0};
        const size_t n = put(file, cases[c].header, data, cases[c].bytes);
        const tl_status status = tl_npy_read("a.npy", file, n, &arena, &array, &err);
        if (status != TL_OK) fail_msg("%s: %s", cases[c].header, err.text);
        assert_int_equal(array.rank, cases[c].rank);
        assert_int_equal(array.count, cases[c].bytes);
        assert_true(weigh(&array) == cases[c].weight);
    }
    tl_arena_close(&arena);
}

static void versions_2_and_3_have_a_long_length(void **state)
{
    (void)state;
    static const char header[] = "{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}";
    tl_arena arena = tl_arena_open(0);
    for (int version = 1; version <= 4; version++) {
        unsigned char file[256] = {0};
        tl_array array;
        memcpy(file, "\x93NUMPY", 6);
        file[6] = (unsigned char)version;
        file[8] = sizeof header - 1;
        const size_t start = version == 1 ? 10 : 12;
        memcpy(file + start, header, sizeof header - 1);
        file[start + sizeof header - 1] = 7;
        const tl_status status =
            tl_npy_read("a.npy", file, start + sizeof header, &arena, &array, NULL);
        assert_int_equal(status, version == 4 ? TL_E_FORMAT : TL_OK);
        if (version < 4) assert_true(tl_array_get(&array, 0) == 7.0);
    }
    tl_arena_close(&arena);
}

static void hostile_headers_are_refused_with_the_reason(void **state)
{
    (void)state;
    static const struct {
        const char *header, *reason;
    } cases[] = {
        {"{'descr': '|O', 'fortran_order': False, 'shape': (6,), }", "pickle"},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (6,), }",
         "structured"},
        {"{'descr': '<U3', 'fortran_order': False, 'shape': (6,), }", "type '<U3'"},
        {"{'descr': '<f16', 'fortran_order': False, 'shape': (6,), }", "type '<f16'"},
        {"{'descr': '< i', 'fortran_order': False, 'shape': (6,), }", "type '< i'"},
        {"{'descr': '<', 'fortran_order': False, 'shape': (6,), }", "type '<'"},
        {"{'descr': '', 'fortran_order': False, 'shape': (6,), }", "type ''"},
        {"{'descr': '|u1', 'fortran_order': 0, 'shape': (6,), }", "fortran_order"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (-6,), }", "not a number"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (6.0,), }", "not closed"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': 6, }", "not a tuple"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (6,", "not a number"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999,), }",
         "too large"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }",
         "more elements"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (576460752303423488,), }",
         "claims"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,6), }",
         "more than 8"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (7,), }", "claims 7"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (5,), }", "claims 5"},
        {"{'descr': '|u1', 'fortran_order': False}", "needs"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (6,), 'x': 1}", "unknown key"},
        {"{'shape': (6,), 'descr': '|u1', 'fortran_order': False, 'shape': (6,)}",
         "repeated"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (6,)} + {}", "follows"},
        {"__import__('os')", "not a dictionary"},
        {"", "not a dictionary"},
    };
    tl_arena arena = tl_arena_open(1 << 16);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        unsigned char file[256];
        tl_array array;
        tl_err err = {0};
        const size_t n = put(file, cases[c].header, "\1\2\3\4\5\6", 6);
        const tl_status status = tl_npy_read("bad.npy", file, n, &arena, &array, &err);
        if (status != TL_E_FORMAT || !strstr(err.text, cases[c].reason)) {
            fail_msg("%s: wanted '%s', got '%s'", cases[c].header, cases[c].reason,
                     err.text);
        }
        assert_non_null(strstr(err.text, "bad.npy"));
    }
    assert_int_equal(arena.peak, 0);
    tl_arena_close(&arena);
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    (void)state;
    unsigned char file[256];
    const size_t n = put(
        file, "{'descr': '<u2', 'fortran_order': False, 'shape': (3,), }\n", "abcdef", 6);
    tl_arena arena = tl_arena_open(0);
    for (size_t cut = 0; cut < n; cut++) {
        unsigned char *part = tl_arena_take(&arena, cut, 1, NULL);
        tl_array array;
        memcpy(part, file, cut);
        assert_int_equal(tl_npy_read("cut.npy", part, cut, &arena, &array, NULL),
                         TL_E_FORMAT);
    }
    tl_arena_close(&arena);
}

static void a_header_of_more_than_10000_bytes_is_refused(void **state)
{
    (void)state;
    static char header[SPACE - 64];
    static unsigned char file[SPACE];
    tl_arena arena = tl_arena_open(0);
    for (int excess = 0; excess <= 1; excess++) {
        tl_array array;
        tl_err err = {0};
        memset(header, 0, sizeof header);
        memset(header, ' ', (size_t)(10000 + excess));
        static const char text[] = "{'descr':'|u1','fortran_order':False,'shape':(1,)}";
        memcpy(header, text, sizeof text - 1);
        const size_t n = put(file, header, "\5", 1);
        const tl_status status = tl_npy_read("long.npy", file, n, &arena, &array, &err);
        assert_int_equal(status, excess ? TL_E_FORMAT : TL_OK);
        if (excess) assert_non_null(strstr(err.text, "10001"));
    }
    tl_arena_close(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_has_its_value),
        cmocka_unit_test(headers_of_all_writers_are_read),
        cmocka_unit_test(versions_2_and_3_have_a_long_length),
        cmocka_unit_test(hostile_headers_are_refused_with_the_reason),
        cmocka_unit_test(a_file_cut_anywhere_is_refused),
        cmocka_unit_test(a_header_of_more_than_10000_bytes_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
