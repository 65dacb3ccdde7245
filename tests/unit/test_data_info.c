/* runner/data_info: files told by their first bytes; safetensors headers written by hand.
 */
#include "runner/datasets/data_info.h"

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
    (void)strcpy(path, "/tmp/tl_info_XXXXXX");
    const int file = mkstemp(path);
    return file < 0 ? -1 : close(file);
}

static int drop_file(void **state)
{
    (void)state;
    return unlink(path);
}

static tl_status info_bytes(const void *bytes, size_t n, json_t **out, tl_err *err)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
    tl_arena arena = tl_arena_open(0);
    const tl_status status = tl_data_info_file(path, NULL, &arena, out, err);
    tl_arena_close(&arena);
    return status;
}

/* A safetensors file of this header and a buffer of `n` zeros. */
static tl_status info_header(const char *header, size_t n, json_t **out, tl_err *err)
{
    unsigned char bytes[512] = {(unsigned char)strlen(header)};
    memcpy(bytes + 8, header, strlen(header));
    return info_bytes(bytes, 8 + strlen(header) + n, out, err);
}

static void tensors_are_listed_with_type_and_shape(void **state)
{
    (void)state;
    json_t *info = NULL;
    tl_err err = {0};
    const tl_status status = info_header(
        "{\"__metadata__\":{\"a\":\"b\"},\"w\":{\"dtype\":\"F16\",\"shape\":[2,3],"
        "\"data_offsets\":[0,12]},\"s\":{\"dtype\":\"F32\",\"shape\":[],"
        "\"data_offsets\":[12,16]}}",
        16, &info, &err);
    if (status != TL_OK) fail_msg("%s", err.text);
    assert_string_equal(json_string_value(json_object_get(info, "format")), "safetensors");
    const json_t *arrays = json_object_get(info, "arrays");
    assert_int_equal(json_array_size(arrays), 2);
    for (size_t i = 0; i < 2; i++) {
        const json_t *one = json_array_get(arrays, i);
        const int is_w = strcmp(json_string_value(json_object_get(one, "name")), "w") == 0;
        assert_string_equal(json_string_value(json_object_get(one, "type")),
                            is_w ? "F16" : "F32");
        assert_int_equal(json_array_size(json_object_get(one, "shape")), is_w ? 2 : 0);
    }
    json_decref(info);
}

static void malformed_tensors_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *header, *reason;
    } cases[] = {
        {"{\"w\":{\"dtype\":\"F32\",\"shape\":[5],\"data_offsets\":[0,20]}}",
         "within the 16"},
        {"{\"w\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,16]}}",
         "within the 16"},
        {"{\"w\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]}}", "cover 12"},
        {"{\"w\":{\"dtype\":\"F32\",\"shape\":[-4],\"data_offsets\":[0,16]}}",
         "impossible"},
        {"{\"w\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296,4294967296],"
         "\"data_offsets\":[0,16]}}",
         "impossible"},
        {"{\"w\":{\"dtype\":\"F31\",\"shape\":[4],\"data_offsets\":[0,16]}}", "F31"},
        {"{\"w\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[16,0]}}", "within"},
        {"{\"w\":7}", "no dtype"},
        {"{\"w\":", "not a JSON object"},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        json_t *info = NULL;
        tl_err err = {0};
        const tl_status status = info_header(cases[c].header, 16, &info, &err);
        if (status != TL_E_FORMAT || !strstr(err.text, cases[c].reason)) {
            fail_msg("%s: wanted '%s', got '%s'", cases[c].header, cases[c].reason,
                     err.text);
        }
    }
}

static void files_that_are_not_data_say_so(void **state)
{
    (void)state;
    static const char pointer[] = "version https://git-lfs.github.com/spec/v1\n";
    static const char text[] = "hello, this is no data";
    json_t *info = NULL;
    tl_err err = {0};
    assert_int_equal(info_bytes(pointer, sizeof pointer - 1, &info, &err), TL_E_FORMAT);
    assert_non_null(strstr(err.text, "Git LFS"));
    assert_int_equal(info_bytes(text, sizeof text - 1, &info, &err), TL_E_FORMAT);
    assert_non_null(strstr(err.text, "is neither"));
    assert_int_equal(info_bytes(text, 0, &info, &err), TL_E_FORMAT);
    assert_non_null(strstr(err.text, "is empty"));
    tl_arena arena = tl_arena_open(0);
    assert_int_equal(tl_data_info_file("/tmp", NULL, &arena, &info, &err), TL_E_IO);
    assert_string_equal(err.text, "/tmp: is a folder, not a file");
    tl_arena_close(&arena);
}

/* One record of CIFAR-10: 3073 bytes, label 3, and what is said of it. */
static void cifar_is_told_by_length_or_by_the_user(void **state)
{
    (void)state;
    static unsigned char bytes[3074] = {3, 50, 100};
    static const struct {
        size_t n;
        const char *as, *wanted; /* of the format, or of the reason */
    } cases[] = {{3073, "cifar10", "cifar10, binary version"},
                 {3074, "cifar100", "cifar100, binary version"},
                 {3073, "cifar100", "whole records of 3074"},
                 {3072, "cifar10", "has 3072 bytes"},
                 {3073, "mnist", "cifar10 or cifar100"},
                 {3073, NULL, "cifar10, binary version"}};
    char name[80];
    (void)snprintf(name, sizeof name, "%s.bin", path);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        FILE *file = fopen(name, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(bytes, 1, cases[c].n, file), cases[c].n);
        assert_int_equal(fclose(file), 0);
        tl_arena arena = tl_arena_open(0);
        json_t *info = NULL;
        tl_err err = {0};
        const tl_status status = tl_data_info_file(name, cases[c].as, &arena, &info, &err);
        const char *text =
            status == TL_OK ? json_string_value(json_object_get(info, "format")) : err.text;
        if (!strstr(text, cases[c].wanted)) fail_msg("case %zu: '%s'", c, text);
        json_decref(info);
        tl_arena_close(&arena);
    }
    assert_int_equal(unlink(name), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tensors_are_listed_with_type_and_shape),
        cmocka_unit_test(malformed_tensors_are_refused),
        cmocka_unit_test(cifar_is_told_by_length_or_by_the_user),
        cmocka_unit_test(files_that_are_not_data_say_so),
    };
    return cmocka_run_group_tests(tests, name_file, drop_file);
}
