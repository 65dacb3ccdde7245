/* Files of datasets: what was saved is loaded, bit for bit; everything else is refused. */
#include "compute/core/tensor_file.h"
#include "compute/data/dataset_file.h"
#include "tests/support/file_bytes.h"

#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

enum { MOST_BYTES = 65536, ROWS = 5 };

static const tl_key maker = {{0xAB, 1, 2}};

typedef struct room {
    char folder[64], path[128];
    tl_arena arena;
    tl_dataset images, tokens, none;
    unsigned char bytes[MOST_BYTES];
} room;

static int open_room(void **state)
{
    room *it = calloc(1, sizeof *it);
    assert_non_null(it);
    (void)snprintf(it->folder, sizeof it->folder, "/tmp/tl_dataset_file.XXXXXX");
    assert_non_null(mkdtemp(it->folder));
    (void)snprintf(it->path, sizeof it->path, "%s/a.safetensors", it->folder);
    const tl_shape shape = {2, 3, 4};
    tl_dataset *images = &it->images, *tokens = &it->tokens;
    assert_int_equal(tl_dataset_new(shape, 3, ROWS, &it->arena, images, NULL), TL_OK);
    assert_int_equal(tl_dataset_new(shape, 3, 0, &it->arena, &it->none, NULL), TL_OK);
    assert_int_equal(tl_dataset_tokens(70000, 6, ROWS, &it->arena, tokens, NULL), TL_OK);
    for (int i = 0; i < ROWS * 24; i++) images->input[i] = (float)i / 120.0F;
    for (int i = 0; i < ROWS * 6; i++) tokens->input[i] = (float)(i * 2413);
    for (int i = 0; i < ROWS; i++) {
        images->label[i] = i % 3;
        tokens->label[i] = 69999 - i;
        images->flags[i] = (uint8_t)(TL_ROW_MEMBER << i);
        tokens->flags[i] = (uint8_t)(255 - i);
        images->origin[i] = UINT32_MAX - (uint32_t)i;
    }
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

static tl_key key_of(const tl_dataset *data)
{
    tl_hash hash = {0};
    tl_dataset_hash(data, &hash);
    return tl_hash_end(&hash);
}

static void assert_same(const tl_dataset *a, const tl_dataset *b)
{
    const size_t rows = (size_t)a->rows;
    assert_memory_equal(&a->shape, &b->shape, sizeof a->shape);
    assert_int_equal(a->classes, b->classes);
    assert_int_equal(a->vocabulary, b->vocabulary);
    assert_int_equal(a->rows, b->rows);
    const tl_key one = key_of(a), two = key_of(b);
    assert_true(tl_key_equal(&one, &two));
    if (rows == 0) return;
    assert_memory_equal(a->input, b->input,
                        rows * (size_t)tl_shape_size(a->shape) * sizeof *a->input);
    assert_memory_equal(a->label, b->label, rows * sizeof *a->label);
    assert_memory_equal(a->flags, b->flags, rows * sizeof *a->flags);
    assert_memory_equal(a->origin, b->origin, rows * sizeof *a->origin);
}

static void what_was_saved_is_loaded(void **state)
{
    room *it = *state;
    static unsigned char again[MOST_BYTES];
    const tl_dataset *data[] = {&it->images, &it->tokens, &it->none};
    for (int d = 0; d < 3; d++) {
        tl_dataset *read = NULL;
        assert_int_equal(tl_dataset_save(data[d], &maker, NULL, it->path, NULL), TL_OK);
        assert_int_equal(tl_dataset_load(NULL, it->path, &maker, &it->arena, &read, NULL),
                         TL_OK);
        assert_same(read, data[d]);
        const size_t size = file_read(it->path, it->bytes, MOST_BYTES);
        assert_int_equal(tl_dataset_save(read, &maker, NULL, it->path, NULL), TL_OK);
        assert_int_equal(file_read(it->path, again, MOST_BYTES), size);
        assert_memory_equal(again, it->bytes, size);
    }
    assert_int_equal(tl_dataset_bytes(&it->images), ROWS * (24 * 4 + 4 + 4 + 1));
    assert_int_equal(tl_dataset_bytes(&it->none), 0);
}

/* Values of images are not judged: an attack may leave 0..1, or fail. */
static void any_pixel_comes_back(void **state)
{
    room *it = *state;
    tl_dataset *read = NULL;
    it->images.input[0] = NAN;
    it->images.input[1] = -INFINITY;
    it->images.input[2] = -0.0F;
    assert_int_equal(tl_dataset_save(&it->images, NULL, NULL, it->path, NULL), TL_OK);
    assert_int_equal(tl_dataset_load(NULL, it->path, NULL, &it->arena, &read, NULL), TL_OK);
    assert_same(read, &it->images);
}

static void the_hash_is_of_everything(void **state)
{
    room *it = *state;
    const tl_key whole = key_of(&it->images);
    for (int change = 0; change < 9; change++) {
        tl_dataset *other;
        assert_int_equal(tl_dataset_copy(&it->images,
                                         TL_COPY_LABELS | TL_COPY_FLAGS | TL_COPY_INPUTS,
                                         &it->arena, &other, NULL),
                         TL_OK);
        uint32_t origin[ROWS];
        memcpy(origin, other->origin, sizeof origin);
        other->origin = origin;
        tl_key key = key_of(other);
        assert_true(tl_key_equal(&key, &whole));
        if (change == 0) other->input[ROWS * 24 - 1] += 1.0F;
        if (change == 1) other->label[ROWS - 1] = 0;
        if (change == 2) other->flags[ROWS - 1] ^= 128;
        if (change == 3) other->origin[ROWS - 1]--;
        if (change == 4) other->shape = (tl_shape){3, 2, 4};
        if (change == 5) other->shape = (tl_shape){2, 4, 3};
        if (change == 6) other->classes++;
        if (change == 7) other->vocabulary = 3;
        if (change == 8) other->rows--;
        key = key_of(other);
        assert_false(tl_key_equal(&key, &whole));
    }
}

static void refuse(room *it, const char *text)
{
    tl_err err = {0};
    tl_arena arena = tl_arena_open(1 << 17);
    tl_dataset *read = NULL;
    const tl_status status = tl_dataset_load(NULL, it->path, &maker, &arena, &read, &err);
    if (status != TL_E_FORMAT || !strstr(err.text, text) ||
        strncmp(err.text, it->path, strlen(it->path)) != 0) {
        fail_msg("wanted \"%s\", found status %d: %s", text, (int)status, err.text);
    }
    assert_null(read);
    tl_arena_close(&arena);
}

static void damaged_files_are_refused(void **state)
{
    room *it = *state;
    assert_int_equal(tl_dataset_save(&it->images, &maker, NULL, it->path, NULL), TL_OK);
    const size_t size = file_read(it->path, it->bytes, MOST_BYTES);
    for (size_t n = 0; n < size; n++) {
        file_write(it->path, it->bytes, n);
        refuse(it, "");
        it->bytes[n] ^= 0x20;
        file_write(it->path, it->bytes, size);
        refuse(it, "");
        it->bytes[n] ^= 0x20;
    }
    file_write(it->path, it->bytes, size + 1);
    refuse(it, "bytes of tensors");
}

static void the_dataset_of_another_step_is_refused(void **state)
{
    room *it = *state;
    tl_dataset *read = NULL;
    const tl_key other = {{0xAB, 1, 3}};
    assert_int_equal(tl_dataset_save(&it->tokens, &other, NULL, it->path, NULL), TL_OK);
    refuse(it, "holds the dataset of another step, ab0103");
    assert_int_equal(tl_dataset_load(NULL, it->path, NULL, &it->arena, &read, NULL), TL_OK);
    assert_int_equal(tl_dataset_save(&it->tokens, NULL, NULL, it->path, NULL), TL_OK);
    refuse(it, "holds the dataset of another step, unknown");
}

static void impossible_datasets_are_not_written(void **state)
{
    room *it = *state;
    for (int change = 0; change < 10; change++) {
        tl_dataset data = change < 6 ? it->images : it->tokens;
        tl_err err = {0};
        int32_t label[ROWS];
        float input[ROWS * 24];
        memcpy(label, data.label, sizeof label);
        memcpy(input, data.input,
               (size_t)(ROWS * tl_shape_size(data.shape)) * sizeof *input);
        data.label = label;
        data.input = input;
        if (change == 0) data.shape.channels = 0;
        if (change == 1) data.shape = (tl_shape){1 << 11, 1 << 10, 1 << 10};
        if (change == 2) data.classes = 0;
        if (change == 3) data.rows = -1;
        if (change == 4) label[ROWS - 1] = 3;
        if (change == 5) label[0] = -1;
        if (change == 6) data.vocabulary--;
        if (change == 7) input[ROWS * 6 - 1] = 70000.0F;
        if (change == 8) input[0] = 0.5F;
        if (change == 9) input[0] = NAN;
        assert_int_equal(tl_dataset_save(&data, &maker, NULL, it->path, &err), TL_E_ARG);
        assert_non_null(strstr(err.text, it->path));
    }
}

/* A dataset as its file has it, to be changed. */
typedef struct forged {
    tl_file_entry entry[7];
    tl_file_tensor tensor[5];
    tl_tensor_file file;
} forged;

static void forge(const tl_dataset *data, bool is_of_tokens, forged *out)
{
    const uint64_t rows = (uint64_t)data->rows;
    const tl_file_entry entry[7] = {{"channels", is_of_tokens ? "1" : "2"},
                                    {"height", is_of_tokens ? "1" : "3"},
                                    {"columns", is_of_tokens ? "6" : "4"},
                                    {"classes", is_of_tokens ? "70000" : "3"},
                                    {"vocabulary", is_of_tokens ? "70000" : "0"},
                                    {"rows", "5"},
                                    {"x", ""}};
    const tl_file_tensor tensor[5] = {
        {"input",
         TL_DTYPE_F32,
         4,
         {rows, (uint64_t)data->shape.channels, (uint64_t)data->shape.height,
          (uint64_t)data->shape.width},
         data->input},
        {"label", TL_DTYPE_I32, 1, {rows}, data->label},
        {"origin", TL_DTYPE_U32, 1, {rows}, data->origin},
        {"flags", TL_DTYPE_U8, 1, {rows}, data->flags},
        {"x", TL_DTYPE_U8, 1, {0}, NULL}};
    memcpy(out->entry, entry, sizeof entry);
    memcpy(out->tensor, tensor, sizeof tensor);
    out->file = (tl_tensor_file){.format = "threatloop-dataset-1",
                                 .step = &maker,
                                 .entries = 6,
                                 .entry = out->entry,
                                 .tensors = 4,
                                 .tensor = out->tensor};
}

static void write_forged(room *it, const forged *from)
{
    tl_err err = {0};
    if (tl_tensor_file_save(&from->file, NULL, it->path, &err) != TL_OK)
        fail_msg("%s", err.text);
}

/* Files with a right checksum. */
static void forged_files_are_refused(void **state)
{
    room *it = *state;
    tl_dataset *read = NULL;
    forged f;
    forge(&it->images, false, &f);
    write_forged(it, &f);
    assert_int_equal(tl_dataset_load(NULL, it->path, &maker, &it->arena, &read, NULL),
                     TL_OK);
    assert_same(read, &it->images);
    static const struct {
        int entry;
        const char *text;
    } numbers[] = {{0, "0"},          {0, "3"},          {1, "-1"},         {2, "4.0"},
                   {2, "2147483647"}, {3, "0"},          {3, "2147483648"}, {4, "3"},
                   {4, "-1"},         {5, "4"},          {5, "6"},          {5, ""},
                   {5, "2147483647"}, {1, "1073741824"}, {0, "715827883"}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        forge(&it->images, false, &f);
        f.entry[numbers[i].entry].text = numbers[i].text;
        write_forged(it, &f);
        refuse(it, ": ");
    }
    for (int change = 0; change < 9; change++) {
        static const char *const text[] = {
            "is of format threatloop-2", "its metadata describes no",
            "its metadata describes no", "its metadata describes no",
            "tensor flags is missing",   "do not belong to a dataset",
            "tensor label is missing",   "tensor label is missing",
            "tensor origin is missing"};
        forge(&it->images, false, &f);
        if (change == 0) f.file.format = "threatloop-2";
        if (change == 1) f.file.entries = 5;
        if (change == 2) f.file.entries = 7;
        if (change == 3) f.entry[0] = (tl_file_entry){"canals", "2"};
        if (change == 4) f.file.tensors = 3;
        if (change == 5) f.file.tensors = 5;
        if (change == 6) f.tensor[1].dtype = TL_DTYPE_U32;
        if (change == 7) f.tensor[1] = f.tensor[4];
        if (change == 8) f.tensor[2].size[0] = 4;
        write_forged(it, &f);
        refuse(it, text[change]);
    }
}

static void forged_indices_are_refused(void **state)
{
    room *it = *state;
    static const float token[] = {-1.0F, 70000.0F, 0.5F, NAN, INFINITY, 3e9F, -INFINITY};
    static const int32_t label[] = {-1, 70000, INT32_MIN, INT32_MAX};
    forged f;
    forge(&it->tokens, true, &f);
    for (size_t i = 0; i < sizeof token / sizeof *token; i++) {
        const float before = it->tokens.input[7];
        it->tokens.input[7] = token[i];
        write_forged(it, &f);
        refuse(it, "row 1 has token");
        it->tokens.input[7] = before;
    }
    for (size_t i = 0; i < sizeof label / sizeof *label; i++) {
        const int32_t before = it->tokens.label[3];
        it->tokens.label[3] = label[i];
        write_forged(it, &f);
        refuse(it, "row 3 has label");
        it->tokens.label[3] = before;
    }
    static const struct {
        int entry;
        const char *text;
    } numbers[] = {{4, "69999"}, {3, "70001"}};
    for (size_t i = 0; i < 2; i++) {
        forge(&it->tokens, true, &f);
        f.entry[numbers[i].entry].text = numbers[i].text;
        write_forged(it, &f);
        refuse(it, "its metadata describes no dataset");
    }
}

static void small_arenas_are_clean_failures(void **state)
{
    room *it = *state;
    tl_status status = TL_E_NOMEM;
    int failures = 0;
    assert_int_equal(tl_dataset_save(&it->images, &maker, NULL, it->path, NULL), TL_OK);
    for (size_t limit = 1; status != TL_OK; limit += 64) {
        tl_arena arena = tl_arena_open(limit);
        tl_dataset *read = NULL;
        status = tl_dataset_load(NULL, it->path, &maker, &arena, &read, NULL);
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
        IN_ROOM(any_pixel_comes_back),
        IN_ROOM(the_hash_is_of_everything),
        IN_ROOM(damaged_files_are_refused),
        IN_ROOM(the_dataset_of_another_step_is_refused),
        IN_ROOM(impossible_datasets_are_not_written),
        IN_ROOM(forged_files_are_refused),
        IN_ROOM(forged_indices_are_refused),
        IN_ROOM(small_arenas_are_clean_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
