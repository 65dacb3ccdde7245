/*
 * threatloop: the program. One subcommand a file (cmd_*.c); this one finds it.
 */
#include "cluster/comm/exit_code.h"
#include "compute/core/log.h"
#include "compute/core/text.h"
#include "compute/nn/kernels/kernels.h"
#include "runner/cli/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    bool is_parallel; /* under mpirun every rank takes part, not rank 0 alone */
    const char *about;
} command;

static const command commands[] = {
    {"run", tl_cmd_run, true, "run a plan, alone or under mpirun or srun"},
    {"plan", tl_cmd_plan, false, "check a plan: trials, steps, memory, cost, reachable p"},
    {"new", tl_cmd_new, false, "write a commented plan to start from"},
    {"status", tl_cmd_status, false, "progress of a run, also of one in another job"},
    {"list", tl_cmd_list, false, "stages, models, data, metrics, plans"},
    {"describe", tl_cmd_describe, false, "all about one of them"},
    {"effects", tl_cmd_effects, false, "effects and interactions with intervals"},
    {"table", tl_cmd_table, false, "the raw table of a result file"},
    {"data", tl_cmd_data, false, "data sets by name: list, info, fetch, verify"},
    {"bench", tl_cmd_bench, true, "is this machine set up well?"},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_help(FILE *file)
{
    (void)fputs(
        "threatloop: how attacks on machine-learning models, and the defences against "
        "them,\nact on one another\n\n"
        "usage: threatloop COMMAND [ARGUMENTS]     threatloop COMMAND --help\n\n",
        file);
    for (int i = 0; i < COMMANDS; i++) {
        (void)fprintf(file, "  %-9s %s\n", commands[i].name, commands[i].about);
    }
    (void)fputs(
        "\n  --version  versions of threatloop and what it is built on\n"
        "  --help     this page\n\n"
        "First steps:  threatloop run demo     threatloop list     threatloop new\n"
        "On all cores: cluster/launch run demo\n\n"
        "exit status: 0 done; 1 an error; 2 bad usage or plan; 3 finished, some steps "
        "failed;\n             75 stopped early, run again with --resume\n",
        file);
}

/* Under mpirun, commands that are not parallel speak on rank 0 alone. */
static bool is_other_rank(void)
{
    const char *rank = getenv("OMPI_COMM_WORLD_RANK");
    if (!rank) rank = getenv("PMIX_RANK");
    return rank && strcmp(rank, "0") != 0;
}

static int refuse(const char *word)
{
    const char *names[COMMANDS];
    for (int i = 0; i < COMMANDS; i++) names[i] = commands[i].name;
    const char *near = tl_text_nearest(word, names, COMMANDS);
    if (is_other_rank()) return TL_EXIT_USAGE;
    tl_log(TL_LOG_ERROR, "there is no command '%s'%s%s%s; see threatloop --help", word,
           near ? ": did you mean '" : "", near ? near : "", near ? "'" : "");
    return TL_EXIT_USAGE;
}

static int obey(int argc, char **argv)
{
    if (argc < 2) {
        if (!is_other_rank()) print_help(stderr);
        return TL_EXIT_USAGE;
    }
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 ||
        strcmp(word, "help") == 0) {
        if (!is_other_rank()) print_help(stdout);
        return TL_EXIT_DONE;
    }
    if (strcmp(word, "--version") == 0)
        return is_other_rank() ? TL_EXIT_DONE : tl_cmd_version();
    for (int i = 0; i < COMMANDS; i++) {
        if (strcmp(word, commands[i].name) != 0) continue;
        if (!commands[i].is_parallel && is_other_rank()) return TL_EXIT_DONE;
        tl_err err = {0}; /* parallel commands agree on it */
        if (!commands[i].is_parallel && tl_kernels_check(&err) != TL_OK) {
            tl_log(TL_LOG_ERROR, "%s", err.text);
            return TL_EXIT_USAGE;
        }
        return commands[i].run(argc - 1, argv + 1);
    }
    return refuse(word);
}

int main(int argc, char **argv)
{
    return tl_exit_code_report(obey(argc, argv), !is_other_rank());
}
