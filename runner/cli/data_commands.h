/*
 * threatloop data list, fetch, verify and roles. Each prints its result to stdout, logs its
 * errors and returns the exit status of the program.
 */
#ifndef TL_RUNNER_CLI_DATA_COMMANDS_H
#define TL_RUNNER_CLI_DATA_COMMANDS_H

#include <stdbool.h>

/** Limits. */
enum { TL_DATA_SETS = 64 /**< most --set of a command */ };

/** The options of the command; zero where not given. */
typedef struct tl_data_options {
    const char *dir;  /**< --data */
    const char *from; /**< --from */
    const char *as;   /**< --as */
    int pixels;       /**< --size */
    bool is_json, is_csv;
    double max_size; /**< --max-size, bytes */
    double memory;   /**< --memory, bytes */
    int replicate;   /**< --replicate; -1: not given */
    const char *set[TL_DATA_SETS];
    int sets;
} tl_data_options;

/** Lists the known data sets and which of them are present. */
int tl_data_do_list(const tl_data_options *options);

/** Fetches the data set `name` into the data folder; prints its licence and citation. */
int tl_data_do_fetch(const char *name, const tl_data_options *options);

/** Verifies the checksums of names[count], or of all that is present where count is 0.
 * \return TL_EXIT_ERROR if one is not right */
int tl_data_do_verify(char *const *names, int count, const tl_data_options *options);

/** Prints every row of the data of the plan `name`: role, source row, label, whether it is
 * a member, as a run draws them. */
int tl_data_do_roles(const char *name, const tl_data_options *options);

#endif
