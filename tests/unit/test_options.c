/* runner/cli: the option table: values, errors, help. */
#include "runner/cli/options.h"
#include "runner/cli/text_page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { MOST_WORDS = 8 };

typedef struct record {
    bool is_json, resume;
    const char *data, *out;
    const char *set[2];
    int sets, ranks;
    double memory, limit, hung;
} record;

static const tl_usage usage = {
    .command = "try",
    .forms = "PLAN [--json]\n"
             "PLAN --resume",
    .about = "Tries something.\n",
    .notes = "That is all.\n",
    .options =
        (const tl_option[]){
            {"json", 0, TL_OPTION_FLAG, NULL, offsetof(record, is_json),
             .about = "as JSON"},
            {"resume", 0, TL_OPTION_FLAG, NULL, offsetof(record, resume), .about = "go on",
             .is_once = true},
            {"data", 'd', TL_OPTION_TEXT, "DIR", offsetof(record, data),
             .about =
                 "a folder whose description is so long that it does not fit on one line of help "
                 "and goes on below"},
            {"output", 'o', TL_OPTION_TEXT, "FILE", offsetof(record, out),
             .about = "a file"},
            {"set", 0, TL_OPTION_TEXTS, "PATH=VALUE", offsetof(record, set),
             .about = "a change", .high = 2, .count = offsetof(record, sets)},
            {"ranks", 0, TL_OPTION_WHOLE, "P", offsetof(record, ranks), .about = "how many",
             .low = 1, .high = 64},
            {"memory", 0, TL_OPTION_REAL, "KIB", offsetof(record, memory),
             .about = "how much", .high = 1e6, .scale = 1024.0},
            {"limit", 0, TL_OPTION_SPAN, "T", offsetof(record, limit), .about = "how long",
             .is_once = true},
            {"hung-after", 0, TL_OPTION_SPAN, "T", offsetof(record, hung),
             .about = "how long it may hang", .low = -1, .only = "demo"},
            {0}},
    .least = 1,
    .most = 2,
    .wants = "try takes a plan or two"};

static tl_status parse(const char *const given[MOST_WORDS], record *out, tl_words *words,
                       bool *is_help, tl_err *err)
{
    static char name[] = "try", copy[MOST_WORDS][64];
    static char *argv[MOST_WORDS + 2];
    int argc = 1;
    argv[0] = name;
    for (int i = 0; i < MOST_WORDS && given[i]; i++) {
        (void)snprintf(copy[i], sizeof copy[i], "%s", given[i]);
        argv[argc++] = copy[i];
    }
    argv[argc] = NULL;
    *out = (record){.limit = 7.0};
    return tl_options_parse(&usage, argc, argv, out, words, is_help, err);
}

static void options_and_words_come_in_any_order(void **state)
{
    (void)state;
    static const char *const given[MOST_WORDS] = {"demo", "-d",      "here", "--set=a=1",
                                                  "two",  "--ranks", "8",    "-ofile"};
    record r;
    tl_words words;
    bool is_help;
    tl_err err = {0};
    if (parse(given, &r, &words, &is_help, &err) != TL_OK) fail_msg("%s", err.text);
    assert_int_equal(words.count, 2);
    assert_string_equal(words.at[0], "demo");
    assert_string_equal(words.at[1], "two");
    assert_string_equal(r.data, "here");
    assert_string_equal(r.out, "file");
    assert_int_equal(r.sets, 1);
    assert_string_equal(r.set[0], "a=1");
    assert_int_equal(r.ranks, 8);
    assert_true(r.limit == 7.0 && !r.is_json && !r.resume);
}

static void values_are_converted(void **state)
{
    (void)state;
    static const char *const given[MOST_WORDS] = {
        "demo", "--memory", "2", "--limit", "1:02:03.5", "--hung-after", "0", "--json"};
    record r;
    tl_words words;
    bool is_help;
    assert_int_equal(parse(given, &r, &words, &is_help, NULL), TL_OK);
    assert_true(r.memory == 2048.0);
    assert_true(r.limit == 3723.5);
    assert_true(r.hung == 0.0);
    assert_true(r.is_json);
}

static void wrong_command_lines_are_refused_with_the_reason(void **state)
{
    (void)state;
    static const struct {
        const char *const given[MOST_WORDS];
        const char *text;
    } cases[] = {
        {{"demo", "--data"}, "--data needs a value"},
        {{"demo", "-o"}, "-o needs a value"},
        {{"--data", "--resume", "demo"},
         "--data needs a value (DIR), but '--resume' follows"},
        {{"-d", "-o", "x", "demo"}, "--data needs a value (DIR), but '-o' follows"},
        {{"demo", "--reusme"}, "unknown option '--reusme' (did you mean '--resume'?)"},
        {{"demo", "--rank=3"}, NULL}, /* short for --ranks */
        {{"demo", "--datum=3"}, "unknown option '--datum' (did you mean '--data'?)"},
        {{"demo", "--frobnicate"}, "unknown option '--frobnicate'"},
        {{"demo", "-x"}, "unknown option '-x'"},
        {{"demo", "--re"}, NULL},
        {{"demo", "--json=3"}, "--json takes no value"},
        {{"demo", "--data=--resume"}, NULL},
        {{"demo", "-d", "-"}, NULL},
        {{"demo", "--ranks", "1.5"}, "--ranks 1.5: give a whole number from 1 to 64"},
        {{"demo", "--ranks", "65"}, "from 1 to 64"},
        {{"demo", "--ranks", ""}, "give a whole number"},
        {{"demo", "--data="}, "--data needs a value (DIR), found an empty one"},
        {{"demo", "-o", ""}, "--output needs a value (FILE), found an empty one"},
        {{"demo", "-o", "--json"}, "--output needs a value (FILE), but '--json' follows"},
        {{"demo", "-o", "-d"}, "--output needs a value (FILE), but '-d' follows"},
        {{"demo", "--set", "--set", "a=1"},
         "--set needs a value (PATH=VALUE), but '--set' follows"},
        {{"demo", "--memory", "0"}, "--memory 0: give a number above 0"},
        {{"demo", "--limit", "0"}, "--limit 0: give HH:MM:SS, MM:SS or seconds"},
        {{"demo", "--limit", "inf"}, "give HH:MM:SS"},
        {{"demo", "--limit", "1:2:3:4"}, "give HH:MM:SS"},
        {{"demo", "--hung-after", "x"}, "or 0"},
        {{"other", "--hung-after", "3"}, "--hung-after goes with 'try demo' only"},
        {{"demo", "--set", "a", "--set", "b", "--set", "c"},
         "--set given more than 2 times"},
        {{"--json"}, "try takes a plan or two"},
        {{"a", "b", "c"}, "try takes a plan or two"},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        record r;
        tl_words words;
        bool is_help;
        tl_err err = {0};
        const tl_status status = parse(cases[c].given, &r, &words, &is_help, &err);
        if (!cases[c].text) {
            if (status != TL_OK) fail_msg("case %zu: %s", c, err.text);
        } else if (status != TL_E_ARG || !strstr(err.text, cases[c].text)) {
            fail_msg("case %zu: wanted '%s', got '%s'", c, cases[c].text, err.text);
        }
    }
}

static void a_line_to_go_on_with_is_what_was_given(void **state)
{
    (void)state;
    static const struct {
        const char *const given[MOST_WORDS + 1];
        const char *wanted;
    } cases[] = {
        {{"try", "demo", "--set", "a=1"}, " demo --set a=1"},
        {{"try", "--set=a b", "demo", "-d", "x'y"}, " '--set=a b' demo -d 'x'\\''y'"},
        {{"try", "--resume", "demo", "--json"}, " demo --json"},
        {{"try", "demo", "--res", "--json"}, " demo --json"},
        {{"try", "demo", "--limit", "3", "--json"}, " demo --json"},
        {{"try", "--limit=3", "demo", "3"}, " demo 3"},
        {{"try", "-d", "--limit", "demo"}, " -d --limit demo"},
        {{"try", "--", "--resume"}, " -- --resume"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char copy[MOST_WORDS][64], *argv[MOST_WORDS + 1] = {NULL};
        int argc = 0;
        for (; cases[i].given[argc]; argc++) {
            (void)snprintf(copy[argc], sizeof copy[argc], "%s", cases[i].given[argc]);
            argv[argc] = copy[argc];
        }
        tl_text line = {0};
        tl_options_line(&usage, argc, argv, &line);
        assert_string_equal(line.at, cases[i].wanted);
        tl_text_close(&line);
    }
}

static void paragraphs_and_rows_are_wrapped_and_brackets_kept_whole(void **state)
{
    (void)state;
    char *page = NULL;
    size_t length = 0;
    FILE *file = open_memstream(&page, &length);
    assert_non_null(file);
    tl_page_paragraphs(file,
                       "word\tits explanation, which is so long that it has to go on in "
                       "another line, under itself\n\nThe end.\n");
    tl_page_row(
        file, 7, "usage:",
        "threatloop try PLAN [--set PATH=VALUE]... [--data DIR] [--ranks P] [--power "
        "EFFECT,SD]");
    assert_int_equal(fclose(file), 0);
    assert_string_equal(
        page,
        "word        its explanation, which is so long that it has to go on in another\n"
        "            line, under itself\n\nThe end.\n"
        "usage: threatloop try PLAN [--set PATH=VALUE]... [--data DIR] [--ranks P]\n"
        "       [--power EFFECT,SD]\n");
    free(page);
}

static void an_ambiguous_short_form_is_refused(void **state)
{
    (void)state;
    const tl_usage two = {
        .command = "two",
        .options = (const tl_option[]){{.name = "max-a", .to = offsetof(record, is_json)},
                                       {.name = "max-b", .to = offsetof(record, resume)},
                                       {0}},
        .wants = "two"};
    char name[] = "two", option[] = "--max";
    char *argv[] = {name, option, NULL};
    record r = {0};
    tl_words words;
    bool is_help;
    tl_err err = {0};
    assert_int_equal(tl_options_parse(&two, 2, argv, &r, &words, &is_help, &err), TL_E_ARG);
    assert_string_equal(err.text, "--max is short for several options: write it out");
}

static void help_names_every_option_and_wraps(void **state)
{
    (void)state;
    static const char *const given[MOST_WORDS] = {"--help", "--nonsense"};
    record r;
    tl_words words;
    bool is_help;
    assert_int_equal(parse(given, &r, &words, &is_help, NULL), TL_OK);
    assert_true(is_help);
    char *page = NULL;
    size_t length = 0;
    FILE *file = open_memstream(&page, &length);
    assert_non_null(file);
    tl_options_help(&usage, file);
    assert_int_equal(fclose(file), 0);
    assert_ptr_equal(strstr(page,
                            "usage: threatloop try PLAN [--json]\n       threatloop try "
                            "PLAN --resume\n\nTries something.\n"),
                     page);
    for (const tl_option *o = usage.options; o->name; o++) {
        char name[32];
        (void)snprintf(name, sizeof name, "--%s", o->name);
        if (!strstr(page, name)) fail_msg("no %s in: %s", name, page);
    }
    assert_non_null(strstr(page, "  -o, --output FILE     a file\n"));
    assert_non_null(strstr(page, "\n                        "));
    assert_non_null(
        strstr(page, "  -h, --help            print this page\n\nThat is all.\n"));
    for (const char *line = page; *line; line += strcspn(line, "\n") + 1)
        assert_true(strcspn(line, "\n") <= 80);
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_words_come_in_any_order),
        cmocka_unit_test(values_are_converted),
        cmocka_unit_test(wrong_command_lines_are_refused_with_the_reason),
        cmocka_unit_test(a_line_to_go_on_with_is_what_was_given),
        cmocka_unit_test(paragraphs_and_rows_are_wrapped_and_brackets_kept_whole),
        cmocka_unit_test(an_ambiguous_short_form_is_refused),
        cmocka_unit_test(help_names_every_option_and_wraps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
