/*
 * Options of the commands. Each command has one constant table; what is parsed, the page of
 * --help and the errors all come from it.
 */
#ifndef TL_RUNNER_CLI_OPTIONS_H
#define TL_RUNNER_CLI_OPTIONS_H

#include "compute/core/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/** What an option takes, and what it sets in the command's record. */
typedef enum tl_option_type {
    TL_OPTION_FLAG,  /**< bool, no value */
    TL_OPTION_TEXT,  /**< const char *, borrowed from argv */
    TL_OPTION_TEXTS, /**< const char *[high] and, at `count`, an int: repeatable */
    TL_OPTION_WHOLE, /**< int from `low` to `high` */
    TL_OPTION_REAL,  /**< double above `low`, up to `high` */
    TL_OPTION_SPAN   /**< double, seconds: HH:MM:SS, MM:SS or seconds; 0 only if low < 0 */
} tl_option_type;

/** An option of a command. */
typedef struct tl_option {
    const char *name; /**< without "--"; NULL ends a table */
    char letter;      /**< short form, or 0 */
    tl_option_type type;
    const char *value; /**< name of its value in help; NULL for a FLAG */
    size_t to;         /**< offset into the command's record of options */
    const char *about; /**< for --help, which wraps it */
    double low, high;  /**< WHOLE, REAL: bounds; TEXTS: high is how many */
    double scale;      /**< factor of a REAL; 0: none */
    size_t count;      /**< TEXTS: offset of their number */
    bool is_once;      /**< not part of the line that goes on with a run */
    const char *only;  /**< the only first word that allows it; NULL: any */
} tl_option;

/** The command line of a command, and its page of help. */
typedef struct tl_usage {
    const char *command; /**< "run" */
    const char *summary; /**< what it does, in one line */
    const char *forms;   /**< what may follow the command, one form per line */
    /** Before and after the options, as tl_page_paragraphs has them; may be NULL. */
    const char *about, *notes;
    /** What completes its words, separated by blanks: lists of the catalogue, "files",
     * "folders", or other words as they are; may be NULL. */
    const char *completes;
    void (*print_notes)(void); /**< prints more after `notes`; may be NULL */
    const tl_option *options;  /**< borrowed; a NULL name ends them */
    int least, most;           /**< how many words besides the options */
    const char *wants;         /**< the error for any other number of words */
} tl_usage;

/** The words of a command line besides its options; borrowed from argv. */
typedef struct tl_words {
    char *const *at;
    int count;
} tl_words;

/**
 * Reads argv [argc] (argv[0] is the command) and moves its words behind the options.
 *
 * \param record  the command's record of options: defaults, overwritten in place; NULL for
 * a command without options
 * \param is_help result: --help was given, and nothing after it was checked
 * \return TL_E_ARG: unknown option (names the nearest); missing or invalid value; wrong
 * number of words
 */
TL_MUST_USE tl_status tl_options_parse(const tl_usage *usage, int argc, char **argv,
                                       void *record, tl_words *words, bool *is_help,
                                       tl_err *err);

/** Prints the page of --help to `file`, borrowed. */
void tl_options_help(const tl_usage *usage, FILE *file);

/**
 * Appends argv [argc] but for argv[0], the command, in its order, as words of a shell's
 * command line, each after a blank, without the options marked `is_once` and their values.
 * What cannot be parsed is taken as it is.
 */
void tl_options_line(const tl_usage *usage, int argc, char *const *argv, tl_text *out);

/**
 * tl_options_parse for a command, of argv [argc] as main got it (the program, the command,
 * ...), into `record` and the result `words`: prints help or the error, on rank 0 alone.
 * \param code  result: the exit status where the command must not go on
 * \return whether to go on
 */
bool tl_options_read(const tl_usage *usage, int argc, char **argv, void *record,
                     tl_words *words, int *code);

/** Logs on rank 0 what is wrong with a call of `command`. \return TL_EXIT_USAGE */
int tl_options_refuse(const char *command, const char *format, ...) TL_PRINTF(2, 3);

#endif
