/* Files of tensors: what was saved is loaded, bit for bit; everything else is refused. */
#include "compute/core/tensor_file.h"
#include "tests/support/file_bytes.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

enum { MOST_BYTES = 65536, TENSORS = 7, ENTRIES = 3 };

static const tl_key maker = {{0xAB, 1, 2}};

typedef struct room {
    char folder[64], path[128];
    tl_arena arena;
    tl_file_entry entry[ENTRIES];
    tl_file_tensor tensor[TENSORS];
    tl_tensor_file file;
    unsigned char bytes[MOST_BYTES]; /* of the file as it was saved */
    size_t size, header;
} room;

static float f32[6] = {0.0F, -0.0F, 1.5F, -3e38F, 1e-45F, 7.0F};
static double f64[2] = {0.1, -1e300};
static int32_t i32[4] = {INT32_MIN, -1, 0, INT32_MAX};
static int64_t i64[1] = {INT64_MIN};
static uint32_t u32[3] = {0, 1, UINT32_MAX};
static uint8_t u8[5] = {0, 1, 127, 128, 255};

static int open_room(void **state)
{
    room *it = calloc(1, sizeof *it);
    assert_non_null(it);
    (void)snprintf(it->folder, sizeof it->folder, "/tmp/tl_tensor_file.XXXXXX");
    assert_non_null(mkdtemp(it->folder));
    (void)snprintf(it->path, sizeof it->path, "%s/a.safetensors", it->folder);
    const tl_file_entry entry[ENTRIES] = {
        {"rows", "12"}, {"a \"name\"", "back\\slash\ttab\x01\x7f"}, {"\xc3\xa9", ""}};
    const tl_file_tensor tensor[TENSORS] = {{"f64", TL_DTYPE_F64, 2, {2, 1}, f64},
                                            {"f32", TL_DTYPE_F32, 2, {2, 3}, f32},
                                            {"i64", TL_DTYPE_I64, 0, {0}, i64},
                                            {"none", TL_DTYPE_F32, 3, {0, 9, 4}, NULL},
                                            {"i32", TL_DTYPE_I32, 3, {2, 1, 2}, i32},
                                            {"u32", TL_DTYPE_U32, 1, {3}, u32},
                                            {"u8", TL_DTYPE_U8, 4, {1, 5, 1, 1}, u8}};
    memcpy(it->entry, entry, sizeof entry);
    memcpy(it->tensor, tensor, sizeof tensor);
    it->file = (tl_tensor_file){.format = "test-1",
                                .step = &maker,
                                .entries = ENTRIES,
                                .entry = it->entry,
                                .tensors = TENSORS,
                                .tensor = it->tensor};
    assert_int_equal(tl_tensor_file_save(&it->file, NULL, it->path, NULL), TL_OK);
    it->size = file_read(it->path, it->bytes, MOST_BYTES);
    it->header = it->bytes[0] | (size_t)it->bytes[1] << 8;
    *state = it;
    return 0;
}

static int close_room(void **state)
{
    room *it = *state;
    (void)remove(it->path);
    assert_int_equal(rmdir(it->folder), 0); /* nothing else is left in it */
    tl_arena_close(&it->arena);
    free(it);
    return 0;
}

static void what_was_saved_is_loaded(void **state)
{
    room *it = *state;
    const tl_tensor_want want = {.format = "test-1", .step = &maker};
    tl_tensor_file *read = NULL;
    assert_int_equal(tl_tensor_file_load(NULL, it->path, &want, &it->arena, &read, NULL),
                     TL_OK);
    assert_string_equal(read->format, "test-1");
    assert_true(tl_key_equal(read->step, &maker));
    assert_int_equal(read->entries, ENTRIES);
    assert_int_equal(read->tensors, TENSORS);
    for (int i = 0; i < ENTRIES; i++) {
        assert_string_equal(read->entry[i].name, it->entry[i].name);
        assert_string_equal(read->entry[i].text, it->entry[i].text);
    }
    for (int i = 0; i < TENSORS; i++) {
        const size_t n = (size_t)tl_file_tensor_bytes(&it->tensor[i]);
        assert_true(tl_file_tensor_equal(&read->tensor[i], &it->tensor[i]));
        if (n > 0) assert_memory_equal(read->tensor[i].at, it->tensor[i].at, n);
    }
    assert_ptr_equal(tl_tensor_file_find(read, "f32", TL_DTYPE_F32, 2), &read->tensor[1]);
    assert_null(tl_tensor_file_find(read, "f32", TL_DTYPE_F32, 1));
    assert_null(tl_tensor_file_find(read, "f32", TL_DTYPE_U32, 2));
    assert_null(tl_tensor_file_find(read, "f33", TL_DTYPE_F32, 2));
    assert_string_equal(tl_tensor_file_text(read, "rows"), "12");
    assert_null(tl_tensor_file_text(read, "step"));
    /* The same contents give the same bytes, over an existing file too. */
    static unsigned char again[MOST_BYTES];
    assert_int_equal(tl_tensor_file_save(read, NULL, it->path, NULL), TL_OK);
    assert_int_equal(file_read(it->path, again, MOST_BYTES), it->size);
    assert_memory_equal(again, it->bytes, it->size);
}

/* As safetensors has it, so that other programs read it. */
static void bytes_are_laid_out_as_published(void **state)
{
    room *it = *state;
    static const char front[] =
        "{\"__metadata__\":{\"format\":\"test-1\","
        "\"step\":\"ab010200000000000000000000000000\",\"rows\":\"12\","
        "\"a \\\"name\\\"\":\"back\\\\slash\\u0009tab\\u0001\x7f\",\"\xc3\xa9\":\"\","
        "\"sha256_128\":\"";
    static const char table[] =
        "\"},\"f64\":{\"dtype\":\"F64\",\"shape\":[2,1],\"data_offsets\":[0,16]},"
        "\"f32\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[16,40]},"
        "\"i64\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[40,48]},"
        "\"none\":{\"dtype\":\"F32\",\"shape\":[0,9,4],\"data_offsets\":[48,48]},"
        "\"i32\":{\"dtype\":\"I32\",\"shape\":[2,1,2],\"data_offsets\":[48,64]},"
        "\"u32\":{\"dtype\":\"U32\",\"shape\":[3],\"data_offsets\":[64,76]},"
        "\"u8\":{\"dtype\":\"U8\",\"shape\":[1,5,1,1],\"data_offsets\":[76,81]}}";
    const char *header = (const char *)it->bytes + 8;
    const size_t at = sizeof front - 1 + 32, end = at + sizeof table - 1;
    assert_memory_equal(header, front, sizeof front - 1);
    assert_memory_equal(header + at, table, sizeof table - 1);
    assert_int_equal(it->header, (end + 7) / 8 * 8);
    for (size_t i = end; i < it->header; i++) assert_int_equal(header[i], ' ');
    const unsigned char *data = it->bytes + 8 + it->header;
    assert_int_equal(it->size, 8 + it->header + 81);
    assert_memory_equal(data, f64, 16);
    assert_memory_equal(data + 16, f32, 24);
    assert_memory_equal(data + 40, i64, 8);
    assert_memory_equal(data + 48, i32, 16);
    assert_memory_equal(data + 64, u32, 12);
    assert_memory_equal(data + 76, u8, 5);
}

static void an_empty_file_comes_back(void **state)
{
    room *it = *state;
    const tl_tensor_file empty = {.format = ""};
    const tl_tensor_want want = {.step = &maker};
    tl_tensor_file *read = NULL;
    tl_err err = {0};
    assert_int_equal(tl_tensor_file_save(&empty, NULL, it->path, NULL), TL_OK);
    const tl_tensor_want any = {0};
    assert_int_equal(tl_tensor_file_load(NULL, it->path, &any, &it->arena, &read, NULL),
                     TL_OK);
    assert_int_equal(read->tensors + read->entries, 0);
    assert_null(read->step);
    assert_int_equal(tl_tensor_file_load(NULL, it->path, &want, &it->arena, &read, &err),
                     TL_E_FORMAT);
    assert_non_null(strstr(err.text, "holds the contents of another step, unknown"));
}

/* Pieces that lie side by side in memory are one, others are not: the same file. */
static void places_in_memory_do_not_matter(void **state)
{
    room *it = *state;
    float apart[8] = {1.0F, 2.0F, 0.0F, 0.0F, 3.0F, 4.0F, 0.0F, 0.0F},
          close[4] = {1.0F, 2.0F, 3.0F, 4.0F};
    static unsigned char first[MOST_BYTES];
    tl_file_tensor pair[2] = {{"a", TL_DTYPE_F32, 1, {2}, close},
                              {"b", TL_DTYPE_F32, 1, {2}, close + 2}};
    const tl_tensor_file file = {.format = "x", .tensors = 2, .tensor = pair};
    assert_int_equal(tl_tensor_file_save(&file, NULL, it->path, NULL), TL_OK);
    const size_t size = file_read(it->path, first, MOST_BYTES);
    pair[0].at = apart;
    pair[1].at = apart + 4;
    assert_int_equal(tl_tensor_file_save(&file, NULL, it->path, NULL), TL_OK);
    assert_int_equal(file_read(it->path, it->bytes, MOST_BYTES), size);
    assert_memory_equal(it->bytes, first, size);
}

static void refuse(room *it, const void *bytes, size_t n, const char *text)
{
    tl_err err = {0};
    tl_arena arena = tl_arena_open(1 << 17); /* and nothing large is taken */
    const tl_tensor_want want = {.format = "test-1", .step = &maker};
    tl_tensor_file *read = NULL;
    file_write(it->path, bytes, n);
    const tl_status status =
        tl_tensor_file_load(NULL, it->path, &want, &arena, &read, &err);
    if (status != TL_E_FORMAT || !strstr(err.text, text) ||
        strncmp(err.text, it->path, strlen(it->path)) != 0) {
        fail_msg("wanted \"%s\", found status %d: %s", text, (int)status, err.text);
    }
    assert_null(read);
    tl_arena_close(&arena);
}

static void cut_files_are_refused(void **state)
{
    room *it = *state;
    refuse(it, it->bytes, 0, "too short");
    refuse(it, it->bytes, 7, "too short");
    refuse(it, it->bytes, 8, "its header claims");
    refuse(it, it->bytes, 8 + it->header - 1, "its header claims");
    refuse(it, it->bytes, 8 + it->header, "does not fit into the file");
    refuse(it, it->bytes, it->size - 1, "tensor u8 has");
    for (size_t n = 0; n < it->size; n++) refuse(it, it->bytes, n, "");
    refuse(it, it->bytes, it->size + 1, "bytes of tensors");
}

static void changed_bytes_are_refused(void **state)
{
    room *it = *state;
    for (size_t at = 0; at < it->size; at++) {
        for (int flip = 1; flip < 256; flip = flip * 2 + 85) {
            it->bytes[at] ^= (unsigned char)flip;
            refuse(it, it->bytes, it->size, "");
            it->bytes[at] ^= (unsigned char)flip;
        }
    }
}

/* Of one length, so that the places of the others stay: only the checksum can tell. */
static void the_checksum_covers_names_types_and_shapes(void **state)
{
    room *it = *state;
    static const char *const change[][2] = {
        {"\"i32\":{", "\"j32\":{"}, {"I32", "U32"},
        {"[2,3]", "[3,2]"},         {"[2,1,2]", "[1,2,2]"},
        {"[0,9,4]", "[0,8,4]"},     {"\"rows\":\"12\"", "\"rows\":\"13\""},
        {"\"rows\"", "\"rowt\""}};
    for (size_t i = 0; i < sizeof change / sizeof *change; i++) {
        const size_t n = strlen(change[i][0]);
        char *at = strstr((char *)it->bytes + 8, change[i][0]);
        assert_non_null(at);
        memcpy(at, change[i][1], n);
        refuse(it, it->bytes, it->size, "checksum");
        memcpy(at, change[i][0], n);
    }
}

/* The file with `from` in its header replaced by `to`. */
static void refuse_header(room *it, const char *from, const char *to, const char *text)
{
    static unsigned char bytes[MOST_BYTES];
    refuse(it, bytes, file_edit_header(it->bytes, it->size, from, to, bytes), text);
}

static void hostile_headers_are_refused(void **state)
{
    room *it = *state;
    static const struct {
        const char *from, *to, *text;
    } cases[] = {
        {"{\"__m", "{{\"__m", "not JSON"},
        {"{\"__metadata__\"", "[\"__metadata__\"", "not JSON"},
        {"\"__metadata__\"", "\"__metadatum__\"", "lacks a format, a step or a checksum"},
        {"\"step\"", "\"stop\"", "lacks a format"},
        {"\"format\":\"test-1\"", "\"format\":1", "lacks a format"},
        {"test-1", "test-2", "is of format test-2, not test-1"},
        {"\"ab0102", "\"ab010", "its step is no key"},
        {"\"rows\":\"12\"", "\"rows\":12", "metadata rows is no text"},
        {"\"rows\":\"12\"", "\"rows\":\"12\",\"rows\":\"12\"", "not JSON: duplicate"},
        {"\"rows\":\"12\"", "\"rows\":\"\\u0000\"", "not JSON"},
        {"\"rows\":\"12\"", "\"rows\":\"\\u0031\\u0032\"", "header was modified"},
        {"\"u8\":", "\"u32\":", "not JSON: duplicate"},
        {"\"U8\"", "\"I8\"", "tensor u8 has an unknown type"},
        {"\"U8\"", "8", "tensor u8 has"},
        {"[3]", "[-3]", "tensor u32 has"},
        {"[3]", "[3.0]", "tensor u32 has"},
        {"[3]", "3", "tensor u32 has"},
        {"[3]", "[3,1,1,1,1]", "tensor u32 has"},
        {"[3]", "[2147483648]", "tensor u32 has"},
        {"[3]", "[9223372036854775807]", "tensor u32 has"},
        {"[3]", "[9223372036854775808]", "not JSON: too big integer"},
        {"[3]", "[65536,65536,65536,65536]", "tensor u32 has"}, /* 2^64 is 0 */
        {"[3]", "[2147483647,2147483647,2147483647]", "tensor u32 has"},
        {"[3]", "[3,1431655766,1431655766,1431655766]", "tensor u32 has"},
        {"[0,9,4]", "[0,2147483647,2147483647]",
         "tensor none has"}, /* for who multiplies */
        {"[3]", "[1000000000]", "tensor u32 has"},
        {"[64,76]", "[64,77]", "tensor u32 has"},
        {"[64,76]", "[63,75]", "tensor u32 has"},
        {"[64,76]", "[-64,76]", "tensor u32 has"},
        {"[64,76]", "[64]", "tensor u32 has"},
        {"[64,76]", "[18446744073709551615,76]", "not JSON"},
        {"[76,81]}}",
         "[76,81]},\"x\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[81,81]}}",
         "header was modified"},
        {"[76,81]}}", "[76,81],\"x\":1}}", "header was modified"},
        {",\"u8\":{\"dtype\":\"U8\",\"shape\":[1,5,1,1],\"data_offsets\":[76,81]}", "",
         "holds 81 bytes of tensors, but its header describes 76"},
        {"\"sha256_128\":\"", "\"sha256_128\":\"0", "checksum"},
        {"\"sha256_128\"", "\"sha1\"", "checksum"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        refuse_header(it, cases[i].from, cases[i].to, cases[i].text);
    }
    for (int at = 2; at < 8; at++) {
        it->bytes[at] = 0xff;
        refuse(it, it->bytes, it->size, "its header claims");
        it->bytes[at] = 0;
    }
    static const char pointer[] = "version https://git-lfs.github.com/spec/v1\n";
    refuse(it, pointer, strlen(pointer), "Git LFS pointer");
}

static tl_status place_second(void *self, tl_tensor_file *file, tl_arena *arena,
                              tl_err *err)
{
    (void)arena;
    TL_CHECK(file->tensors == TENSORS, err, TL_E_FORMAT, "has %d tensors", file->tensors);
    file->tensor[1].at = self;
    return TL_OK;
}

static tl_status refuse_all(void *self, tl_tensor_file *file, tl_arena *arena, tl_err *err)
{
    (void)self, (void)arena;
    return tl_fail(err, TL_E_NUMERIC, "has %d tensors too many", file->tensors);
}

static void the_caller_places_and_checks(void **state)
{
    room *it = *state;
    float here[6] = {0};
    tl_tensor_file *read = NULL;
    tl_err err = {0};
    const tl_tensor_want want = {.place = place_second, .self = here};
    assert_int_equal(tl_tensor_file_load(NULL, it->path, &want, &it->arena, &read, &err),
                     TL_OK);
    assert_ptr_equal(read->tensor[1].at, here);
    assert_memory_equal(here, f32, sizeof here);
    assert_memory_equal(read->tensor[0].at, f64, sizeof f64);
    const tl_tensor_want none = {.place = refuse_all};
    read = NULL;
    assert_int_equal(tl_tensor_file_load(NULL, it->path, &none, &it->arena, &read, &err),
                     TL_E_NUMERIC);
    assert_non_null(strstr(err.text, "a.safetensors: has 7 tensors too many"));
    assert_int_equal(tl_tensor_file_load(NULL, it->path, &none, &it->arena, &read, NULL),
                     TL_E_NUMERIC);
    assert_null(read);
}

static void the_contents_of_another_step_are_refused(void **state)
{
    room *it = *state;
    const tl_key other = {{0xAB, 1, 3}};
    const tl_tensor_want want = {.what = "log", .step = &other}, any = {0};
    tl_tensor_file *read = NULL;
    tl_err err = {0};
    assert_int_equal(tl_tensor_file_load(NULL, it->path, &want, &it->arena, &read, &err),
                     TL_E_FORMAT);
    assert_non_null(strstr(err.text, "holds the log of another step, ab0102"));
    assert_int_equal(tl_tensor_file_load(NULL, it->path, &any, &it->arena, &read, &err),
                     TL_OK);
}

static void what_cannot_be_read_again_is_not_written(void **state)
{
    room *it = *state;
    static char longest[1 << 20];
    memset(longest, 'x', sizeof longest - 1);
    const struct {
        tl_file_entry entry;
        tl_file_tensor tensor;
        const char *text;
    } cases[] = {
        {{"rows", "1"}, {"u8", TL_DTYPE_U8, 1, {5}, u8}, "make no JSON: duplicate"},
        {{"step", "1"}, {"a", TL_DTYPE_U8, 1, {5}, u8}, "make no JSON: duplicate"},
        {{"a", "\xff"}, {"a", TL_DTYPE_U8, 1, {5}, u8}, "make no JSON"},
        {{"a", "1"}, {"\xc3", TL_DTYPE_U8, 1, {5}, u8}, "make no JSON"},
        {{"a", "1"}, {"__metadata__", TL_DTYPE_U8, 1, {5}, u8}, "make no JSON: duplicate"},
        {{"a", longest}, {"a", TL_DTYPE_U8, 1, {5}, u8}, "is too long"},
        {{"a", "1"}, {"a", TL_DTYPE_U8, 2, {0, (uint64_t)1 << 31}, u8}, "tensor a"},
        {{"a", "1"}, {"a", TL_DTYPE_U8, 5, {1, 1, 1, 1}, u8}, "shape of tensor a"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tl_err err = {0};
        it->entry[1] = cases[i].entry;
        it->tensor[1] = cases[i].tensor;
        if (tl_tensor_file_save(&it->file, NULL, it->path, &err) != TL_E_ARG ||
            !strstr(err.text, cases[i].text)) {
            fail_msg("wanted \"%s\", found: %s", cases[i].text, err.text);
        }
    }
    static unsigned char again[MOST_BYTES]; /* the file before is still there */
    assert_int_equal(file_read(it->path, again, MOST_BYTES), it->size);
    assert_memory_equal(again, it->bytes, it->size);
}

static void whole_numbers_have_one_form(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int value; /* -1: refused */
    } cases[] = {{"0", 0},    {"7", 7},    {"2147483647", INT_MAX},
                 {"07", -1},  {"-1", -1},  {"2147483648", -1},
                 {"7.0", -1}, {" 7", -1},  {"7 ", -1},
                 {"", -1},    {"1e2", -1}, {"99999999999999999999", -1},
                 {"-0", -1},  {"nan", -1}, {"0x7", -1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tl_file_entry entry = {"n", cases[i].text};
        const tl_tensor_file file = {.entries = 1, .entry = &entry};
        int value = -1;
        assert_int_equal(tl_tensor_file_whole(&file, "n", INT_MAX, &value),
                         cases[i].value >= 0);
        assert_int_equal(value, cases[i].value);
        assert_false(tl_tensor_file_whole(&file, "m", INT_MAX, &value));
    }
    tl_file_entry eight = {"n", "8"};
    int value;
    assert_false(tl_tensor_file_whole(&(tl_tensor_file){.entries = 1, .entry = &eight}, "n",
                                      7, &value));
}

static void what_the_system_refuses_is_told(void **state)
{
    room *it = *state;
    const tl_tensor_want any = {0};
    tl_err err = {0};
    tl_tensor_file *read = NULL;
    char path[256];
    (void)snprintf(path, sizeof path, "%s/none/b.safetensors", it->folder);
    assert_int_equal(tl_tensor_file_load(NULL, path, &any, &it->arena, &read, &err),
                     TL_E_IO);
    assert_non_null(strstr(err.text, "No such file"));
    assert_int_equal(tl_tensor_file_save(&it->file, NULL, path, &err), TL_E_IO);
    assert_non_null(strstr(err.text, "No such file"));
    assert_int_equal(tl_tensor_file_load(NULL, it->folder, &any, &it->arena, &read, &err),
                     TL_E_IO);
    assert_int_equal(remove(it->path), 0);
    assert_int_equal(mkfifo(it->path, 0600), 0); /* nobody waits for its other end */
    assert_int_equal(tl_tensor_file_load(NULL, it->path, &any, &it->arena, &read, &err),
                     TL_E_IO);
    assert_non_null(strstr(err.text, "is not a regular file"));
}

/* Every limit that an arena can have, to the first that is enough. */
static void small_arenas_are_clean_failures(void **state)
{
    room *it = *state;
    const tl_tensor_want any = {0};
    tl_status status = TL_E_NOMEM;
    int failures = 0;
    for (size_t limit = 1; status != TL_OK; limit += 64) {
        tl_arena arena = tl_arena_open(limit);
        tl_tensor_file *read = NULL;
        status = tl_tensor_file_load(NULL, it->path, &any, &arena, &read, NULL);
        assert_true(status == TL_OK ? read != NULL : status == TL_E_NOMEM && !read);
        tl_arena_close(&arena);
        assert_true(++failures < 1000);
    }
    assert_true(failures > 10);
}

int main(void)
{
#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, open_room, close_room)
    const struct CMUnitTest tests[] = {
        IN_ROOM(what_was_saved_is_loaded),
        IN_ROOM(bytes_are_laid_out_as_published),
        IN_ROOM(an_empty_file_comes_back),
        IN_ROOM(places_in_memory_do_not_matter),
        IN_ROOM(cut_files_are_refused),
        IN_ROOM(changed_bytes_are_refused),
        IN_ROOM(the_checksum_covers_names_types_and_shapes),
        IN_ROOM(hostile_headers_are_refused),
        IN_ROOM(the_caller_places_and_checks),
        IN_ROOM(the_contents_of_another_step_are_refused),
        IN_ROOM(what_cannot_be_read_again_is_not_written),
        IN_ROOM(what_the_system_refuses_is_told),
        IN_ROOM(small_arenas_are_clean_failures),
        cmocka_unit_test(whole_numbers_have_one_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
