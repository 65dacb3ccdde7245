/* compute/data/corpus: windows of documents, bytes of any kind, files that are refused. */
#include "compute/data/corpus.h"
#include "compute/data/source.h"

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

enum { HEADER = 1024 };

static char folder[64];
static const char *const files[] = {
    "text/a.txt",     "text/docs/b",      "text/docs/a",
    "text/docs/B",    "text/docs/README", "text/docs/.dot",
    "text/docs/link", "tokens/t.bin",     "tokens/odd.bin",
};
static const char *const folders[] = {"text", "tokens", "text/docs", "text/empty"};
enum { FILES = sizeof files / sizeof *files, FOLDERS = sizeof folders / sizeof *folders };

static void name_file(const char *file, char path[160])
{
    (void)snprintf(path, 160, "%s/%s", folder, file);
}

static int make_folder(void **state)
{
    (void)state;
    char path[160];
    (void)strcpy(folder, "/tmp/tl_corpus_XXXXXX");
    if (!mkdtemp(folder)) return -1;
    for (int i = 0; i < FOLDERS; i++) {
        name_file(folders[i], path);
        if (mkdir(path, 0700) != 0) return -1;
    }
    return setenv("XDG_CACHE_HOME", folder, 1) || unsetenv("THREATLOOP_DATA");
}

static int drop_folder(void **state)
{
    (void)state;
    char path[160];
    for (int i = 0; i < FILES; i++) {
        name_file(files[i], path);
        (void)unlink(path);
    }
    for (int i = FOLDERS - 1; i >= 0; i--) {
        name_file(folders[i], path);
        (void)rmdir(path);
    }
    return rmdir(folder);
}

static void put_file(const char *name, const void *bytes, size_t n)
{
    char path[160];
    name_file(name, path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static tl_status open_source(const char *name, int context, tl_arena *arena,
                             tl_source **out, tl_err *err)
{
    const tl_source_want want = {.context = context};
    return tl_source_open(name, folder, &want, arena, out, err);
}

static tl_source *must_open(const char *name, int context, tl_arena *arena)
{
    tl_source *source = NULL;
    tl_err err = {0};
    if (open_source(name, context, arena, &source, &err) != TL_OK) fail_msg("%s", err.text);
    return source;
}

/* Row `i` and its label are the bytes of `window`. */
static void check_row(const tl_dataset *all, int i, const char *window)
{
    const int context = all->shape.width;
    for (int t = 0; t < context; t++) {
        assert_true(all->input[i * context + t] == (float)(unsigned char)window[t]);
    }
    assert_int_equal(all->label[i], (unsigned char)window[context]);
}

static void a_document_is_cut_into_whole_windows(void **state)
{
    (void)state;
    tl_arena arena = tl_arena_open(0);
    put_file("text/a.txt", "abcdefghijk", 11);
    const tl_source *source = must_open("text/a", 3, &arena);
    const tl_dataset *all = &source->all;
    assert_int_equal(all->rows, 2);
    assert_int_equal(all->classes, 256);
    assert_int_equal(all->vocabulary, 256);
    assert_int_equal(tl_shape_size(all->shape), 3);
    check_row(all, 0, "abcd");
    check_row(all, 1, "efgh");
    assert_int_equal(all->origin[1], 1);
    assert_int_equal(source->rows[TL_SPLIT_TRAIN], 2);
    assert_false(source->has_splits);
    assert_string_equal(source->note, "bytes of text, 11 tokens in 1 document");
    tl_arena_close(&arena);
}

static void every_byte_is_read_as_it_is(void **state)
{
    (void)state;
    unsigned char bytes[256];
    tl_arena arena = tl_arena_open(0);
    for (int i = 0; i < 256; i++) bytes[i] = (unsigned char)(255 - i);
    put_file("text/a.txt", bytes, sizeof bytes);
    const tl_source *source = must_open("text/a", 255, &arena);
    assert_int_equal(source->all.rows, 1);
    check_row(&source->all, 0, (const char *)bytes);
    put_file("text/a.txt", "a\r\n\r\nb", 6);
    check_row(&must_open("text/a", 5, &arena)->all, 0, "a\r\n\r\nb");
    tl_arena_close(&arena);
}

/* In byte order B is before a; what is no document is left out. */
static void no_window_crosses_documents(void **state)
{
    (void)state;
    char path[160];
    tl_arena arena = tl_arena_open(0);
    put_file("text/docs/b", "123", 3);
    put_file("text/docs/a", "vwxyz", 5);
    put_file("text/docs/B", "ABCDEF", 6);
    put_file("text/docs/README", "about it", 8);
    put_file("text/docs/.dot", "not seen", 8);
    name_file("text/docs/link", path);
    assert_int_equal(symlink("a", path), 0);
    const tl_source *source = must_open("text/docs", 2, &arena);
    assert_int_equal(source->all.rows, 4);
    check_row(&source->all, 0, "ABC");
    check_row(&source->all, 1, "DEF");
    check_row(&source->all, 2, "vwx");
    check_row(&source->all, 3, "123");
    assert_non_null(strstr(source->note, "14 tokens in 3 documents"));
    tl_arena_close(&arena);
}

/* Bytes of rows that differ in the next token only are no duplicates; nor is any pair. */
static void duplicates_are_equal_windows(void **state)
{
    (void)state;
    static const int32_t group[] = {0, 1, 0, 3};
    tl_arena arena = tl_arena_open(0);
    put_file("text/a.txt", "abcabdabcabe", 12);
    const tl_source *source = must_open("text/a", 2, &arena);
    assert_int_equal(source->all.rows, 4);
    assert_memory_equal(source->group, group, sizeof group);
    assert_memory_equal(source->duplicate_of, group, sizeof group);
    assert_int_equal(source->near_duplicates.all, 2);
    assert_non_null(strstr(source->note, "2 rows have exact duplicates"));
    tl_arena_close(&arena);
}

/* Of 64 bytes of text two windows differ by 1 of 255 somewhere: images would be near. */
static void tokens_have_no_near_duplicates(void **state)
{
    (void)state;
    char text[130];
    tl_arena arena = tl_arena_open(0);
    for (int i = 0; i < 130; i++) text[i] = (char)('a' + i % 65 % 26);
    text[70]++;
    put_file("text/a.txt", text, sizeof text);
    const tl_source *source = must_open("text/a", 64, &arena);
    assert_int_equal(source->duplicate_of[1], 1);
    assert_int_equal(source->near_duplicates.all, 0);
    tl_arena_close(&arena);
}

static void what_cannot_be_read_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int context;
        tl_status status;
        const char *text;
    } cases[] = {
        {"text/a", 64, TL_E_FORMAT,
         "/text/a.txt: its longest document has 3 tokens, but a row needs 64 and the one "
         "that follows (data.context)"},
        {"text/empty", 64, TL_E_FORMAT, "its longest document has 0 tokens"},
        {"text/nothing", 64, TL_E_IO, "/text/nothing.txt"},
        {"text/", 64, TL_E_ARG, "'text/' is not a file or folder name"},
        {"text/..", 64, TL_E_ARG, "'text/..' is not a file or folder name"},
        {"text/docs/a", 64, TL_E_ARG, "after the slash comes a plain name"},
        {"text/a", 1, TL_E_ARG,
         "the rows of text/a have 2 to 65536 tokens (data.context), not 1"},
        {"text/a", 65537, TL_E_ARG, "not 65537"},
        {"tokens/docs", 64, TL_E_IO, "/tokens/docs.bin"},
    };
    tl_arena arena = tl_arena_open(0);
    put_file("text/a.txt", "abc", 3);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        tl_source *source;
        tl_err err = {0};
        const tl_status status =
            open_source(cases[c].name, cases[c].context, &arena, &source, &err);
        if (status != cases[c].status || !strstr(err.text, cases[c].text)) {
            fail_msg("%s: wanted '%s', found '%s'", cases[c].name, cases[c].text, err.text);
        }
    }
    put_file("text/a.txt", "", 0);
    tl_source *source;
    assert_int_equal(open_source("text/a", 64, &arena, &source, NULL), TL_E_FORMAT);
    tl_arena_close(&arena);
}

/* A token file with this header and these tokens. */
static void put_tokens(int32_t magic, int32_t version, int32_t count, size_t tokens)
{
    unsigned char bytes[HEADER + 64] = {0};
    const int32_t head[3] = {magic, version, count};
    for (size_t i = 0; i < sizeof head; i++) {
        bytes[i] = (unsigned char)((uint32_t)head[i / 4] >> 8 * (i % 4));
    }
    for (size_t i = 0; i < tokens; i++) {
        const unsigned token = 50256 - (unsigned)i;
        bytes[HEADER + 2 * i] = (unsigned char)token;
        bytes[HEADER + 2 * i + 1] = (unsigned char)(token >> 8);
    }
    put_file("tokens/t.bin", bytes, HEADER + 2 * tokens);
}

static void token_files_are_read(void **state)
{
    (void)state;
    tl_arena arena = tl_arena_open(0);
    put_tokens(20240520, 1, 7, 7);
    const tl_source *source = must_open("tokens/t", 2, &arena);
    const tl_dataset *all = &source->all;
    assert_int_equal(all->rows, 2);
    assert_int_equal(all->vocabulary, 50257);
    assert_true(all->input[0] == 50256.0f && all->input[3] == 50252.0f);
    assert_int_equal(all->label[1], 50251);
    assert_string_equal(source->note, "GPT-2 tokens, 7 tokens in 1 document");
    tl_arena_close(&arena);
}

static void malformed_token_files_are_refused(void **state)
{
    (void)state;
    static const struct {
        int32_t magic, version, count;
        const char *text;
    } cases[] = {
        {20240801, 7, 7, "begins with the numbers 20240801 and 7; a token file of llm.c"},
        {20240520, 2, 7, "and 2; a token file"},
        {20240520, 1, 2000000000, "claims 2000000000 tokens, but 7 follow it"},
        {20240520, 1, -1, "claims 4294967295 tokens, but 7 follow it"},
    };
    tl_arena arena = tl_arena_open(0);
    tl_source *source;
    tl_err err = {0};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        put_tokens(cases[c].magic, cases[c].version, cases[c].count, 7);
        assert_int_equal(open_source("tokens/t", 2, &arena, &source, &err), TL_E_FORMAT);
        if (!strstr(err.text, cases[c].text)) fail_msg("%s", err.text);
    }
    put_file("tokens/odd.bin", "short", 5);
    assert_int_equal(open_source("tokens/odd", 2, &arena, &source, &err), TL_E_FORMAT);
    assert_non_null(strstr(err.text, "has 5 bytes; a token file has a header of 1024"));
    unsigned char bytes[HEADER + 6] = {0x88, 0xd8, 0x34, 0x01, 1, 0, 0, 0, 3};
    memset(bytes + HEADER, 0xff, 6);
    put_file("tokens/odd.bin", bytes, sizeof bytes);
    assert_int_equal(open_source("tokens/odd", 2, &arena, &source, &err), TL_E_FORMAT);
    assert_non_null(strstr(err.text, "token 0 is 65535, but must be less than 50257"));
    tl_arena_close(&arena);
}

/* A sparse file costs nothing to make and would cost 20 GB to read. */
static void what_is_too_large_is_refused_before_room_is_taken(void **state)
{
    (void)state;
    char path[160];
    tl_arena arena = tl_arena_open(0);
    tl_source *source;
    tl_err err = {0};
    put_file("text/a.txt", "", 0);
    name_file("text/a.txt", path);
    if (truncate(path, (off_t)5 << 30) != 0) skip();
    assert_int_equal(open_source("text/a", 63, &arena, &source, &err), TL_E_NOMEM);
    assert_non_null(
        strstr(err.text, "83886080 rows of 63 tokens are too many: at most 4.0 GiB"));
    tl_arena_close(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_cut_into_whole_windows),
        cmocka_unit_test(every_byte_is_read_as_it_is),
        cmocka_unit_test(no_window_crosses_documents),
        cmocka_unit_test(duplicates_are_equal_windows),
        cmocka_unit_test(tokens_have_no_near_duplicates),
        cmocka_unit_test(what_cannot_be_read_is_refused),
        cmocka_unit_test(token_files_are_read),
        cmocka_unit_test(malformed_token_files_are_refused),
        cmocka_unit_test(what_is_too_large_is_refused_before_room_is_taken),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
