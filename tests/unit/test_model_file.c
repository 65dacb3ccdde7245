/* Model files: what was saved is loaded, bit for bit; everything else is refused. */
#include "compute/train/model_file.h"
#include "tests/support/file_bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

enum { MOST_BYTES = 65536 };

static const tl_model_spec spec = {
    .kind = TL_MODEL_CNN, .width = 3, .depth = 2, .in = {2, 8, 9}, .classes = 4};

static const tl_key maker = {{0xAB, 1, 2}}; /* the step that made the models */

typedef struct room {
    char folder[64], path[128];
    tl_arena arena;
    tl_model *model;
    unsigned char bytes[MOST_BYTES]; /* of the file as it was saved */
    size_t size, header;
} room;

static int open_room(void **state)
{
    room *it = calloc(1, sizeof *it);
    assert_non_null(it);
    (void)snprintf(it->folder, sizeof it->folder, "/tmp/tl_model_file.XXXXXX");
    assert_non_null(mkdtemp(it->folder));
    (void)snprintf(it->path, sizeof it->path, "%s/a.safetensors", it->folder);
    const tl_rng rng = tl_rng_stream(1, 0, "train", 0, "init");
    assert_int_equal(tl_model_new(&spec, &it->arena, &it->model, NULL), TL_OK);
    tl_model_init(it->model, &rng);
    assert_int_equal(tl_model_save(it->model, &maker, NULL, it->path, NULL), TL_OK);
    it->size = file_read(it->path, it->bytes, MOST_BYTES);
    it->header = it->bytes[0] | (size_t)it->bytes[1] << 8;
    assert_int_equal(it->size, 8 + it->header + it->model->params * sizeof(float));
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
    tl_model *read = NULL;
    assert_int_equal(tl_model_load(NULL, it->path, &maker, &it->arena, &read, NULL), TL_OK);
    assert_memory_equal(&read->spec, &spec, sizeof spec);
    assert_int_equal(read->params, it->model->params);
    assert_memory_equal(read->param, it->model->param, read->params * sizeof(float));
    /* The same model gives the same bytes, over an existing file too. */
    static unsigned char again[MOST_BYTES];
    assert_int_equal(tl_model_save(read, &maker, NULL, it->path, NULL), TL_OK);
    assert_int_equal(file_read(it->path, again, MOST_BYTES), it->size);
    assert_memory_equal(again, it->bytes, it->size);
}

enum { KINDS = 7 };

static const tl_model_spec kinds[KINDS] = {
    {.kind = TL_MODEL_MLP,
     .width = 5,
     .depth = 2,
     .in = {2, 4, 4},
     .classes = 3,
     .heads = 4}, /* which it does not use */
    {.kind = TL_MODEL_LINEAR, .width = 9, .depth = 1, .in = {2, 4, 4}, .classes = 3},
    {.kind = TL_MODEL_AUTOENCODER, .width = 5, .depth = 2, .in = {2, 4, 4}, .classes = 32},
    {.kind = TL_MODEL_RESNET, .width = 3, .depth = 2, .in = {1, 6, 5}, .classes = 4},
    {.kind = TL_MODEL_GPT,
     .width = 6,
     .depth = 2,
     .in = {1, 1, 5},
     .classes = 7,
     .heads = 3},
    {.kind = TL_MODEL_LLAMA,
     .width = 8,
     .depth = 1,
     .in = {1, 1, 5},
     .classes = 7,
     .heads = 4,
     .kv_heads = 2,
     .splits = 2},
    {.kind = TL_MODEL_CNN, .width = 3, .depth = 2, .in = {2, 8, 9}, .classes = 4}};

static void every_kind_comes_back(void **state)
{
    room *it = *state;
    for (int k = 0; k < KINDS; k++) {
        const tl_rng rng = tl_rng_stream(1, 0, "train", 0, "init");
        tl_model *model = NULL, *read = NULL;
        assert_int_equal(tl_model_new(&kinds[k], &it->arena, &model, NULL), TL_OK);
        tl_model_init(model, &rng);
        assert_int_equal(tl_model_save(model, &maker, NULL, it->path, NULL), TL_OK);
        assert_int_equal(tl_model_load(NULL, it->path, &maker, &it->arena, &read, NULL),
                         TL_OK);
        assert_memory_equal(&read->spec, &kinds[k], sizeof kinds[k]);
        assert_memory_equal(read->param, model->param, read->params * sizeof(float));
    }
}

static void refuse(room *it, const void *bytes, size_t n, const char *text)
{
    tl_err err = {0};
    tl_arena arena = tl_arena_open(1 << 22); /* and nothing large is taken */
    tl_model *read = NULL;
    file_write(it->path, bytes, n);
    const tl_status status = tl_model_load(NULL, it->path, &maker, &arena, &read, &err);
    if (status != TL_E_FORMAT || !strstr(err.text, text)) {
        fail_msg("wanted \"%s\", found status %d: %s", text, (int)status, err.text);
    }
    assert_null(read);
    tl_arena_close(&arena);
}

static void cut_files_are_refused(void **state)
{
    room *it = *state;
    for (size_t n = 0; n < it->size; n += n < it->header + 40 ? 1 : 97) {
        refuse(it, it->bytes, n, it->path);
    }
    it->bytes[it->size] = 0;
    refuse(it, it->bytes, it->size + 1, "bytes of tensors");
    refuse(it, it->bytes, 5, "too short");
}

/* The header too: other heads or another height would be as many parameters. */
static void changed_bytes_are_refused(void **state)
{
    room *it = *state;
    for (size_t at = 0; at < it->size; at += at < it->header + 80 ? 1 : 61) {
        for (int flip = 1; flip < 256; flip = flip * 2 + 85) {
            it->bytes[at] ^= (unsigned char)flip;
            refuse(it, it->bytes, it->size, it->path);
            it->bytes[at] ^= (unsigned char)flip;
        }
    }
    it->bytes[it->size - 1] ^= 1;
    refuse(it, it->bytes, it->size, "checksum");
}

static void a_spec_of_the_same_size_is_refused(void **state)
{
    room *it = *state;
    const tl_model_spec gpt = {.kind = TL_MODEL_GPT,
                               .width = 6,
                               .depth = 1,
                               .in = {1, 1, 5},
                               .classes = 7,
                               .heads = 3};
    tl_model *model = NULL;
    assert_int_equal(tl_model_new(&gpt, &it->arena, &model, NULL), TL_OK);
    memset(model->param, 0, model->params * sizeof *model->param);
    assert_int_equal(tl_model_save(model, &maker, NULL, it->path, NULL), TL_OK);
    it->size = file_read(it->path, it->bytes, MOST_BYTES);
    it->bytes[it->size] = '\0';
    char *heads = strstr((char *)it->bytes + 8, "\"heads\":\"3\"");
    assert_non_null(heads);
    heads[9] = '2';
    refuse(it, it->bytes, it->size, "checksum");
}

static void the_model_of_another_step_is_refused(void **state)
{
    room *it = *state;
    const tl_key other = {{0xAB, 1, 3}};
    tl_err err = {0};
    tl_model *read = NULL;
    assert_int_equal(tl_model_load(NULL, it->path, &other, &it->arena, &read, &err),
                     TL_E_FORMAT);
    assert_non_null(strstr(err.text, "another step, ab0102"));
    assert_int_equal(tl_model_load(NULL, it->path, NULL, &it->arena, &read, &err), TL_OK);
    /* one that names no step is nobody's */
    assert_int_equal(tl_model_save(read, NULL, NULL, it->path, &err), TL_OK);
    assert_int_equal(tl_model_load(NULL, it->path, NULL, &it->arena, &read, &err), TL_OK);
    assert_int_equal(tl_model_load(NULL, it->path, &maker, &it->arena, &read, &err),
                     TL_E_FORMAT);
}

static void wild_header_lengths_are_refused(void **state)
{
    room *it = *state;
    for (int at = 2; at < 8; at++) {
        it->bytes[at] = 0xff;
        refuse(it, it->bytes, it->size, "its header claims");
        it->bytes[at] = 0;
    }
}

static void lfs_pointers_are_named(void **state)
{
    static const char pointer[] = "version https://git-lfs.github.com/spec/v1\n"
                                  "oid sha256:4d7a2146\nsize 12345\n";
    refuse(*state, pointer, strlen(pointer), "Git LFS pointer");
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
        {"\"kind\":\"cnn\"", "\"kind\":\"rnn\"", "no threatloop model"},
        {"\"kind\":\"cnn\"", "\"kind\":7", "metadata kind is no text"},
        {"\"width\":\"3\"", "\"width\":\"3.5\"", "no threatloop model"},
        {"\"width\":\"3\"", "\"width\":\"-3\"", "no threatloop model"},
        {"\"width\":\"3\"", "\"width\":\"03\"", "no threatloop model"},
        {"\"width\":\"3\"", "\"width\":\"3\",\"x\":\"3\"", "no threatloop model"},
        {"\"kv_heads\":\"0\"", "\"kv_heads\":\"0\",\"splits\":\"1\"",
         "no threatloop model"},
        {"threatloop-2", "threatloop-3", "is of format threatloop-3, not threatloop-2"},
        {"\"step\":\"ab", "\"step\":\"AB", "its step is no key"},
        {"\"width\":\"3\"", "\"width\":\"nan\"", "no threatloop model"},
        {"\"width\":\"3\"", "\"width\":\"4\"", "bytes of tensors"},
        {"\"width\":\"3\"", "\"width\":\"1000000\"", "0 parameters"},
        {"\"height\":\"8\"", "\"height\":\"1000000\"", "parameters"},
        {"\"channels\":\"2\"", "\"channels\":\"0\"", "0 parameters"},
        {"\"conv0.bias\"", "\"conv9.bias\"", "tensor conv0.bias is missing"},
        {"\"conv0.bias\"", "\"conv0.weight\"", "not JSON: duplicate"},
        {"\"conv0.bias\"", "\"x\":{},\"conv0.bias\"", "tensor x"},
        {"\"conv0.bias\"",
         "\"x\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[216,216]},"
         "\"conv0.bias\"",
         "do not belong to its model"},
        {"F32", "F16", "tensor conv0.weight"},
        {"[3,2,3,3]", "[2,3,3,3]", "tensor conv0.weight"},
        {"[3,2,3,3]", "[54]", "tensor conv0.weight"},
        {"[216,228]", "[220,228]", "tensor conv0.bias"},   /* a hole */
        {"[216,228]", "[212,228]", "tensor conv0.bias"},   /* an overlap */
        {"[216,228]", "[216,228,0]", "tensor conv0.bias"}, /* one too many */
        {"[216,228]", "[228,216]", "tensor conv0.bias"},   /* backwards */
        {"[216,228]", "[-216,228]", "tensor conv0.bias"},  /* before the buffer */
        {"[216,228]", "\"216,228\"", "tensor conv0.bias"}, /* no list */
        {"\"sha256_128\":\"", "\"sha256_128\":\"0", "checksum"},
        {"\"sha256_128\"", "\"sha1\"", "checksum"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        refuse_header(it, cases[i].from, cases[i].to, cases[i].text);
    }
}

static void what_the_system_refuses_is_told(void **state)
{
    room *it = *state;
    tl_err err = {0};
    tl_model *read = NULL;
    char path[256];
    (void)snprintf(path, sizeof path, "%s/none/b.safetensors", it->folder);
    assert_int_equal(tl_model_load(NULL, path, &maker, &it->arena, &read, &err), TL_E_IO);
    assert_non_null(strstr(err.text, "No such file"));
    assert_int_equal(tl_model_save(it->model, &maker, NULL, path, &err), TL_E_IO);
    assert_non_null(strstr(err.text, "No such file"));
    assert_int_equal(tl_model_load(NULL, it->folder, &maker, &it->arena, &read, &err),
                     TL_E_IO);
    assert_int_equal(tl_model_save(it->model, &maker, NULL, it->folder, &err), TL_E_IO);
    static char longest[8192];
    memset(longest, 'x', sizeof longest - 1);
    assert_int_equal(tl_model_save(it->model, &maker, NULL, longest, &err), TL_E_IO);
    assert_non_null(strstr(err.text, "too long"));
}

static void small_arena_is_a_clean_failure(void **state)
{
    room *it = *state;
    tl_err err = {0};
    tl_arena tiny = tl_arena_open(2048);
    tl_model *read = NULL;
    assert_int_equal(tl_model_load(NULL, it->path, &maker, &tiny, &read, &err), TL_E_NOMEM);
    assert_null(read);
    tl_arena_close(&tiny);
}

/* --- bytes ---------------------------------------------------------------------------- */

/* A file of the first version of format threatloop-2, byte for byte: a linear model of 2
 * pixels and 2 classes. */
static const char old_header[] =
    "{\"__metadata__\":{\"format\":\"threatloop-2\",\"step\":\"ab010200000000000"
    "000000000000000\",\"kind\":\"linear\",\"width\":\"1\",\"depth\":\"1\",\"channels"
    "\":\"1\",\"height\":\"1\",\"columns\":\"2\",\"classes\":\"2\",\"heads\":\"0\",\"kv_hea"
    "ds\":\"0\",\"sha256_128\":\"e1fe8dad5029d70e3faa03f176701ecc\"},\"dense0.w"
    "eight\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]},\"dense0"
    ".bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[16,24]}}    ";
static const float old_param[6] = {-3.0F, -2.875F, -2.75F, -2.625F, -2.5F, -2.375F};

/* The parameters of the models whose bytes are known. */
static void fill(float *param, size_t n)
{
    for (size_t i = 0; i < n; i++) param[i] = (float)(i % 97) * 0.125F - 3.0F;
}

static void an_old_file_is_read_and_written_alike(void **state)
{
    room *it = *state;
    static unsigned char again[MOST_BYTES];
    const size_t length = sizeof old_header - 1, size = 8 + length + sizeof old_param;
    memset(it->bytes, 0, 8);
    it->bytes[0] = (unsigned char)(length & 255);
    it->bytes[1] = (unsigned char)(length >> 8);
    memcpy(it->bytes + 8, old_header, length);
    memcpy(it->bytes + 8 + length, old_param, sizeof old_param);
    file_write(it->path, it->bytes, size);
    tl_model *read = NULL;
    assert_int_equal(tl_model_load(NULL, it->path, &maker, &it->arena, &read, NULL), TL_OK);
    assert_int_equal(read->spec.kind, TL_MODEL_LINEAR);
    assert_int_equal(read->params, 6);
    assert_memory_equal(read->param, old_param, sizeof old_param);
    assert_int_equal(tl_model_save(read, &maker, NULL, it->path, NULL), TL_OK);
    assert_int_equal(file_read(it->path, again, MOST_BYTES), size);
    assert_memory_equal(again, it->bytes, size);
}

/* SHA-256 of the files that the first version of the format had of these models. */
static void bytes_are_those_of_the_first_version(void **state)
{
    room *it = *state;
    static const char *const sum[] = {
        "a41ce1000d78906fecad6a2c8368e6a486cd64de352cbe7fb3865b6a887b7025",
        "f008da23e4f9ebc1617a8df14d3ff41a085f9776bc75c9bb3c56bb168813a86d",
        "d392c9c65df63d939962e064b81b8f1ff60b721d5b5e3556170e40b6938fa693",
        "6c69bbc876b0e8d28509a43353f3228eb46800d412e9bf38a22e62f2bc692ca0",
        "cd15d318101876441b78e98722b48c52d20a03f444a1a3cc4535075a0c025220",
        "eb4ca21d3de87721f28f9fa5d2b7850e3ffdc18a68ae3709a5ca0a55eebe98a2",
        "ddebadb47368a334c9f0f6033ef7b60037cf41d490c651a1141d1e913c418e11",
    };
    for (int k = 0; k < KINDS; k++) {
        char found[TL_SHA256_TEXT];
        tl_model *model = NULL;
        assert_int_equal(tl_model_new(&kinds[k], &it->arena, &model, NULL), TL_OK);
        fill(model->param, model->params);
        assert_int_equal(tl_model_save(model, &maker, NULL, it->path, NULL), TL_OK);
        assert_int_equal(tl_hash_file(it->path, found, NULL, NULL), TL_OK);
        assert_string_equal(found, sum[k]);
    }
}

static tl_key key_of(const tl_model *model)
{
    tl_hash hash = {0};
    tl_model_hash(model, &hash);
    return tl_hash_end(&hash);
}

static void the_hash_is_of_spec_and_parameters(void **state)
{
    room *it = *state;
    tl_model *read = NULL;
    assert_int_equal(tl_model_load(NULL, it->path, &maker, &it->arena, &read, NULL), TL_OK);
    const tl_key whole = key_of(it->model);
    tl_key other = key_of(read);
    assert_true(tl_key_equal(&whole, &other));
    for (size_t i = 0; i < read->params; i += read->params - 1) {
        const float before = read->param[i];
        read->param[i] += 1.0F;
        other = key_of(read);
        assert_false(tl_key_equal(&whole, &other));
        read->param[i] = before;
    }
    read->spec.heads = 1; /* as many parameters */
    other = key_of(read);
    assert_false(tl_key_equal(&whole, &other));
    read->spec.heads = 0;
    read->spec.splits = 1; /* another way to say 0 */
    other = key_of(read);
    assert_true(tl_key_equal(&whole, &other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_saved_is_loaded, open_room, close_room),
        cmocka_unit_test_setup_teardown(every_kind_comes_back, open_room, close_room),
        cmocka_unit_test_setup_teardown(cut_files_are_refused, open_room, close_room),
        cmocka_unit_test_setup_teardown(changed_bytes_are_refused, open_room, close_room),
        cmocka_unit_test_setup_teardown(a_spec_of_the_same_size_is_refused, open_room,
                                        close_room),
        cmocka_unit_test_setup_teardown(the_model_of_another_step_is_refused, open_room,
                                        close_room),
        cmocka_unit_test_setup_teardown(wild_header_lengths_are_refused, open_room,
                                        close_room),
        cmocka_unit_test_setup_teardown(lfs_pointers_are_named, open_room, close_room),
        cmocka_unit_test_setup_teardown(hostile_headers_are_refused, open_room, close_room),
        cmocka_unit_test_setup_teardown(what_the_system_refuses_is_told, open_room,
                                        close_room),
        cmocka_unit_test_setup_teardown(small_arena_is_a_clean_failure, open_room,
                                        close_room),
        cmocka_unit_test_setup_teardown(an_old_file_is_read_and_written_alike, open_room,
                                        close_room),
        cmocka_unit_test_setup_teardown(bytes_are_those_of_the_first_version, open_room,
                                        close_room),
        cmocka_unit_test_setup_teardown(the_hash_is_of_spec_and_parameters, open_room,
                                        close_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
