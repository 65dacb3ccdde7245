#include "runner/cli/options.h"

#include "cluster/comm/launch_rank.h"
#include "compute/core/print.h"
#include "compute/core/log.h"
#include "runner/cli/text_page.h"
#include "runner/exit.h"

#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_OPTIONS = 40 };

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
    const bool is_text = option->type == TL_OPTION_TEXT || option->type == TL_OPTION_TEXTS;
    double x = 0.0;
    TL_CHECK(!is_text || *text, err, TL_E_ARG,
             "--%s needs a value (%s), found an empty one", option->name, option->value);
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
                 option->name, TL_BRIEF(text), option->low, option->high);
        *(int *)(void *)to = (int)x;
        break;
    case TL_OPTION_REAL:
        TL_CHECK(tl_text_real(text, &x) && x > option->low && x <= option->high, err,
                 TL_E_ARG, "--%s %s: give a number above %g, up to %g", option->name,
                 TL_BRIEF(text), option->low, option->high);
        *(double *)(void *)to = x * (option->scale > 0.0 ? option->scale : 1.0);
        break;
    case TL_OPTION_SPAN:
        TL_CHECK(read_span(text, &x) && (x > 0.0 || option->low < 0.0), err, TL_E_ARG,
                 "--%s %s: give HH:MM:SS, MM:SS or seconds%s", option->name, TL_BRIEF(text),
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
    char written[MOST_OPTIONS + 1][32] = {"--help"}, hint[TL_HINT];
    const char *names[MOST_OPTIONS + 1] = {written[0]};
    const size_t length = strcspn(given, "=");
    char *word = strndup(given, length);
    TL_CHECK(word, err, TL_E_NOMEM, "no memory for an option's name");
    int alike = strncmp(names[0], word, length) == 0;
    for (int i = 0; i < count; i++) {
        (void)snprintf(written[i + 1], sizeof written[0], "--%s", usage->options[i].name);
        names[i + 1] = written[i + 1];
        alike += strncmp(names[i + 1], word, length) == 0;
    }
    if (alike > 1)
        (void)tl_fail(err, TL_E_ARG, "%s is short for several options: write it out", word);
    else
        (void)tl_fail(err, TL_E_ARG, "unknown option '%s'%s", TL_BRIEF(word),
                      tl_text_hint(word, names, count + 1, hint));
    free(word);
    return TL_E_ARG;
}

/* Takes an option that getopt_long found; `given` is the last argument it used. */
static tl_status take_option(const tl_usage *usage, int found, const char *given,
                             void *record, tl_err *err)
{
    const tl_option *option = &usage->options[found];
    TL_CHECK(!option->value || optarg != given || given[0] != '-' || !given[1], err,
             TL_E_ARG,
             "--%s needs a value (%s), but '%s' follows; for a value that begins "
             "with '-', write --%s=VALUE",
             option->name, option->value, TL_BRIEF(given), option->name);
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

/* The table as getopt_long wants it. */
typedef struct getopt_table {
    struct option longs[MOST_OPTIONS + 2];
    char shorts[2 * MOST_OPTIONS + 3];
} getopt_table;

static getopt_table begin_getopt(const tl_usage *usage)
{
    getopt_table table = {.shorts = ":h"};
    const int count = count_of(usage->options);
    for (int i = 0; i < count; i++) {
        const tl_option *option = &usage->options[i];
        table.longs[i] =
            (struct option){option->name, option->value != NULL, NULL, LONG + i};
        if (!option->letter) continue;
        const size_t end = strlen(table.shorts);
        table.shorts[end] = option->letter;
        table.shorts[end + 1] = option->value ? ':' : '\0';
    }
    table.longs[count] = (struct option){"help", no_argument, NULL, HELP};
    optind = 0; /* resets getopt, also in the middle of short options */
    opterr = 0;
    return table;
}

/* The number of the option that getopt_long found, by its name or its letter. */
static int option_found(const tl_usage *usage, int found)
{
    for (int i = 0; found < LONG && usage->options[i].name; i++)
        if (usage->options[i].letter == found) found = LONG + i;
    return found - LONG;
}

tl_status tl_options_parse(const tl_usage *usage, int argc, char **argv, void *record,
                           tl_words *words, bool *is_help, tl_err *err)
{
    const getopt_table table = begin_getopt(usage);
    uint64_t seen = 0;
    *is_help = false;
    for (int found;
         (found = getopt_long(argc, argv, table.shorts, table.longs, NULL)) != -1;) {
        const char *given = argv[optind - 1];
        TL_CHECK(found != ':', err, TL_E_ARG, "%s needs a value", TL_BRIEF(given));
        if (found == '?') return refuse(usage, count_of(usage->options), given, err);
        *is_help = found == 'h' || found == HELP;
        if (*is_help) return TL_OK;
        const int option = option_found(usage, found);
        seen |= (uint64_t)1 << option;
        TL_TRY(take_option(usage, option, given, record, err));
    }
    *words = (tl_words){argv + optind, argc - optind};
    return check_words(usage, seen, words, err);
}

/* getopt_long reorders a copy; the words that it used are known by their addresses. */
void tl_options_line(const tl_usage *usage, int argc, char *const *argv, tl_text *out)
{
    char **copy = calloc((size_t)argc + 1, sizeof *copy);
    bool *is_left_out = calloc((size_t)argc + 1, sizeof *is_left_out);
    TL_INVARIANT(copy && is_left_out);
    memcpy(copy, argv, (size_t)argc * sizeof *copy);
    const getopt_table table = begin_getopt(usage);
    for (int found;
         (found = getopt_long(argc, copy, table.shorts, table.longs, NULL)) != -1;) {
        const int option = option_found(usage, found);
        if (found == '?' || found == ':' || found == 'h' || found == HELP) continue;
        if (!usage->options[option].is_once) continue;
        const char *last = copy[optind - 1];
        const bool has_own_word = usage->options[option].value && optarg == last;
        const char *first = has_own_word ? copy[optind - 2] : last;
        for (int i = 0; i < argc; i++)
            is_left_out[i] |= argv[i] == first || argv[i] == last;
    }
    for (int i = 1; i < argc; i++) {
        if (is_left_out[i]) continue;
        tl_text_add(out, " ");
        tl_text_shell_word(out, argv[i]);
    }
    free(copy);
    free(is_left_out);
}

/* --- help ----------------------------------------------------------------------------- */

static void print_forms(const tl_usage *usage, FILE *file)
{
    const char *prefix = "usage:";
    for (const char *form = usage->forms; form; prefix = "      ") {
        const size_t length = strcspn(form, "\n");
        tl_text line = {0};
        tl_text_print(&line, "threatloop %s%s", usage->command, length ? " " : "");
        tl_text_bytes(&line, form, length);
        if (line.at) tl_page_row(file, 7, prefix, line.at);
        tl_text_close(&line);
        form = form[length] ? form + length + 1 : NULL;
    }
}

void tl_options_help(const tl_usage *usage, FILE *file)
{
    print_forms(usage, file);
    if (usage->about) {
        tl_print(file, "\n");
        tl_page_paragraphs(file, usage->about);
    }
    tl_print(file, "\n");
    for (const tl_option *o = usage->options; o->name; o++) {
        char left[64], letter[8] = "";
        if (o->letter) (void)snprintf(letter, sizeof letter, "-%c, ", o->letter);
        (void)snprintf(left, sizeof left, "  %s--%s%s%s", letter, o->name,
                       o->value ? " " : "", o->value ? o->value : "");
        tl_page_row(file, TL_PAGE_INDENT, left, o->about);
    }
    tl_page_row(file, TL_PAGE_INDENT, "  -h, --help", "print this page");
    if (!usage->notes) return;
    tl_print(file, "\n");
    tl_page_paragraphs(file, usage->notes);
}

/* --- for commands --------------------------------------------------------------------- */

int tl_options_refuse(const char *command, const char *format, ...)
{
    tl_text text = {0};
    va_list arguments;
    va_start(arguments, format);
    tl_text_print_list(&text, format, arguments);
    va_end(arguments);
    if (tl_launch_is_leader() && text.at)
        tl_log(TL_LOG_ERROR, "%s; see threatloop %s --help", text.at, command);
    tl_text_close(&text);
    return TL_EXIT_USAGE;
}

bool tl_options_read(const tl_usage *usage, int argc, char **argv, void *record,
                     tl_words *words, int *code)
{
    bool is_help;
    tl_err err = {0};
    *code = TL_EXIT_DONE;
    if (tl_options_parse(usage, argc - 1, argv + 1, record, words, &is_help, &err) !=
        TL_OK) {
        *code = tl_options_refuse(usage->command, "%s", err.text);
        return false;
    }
    if (is_help && tl_launch_is_leader()) {
        tl_options_help(usage, stdout);
        if (usage->print_notes) usage->print_notes();
    }
    return !is_help;
}
