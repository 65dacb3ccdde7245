/*
 * threatloop: the program. Finds the subcommand, each of which is a file (cmd_*.c).
 */
#include "cluster/comm/exit_code.h"
#include "cluster/comm/launch_rank.h"
#include "compute/core/log.h"
#include "compute/core/print.h"
#include "compute/core/stack.h"
#include "compute/core/text.h"
#include "compute/nn/kernels/kernels.h"
#include "runner/cli/commands.h"
#include "runner/cli/text_page.h"
#include "runner/exit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_COMMANDS = 32 };

static void print_help(FILE *file)
{
    int count;
    const tl_command *command = tl_commands(&count);
    tl_print(file,
             "threatloop measures how ML attacks and defences interact\n\n"
             "usage: threatloop COMMAND [ARGUMENTS]     threatloop COMMAND --help\n\n");
    for (int i = 0; i < count; i++) {
        char left[32];
        (void)snprintf(left, sizeof left, "  %s", command[i].usage->command);
        tl_page_row(file, 14, left, command[i].usage->summary);
    }
    tl_print(file,
             "\nFirst steps:  threatloop run demo     threatloop list     threatloop new\n"
             "On all cores: cluster/launch run demo\n\n");
    tl_page_paragraphs(file, "Exit status: 0 done; 1 an error; 2 bad usage or plan; 3 "
                             "finished, some steps failed; 75 stopped early, resume.\n");
}

static int refuse(const char *word)
{
    int count;
    const tl_command *command = tl_commands(&count);
    const char *names[MOST_COMMANDS];
    for (int i = 0; i < count; i++) names[i] = command[i].usage->command;
    char hint[TL_HINT];
    if (tl_launch_is_leader())
        tl_log(TL_LOG_ERROR, "unknown command '%s'%s; see threatloop --help",
               TL_BRIEF(word), tl_text_hint(word, names, count, hint));
    return TL_EXIT_USAGE;
}

static int obey(int argc, char **argv)
{
    const bool is_leader = tl_launch_is_leader();
    if (argc < 2) {
        if (is_leader) print_help(stderr);
        return TL_EXIT_USAGE;
    }
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 ||
        strcmp(word, "help") == 0) {
        if (is_leader) print_help(stdout);
        return TL_EXIT_DONE;
    }
    if (strcmp(word, "--version") == 0) word = "version";
    int count;
    const tl_command *command = tl_commands(&count);
    for (int i = 0; i < count; i++) {
        if (strcmp(word, command[i].usage->command) != 0) continue;
        if (!command[i].is_parallel && !is_leader) return TL_EXIT_DONE;
        tl_err err = {0}; /* parallel commands agree on the check */
        const bool computes = command[i].run != tl_cmd_version;
        if (!command[i].is_parallel && computes && tl_kernels_check(&err) != TL_OK) {
            tl_log(TL_LOG_ERROR, "%s", err.text);
            return TL_EXIT_USAGE;
        }
        return command[i].run(argc, argv);
    }
    return refuse(word);
}

/* What was printed must have arrived, or the command has failed; one that failed has told.
 */
static int check_output(int code)
{
    errno = 0;
    const bool is_whole = fflush(stdout) == 0 && !ferror(stdout);
    if (is_whole || code != TL_EXIT_DONE) return code;
    tl_log(TL_LOG_ERROR, "stdout: cannot be written%s%s", errno ? ": " : "",
           errno ? strerror(errno) : "");
    return TL_EXIT_ERROR;
}

int main(int argc, char **argv)
{
    /* HDF5 would lock every file it opens, and fail where locks do. Ours: file_lock.h. */
    (void)setenv("HDF5_USE_FILE_LOCKING", "FALSE", 1);
    const int code = check_output(tl_stack_run(obey, argc, argv));
    return tl_exit_code_report(code, tl_launch_is_leader());
}
