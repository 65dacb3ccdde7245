/*
 * The subcommands, each in a file of its own (cmd_*.c).
 */
#ifndef TL_RUNNER_CLI_COMMANDS_H
#define TL_RUNNER_CLI_COMMANDS_H

#include "runner/cli/options.h"

/** A command, as the program finds it by its name. */
typedef struct tl_command {
    const tl_usage *usage; /**< borrowed: its name, its options, its page of help */
    /** Does it; gets argv [argc] as main got it: the program, the command, its arguments.
     * \return the exit status (runner/exit.h) */
    int (*run)(int argc, char **argv);
    bool is_parallel; /**< runs on every rank, not on rank 0 alone */
} tl_command;

/** All commands, in the order of help. \param count result */
const tl_command *tl_commands(int *count);

/** What each command does: tl_command.run; argv [argc] is borrowed. \return a tl_exit */
int tl_cmd_run(int argc, char **argv);
int tl_cmd_plan(int argc, char **argv);
int tl_cmd_new(int argc, char **argv);
int tl_cmd_status(int argc, char **argv);
int tl_cmd_list(int argc, char **argv);
int tl_cmd_describe(int argc, char **argv);
int tl_cmd_effects(int argc, char **argv);
int tl_cmd_compare(int argc, char **argv);
int tl_cmd_summary(int argc, char **argv);
int tl_cmd_plot(int argc, char **argv);
int tl_cmd_report(int argc, char **argv);
int tl_cmd_table(int argc, char **argv);
int tl_cmd_data(int argc, char **argv);
int tl_cmd_bench(int argc, char **argv);
int tl_cmd_completion(int argc, char **argv);
int tl_cmd_manual(int argc, char **argv);
int tl_cmd_version(int argc, char **argv);

/** The command line of each. */
extern const tl_usage tl_usage_run, tl_usage_plan, tl_usage_new, tl_usage_status,
    tl_usage_list, tl_usage_describe, tl_usage_effects, tl_usage_compare, tl_usage_summary,
    tl_usage_plot, tl_usage_report, tl_usage_table, tl_usage_data, tl_usage_bench,
    tl_usage_completion, tl_usage_manual, tl_usage_version;

#endif
