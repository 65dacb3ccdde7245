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
#include "runner/exit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    bool is_parallel; /* runs on every rank, not on rank 0 alone */
    const char *about;
} command;

static const command commands[] = {
    {"run", tl_cmd_run, true, "run a plan, alone or under mpirun or srun"},
    {"plan", tl_cmd_plan, false, "check a plan; predict trials, steps, memory, time"},
    {"new", tl_cmd_new, false, "write a commented plan to start from"},
    {"status", tl_cmd_status, false, "show the progress of a run, even in another job"},
    {"list", tl_cmd_list, false, "list stages, models, data, metrics, plans"},
    {"describe", tl_cmd_describe, false, "show one of them in full"},
    {"effects", tl_cmd_effects, false, "estimate effects and interactions, with intervals"},
    {"compare", tl_cmd_compare, false, "compare the effects of two result files"},
    {"table", tl_cmd_table, false, "print a result file as CSV"},
    {"data", tl_cmd_data, false, "list, inspect, fetch and verify data sets"},
    {"bench", tl_cmd_bench, true, "benchmark this machine"},
    {"version", tl_cmd_version, false, "print versions of threatloop and its libraries"},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_help(FILE *file)
{
    tl_print(file,
             "threatloop measures how ML attacks and defences interact\n\n"
             "usage: threatloop COMMAND [ARGUMENTS]     threatloop COMMAND --help\n\n");
    for (int i = 0; i < COMMANDS; i++) {
        tl_print(file, "  %-9s %s\n", commands[i].name, commands[i].about);
    }
    tl_print(file,
             "\nFirst steps:  threatloop run demo     threatloop list     threatloop new\n"
             "On all cores: cluster/launch run demo\n\n"
             "Exit status: 0 done; 1 an error; 2 bad usage or plan; 3 finished, some steps "
             "failed;\n75 stopped early, resume.\n");
}

static int refuse(const char *word)
{
    const char *names[COMMANDS];
    for (int i = 0; i < COMMANDS; i++) names[i] = commands[i].name;
    char hint[TL_HINT];
    if (tl_launch_is_leader())
        tl_log(TL_LOG_ERROR, "unknown command '%s'%s; see threatloop --help", word,
               tl_text_hint(word, names, COMMANDS, hint));
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
    for (int i = 0; i < COMMANDS; i++) {
        if (strcmp(word, commands[i].name) != 0) continue;
        if (!commands[i].is_parallel && !is_leader) return TL_EXIT_DONE;
        tl_err err = {0}; /* parallel commands agree on the check */
        const bool computes = commands[i].run != tl_cmd_version;
        if (!commands[i].is_parallel && computes && tl_kernels_check(&err) != TL_OK) {
            tl_log(TL_LOG_ERROR, "%s", err.text);
            return TL_EXIT_USAGE;
        }
        return commands[i].run(argc - 1, argv + 1);
    }
    return refuse(word);
}

int main(int argc, char **argv)
{
    /* HDF5 would lock every file it opens, and fail where locks do. Ours: file_lock.h. */
    (void)setenv("HDF5_USE_FILE_LOCKING", "FALSE", 1);
    return tl_exit_code_report(tl_stack_run(obey, argc, argv), tl_launch_is_leader());
}
