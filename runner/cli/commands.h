/*
 * The subcommands of the program. Each takes its own argc and argv (argv[0] is its name).
 */
#ifndef TL_RUNNER_CLI_COMMANDS_H
#define TL_RUNNER_CLI_COMMANDS_H

/** One subcommand each, named after it; argv [argc] is borrowed. \return a tl_exit */
int tl_cmd_bench(int argc, char **argv);
int tl_cmd_data(int argc, char **argv);
int tl_cmd_describe(int argc, char **argv);
int tl_cmd_effects(int argc, char **argv);
int tl_cmd_list(int argc, char **argv);
int tl_cmd_new(int argc, char **argv);
int tl_cmd_plan(int argc, char **argv);
int tl_cmd_plot(int argc, char **argv);
int tl_cmd_report(int argc, char **argv);
int tl_cmd_run(int argc, char **argv);
int tl_cmd_status(int argc, char **argv);
int tl_cmd_summary(int argc, char **argv);
int tl_cmd_table(int argc, char **argv);
int tl_cmd_version(int argc, char **argv);

#endif
