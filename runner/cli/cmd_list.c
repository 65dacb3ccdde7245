/*
 * threatloop list: the catalogue, one line each.
 */
#include "runner/cli/commands.h"

#include "compute/core/log.h"
#include "compute/core/text.h"
#include "runner/cli/catalogue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const words[] = {"stages", "models", "data", "metrics", "plans"};
enum { WORDS = sizeof words / sizeof *words };

static const char help[] =
    "usage: threatloop list [stages|models|data|metrics|plans] [--json]\n"
    "\n"
    "What there is to put into a plan, one line each; without a word, all of it.\n"
    "`threatloop describe NAME` says all about one of them.\n";

static const char *field(const json_t *one, const char *key)
{
    const char *text = json_string_value(json_object_get(one, key));
    return text ? text : "";
}

static void print_list(const char *word)
{
    json_t *list = tl_catalogue_list(word);
    size_t i;
    const json_t *one;
    int width = 0;
    json_array_foreach(list, i, one)
    {
        const int length = (int)strlen(field(one, "name"));
        if (length > width) width = length;
    }
    (void)printf("%s\n", word);
    json_array_foreach(list, i, one)
    {
        (void)printf("  %-*s  ", width, field(one, "name"));
        if (*field(one, "role")) (void)printf("%-7s  ", field(one, "role"));
        (void)printf("%s\n", field(one, "about"));
    }
    json_decref(list);
}

static void print_json(const char *only)
{
    json_t *all = json_object();
    for (int i = 0; i < WORDS; i++) {
        if (only && strcmp(only, words[i]) != 0) continue;
        const int failed = json_object_set_new(all, words[i], tl_catalogue_list(words[i]));
        TL_INVARIANT(!failed);
    }
    char *text = json_dumps(all, JSON_INDENT(2));
    TL_INVARIANT(text != NULL);
    (void)printf("%s\n", text);
    free(text);
    json_decref(all);
}

typedef struct list_request {
    const char *only; /* one of `words`, or NULL */
    bool is_json, is_help;
} list_request;

static bool read_word(const char *text, list_request *out)
{
    int w = 0;
    while (w < WORDS && strcmp(words[w], text) != 0) w++;
    if (w < WORDS && !out->only) {
        out->only = words[w];
        return true;
    }
    const char *near = tl_text_nearest(text, words, WORDS);
    tl_log(TL_LOG_ERROR, "list %s: give one of stages, models, data, metrics, plans%s%s%s",
           text, near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    return false;
}

static bool read_request(int argc, char **argv, list_request *out)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            out->is_help = true;
        else if (strcmp(argv[i], "--json") == 0)
            out->is_json = true;
        else if (!read_word(argv[i], out))
            return false;
    }
    return true;
}

int tl_cmd_list(int argc, char **argv)
{
    list_request request = {0};
    if (!read_request(argc, argv, &request)) return TL_EXIT_USAGE;
    if (request.is_help) {
        (void)fputs(help, stdout);
        return TL_EXIT_DONE;
    }
    if (request.is_json) {
        print_json(request.only);
        return TL_EXIT_DONE;
    }
    for (int w = 0; w < WORDS; w++) {
        if (request.only && request.only != words[w]) continue;
        if (!request.only && w > 0) (void)putchar('\n');
        if (request.only || strcmp(words[w], "metrics") != 0) print_list(words[w]);
    }
    return TL_EXIT_DONE;
}
