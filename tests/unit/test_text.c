/* compute/core: text as people and shells read it: what is cut, and what is quoted. */
#include "compute/core/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void what_is_cut_has_a_sign_and_whole_letters(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int columns;
        size_t space;
        const char *wanted;
    } cases[] = {
        {"abcdefghij", 10, 64, "abcdefghij"},
        {"abcdefghijk", 10, 64, "abcd...ijk"},
        {"abcdefghijk", 11, 64, "abcdefghijk"},
        {"abcdefghijk", 99, 11, "abcd...ijk"}, /* its bytes do not fit */
        {"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", 8, 64,
         "\xc3\xa9\xc3\xa9\xc3\xa9...\xc3\xa9\xc3\xa9"},
        {"\xe6\x97\xa5\xe6\x9c\xac\xe6\x97\xa5\xe6\x9c\xac\xe6\x97\xa5", 9, 64,
         "\xe6\x97\xa5...\xe6\x97\xa5"},
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff", 8, 64, "\xff\xff\xff...\xff\xff"},
        {"", 8, 64, ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[64];
        (void)tl_text_cut(cases[i].text, cases[i].columns, out, cases[i].space);
        if (strcmp(out, cases[i].wanted) != 0)
            fail_msg("case %zu: wanted '%s', got '%s'", i, cases[i].wanted, out);
        assert_true(strlen(out) < cases[i].space);
        assert_true(tl_text_columns(out) <= cases[i].columns);
    }
}

static void columns_are_those_of_a_terminal(void **state)
{
    (void)state;
    assert_int_equal(tl_text_columns("ab"), 2);
    assert_int_equal(tl_text_columns("Z\xc3\xbcrich"), 6);
    assert_int_equal(tl_text_columns("e\xcc\x81"), 1);
    assert_int_equal(tl_text_columns("\xe6\x97\xa5\xe6\x9c\xac"), 4);
    assert_int_equal(tl_text_columns("\xf0\x9f\x98\x80"), 2);
}

/* What bash makes of the words, each on a line; freed by the caller. */
static char *read_by_bash(const char *words)
{
    char name[] = "/tmp/threatloop-words.XXXXXX";
    const int made = mkstemp(name);
    assert_true(made >= 0);
    FILE *script = fdopen(made, "w");
    assert_non_null(script);
    (void)fprintf(script, "printf '<%%s>' %s\n", words);
    assert_int_equal(fclose(script), 0);
    char command[64];
    (void)snprintf(command, sizeof command, "bash %s", name);
    FILE *bash = popen(command, "r");
    assert_non_null(bash);
    char *out = calloc(1, 4096);
    assert_non_null(out);
    (void)fread(out, 1, 4095, bash);
    assert_int_equal(pclose(bash), 0);
    assert_int_equal(remove(name), 0);
    return out;
}

static void quoted_words_are_read_back_by_bash(void **state)
{
    (void)state;
    static const char *const word[] = {"plain-word_1.nc",
                                       "",
                                       "two words",
                                       "it's",
                                       "$HOME `x` \"y\"",
                                       "a\\b",
                                       "recipe={a: 1}",
                                       "*",
                                       "~",
                                       "#x",
                                       "new\nline",
                                       "\x1b[2J\x7f",
                                       "Z\xc3\xbcrich",
                                       "\xff\xfe'\\",
                                       "!!",
                                       "a;b|c&d<e>f(g)"};
    tl_text line = {0}, wanted = {0};
    for (size_t i = 0; i < sizeof word / sizeof *word; i++) {
        tl_text_add(&line, " ");
        tl_text_shell_word(&line, word[i]);
        tl_text_print(&wanted, "<%s>", word[i]);
    }
    for (const char *c = line.at; *c; c++)
        assert_true((unsigned char)*c >= 0x20 && *c != 0x7f); /* a terminal shows it */
    assert_non_null(strstr(line.at, " plain-word_1.nc "));
    char *read = read_by_bash(line.at);
    assert_string_equal(read, wanted.at);
    free(read);
    tl_text_close(&line);
    tl_text_close(&wanted);
}

static void an_error_that_is_too_long_keeps_its_ends(void **state)
{
    (void)state;
    char path[2000];
    memset(path, 'p', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    tl_err err;
    (void)tl_fail(&err, TL_E_IO, "/%s: cannot be opened: No such file", path);
    assert_non_null(strstr(err.text, "ppp...ppp"));
    assert_non_null(strstr(err.text, ": cannot be opened: No such file"));
    (void)tl_fail_prefix(&err, "%s", path);
    assert_non_null(strstr(err.text, "..."));
    assert_non_null(strstr(err.text, ": No such file"));
    assert_true(strlen(err.text) < TL_ERR_TEXT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_cut_has_a_sign_and_whole_letters),
        cmocka_unit_test(columns_are_those_of_a_terminal),
        cmocka_unit_test(quoted_words_are_read_back_by_bash),
        cmocka_unit_test(an_error_that_is_too_long_keeps_its_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
