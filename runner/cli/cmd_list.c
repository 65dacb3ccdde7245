/*
 * threatloop list: the catalogue, a line for each entry.
 */
#include "compute/core/json.h"
#include "compute/core/print.h"
#include "runner/cli/catalogue.h"
#include "runner/cli/commands.h"
#include "runner/cli/options.h"
#include "runner/cli/text_page.h"
#include "runner/exit.h"

#include "compute/core/terminal.h"
#include "compute/core/text.h"

#include <string.h>
#include <unistd.h>

static const char *const lists[] = {"stages", "models",  "data",    "metrics",
                                    "plans",  "attacks", "defenses"};
enum {
    LISTS = sizeof lists / sizeof *lists,
    WHOLE = 5 /* the others are parts of these */
};

typedef struct request {
    bool is_json;
} request;

const tl_usage tl_usage_list = {
    .command = "list",
    .summary = "list stages, models, data, metrics, plans",
    .forms = "[stages|attacks|defenses|models|data|metrics|plans] [--json]",
    .about =
        "Lists what plans are made of, one entry per line; without a word, all lists but "
        "metrics. Attacks and defenses are stages. `threatloop describe NAME` shows an entry "
        "in full.\n",
    .completes = "stages attacks defenses models data metrics plans",
    .options =
        (const tl_option[]){{"json", 0, TL_OPTION_FLAG, NULL, offsetof(request, is_json),
                             .about = "print JSON; without a word, all lists"},
                            {0}},
    .most = 1,
    .wants =
        "list takes one word: stages, attacks, defenses, models, data, metrics or plans"};

static void print_list(const json_t *list)
{
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
        const char *role = tl_json_field(one, "role"), *about = tl_json_field(one, "about");
        tl_text left = {0};
        tl_text_print(&left, "  %-*s  ", width, tl_json_field(one, "name"));
        if (*role) tl_text_print(&left, "%-7s  ", role);
        if (tl_terminal_columns(STDOUT_FILENO) > 0)
            tl_page_row(stdout, (int)left.length, left.at, about);
        else
            tl_print(stdout, "%s%s\n", left.at,
                     about); /* a line each, for other programs */
        tl_text_close(&left);
    }
}

int tl_cmd_list(int argc, char **argv)
{
    request wanted = {0};
    tl_words words;
    int code;
    if (!tl_options_read(&tl_usage_list, argc, argv, &wanted, &words, &code)) return code;
    const char *word = words.count > 0 ? words.at[0] : NULL;
    bool is_first = true;
    json_t *all = json_object(), *list;
    for (int w = 0; w < LISTS; w++) {
        const bool is_default = w < WHOLE && strcmp(lists[w], "metrics") != 0;
        const bool is_wanted = word ? strcmp(lists[w], word) == 0
                                    : is_default || (wanted.is_json && w < WHOLE);
        if (is_wanted) tl_json_put(all, lists[w], tl_catalogue_list(lists[w]));
    }
    if (json_object_size(all) == 0) {
        char hint[TL_HINT];
        code = tl_options_refuse(
            "list", "no list '%s'%s: give %s", word, tl_text_hint(word, lists, LISTS, hint),
            "stages, attacks, defenses, models, data, metrics or plans");
    } else if (wanted.is_json) {
        tl_json_print(json_incref(all), JSON_INDENT(2));
    } else {
        json_object_foreach(all, word, list)
        {
            if (!is_first) tl_print(stdout, "\n");
            tl_print(stdout, "%s\n", word);
            print_list(list);
            is_first = false;
        }
    }
    json_decref(all);
    return code;
}
