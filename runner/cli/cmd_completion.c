/*
 * threatloop completion: what a shell needs to complete command lines, from the tables of
 * options and the catalogue.
 */
#include "compute/core/json.h"
#include "compute/core/print.h"
#include "compute/core/text.h"
#include "runner/cli/catalogue.h"
#include "runner/cli/commands.h"
#include "runner/cli/options.h"
#include "runner/exit.h"

#include <string.h>

const tl_usage tl_usage_completion = {
    .command = "completion",
    .summary = "print what bash, zsh or fish need to complete command lines",
    .forms = "bash|zsh|fish",
    .about =
        "Prints a script that teaches a shell to complete commands, options and names. For "
        "this shell alone, or in its start-up file:\n"
        "bash\tsource <(threatloop completion bash)\n"
        "zsh\tsource <(threatloop completion zsh)\n"
        "fish\tthreatloop completion fish | source\n",
    .options = (const tl_option[]){{0}},
    .completes = "bash zsh fish",
    .least = 1,
    .most = 1,
    .wants = "completion needs the name of a shell: bash, zsh or fish"};

/* Appends the names in a list of the catalogue, each after a blank. */
static void add_list(const char *what, tl_text *out)
{
    json_t *list = tl_catalogue_list(what);
    size_t i;
    const json_t *one;
    json_array_foreach(list, i, one) tl_text_print(out, " %s", tl_json_field(one, "name"));
    json_decref(list);
}

/* What completes the words of a command: "files", "folders" and names. */
typedef struct word_choice {
    tl_text names; /* each after a blank */
    bool files, folders;
} word_choice;

static word_choice words_of(const tl_usage *usage)
{
    word_choice choice = {0};
    for (const char *at = usage->completes; at && *at;) {
        const size_t length = strcspn(at, " ");
        char word[64];
        (void)snprintf(word, sizeof word, "%.*s", (int)length, at);
        const bool is_files = strcmp(word, "files") == 0;
        const bool is_folders = strcmp(word, "folders") == 0;
        choice.files |= is_files;
        choice.folders |= is_folders;
        if (word[0] == '@')
            add_list(word + 1, &choice.names);
        else if (!is_files && !is_folders)
            tl_text_print(&choice.names, " %s", word);
        at += length + (at[length] == ' ');
    }
    return choice;
}

static bool is_folder(const tl_option *option)
{
    return strncmp(option->value, "DIR", 3) == 0;
}

static bool is_file(const tl_option *option)
{
    return strncmp(option->value, "FILE", 4) == 0;
}

/* ---- bash, and zsh in its manner ----------------------------------------------------- */

static void print_bash_command(const tl_usage *usage)
{
    tl_print(stdout, "    %s)\n        options='--help", usage->command);
    for (const tl_option *o = usage->options; o->name; o++) {
        tl_print(stdout, " --%s", o->name);
        if (o->letter) tl_print(stdout, " -%c", o->letter);
    }
    word_choice choice = words_of(usage);
    tl_print(stdout,
             "'\n        words='%s'\n        kind='%s'\n        case \"$before\" in\n",
             choice.names.at ? choice.names.at + 1 : "",
             choice.files ? "-f" : (choice.folders ? "-d" : ""));
    for (const tl_option *o = usage->options; o->name; o++) {
        if (!o->value) continue;
        tl_print(stdout, "        --%s", o->name);
        if (o->letter) tl_print(stdout, " | -%c", o->letter);
        tl_print(stdout, ") options='' words='' kind='%s' ;;\n",
                 is_folder(o) ? "-d" : (is_file(o) ? "-f" : ""));
    }
    tl_print(stdout, "        esac\n        ;;\n");
    tl_text_close(&choice.names);
}

static void print_bash(void)
{
    int count;
    const tl_command *command = tl_commands(&count);
    tl_print(stdout, "# Completion of threatloop, printed by: threatloop completion\n"
                     "_threatloop() {\n"
                     "    local word=${COMP_WORDS[COMP_CWORD]}\n"
                     "    local before=${COMP_WORDS[COMP_CWORD - 1]}\n"
                     "    local options='--help --version' kind='' words='");
    for (int i = 0; i < count; i++)
        tl_print(stdout, "%s%s", i > 0 ? " " : "", command[i].usage->command);
    tl_print(stdout, "'\n    [ \"$COMP_CWORD\" = 1 ] || case \"${COMP_WORDS[1]}\" in\n");
    for (int i = 0; i < count; i++) print_bash_command(command[i].usage);
    tl_print(stdout, "    *) options='' words='' ;;\n"
                     "    esac\n"
                     "    local IFS=$'\\n'\n"
                     "    case \"$word\" in\n"
                     "    -*) kind='' words=$options ;;\n"
                     "    esac\n"
                     "    words=${words// /$'\\n'}\n"
                     "    COMPREPLY=($(compgen $kind -W \"$words\" -- \"$word\"))\n"
                     "}\n"
                     "complete -o filenames -F _threatloop threatloop\n");
}

static void print_zsh(void)
{
    tl_print(stdout, "#compdef threatloop\n"
                     "autoload -U +X bashcompinit && bashcompinit\n");
    print_bash();
}

/* ---- fish ---------------------------------------------------------------------------- */

/* A text in fish's single quotes. */
static void print_quoted(const char *text)
{
    tl_text quoted = {0};
    for (const char *c = text; *c; c++) {
        if (*c == '\'' || *c == '\\') tl_text_add(&quoted, "\\");
        tl_text_bytes(&quoted, c, 1);
    }
    tl_print(stdout, "'%s'", quoted.at ? quoted.at : "");
    tl_text_close(&quoted);
}

static void print_fish_command(const tl_usage *usage)
{
    tl_print(stdout, "complete -c threatloop -f -n __fish_use_subcommand -a %s -d ",
             usage->command);
    print_quoted(usage->summary);
    tl_print(stdout, "\n");
    word_choice choice = words_of(usage);
    const char *kind = choice.files ? "-F" : (choice.folders ? "-F" : "-f");
    tl_print(stdout, "complete -c threatloop -n '__fish_seen_subcommand_from %s' %s -a ",
             usage->command, kind);
    print_quoted(choice.names.at ? choice.names.at + 1 : "");
    tl_print(stdout, "\n");
    tl_text_close(&choice.names);
    for (const tl_option *o = usage->options; o->name; o++) {
        tl_print(stdout, "complete -c threatloop -n '__fish_seen_subcommand_from %s' -l %s",
                 usage->command, o->name);
        if (o->letter) tl_print(stdout, " -s %c", o->letter);
        if (o->value) tl_print(stdout, is_folder(o) || is_file(o) ? " -r -F" : " -x");
        tl_print(stdout, " -d ");
        print_quoted(o->about);
        tl_print(stdout, "\n");
    }
}

static void print_fish(void)
{
    int count;
    const tl_command *command = tl_commands(&count);
    for (int i = 0; i < count; i++) print_fish_command(command[i].usage);
}

int tl_cmd_completion(int argc, char **argv)
{
    static const struct {
        const char *shell;
        void (*print)(void);
    } shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
    tl_words words;
    int code;
    if (!tl_options_read(&tl_usage_completion, argc, argv, NULL, &words, &code))
        return code;
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
        if (strcmp(words.at[0], shells[i].shell) != 0) continue;
        shells[i].print();
        return TL_EXIT_DONE;
    }
    return tl_options_refuse("completion", "%s, not '%s'", tl_usage_completion.wants,
                             TL_BRIEF(words.at[0]));
}
