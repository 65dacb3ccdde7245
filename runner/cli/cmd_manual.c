/*
 * threatloop manual: pages for man(1), from the tables of options.
 */
#include "compute/core/log.h"
#include "runner/cli/commands.h"
#include "runner/cli/options.h"
#include "runner/exit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct request {
    const char *folder;
} request;

const tl_usage tl_usage_manual = {
    .command = "manual",
    .summary = "print pages for man",
    .forms = "[COMMAND]\n"
             "--output DIR",
    .about = "Prints the manual page of a command, or of threatloop itself, for man: "
             "threatloop manual run | man -l -\n",
    .options =
        (const tl_option[]){{"output", 'o', TL_OPTION_TEXT, "DIR",
                             offsetof(request, folder),
                             .about = "write all pages into the folder DIR: threatloop.1, "
                                      "threatloop-run.1, ..."},
                            {0}},
    .completes = "run plan new status list describe effects table data bench",
    .most = 1,
    .wants = "manual takes one command or none"};

/* Prints [length] bytes of `text` so that roff takes them as they are. */
static void put(FILE *file, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\\')
            (void)fputs("\\e", file);
        else if (text[i] == '-')
            (void)fputs("\\-", file);
        else if ((text[i] == '.' || text[i] == '\'') && i == 0)
            (void)fprintf(file, "\\&%c", text[i]);
        else
            (void)fputc(text[i], file);
    }
}

static void put_text(FILE *file, const char *text)
{
    put(file, text, strlen(text));
}

/* Paragraphs as tl_usage.about has them. */
static void put_paragraphs(FILE *file, const char *text)
{
    while (text && *text) {
        const size_t length = strcspn(text, "\n"), word = strcspn(text, "\t\n");
        if (word < length) {
            (void)fputs(".TP\n.B ", file);
            put(file, text, word);
            (void)fputc('\n', file);
            put(file, text + word + 1, length - word - 1);
        } else {
            (void)fputs(".PP\n", file);
            put(file, text, length);
        }
        (void)fputc('\n', file);
        text += length + (text[length] == '\n');
    }
}

static void put_options(FILE *file, const tl_usage *usage)
{
    (void)fputs(".SH OPTIONS\n", file);
    for (const tl_option *o = usage->options; o->name; o++) {
        (void)fputs(".TP\n", file);
        if (o->letter) (void)fprintf(file, "\\fB\\-%c\\fR, ", o->letter);
        (void)fputs("\\fB\\-\\-", file);
        put_text(file, o->name);
        (void)fputs("\\fR", file);
        if (o->value) {
            (void)fputs(" \\fI", file);
            put_text(file, o->value);
            (void)fputs("\\fR", file);
        }
        (void)fputc('\n', file);
        put_text(file, o->about);
        (void)fputc('\n', file);
    }
    (void)fputs(".TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nprint a page of help\n", file);
}

static void put_title(FILE *file, const char *name, const char *summary)
{
    (void)fputs(".TH \"", file);
    put_text(file, name);
    (void)fputs("\" 1 \"\" \"threatloop " TL_VERSION "\" \"threatloop\"\n.SH NAME\n", file);
    put_text(file, name);
    (void)fputs(" \\- ", file);
    put_text(file, summary);
    (void)fputs("\n.SH SYNOPSIS\n", file);
}

static void put_command(FILE *file, const tl_usage *usage)
{
    char name[64];
    (void)snprintf(name, sizeof name, "threatloop-%s", usage->command);
    put_title(file, name, usage->summary);
    for (const char *form = usage->forms; form;) {
        const size_t length = strcspn(form, "\n");
        (void)fprintf(file, ".B threatloop %s\n", usage->command);
        put(file, form, length);
        (void)fputs("\n.br\n", file);
        form = form[length] ? form + length + 1 : NULL;
    }
    (void)fputs(".SH DESCRIPTION\n", file);
    put_paragraphs(file, usage->about);
    put_options(file, usage);
    if (usage->notes) (void)fputs(".SH NOTES\n", file);
    put_paragraphs(file, usage->notes);
    (void)fputs(".SH SEE ALSO\n.BR threatloop (1)\n", file);
}

static void put_program(FILE *file)
{
    int count;
    const tl_command *command = tl_commands(&count);
    put_title(file, "threatloop", "measures how ML attacks and defences interact");
    (void)fputs(".B threatloop\n\\fICOMMAND\\fR [\\fIARGUMENTS\\fR]\n.SH COMMANDS\n", file);
    for (int i = 0; i < count; i++) {
        (void)fprintf(file, ".TP\n.BR threatloop\\-%s (1)\n", command[i].usage->command);
        put_text(file, command[i].usage->summary);
        (void)fputc('\n', file);
    }
}

/* \param usage  NULL: of the program itself */
static tl_status write_page(const char *folder, const tl_usage *usage, tl_err *err)
{
    char path[TL_PATH_SPACE];
    const int length = snprintf(path, sizeof path, "%s/threatloop%s%s.1", folder,
                                usage ? "-" : "", usage ? usage->command : "");
    TL_CHECK(length > 0 && length < TL_PATH_SPACE, err, TL_E_ARG,
             "the name of the folder is too long");
    FILE *file = fopen(path, "w");
    TL_CHECK(file, err, TL_E_IO, "%s: cannot be written: %s", path, strerror(errno));
    if (usage)
        put_command(file, usage);
    else
        put_program(file);
    const bool has_failed = ferror(file) != 0;
    TL_CHECK(fclose(file) == 0 && !has_failed, err, TL_E_IO, "%s: cannot be written: %s",
             path, strerror(errno));
    return TL_OK;
}

static tl_status write_pages(const char *folder, tl_err *err)
{
    int count;
    const tl_command *command = tl_commands(&count);
    TL_TRY(write_page(folder, NULL, err));
    for (int i = 0; i < count; i++) TL_TRY(write_page(folder, command[i].usage, err));
    return TL_OK;
}

int tl_cmd_manual(int argc, char **argv)
{
    request wanted = {0};
    tl_words words;
    int code, count;
    tl_err err;
    if (!tl_options_read(&tl_usage_manual, argc, argv, &wanted, &words, &code)) return code;
    if (wanted.folder && words.count > 0)
        return tl_options_refuse("manual", "--output writes all pages: name no command");
    if (wanted.folder) {
        const tl_status status = write_pages(wanted.folder, &err);
        if (status != TL_OK) tl_log(TL_LOG_ERROR, "%s", err.text);
        return tl_exit_of(status);
    }
    if (words.count == 0) {
        put_program(stdout);
        return TL_EXIT_DONE;
    }
    const tl_command *command = tl_commands(&count);
    for (int i = 0; i < count; i++) {
        if (strcmp(words.at[0], command[i].usage->command) != 0) continue;
        put_command(stdout, command[i].usage);
        return TL_EXIT_DONE;
    }
    return tl_options_refuse("manual", "no command '%s'", TL_BRIEF(words.at[0]));
}
