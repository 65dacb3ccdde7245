/*
 * Tensors of other programs as a model's parameters: what is found by which name, what is
 * refused and with which words, and files that lie.
 */
#include "compute/nn/own_model.h"
#include "tests/support/file_bytes.h"

#include <math.h>
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

enum { MOST = 1 << 20 };

/* A tensor to be written: number i is `start` + i. */
typedef struct wanted {
    const char *name;
    int rank, size[4];
    float start;
} wanted;

typedef struct room {
    char folder[64], path[128];
    tl_arena arena;
    tl_own_model own;
    tl_model *model;
    tl_err err;
    unsigned char *bytes; /* [MOST] */
} room;

static int open_room(void **state)
{
    room *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->bytes = malloc(MOST);
    assert_non_null(r->bytes);
    (void)snprintf(r->folder, sizeof r->folder, "/tmp/tl_state_dict.XXXXXX");
    assert_non_null(mkdtemp(r->folder));
    (void)snprintf(r->path, sizeof r->path, "%s/net.safetensors", r->folder);
    *state = r;
    return 0;
}

static int close_room(void **state)
{
    room *r = *state;
    (void)remove(r->path);
    assert_int_equal(rmdir(r->folder), 0);
    tl_arena_close(&r->arena);
    free(r->bytes);
    free(r);
    return 0;
}

static size_t count_of(const wanted *w)
{
    size_t count = 1;
    for (int d = 0; d < w->rank; d++) count *= (size_t)w->size[d];
    return count;
}

/* Writes length, header and buffer. */
static void write_parts(room *r, const char *header, const void *buffer, size_t n)
{
    const size_t length = strlen(header);
    assert_true(8 + length + n <= MOST);
    for (int i = 0; i < 8; i++) r->bytes[i] = (unsigned char)((uint64_t)length >> (8 * i));
    memcpy(r->bytes + 8, header, length);
    if (n > 0) memcpy(r->bytes + 8 + length, buffer, n);
    file_write(r->path, r->bytes, 8 + length + n);
}

/* Writes F32 tensors up to one without a name. */
static void write_tensors(room *r, const wanted *list)
{
    static float buffer[MOST / 8];
    char header[16384] = "{\"__metadata__\":{\"format\":\"pt\"}";
    size_t at = 0, length = strlen(header);
    for (const wanted *w = list; w->name; w++) {
        const size_t count = count_of(w);
        length += (size_t)snprintf(header + length, sizeof header - length,
                                   ",\"%s\":{\"dtype\":\"F32\",\"shape\":[", w->name);
        for (int d = 0; d < w->rank; d++)
            length += (size_t)snprintf(header + length, sizeof header - length, "%s%d",
                                       d ? "," : "", w->size[d]);
        length +=
            (size_t)snprintf(header + length, sizeof header - length,
                             "],\"data_offsets\":[%zu,%zu]}", 4 * at, 4 * (at + count));
        for (size_t i = 0; i < count; i++) buffer[at + i] = w->start + (float)i;
        at += count;
    }
    (void)snprintf(header + length, sizeof header - length, "}");
    write_parts(r, header, buffer, 4 * at);
}

static tl_status read_model(room *r, const tl_model_spec *spec)
{
    tl_arena_close(&r->arena);
    r->err = (tl_err){0};
    TL_TRY(tl_own_model_open(r->path, &r->arena, &r->own, &r->err));
    TL_TRY(tl_own_model_check(&r->own, spec, &r->err));
    return tl_own_model_read(&r->own, spec, &r->arena, &r->model, &r->err);
}

static void expect_read(room *r, const tl_model_spec *spec)
{
    if (read_model(r, spec) != TL_OK) fail_msg("%s", r->err.text);
}

static void expect_refused(room *r, const tl_model_spec *spec, const char *text)
{
    const tl_status status = read_model(r, spec);
    if (status == TL_OK) fail_msg("was read, but should say: %s", text);
    if (!strstr(r->err.text, text)) fail_msg("'%s' lacks '%s'", r->err.text, text);
}

/* The first number of our tensor called `name`. */
static const float *param_of(room *r, const char *name)
{
    tl_tensor *tensor;
    int count;
    assert_int_equal(tl_model_tensors(r->model, &r->arena, &tensor, &count, NULL), TL_OK);
    for (int i = 0; i < count; i++) {
        if (strcmp(tensor[i].name, name) == 0) return r->model->param + tensor[i].at;
    }
    fail_msg("no tensor %s", name);
    return NULL;
}

static void expect_start(room *r, const char *name, double start)
{
    const double found = (double)*param_of(r, name);
    if (found != start) fail_msg("%s begins with %g, not %g", name, found, start);
}

static const tl_model_spec small_mlp = {
    .kind = TL_MODEL_MLP, .width = 5, .depth = 3, .in = {1, 2, 3}, .classes = 4};
static const tl_model_spec small_cnn = {
    .kind = TL_MODEL_CNN, .width = 3, .depth = 2, .in = {2, 8, 8}, .classes = 4};

/* --- names ---------------------------------------------------------------------------- */

static void modules_of_an_mlp_are_told_by_shape_and_number(void **state)
{
    room *r = *state;
    /* In no order: layers 10 and 9 have the same shape, and 9 comes first. */
    write_tensors(r, (wanted[]){{"net.12.bias", 1, {4}, 100},
                                {"net.12.weight", 2, {4, 5}, 200},
                                {"net.10.weight", 2, {5, 5}, 300},
                                {"net.10.bias", 1, {5}, 400},
                                {"net.9.bias", 1, {5}, 500},
                                {"net.9.weight", 2, {5, 5}, 600},
                                {"net.1.weight", 2, {5, 6}, 700},
                                {"net.1.bias", 1, {5}, 800},
                                {NULL}});
    expect_read(r, &small_mlp);
    expect_start(r, "dense0.weight", 700);
    expect_start(r, "dense0.bias", 800);
    expect_start(r, "dense1.weight", 600);
    expect_start(r, "dense1.bias", 500);
    expect_start(r, "dense2.weight", 300);
    expect_start(r, "dense3.weight", 200);
    assert_true(param_of(r, "dense3.weight")[19] == 219.0F);
}

static void equal_shapes_without_an_order_are_refused(void **state)
{
    room *r = *state;
    write_tensors(r, (wanted[]){{"in.weight", 2, {5, 6}, 0},
                                {"in.bias", 1, {5}, 0},
                                {"middle.weight", 2, {5, 5}, 0},
                                {"middle.bias", 1, {5}, 0},
                                {"last.weight", 2, {5, 5}, 0},
                                {"last.bias", 1, {5}, 0},
                                {"out.weight", 2, {4, 5}, 0},
                                {"out.bias", 1, {4}, 0},
                                {NULL}});
    expect_refused(r, &small_mlp, "nothing in their names tells which layer comes first");
}

/* torch counts layers from 1, this program from 0: conv1 must not be taken for ours. */
static void a_name_that_is_ours_by_chance_does_not_count(void **state)
{
    room *r = *state;
    const tl_model_spec spec = {
        .kind = TL_MODEL_MLP, .width = 4, .depth = 3, .in = {1, 2, 2}, .classes = 4};
    write_tensors(r, (wanted[]){{"dense1.weight", 2, {4, 4}, 100},
                                {"dense1.bias", 1, {4}, 150},
                                {"dense2.weight", 2, {4, 4}, 200},
                                {"dense2.bias", 1, {4}, 250},
                                {"dense3.weight", 2, {4, 4}, 300},
                                {"dense3.bias", 1, {4}, 350},
                                {"dense4.weight", 2, {4, 4}, 400},
                                {"dense4.bias", 1, {4}, 450},
                                {NULL}});
    expect_read(r, &spec);
    expect_start(r, "dense0.weight", 100);
    expect_start(r, "dense3.bias", 450);
}

static void our_own_names_are_read_with_a_prefix(void **state)
{
    room *r = *state;
    write_tensors(r, (wanted[]){{"module.dense0.bias", 1, {4}, 10},
                                {"module.conv1.weight", 4, {6, 3, 3, 3}, 20},
                                {"module.conv0.bias", 1, {3}, 30},
                                {"module.conv1.bias", 1, {6}, 40},
                                {"module.conv0.weight", 4, {3, 2, 3, 3}, 50},
                                {"module.dense0.weight", 2, {4, 24}, 60},
                                {NULL}});
    expect_read(r, &small_cnn);
    expect_start(r, "conv0.weight", 50);
    expect_start(r, "conv1.bias", 40);
    expect_start(r, "dense0.weight", 60);
}

static void a_linear_module_alone_has_no_prefix(void **state)
{
    room *r = *state;
    const tl_model_spec spec = {
        .kind = TL_MODEL_LINEAR, .width = 1, .depth = 1, .in = {1, 2, 3}, .classes = 4};
    write_tensors(r, (wanted[]){{"weight", 2, {4, 6}, 1}, {"bias", 1, {4}, 2}, {NULL}});
    expect_read(r, &spec);
    expect_start(r, "dense0.weight", 1);
    expect_start(r, "dense0.bias", 2);
}

/* --- what does not fit ---------------------------------------------------------------- */

static void what_does_not_fit_is_named(void **state)
{
    static const struct {
        wanted tensor[9];
        const char *text;
    } wrong[] = {
        {{{"a.weight", 4, {3, 2, 3, 3}, 0},
          {"a.bias", 1, {3}, 0},
          {"b.weight", 4, {7, 3, 3, 3}, 0},
          {"b.bias", 1, {7}, 0},
          {"c.weight", 2, {4, 24}, 0},
          {"c.bias", 1, {4}, 0}},
         "tensor b.weight is 7x3x3x3, but conv1.weight of the plan's model is 6x3x3x3"},
        {{{"a.weight", 4, {3, 2, 3, 3}, 0},
          {"a.bias", 1, {3}, 0},
          {"b.weight", 4, {6, 3, 3, 3}, 0},
          {"b.bias", 1, {6}, 0}},
         "missing: dense0.weight (4x24), dense0.bias (4)"},
        {{{"a.weight", 4, {3, 2, 3, 3}, 0},
          {"a.bias", 1, {3}, 0},
          {"b.weight", 4, {6, 3, 3, 3}, 0},
          {"b.bias", 1, {6}, 0},
          {"c.weight", 2, {4, 24}, 0},
          {"c.bias", 1, {4}, 0},
          {"scale", 0, {0}, 0}},
         "left over: scale (1 number)"},
        {{{"a.weight", 4, {3, 2, 3, 3}, 0},
          {"a.bias", 1, {3}, 0},
          {"bn.running_mean", 1, {3}, 0},
          {"b.weight", 4, {6, 3, 3, 3}, 0},
          {"b.bias", 1, {6}, 0},
          {"c.weight", 2, {4, 24}, 0},
          {"c.bias", 1, {4}, 0}},
         "group norm, no batch norm"},
        {{{"a.weight", 4, {3, 2, 3, 3}, 0},
          {"b.weight", 4, {6, 3, 3, 3}, 0},
          {"c.weight", 2, {4, 24}, 0}},
         "missing: conv0.weight (3x2x3x3), conv0.bias (3)"},
    };
    room *r = *state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        write_tensors(r, wrong[i].tensor);
        expect_refused(r, &small_cnn, wrong[i].text);
        assert_int_equal(r->err.status, TL_E_ARG);
    }
}

/* --- transformers --------------------------------------------------------------------- */

static const tl_model_spec small_llama = {.kind = TL_MODEL_LLAMA,
                                          .width = 8,
                                          .depth = 1,
                                          .in = {1, 1, 4},
                                          .classes = 6,
                                          .heads = 2,
                                          .kv_heads = 1};

/* As Hugging Face names them; `last` replaces the one of its name. */
static void write_llama(room *r, wanted last)
{
    wanted list[] = {{"model.embed_tokens.weight", 2, {6, 8}, 1000},
                     {"model.layers.0.input_layernorm.weight", 1, {8}, 1},
                     {"model.layers.0.self_attn.q_proj.weight", 2, {8, 8}, 2000},
                     {"model.layers.0.self_attn.k_proj.weight", 2, {4, 8}, 3000},
                     {"model.layers.0.self_attn.v_proj.weight", 2, {4, 8}, 4000},
                     {"model.layers.0.self_attn.o_proj.weight", 2, {8, 8}, 5000},
                     {"model.layers.0.post_attention_layernorm.weight", 1, {8}, 2},
                     {"model.layers.0.mlp.gate_proj.weight", 2, {32, 8}, 6000},
                     {"model.layers.0.mlp.up_proj.weight", 2, {32, 8}, 7000},
                     {"model.layers.0.mlp.down_proj.weight", 2, {8, 32}, 8000},
                     {"model.norm.weight", 1, {8}, 3},
                     {"lm_head.weight", 2, {6, 8}, 1000},
                     {NULL}};
    for (wanted *w = list; w->name && last.name; w++) {
        if (strcmp(w->name, last.name) == 0) *w = last;
    }
    write_tensors(r, list);
}

static void rotary_halves_become_neighbours(void **state)
{
    room *r = *state;
    write_llama(r, (wanted){NULL});
    expect_read(r, &small_llama);
    const float *qkv = param_of(r, "dense0.weight");
    /* Heads of 4 rows: theirs are 0, 2 (a pair), 1, 3 (a pair). */
    static const int row[16] = {0, 2, 1, 3, 4, 6, 5, 7, 0, 2, 1, 3, 0, 1, 2, 3};
    for (int i = 0; i < 16; i++) {
        const float start = i < 8 ? 2000.0F : (i < 12 ? 3000.0F : 4000.0F);
        assert_true(qkv[i * 8] == start + (float)(row[i] * 8));
        assert_true(qkv[i * 8 + 7] == start + (float)(row[i] * 8 + 7));
    }
    const float *hidden = param_of(r, "dense2.weight");
    assert_true(hidden[0] == 6000.0F && hidden[32 * 8] == 7000.0F);
    expect_start(r, "rmsnorm1.weight", 2);
    expect_start(r, "rmsnorm2.weight", 3);
}

static void an_output_layer_must_be_the_embedding(void **state)
{
    room *r = *state;
    write_llama(r, (wanted){"lm_head.weight", 2, {6, 8}, 1001});
    expect_refused(r, &small_llama, "differs from the embedding");
}

static void a_part_of_a_matrix_is_missed(void **state)
{
    room *r = *state;
    write_llama(r, (wanted){"model.layers.0.self_attn.q_proj.weight", 1, {1}, 0});
    expect_refused(r, &small_llama, "q_proj.weight is 1, but dense0.weight");
    write_tensors(r, (wanted[]){{"embed_tokens.weight", 2, {6, 8}, 0}, {NULL}});
    expect_refused(r, &small_llama, "missing: rmsnorm0.weight (8), dense0.weight (16x8)");
}

static void matrices_of_gpt2_are_turned_when_they_must_be(void **state)
{
    const tl_model_spec spec = {.kind = TL_MODEL_GPT,
                                .width = 4,
                                .depth = 1,
                                .in = {1, 1, 3},
                                .classes = 5,
                                .heads = 2};
    room *r = *state;
    for (int turned = 0; turned < 2; turned++) {
        const int a = turned ? 4 : 12, b = turned ? 12 : 4;
        const int c = turned ? 4 : 16, d = turned ? 16 : 4;
        write_tensors(r, (wanted[]){{"transformer.wte.weight", 2, {5, 4}, 0},
                                    {"transformer.wpe.weight", 2, {3, 4}, 0},
                                    {"transformer.h.0.ln_1.weight", 1, {4}, 0},
                                    {"transformer.h.0.ln_1.bias", 1, {4}, 0},
                                    {"transformer.h.0.attn.bias", 4, {1, 1, 3, 3}, 0},
                                    {"transformer.h.0.attn.c_attn.weight", 2, {a, b}, 0},
                                    {"transformer.h.0.attn.c_attn.bias", 1, {12}, 0},
                                    {"transformer.h.0.attn.c_proj.weight", 2, {4, 4}, 0},
                                    {"transformer.h.0.attn.c_proj.bias", 1, {4}, 0},
                                    {"transformer.h.0.ln_2.weight", 1, {4}, 0},
                                    {"transformer.h.0.ln_2.bias", 1, {4}, 0},
                                    {"transformer.h.0.mlp.c_fc.weight", 2, {c, d}, 0},
                                    {"transformer.h.0.mlp.c_fc.bias", 1, {16}, 0},
                                    {"transformer.h.0.mlp.c_proj.weight", 2, {d, c}, 0},
                                    {"transformer.h.0.mlp.c_proj.bias", 1, {4}, 0},
                                    {"transformer.ln_f.weight", 1, {4}, 0},
                                    {"transformer.ln_f.bias", 1, {4}, 0},
                                    {NULL}});
        expect_read(r, &spec);
        assert_true(param_of(r, "dense0.weight")[1] == (turned ? 12.0F : 1.0F));
        assert_true(param_of(r, "dense1.weight")[1] == (turned ? 4.0F : 1.0F));
    }
}

/* --- numbers -------------------------------------------------------------------------- */

static void every_type_of_float_is_read(void **state)
{
    static const struct {
        const char *type;
        unsigned char bytes[3][8];
        int size;
    } form[] = {
        {"F16", {{0x00, 0x3C}, {0x00, 0xC5}, {0x01, 0x00}}, 2},
        {"BF16", {{0x80, 0x3F}, {0xA0, 0xC0}, {0x80, 0x33}}, 2},
        {"F32", {{0, 0, 0x80, 0x3F}, {0, 0, 0xA0, 0xC0}, {0, 0, 0x80, 0x33}}, 4},
        {"F64",
         {{0, 0, 0, 0, 0, 0, 0xF0, 0x3F},
          {0, 0, 0, 0, 0, 0, 0x14, 0xC0},
          {0, 0, 0, 0, 0, 0, 0x70, 0x3E}},
         8},
    };
    const tl_model_spec spec = {
        .kind = TL_MODEL_LINEAR, .width = 1, .depth = 1, .in = {1, 1, 1}, .classes = 3};
    room *r = *state;
    for (size_t f = 0; f < sizeof form / sizeof *form; f++) {
        char header[300];
        unsigned char buffer[64];
        const int n = 3 * form[f].size;
        (void)snprintf(header, sizeof header,
                       "{\"weight\":{\"dtype\":\"%s\",\"shape\":[3,1],\"data_offsets\":"
                       "[%d,%d]},\"bias\":{\"dtype\":\"%s\",\"shape\":[3],"
                       "\"data_offsets\":[0,%d]}}",
                       form[f].type, n, 2 * n, form[f].type, n);
        for (int i = 0; i < 6; i++)
            memcpy(buffer + i * form[f].size, form[f].bytes[i % 3], (size_t)form[f].size);
        write_parts(r, header, buffer, (size_t)(2 * n));
        expect_read(r, &spec);
        const float *x = param_of(r, "dense0.weight");
        assert_true(x[0] == 1.0F && x[1] == -5.0F);
        assert_true(x[2] == 5.9604644775390625e-08F); /* 2^-24, subnormal as a half */
    }
    write_parts(r,
                "{\"weight\":{\"dtype\":\"F16\",\"shape\":[3,1],\"data_offsets\":[0,6]},"
                "\"bias\":{\"dtype\":\"F16\",\"shape\":[3],\"data_offsets\":[6,12]}}",
                "\0\0\0\x7C\0\0\0\0\0\0\0\0", 12);
    expect_refused(r, &spec, "number 1 of tensor weight is not finite");
    write_parts(r,
                "{\"weight\":{\"dtype\":\"I16\",\"shape\":[3,1],\"data_offsets\":[0,6]},"
                "\"bias\":{\"dtype\":\"F16\",\"shape\":[3],\"data_offsets\":[6,12]}}",
                "\0\0\0\0\0\0\0\0\0\0\0\0", 12);
    expect_refused(r, &spec, "tensor weight holds no floating-point numbers");
}

/* --- files ---------------------------------------------------------------------------- */

static void files_that_lie_are_refused(void **state)
{
#define TENSOR(name, shape, from, to)                                                      \
    "\"" name "\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" #from "," #to \
    "]}"
    static const struct {
        const char *header, *text;
    } lie[] = {
        {"[]", "its header is no table of tensors"},
        {"{", "its header is not JSON"},
        {"{" TENSOR("a", "[2]", 0, 8) "," TENSOR("a", "[2]", 8, 16) "}", "not JSON"},
        {"{" TENSOR("a", "[2]", 0, 8) "," TENSOR("b", "[2]", 4, 12) "}", "overlap"},
        {"{" TENSOR("a", "[2]", 0, 8) "," TENSOR("b", "[1]", 12, 16) "}", "gaps"},
        {"{" TENSOR("a", "[2]", 0, 8) "}", "incomplete, or has a surplus"},
        {"{" TENSOR("a", "[4]", 0, 24) "}", "does not fit into the file"},
        {"{" TENSOR("a", "[5]", 0, 20) "}", "does not fit into the file"},
        {"{" TENSOR("a", "[2147483647,2147483647,4]", 0, 16) "}", "does not fit"},
        {"{" TENSOR("a", "[-1]", 0, 16) "}", "does not fit"},
        {"{" TENSOR("a", "[4.0]", 0, 16) "}", "does not fit"},
        {"{" TENSOR("a", "4", 0, 16) "}", "does not fit"},
        {"{" TENSOR("a", "[1,1,1,1,1,1,1,1,4]", 0, 16) "}", "does not fit"},
        {"{\"a\":{\"dtype\":\"F33\",\"shape\":[4],\"data_offsets\":[0,16]}}",
         "unknown type"},
        {"{\"a\":7}", "unknown type"},
    };
    room *r = *state;
    for (size_t i = 0; i < sizeof lie / sizeof *lie; i++) {
        write_parts(r, lie[i].header, "0123456789abcdef", 16);
        expect_refused(r, &small_mlp, lie[i].text);
        assert_int_equal(r->err.status, TL_E_FORMAT);
    }
    file_write(r->path, "\xff\xff\xff\xff\xff\xff\xff\x7f{}", 10);
    expect_refused(r, &small_mlp, "its header claims");
    file_write(r->path, "1234567", 7);
    expect_refused(r, &small_mlp, "too short");
    file_write(r->path, "PK\3\4 a file of torch.save", 24);
    expect_refused(r, &small_mlp, "is a file of torch.save");
    file_write(r->path, "version https://git-lfs.github.com", 34);
    expect_refused(r, &small_mlp, "Git LFS pointer");
    assert_int_equal(remove(r->path), 0);
    expect_refused(r, &small_mlp, "cannot be opened");
    assert_int_equal(mkfifo(r->path, 0600), 0);
    expect_refused(r, &small_mlp, "is not a regular file");
}

static void a_file_that_changed_since_is_refused(void **state)
{
    room *r = *state;
    const tl_model_spec spec = {
        .kind = TL_MODEL_LINEAR, .width = 1, .depth = 1, .in = {1, 1, 1}, .classes = 2};
    write_tensors(r, (wanted[]){{"weight", 2, {2, 1}, 1}, {"bias", 1, {2}, 2}, {NULL}});
    expect_read(r, &spec);
    write_tensors(r, (wanted[]){{"weight", 2, {2, 1}, 5}, {"bias", 1, {2}, 2}, {NULL}});
    tl_model *model;
    assert_int_equal(tl_own_model_read(&r->own, &spec, &r->arena, &model, &r->err),
                     TL_E_IO);
    assert_non_null(strstr(r->err.text, "is not the file any more"));
}

static void contents_and_not_the_path_are_the_key(void **state)
{
    room *r = *state;
    const wanted list[] = {{"weight", 2, {2, 1}, 1}, {"bias", 1, {2}, 2}, {NULL}};
    char other[160];
    tl_own_model again;
    (void)snprintf(other, sizeof other, "%s/other.safetensors", r->folder);
    write_tensors(r, list);
    assert_int_equal(tl_own_model_open(r->path, &r->arena, &r->own, &r->err), TL_OK);
    assert_int_equal(rename(r->path, other), 0);
    assert_int_equal(tl_own_model_open(other, &r->arena, &again, &r->err), TL_OK);
    assert_true(tl_key_equal(&r->own.content, &again.content));
    write_tensors(r, (wanted[]){{"weight", 2, {2, 1}, 1}, {"bias", 1, {2}, 3}, {NULL}});
    assert_int_equal(rename(r->path, other), 0);
    assert_int_equal(tl_own_model_open(other, &r->arena, &again, &r->err), TL_OK);
    assert_false(tl_key_equal(&r->own.content, &again.content));
    assert_int_equal(remove(other), 0);
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, open_room, close_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(modules_of_an_mlp_are_told_by_shape_and_number),
        IN_ROOM(equal_shapes_without_an_order_are_refused),
        IN_ROOM(a_name_that_is_ours_by_chance_does_not_count),
        IN_ROOM(our_own_names_are_read_with_a_prefix),
        IN_ROOM(a_linear_module_alone_has_no_prefix),
        IN_ROOM(what_does_not_fit_is_named),
        IN_ROOM(rotary_halves_become_neighbours),
        IN_ROOM(an_output_layer_must_be_the_embedding),
        IN_ROOM(a_part_of_a_matrix_is_missed),
        IN_ROOM(matrices_of_gpt2_are_turned_when_they_must_be),
        IN_ROOM(every_type_of_float_is_read),
        IN_ROOM(files_that_lie_are_refused),
        IN_ROOM(a_file_that_changed_since_is_refused),
        IN_ROOM(contents_and_not_the_path_are_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
