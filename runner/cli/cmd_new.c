/*
 * threatloop new: a commented plan to start from.
 */
#include "runner/cli/commands.h"
#include "runner/cli/options.h"
#include "runner/exit.h"
#include "runner/plan/plan.h"

#include "compute/core/file.h"
#include "compute/core/log.h"
#include "compute/core/print.h"

#include <string.h>
#include <sys/stat.h>

const tl_usage tl_usage_new = {
    .command = "new",
    .summary = "write a commented plan to start from",
    .forms = "[NAME]",
    .about =
        "Writes a commented plan to start from to NAME.yaml, or without NAME to stdout. "
        "Never overwrites a file.\n",
    .options = (const tl_option[]){{0}},
    .most = 1,
    .wants = "new takes one name or none"};

static int write_file(const char *name)
{
    char path[4096];
    const size_t length = strlen(name);
    const bool has_ending = length > 5 && strcmp(name + length - 5, ".yaml") == 0;
    const int n = snprintf(path, sizeof path, "%s%s", name, has_ending ? "" : ".yaml");
    if (n <= 0 || n >= (int)sizeof path) {
        tl_log(TL_LOG_ERROR, "the name of the plan is too long");
        return TL_EXIT_USAGE;
    }
    struct stat facts;
    if (lstat(path, &facts) == 0) {
        tl_log(TL_LOG_ERROR, "%s: exists; give another name", path);
        return TL_EXIT_USAGE;
    }
    tl_err err;
    const tl_durable_piece text = {tl_plan_template(), strlen(tl_plan_template())};
    if (tl_file_replace(NULL, path, 0666, &text, 1, &err) != TL_OK) {
        tl_log(TL_LOG_ERROR, "%s", err.text);
        return TL_EXIT_ERROR;
    }
    tl_text word = {0};
    tl_text_shell_word(&word, path);
    tl_log(TL_LOG_INFO, "wrote %s; next: threatloop plan %s", path, word.at);
    tl_text_close(&word);
    return TL_EXIT_DONE;
}

int tl_cmd_new(int argc, char **argv)
{
    tl_words words;
    int code;
    if (!tl_options_read(&tl_usage_new, argc, argv, NULL, &words, &code)) return code;
    if (words.count == 1 && !*words.at[0]) return tl_options_refuse("new", "empty name");
    if (words.count == 1) return write_file(words.at[0]);
    tl_print_lines(stdout, tl_plan_template());
    return TL_EXIT_DONE;
}
