/*
 * threatloop list: the catalogue, one line each.
 */
#include "runner/cli/catalogue.h"
#include "runner/cli/commands.h"
#include "runner/cli/options.h"
#include "runner/exit.h"
#include "compute/core/json.h"

#include "compute/core/text.h"

#include <string.h>

static const char *const lists[] = {"stages", "models", "data", "metrics", "plans"};
enum { LISTS = sizeof lists / sizeof *lists };

typedef struct request {
    bool is_json;
} request;

static const tl_usage usage = {
    .command = "list",
    .forms = "[stages|models|data|metrics|plans] [--json]",
    .about =
        "Lists what a plan can be made of, a line each; without a word, everything but\n"
        "metrics. `threatloop describe NAME` shows one of them in full.\n",
    .options =
        (const tl_option[]){{"json", 0, TL_OPTION_FLAG, NULL, offsetof(request, is_json),
                             .about = "the same as JSON, with metrics"},
                            {0}},
    .most = 1,
    .wants = "list takes one word: stages, models, data, metrics or plans"};

static void print_list(const char *word)
{
    json_t *list = tl_catalogue_list(word);
    size_t i;
    const json_t *one;
    int width = 0;
    json_array_foreach(list, i, one)
    {
        const int length = (int)strlen(tl_json_field(one, "name"));
        if (length > width) width = length;
    }
    json_array_foreach(list, i, one)
    {
        (void)printf("  %-*s  ", width, tl_json_field(one, "name"));
        if (*tl_json_field(one, "role")) (void)printf("%-7s  ", tl_json_field(one, "role"));
        (void)printf("%s\n", tl_json_field(one, "about"));
    }
    json_decref(list);
}

/* The number of the list called `word`, or -1, which is reported. */
static int find(const char *word)
{
    for (int w = 0; w < LISTS; w++) {
        if (strcmp(lists[w], word) == 0) return w;
    }
    char hint[TL_HINT];
    (void)tl_options_refuse("list",
                            "no list '%s'%s: give stages, models, data, metrics or plans",
                            word, tl_text_hint(word, lists, LISTS, hint));
    return -1;
}

int tl_cmd_list(int argc, char **argv)
{
    request wanted = {0};
    tl_words words;
    int code;
    if (!tl_options_read(&usage, argc, argv, &wanted, &words, &code)) return code;
    const bool is_one = words.count == 1;
    const int only = is_one ? find(words.at[0]) : 0;
    if (only < 0) return TL_EXIT_USAGE;
    json_t *all = json_object();
    for (int w = only; w < (is_one ? only + 1 : LISTS); w++) {
        if (wanted.is_json) {
            tl_json_put(all, lists[w], tl_catalogue_list(lists[w]));
        } else if (is_one || strcmp(lists[w], "metrics") != 0) {
            (void)printf("%s%s\n", w > only ? "\n" : "", lists[w]);
            print_list(lists[w]);
        }
    }
    if (!wanted.is_json) {
        json_decref(all);
        return TL_EXIT_DONE;
    }
    tl_json_print(all, JSON_INDENT(2));
    return TL_EXIT_DONE;
}
