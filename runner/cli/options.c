#include "runner/cli/options.h"

#include "cluster/comm/launch_rank.h"
#include "compute/core/log.h"
#include "compute/core/print.h"
#include "compute/core/text.h"
#include "runner/exit.h"

#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_OPTIONS = 32, WIDTH = 88, INDENT = 24 };

static int count_of(const tl_option *options)
{
    int count = 0;
    while (options[count].name) count++;
    TL_INVARIANT(count < MOST_OPTIONS);
    return count;
}

/* --- values --------------------------------------------------------------------------- */

static bool read_span(const char *text, double *seconds)
{
    double sum = 0.0;
    int parts = 0;
    if (strspn(text, "0123456789.:") != strlen(text)) return false; /* no inf, no hex */
    for (const char *at = text;; parts++) {
        char *end;
        const double part = strtod(at, &end);
        if (end == at || parts > 2) return false;
        sum = sum * 60.0 + part;
        if (*end == '\0') break;
        if (*end != ':') return false;
        at = end + 1;
    }
    *seconds = sum;
    return sum < 1e9;
}

static tl_status read_value(const tl_option *option, const char *text, void *record,
                            tl_err *err)
{
    char *to = (char *)record + option->to;
    double x = 0.0;
    switch (option->type) {
    case TL_OPTION_FLAG:
        *(bool *)(void *)to = true;
        break;
    case TL_OPTION_TEXT:
        *(const char **)(void *)to = text;
        break;
    case TL_OPTION_TEXTS: {
        int *count = (int *)(void *)((char *)record + option->count);
        TL_CHECK(*count < (int)option->high, err, TL_E_ARG, "--%s given more than %d times",
                 option->name, (int)option->high);
        ((const char **)(void *)to)[(*count)++] = text;
        break;
    }
    case TL_OPTION_WHOLE:
        TL_CHECK(tl_text_real(text, &x) && x == floor(x) && x >= option->low &&
                     x <= option->high,
                 err, TL_E_ARG, "--%s %s: give a whole number from %.0f to %.0f",
                 option->name, text, option->low, option->high);
        *(int *)(void *)to = (int)x;
        break;
    case TL_OPTION_REAL:
        TL_CHECK(tl_text_real(text, &x) && x > option->low && x <= option->high, err,
                 TL_E_ARG, "--%s %s: give a number above %g, up to %g", option->name, text,
                 option->low, option->high);
        *(double *)(void *)to = x * (option->scale > 0.0 ? option->scale : 1.0);
        break;
    case TL_OPTION_SPAN:
        TL_CHECK(read_span(text, &x) && (x > 0.0 || option->low < 0.0), err, TL_E_ARG,
                 "--%s %s: give HH:MM:SS, MM:SS or seconds%s", option->name, text,
                 option->low < 0.0 ? ", or 0" : "");
        *(double *)(void *)to = x;
        break;
    }
    return TL_OK;
}

/* --- parsing -------------------------------------------------------------------------- */

enum { LONG = 256, HELP = LONG + MOST_OPTIONS }; /* what getopt_long calls long options */

/*
 * The error for what getopt_long refused: a letter (in optopt), a long option that took a
 * value (its number), or the long option `given`, unknown or ambiguous (0).
 */
static tl_status refuse(const tl_usage *usage, int count, const char *given, tl_err *err)
{
    TL_CHECK(optopt == 0 || optopt >= LONG, err, TL_E_ARG, "unknown option '-%c'", optopt);
    TL_CHECK(optopt == 0, err, TL_E_ARG, "--%s takes no value",
             optopt == HELP ? "help" : usage->options[optopt - LONG].name);
    char written[MOST_OPTIONS + 1][32] = {"--help"}, word[64], hint[TL_HINT];
    const char *names[MOST_OPTIONS + 1] = {written[0]};
    const size_t length = strcspn(given, "=");
    (void)snprintf(word, sizeof word, "%.*s", (int)length, given);
    int alike = strncmp(names[0], word, length) == 0;
    for (int i = 0; i < count; i++) {
        (void)snprintf(written[i + 1], sizeof written[0], "--%s", usage->options[i].name);
        names[i + 1] = written[i + 1];
        alike += strncmp(names[i + 1], word, length) == 0;
    }
    TL_CHECK(alike < 2, err, TL_E_ARG, "%s is short for several options: write it out",
             word);
    return tl_fail(err, TL_E_ARG, "unknown option '%s'%s", word,
                   tl_text_hint(word, names, count + 1, hint));
}

/* Takes an option that getopt_long found; `given` is the last argument it used. */
static tl_status take_option(const tl_usage *usage, int found, const char *given,
                             void *record, tl_err *err)
{
    const tl_option *option = &usage->options[found];
    TL_CHECK(!option->value || optarg != given || given[0] != '-' || !given[1], err,
             TL_E_ARG,
             "--%s needs a value (%s), but '%.60s' follows; for a value that begins "
             "with '-', write --%s=VALUE",
             option->name, option->value, given, option->name);
    return read_value(option, optarg, record, err);
}

static tl_status check_words(const tl_usage *usage, uint64_t seen, const tl_words *words,
                             tl_err *err)
{
    TL_CHECK(words->count >= usage->least && words->count <= usage->most, err, TL_E_ARG,
             "%s", usage->wants);
    for (int i = 0; usage->options[i].name; i++) {
        const tl_option *option = &usage->options[i];
        TL_CHECK(!(seen & (uint64_t)1 << i) || !option->only ||
                     (words->count > 0 && strcmp(option->only, words->at[0]) == 0),
                 err, TL_E_ARG, "--%s goes with '%s %s' only", option->name, usage->command,
                 option->only);
    }
    return TL_OK;
}

tl_status tl_options_parse(const tl_usage *usage, int argc, char **argv, void *record,
                           tl_words *words, bool *is_help, tl_err *err)
{
    struct option longs[MOST_OPTIONS + 2] = {{0}};
    char shorts[2 * MOST_OPTIONS + 3] = ":h";
    const int count = count_of(usage->options);
    uint64_t seen = 0;
    for (int i = 0; i < count; i++) {
        const tl_option *option = &usage->options[i];
        longs[i] = (struct option){option->name, option->value != NULL, NULL, LONG + i};
        if (!option->letter) continue;
        const size_t end = strlen(shorts);
        shorts[end] = option->letter;
        shorts[end + 1] = option->value ? ':' : '\0';
    }
    longs[count] = (struct option){"help", no_argument, NULL, HELP};
    *is_help = false;
    optind = 0; /* resets getopt, also in the middle of short options */
    opterr = 0;
    for (int found; (found = getopt_long(argc, argv, shorts, longs, NULL)) != -1;) {
        const char *given = argv[optind - 1];
        TL_CHECK(found != ':', err, TL_E_ARG, "%.60s needs a value", given);
        if (found == '?') return refuse(usage, count, given, err);
        *is_help = found == 'h' || found == HELP;
        if (*is_help) return TL_OK;
        for (int i = 0; found < LONG; i++)
            if (usage->options[i].letter == found) found = LONG + i;
        seen |= (uint64_t)1 << (found - LONG);
        TL_TRY(take_option(usage, found - LONG, given, record, err));
    }
    *words = (tl_words){argv + optind, argc - optind};
    return check_words(usage, seen, words, err);
}

/* --- help ----------------------------------------------------------------------------- */

/* Prints `text` from column `indent` on, where the line is now. */
static void wrap(FILE *file, int indent, const char *text)
{
    for (int column = indent; *text;) {
        const int length = (int)strcspn(text, " ");
        if (column > indent && column + 1 + length > WIDTH) {
            tl_print(file, "\n%*s", indent, "");
            column = indent;
        }
        tl_print(file, "%s%.*s", column > indent ? " " : "", length, text);
        column += length + (column > indent);
        text += length + (text[length] == ' ');
    }
    tl_print(file, "\n");
}

void tl_options_text(FILE *file, int indent, const char *text)
{
    tl_print(file, "%*s", indent, "");
    wrap(file, indent, text);
}

void tl_options_row(FILE *file, const char *left, const char *about)
{
    tl_print(file, "%-*s", INDENT, left);
    if (strlen(left) >= INDENT) tl_print(file, "\n%*s", INDENT, "");
    wrap(file, INDENT, about);
}

void tl_options_help(const tl_usage *usage, FILE *file)
{
    const char *prefix = "usage:";
    for (const char *form = usage->forms; form; prefix = "      ") {
        const int length = (int)strcspn(form, "\n");
        tl_print(file, "%s threatloop %s%s%.*s\n", prefix, usage->command,
                 length ? " " : "", length, form);
        form = form[length] ? form + length + 1 : NULL;
    }
    if (usage->about) {
        tl_print(file, "\n");
        tl_print_lines(file, usage->about);
    }
    tl_print(file, "\n");
    for (const tl_option *o = usage->options; o->name; o++) {
        char left[64], letter[8] = "";
        if (o->letter) (void)snprintf(letter, sizeof letter, "-%c, ", o->letter);
        (void)snprintf(left, sizeof left, "  %s--%s%s%s", letter, o->name,
                       o->value ? " " : "", o->value ? o->value : "");
        tl_options_row(file, left, o->about);
    }
    tl_options_row(file, "  -h, --help", "print this page");
    if (usage->notes) {
        tl_print(file, "\n");
        tl_print_lines(file, usage->notes);
    }
}

/* --- for commands --------------------------------------------------------------------- */

int tl_options_refuse(const char *command, const char *format, ...)
{
    char text[TL_ERR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (tl_launch_is_leader())
        tl_log(TL_LOG_ERROR, "%s; see threatloop %s --help", text, command);
    return TL_EXIT_USAGE;
}

bool tl_options_read(const tl_usage *usage, int argc, char **argv, void *record,
                     tl_words *words, int *code)
{
    bool is_help;
    tl_err err = {0};
    *code = TL_EXIT_DONE;
    if (tl_options_parse(usage, argc, argv, record, words, &is_help, &err) != TL_OK) {
        *code = tl_options_refuse(usage->command, "%s", err.text);
        return false;
    }
    if (is_help && tl_launch_is_leader()) {
        tl_options_help(usage, stdout);
        if (usage->print_notes) usage->print_notes();
    }
    return !is_help;
}
