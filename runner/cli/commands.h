/*
 * The subcommands of the program. Each takes its own argc and argv (argv[0] is its name)
 * and returns the exit status of the program.
 */
#ifndef TL_RUNNER_CLI_COMMANDS_H
#define TL_RUNNER_CLI_COMMANDS_H

enum {
    TL_EXIT_DONE = 0,
    TL_EXIT_ERROR = 1,
    TL_EXIT_USAGE = 2,
    TL_EXIT_SOME_FAILED = 3,
    TL_EXIT_STOPPED = 75
};

int tl_cmd_bench(int argc, char **argv);
int tl_cmd_data(int argc, char **argv);
int tl_cmd_describe(int argc, char **argv);
int tl_cmd_effects(int argc, char **argv);
int tl_cmd_list(int argc, char **argv);
int tl_cmd_new(int argc, char **argv);
int tl_cmd_plan(int argc, char **argv);
int tl_cmd_run(int argc, char **argv);
int tl_cmd_status(int argc, char **argv);
int tl_cmd_table(int argc, char **argv);
int tl_cmd_version(void);

#endif
