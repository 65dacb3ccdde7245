/*
 * threatloop manual: pages for man(1), from the tables of options.
 */
#include "compute/core/file.h"
#include "compute/core/log.h"
#include "compute/core/print.h"
#include "runner/cli/commands.h"
#include "runner/cli/options.h"
#include "runner/exit.h"

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

/* Appends [length] bytes of `text` so that roff takes them as they are. */
static void add_part(tl_text *page, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\\')
            tl_text_add(page, "\\e");
        else if (text[i] == '-')
            tl_text_add(page, "\\-");
        else if ((text[i] == '.' || text[i] == '\'') && i == 0)
            tl_text_print(page, "\\&%c", text[i]);
        else
            tl_text_bytes(page, text + i, 1);
    }
}

static void add(tl_text *page, const char *text)
{
    add_part(page, text, strlen(text));
}

/* Paragraphs as tl_page_paragraphs has them. */
static void add_paragraphs(tl_text *page, const char *text)
{
    while (text && *text) {
        const size_t length = strcspn(text, "\n"), word = strcspn(text, "\t\n");
        if (word < length) {
            tl_text_add(page, ".TP\n.B ");
            add_part(page, text, word);
            tl_text_add(page, "\n");
            add_part(page, text + word + 1, length - word - 1);
        } else {
            tl_text_add(page, ".PP\n");
            add_part(page, text, length);
        }
        tl_text_add(page, "\n");
        text += length + (text[length] == '\n');
    }
}

static void add_options(tl_text *page, const tl_usage *usage)
{
    tl_text_add(page, ".SH OPTIONS\n");
    for (const tl_option *o = usage->options; o->name; o++) {
        tl_text_add(page, ".TP\n");
        if (o->letter) tl_text_print(page, "\\fB\\-%c\\fR, ", o->letter);
        tl_text_add(page, "\\fB\\-\\-");
        add(page, o->name);
        tl_text_add(page, "\\fR");
        if (o->value) {
            tl_text_add(page, " \\fI");
            add(page, o->value);
            tl_text_add(page, "\\fR");
        }
        tl_text_add(page, "\n");
        add(page, o->about);
        tl_text_add(page, "\n");
    }
    tl_text_add(page, ".TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nprint a page of help\n");
}

static void add_title(tl_text *page, const char *name, const char *summary)
{
    tl_text_add(page, ".TH \"");
    add(page, name);
    tl_text_add(page, "\" 1 \"\" \"threatloop " TL_VERSION "\" \"threatloop\"\n.SH NAME\n");
    add(page, name);
    tl_text_add(page, " \\- ");
    add(page, summary);
    tl_text_add(page, "\n.SH SYNOPSIS\n");
}

static void add_command(tl_text *page, const tl_usage *usage)
{
    char name[64];
    (void)snprintf(name, sizeof name, "threatloop-%s", usage->command);
    add_title(page, name, usage->summary);
    for (const char *form = usage->forms; form;) {
        const size_t length = strcspn(form, "\n");
        tl_text_print(page, ".B threatloop %s\n", usage->command);
        add_part(page, form, length);
        tl_text_add(page, "\n.br\n");
        form = form[length] ? form + length + 1 : NULL;
    }
    tl_text_add(page, ".SH DESCRIPTION\n");
    add_paragraphs(page, usage->about);
    add_options(page, usage);
    if (usage->notes) tl_text_add(page, ".SH NOTES\n");
    add_paragraphs(page, usage->notes);
    tl_text_add(page, ".SH SEE ALSO\n.BR threatloop (1)\n");
}

static void add_program(tl_text *page)
{
    int count;
    const tl_command *command = tl_commands(&count);
    add_title(page, "threatloop", "measures how ML attacks and defences interact");
    tl_text_add(page, ".B threatloop\n\\fICOMMAND\\fR [\\fIARGUMENTS\\fR]\n.SH COMMANDS\n");
    for (int i = 0; i < count; i++) {
        tl_text_print(page, ".TP\n.BR threatloop\\-%s (1)\n", command[i].usage->command);
        add(page, command[i].usage->summary);
        tl_text_add(page, "\n");
    }
}

/* A page, closed by the caller. \param usage  NULL: of the program itself */
static tl_text page_of(const tl_usage *usage)
{
    tl_text page = {0};
    if (usage)
        add_command(&page, usage);
    else
        add_program(&page);
    TL_INVARIANT(!page.is_short);
    return page;
}

static tl_status write_page(const char *folder, const tl_usage *usage, tl_err *err)
{
    char path[TL_PATH_SPACE];
    const int length = snprintf(path, sizeof path, "%s/threatloop%s%s.1", folder,
                                usage ? "-" : "", usage ? usage->command : "");
    TL_CHECK(length > 0 && length < TL_PATH_SPACE, err, TL_E_ARG,
             "the name of the folder is too long");
    tl_text page = page_of(usage);
    const tl_durable_piece piece = {page.at, page.length};
    const tl_status status = tl_file_replace(NULL, path, 0666, &piece, 1, err);
    tl_text_close(&page);
    return status;
}

static int print_page(const tl_usage *usage)
{
    tl_text page = page_of(usage);
    tl_print_lines(stdout, page.at);
    tl_text_close(&page);
    return TL_EXIT_DONE;
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
    if (words.count == 0) return print_page(NULL);
    const tl_command *command = tl_commands(&count);
    for (int i = 0; i < count; i++) {
        if (strcmp(words.at[0], command[i].usage->command) != 0) continue;
        return print_page(command[i].usage);
    }
    return tl_options_refuse("manual", "no command '%s'", TL_BRIEF(words.at[0]));
}
