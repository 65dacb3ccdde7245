/*
 * Options of the commands. Each command has one constant table; what is parsed, the page of
 * --help and the errors all come from it.
 */
#ifndef TL_RUNNER_CLI_OPTIONS_H
#define TL_RUNNER_CLI_OPTIONS_H

#include "compute/core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef enum tl_option_type {
    TL_OPTION_FLAG,  /**< bool, no value */
    TL_OPTION_TEXT,  /**< const char *, borrowed from argv */
    TL_OPTION_TEXTS, /**< const char *[high] and, at `count`, an int: repeatable */
    TL_OPTION_WHOLE, /**< int from `low` to `high` */
    TL_OPTION_REAL,  /**< double above `low`, up to `high` */
    TL_OPTION_SPAN   /**< double, seconds: HH:MM:SS, MM:SS or seconds; 0 only if low < 0 */
} tl_option_type;

typedef struct tl_option {
    const char *name; /**< without "--"; NULL ends a table */
    char letter;      /**< short form, or 0 */
    tl_option_type type;
    const char *value; /**< what help calls its value; NULL for a FLAG */
    size_t to;         /**< offset into the command's record of options */
    const char *about; /**< for --help, which wraps it */
    double low, high;  /**< WHOLE, REAL; of TEXTS, high: how many */
    double scale;      /**< a REAL is multiplied by it; 0: as it is */
    size_t count;      /**< of TEXTS: offset of their number */
    const char *only;  /**< the one first word that it goes with, or NULL: all */
} tl_option;

/** What a command line may look like. */
typedef struct tl_usage {
    const char *command;       /**< "run" */
    const char *forms;         /**< what may follow the command, a form a line */
    const char *about, *notes; /**< pages before and after the options; may be NULL */
    void (*print_notes)(
        void); /**< prints to stdout what comes after `notes`; may be NULL */
    const tl_option *options;
    int least, most;   /**< how many words besides the options */
    const char *wants; /**< the error for any other number: "run needs one plan: ..." */
} tl_usage;

/** The words of a command line that are no options; borrowed from argv. */
typedef struct tl_words {
    char *const *at;
    int count;
} tl_words;

/**
 * Reads argv (argv[0] is the command), whose words it puts in order behind the options.
 *
 * \param record  the command's record of options, holding the defaults
 * \param is_help --help was asked for: nothing else is checked
 * \return TL_E_ARG: an option that is unknown (the nearest is named), lacks its value, took
 * the next option for it or has a wrong one; too few or too many words
 */
TL_MUST_USE tl_status tl_options_parse(const tl_usage *usage, int argc, char **argv,
                                       void *record, tl_words *words, bool *is_help,
                                       tl_err *err);

/** Prints the page of --help. */
void tl_options_help(const tl_usage *usage, FILE *file);

/**
 * tl_options_parse for a command: prints help or the error, on rank 0 alone.
 * \return whether to go on; else the command ends with `*code`
 */
bool tl_options_read(const tl_usage *usage, int argc, char **argv, void *record,
                     tl_words *words, int *code);

/** Says on rank 0 what is wrong with how `command` was called. \return TL_EXIT_USAGE */
int tl_options_refuse(const char *command, const char *format, ...) TL_PRINTF(2, 3);

#endif
