/* What a plan says is what is read of it, and what is written of it reads back the same. */
#include "runner/plan/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static tl_yaml *must_read(const char *text, tl_arena *arena)
{
    tl_yaml *root;
    tl_err err = {0};
    if (tl_yaml_read("t", text, strlen(text), arena, &root, &err) != TL_OK)
        fail_msg("%s: %s", text, err.text);
    return root;
}

static void a_scalar_is_its_text(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *text;
    } cases[] = {
        {"'a''''b'", "a''b"},
        {"'say ''''x'''' twice'", "say ''x'' twice"},
        {"'''''''it''sit''sbb'", "'''it'sit'sbb"},
        {"''''", "'"},
        {"''''''''", "'''"},
        {"'a\n\n  b\n  c'", "a\nb c"},
        {"\"it's \\\"x\\\" \\\\ \\x41\\u00e9\\U0001F600\\t\"",
         "it's \"x\" \\ A\xc3\xa9\xf0\x9f\x98\x80\t"},
        {"\"a\\\n   b\"", "ab"},
        {"a  'b'  c # said", "a  'b'  c"},
        {"a#b", "a#b"},
        {"|\n  a\n   b\n\n", "a\n b\n"},
        {"|+\n  a\n\n", "a\n\n"},
        {">-\n  a\n  b\n\n  c\n", "a b\nc"},
        {"", ""},
        {"\xef\xbb\xbfword", "word"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tl_arena arena = tl_arena_open(0);
        const tl_yaml *root = must_read(cases[i].yaml, &arena);
        assert_int_equal(root->kind, TL_YAML_SCALAR);
        assert_string_equal(root->text, cases[i].text);
        tl_arena_close(&arena);
    }
}

static void what_is_written_reads_back_the_same(void **state)
{
    (void)state;
    /* Breaks of YAML 1.1 (NEL, LS, PS), controls, a byte order mark, all ASCII. */
    static const char *const texts[] = {"\xc2\x85",
                                        "a\xe2\x80\xa8"
                                        "b\xe2\x80\xa9",
                                        "\x01\x1b\x7f\xc2\x80\xc2\x9f",
                                        "\xef\xbb\xbf",
                                        "\xef\xbf\xbe\xef\xbf\xbf",
                                        "\xc3\xa9\xf0\x9f\x98\x80\xed\x9f\xbf",
                                        " lead",
                                        "trail ",
                                        "''",
                                        "\"\\",
                                        "a: b",
                                        "- a",
                                        "#",
                                        "---",
                                        "...",
                                        "~",
                                        "&a",
                                        "*a",
                                        "!a",
                                        "%a",
                                        "@",
                                        "`",
                                        "{",
                                        "]",
                                        "\t",
                                        "\n\n",
                                        "null",
                                        "1e5"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        tl_arena arena = tl_arena_open(0);
        tl_yaml *map = must_read("{k: {w: [v, {z: y}]}, l: u}", &arena);
        for (tl_yaml *at = map->first; at; at = at->next) {
            if (at->kind == TL_YAML_SCALAR) at->text = texts[i];
            if (at->kind == TL_YAML_MAP) at->first->first->text = texts[i];
        }
        tl_text out = {0};
        tl_yaml_write(map, &out);
        const tl_yaml *again = must_read(out.at, &arena);
        assert_string_equal(tl_yaml_find(again, "l")->text, texts[i]);
        assert_string_equal(tl_yaml_find(again, "k")->first->first->text, texts[i]);
        tl_text_close(&out);
        tl_arena_close(&arena);
    }
}

static void what_is_no_plan_is_refused_at_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *error;
    } cases[] = {
        {"a: 'b",
         "t:1:6: not YAML: found unexpected end of stream, while scanning a quoted "
         "scalar that began in line 1"},
        {"a: b\nc: [d,\n e",
         "t:4:1: not YAML: did not find expected ',' or ']', while parsing a flow "
         "sequence that began in line 2"},
        {"a: \"\\q\"", "t:1:5: not YAML: found unknown escape character"},
        {"a: \"\\0\"", "t:1:4: a text must not contain a NUL byte"},
        {"a: \x85", "t:1:4: not YAML: the byte 0x85 is not UTF-8"},
        {"a: \x1b", "t:1:4: not YAML: the byte 0x1b is a control character"},
        {"a: \xc2\x9b", "not YAML: control characters are not allowed"},
        {"a: 1\na: 2", "t:2:1: duplicate key 'a'"},
        {"a: &b 1", "t:1:4: anchors"},
        {"a: *b", "t:1:4: aliases"},
        {"a: !!str 1", "t:1:4: tags"},
        {"a: 1\n---\nb: 2", "t:2:1: a plan must be one document"},
        {"{[a]: b}", "t:1:2: a key must be a word, found a list"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tl_arena arena = tl_arena_open(0);
        tl_yaml *root;
        tl_err err = {0};
        assert_int_equal(
            tl_yaml_read("t", cases[i].yaml, strlen(cases[i].yaml), &arena, &root, &err),
            TL_E_ARG);
        if (!strstr(err.text, cases[i].error))
            fail_msg("%s: wanted %s, found %s", cases[i].yaml, cases[i].error, err.text);
        tl_arena_close(&arena);
    }
}

static void a_key_has_a_length_that_reads_back(void **state)
{
    (void)state;
    char text[TL_YAML_KEY + 16];
    tl_arena arena = tl_arena_open(0);
    tl_yaml *root;
    tl_err err = {0};
    memset(text, 'k', TL_YAML_KEY);
    strcpy(text + TL_YAML_KEY, ": 1");
    (void)must_read(text, &arena);
    strcpy(text + TL_YAML_KEY, "k: 1");
    assert_int_equal(tl_yaml_read("t", text, strlen(text), &arena, &root, &err), TL_E_ARG);
    assert_non_null(strstr(err.text, "a key has at most 160 bytes"));
    tl_arena_close(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scalar_is_its_text),
        cmocka_unit_test(what_is_written_reads_back_the_same),
        cmocka_unit_test(what_is_no_plan_is_refused_at_its_place),
        cmocka_unit_test(a_key_has_a_length_that_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
