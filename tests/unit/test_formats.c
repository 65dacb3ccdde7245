/*
 * The readers against files that others wrote: formats/EXPECTED.json under
 * THREATLOOP_TEST_DATA, and the real data sets beside it. Skipped where that is not set.
 */
#include "compute/data/idx.h"
#include "compute/data/npy.h"
#include "compute/data/npz.h"
#include "compute/data/source.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { MOST_FILE = 65536 };

static const char *data_folder(void)
{
    const char *folder = getenv("THREATLOOP_TEST_DATA");
    if (!folder || !*folder) skip();
    return folder;
}

/* numpy's name of a type ("uint8", ">i4") as ours. */
static const char *type_of(const char *dtype)
{
    static const char *const known[][2] = {
        {"uint8", "u1"},   {"int8", "i1"},    {"uint16", "u2"}, {"int16", "i2"},
        {"uint32", "u4"},  {"int32", "i4"},   {"int64", "i8"},  {"float16", "f2"},
        {"float32", "f4"}, {"float64", "f8"}, {"bool", "b1"}};
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        if (strcmp(dtype, known[k][0]) == 0) return known[k][1];
    }
    return dtype + 1;
}

static void compare(const char *name, const json_t *wanted, const tl_array *array)
{
    const json_t *shape = json_object_get(wanted, "shape");
    const json_t *first = json_object_get(wanted, "first_c_order");
    double sum = 0.0;
    int is_same = strcmp(array->type,
                         type_of(json_string_value(json_object_get(wanted, "dtype")))) == 0;
    is_same = is_same && array->rank == (int)json_array_size(shape);
    for (int d = 0; is_same && d < array->rank; d++) {
        is_same = (json_int_t)array->size[d] ==
                  json_integer_value(json_array_get(shape, (size_t)d));
    }
    for (uint64_t i = 0; i < array->count; i++) sum += tl_array_get(array, i);
    is_same = is_same && sum == json_number_value(json_object_get(wanted, "sum"));
    for (size_t i = 0; is_same && i < json_array_size(first); i++) {
        is_same = tl_array_get(array, i) == json_number_value(json_array_get(first, i));
    }
    char text[160];
    if (!is_same) fail_msg("%s: read as %s, sum %g", name, tl_array_text(array, text), sum);
}

static tl_status read_npy(const char *path, tl_arena *arena, tl_array *array, tl_err *err)
{
    static unsigned char bytes[MOST_FILE];
    FILE *file = fopen(path, "rb");
    TL_CHECK(file, err, TL_E_IO, "%s: missing", path);
    const size_t n = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    return tl_npy_read(path, bytes, n, arena, array, err);
}

static void compare_npz(const char *path, json_t *wanted, tl_arena *arena)
{
    tl_npz *npz;
    tl_err err = {0};
    const char *name;
    json_t *entry;
    if (tl_npz_open(path, &npz, &err) != TL_OK) fail_msg("%s", err.text);
    json_object_foreach(wanted, name, entry)
    {
        tl_array array;
        if (tl_npz_read(npz, tl_npz_find(npz, name), arena, &array, &err) != TL_OK) {
            fail_msg("%s", err.text);
        }
        compare(name, entry, &array);
    }
    tl_npz_close(npz);
}

static void files_of_numpy_have_their_values(void **state)
{
    (void)state;
    const char *folder = data_folder();
    char path[512];
    (void)snprintf(path, sizeof path, "%s/formats/EXPECTED.json", folder);
    json_t *all = json_load_file(path, 0, NULL);
    assert_non_null(all);
    assert_true(json_object_size(all) >= 30);
    const char *name;
    json_t *wanted;
    json_object_foreach(all, name, wanted)
    {
        tl_arena arena = tl_arena_open(0);
        tl_array array;
        tl_err err = {0};
        const char *middle = strchr(name, '/') ? "" : "npy/";
        (void)snprintf(path, sizeof path, "%s/formats/%s%s", folder, middle, name);
        if (strncmp(name, "npz/", 4) == 0) {
            compare_npz(path, wanted, &arena);
        } else {
            const tl_status status = *middle ? read_npy(path, &arena, &array, &err)
                                             : tl_idx_read(path, &arena, &array, &err);
            if (status != TL_OK) fail_msg("%s", err.text);
            compare(name, wanted, &array);
        }
        tl_arena_close(&arena);
    }
    json_decref(all);
}

static void real_sets_have_their_sizes(void **state)
{
    (void)state;
    const char *folder = data_folder();
    static const struct {
        const char *name;
        int channels, classes, rows[TL_SPLITS], test_copies;
        const char *note;
    } cases[] = {
        {"medmnist/adrenalmnist3d", 28, 2, {1188, 98, 298}, 0, "its slices the channels"},
        {"medmnist/breastmnist", 1, 2, {546, 78, 156}, 1, "the official"},
        {"medmnist/retinamnist", 3, 5, {1080, 120, 400}, 0, "grades are taken as classes"},
        {"mnist/t10k", 1, 10, {10000, 0, 0}, 0, "the official MNIST files"},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        tl_arena arena = tl_arena_open(0);
        tl_source *source;
        tl_err err = {0};
        if (tl_source_open(cases[c].name, folder, NULL, &arena, &source, &err) != TL_OK) {
            fail_msg("%s", err.text);
        }
        assert_int_equal(source->all.shape.channels, cases[c].channels);
        assert_int_equal(source->all.shape.height, 28);
        assert_int_equal(source->all.classes, cases[c].classes);
        assert_memory_equal(source->rows, cases[c].rows, sizeof source->rows);
        assert_non_null(strstr(source->note, cases[c].note));
        int copies = 0;
        for (int i = source->all.rows - source->rows[TL_SPLIT_TEST]; i < source->all.rows;
             i++) {
            copies += source->group[i] < source->rows[TL_SPLIT_TRAIN];
        }
        assert_int_equal(copies, cases[c].test_copies);
        tl_arena_close(&arena);
    }
}

static void a_set_saved_again_has_the_same_content(void **state)
{
    (void)state;
    const char *folder = data_folder();
    char path[512];
    tl_arena arena = tl_arena_open(0);
    tl_source *official, *again, *retina;
    (void)snprintf(path, sizeof path, "%s/medmnist-variants/breastmnist_resaved.npz",
                   folder);
    assert_int_equal(
        tl_source_open("medmnist/breastmnist", folder, NULL, &arena, &official, NULL),
        TL_OK);
    assert_int_equal(tl_source_open(path, NULL, NULL, &arena, &again, NULL), TL_OK);
    assert_int_equal(
        tl_source_open("medmnist/retinamnist", folder, NULL, &arena, &retina, NULL), TL_OK);
    assert_true(tl_key_equal(&official->content, &again->content));
    assert_false(tl_key_equal(&official->content, &retina->content));
    assert_non_null(strstr(again->note, "not the official"));
    tl_arena_close(&arena);
}

static void real_texts_have_their_sizes(void **state)
{
    (void)state;
    const char *folder = data_folder();
    static const struct {
        const char *name;
        int rows, vocabulary, distinct;
        const char *note;
    } cases[] = {
        {"text/tinyshakespeare", 17159, 256, 65, "1115394 tokens in 1 document"},
        {"text/moby_dick", 18992, 256, 0, "1234540 tokens in 1 document"},
        {"text/state_union", 31873, 256, 0, "tokens in 65 documents"},
        {"tokens/tiny_shakespeare_gpt2_train", 4696, 50257, 0, "305260 tokens"},
    };
    const tl_source_want want = {.context = 64};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        tl_arena arena = tl_arena_open(0);
        tl_source *source;
        tl_err err = {0};
        if (tl_source_open(cases[c].name, folder, &want, &arena, &source, &err) != TL_OK) {
            fail_msg("%s", err.text);
        }
        const tl_dataset *all = &source->all;
        int distinct = 0;
        bool is_seen[50257] = {false};
        for (int i = 0; i < all->rows * 64; i++) {
            distinct += !is_seen[(int)all->input[i]];
            is_seen[(int)all->input[i]] = true;
        }
        assert_int_equal(all->rows, cases[c].rows);
        assert_int_equal(all->vocabulary, cases[c].vocabulary);
        if (cases[c].distinct) assert_int_equal(distinct, cases[c].distinct);
        assert_non_null(strstr(source->note, cases[c].note));
        tl_arena_close(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_texts_have_their_sizes),
        cmocka_unit_test(files_of_numpy_have_their_values),
        cmocka_unit_test(real_sets_have_their_sizes),
        cmocka_unit_test(a_set_saved_again_has_the_same_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
