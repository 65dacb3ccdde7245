/*
 * threatloop new: a commented plan to start from.
 */
#include "runner/cli/commands.h"
#include "runner/cli/options.h"
#include "runner/exit.h"
#include "runner/plan/plan.h"

#include "compute/core/log.h"

#include <errno.h>
#include <string.h>

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
    FILE *file = fopen(path, "wx");
    if (!file) {
        const bool is_there = errno == EEXIST;
        tl_log(TL_LOG_ERROR, "%s: %s%s", path, is_there ? "" : "cannot be written: ",
               is_there ? "exists; give another name" : strerror(errno));
        return is_there ? TL_EXIT_USAGE : TL_EXIT_ERROR;
    }
    const int written = fputs(tl_plan_template(), file);
    if (fclose(file) != 0 || written < 0) {
        tl_log(TL_LOG_ERROR, "%s: cannot be written: %s", path, strerror(errno));
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
    (void)fputs(tl_plan_template(), stdout);
    return TL_EXIT_DONE;
}
