#include "runner/cli/text_page.h"

#include "compute/core/print.h"
#include "compute/core/terminal.h"
#include "compute/core/text.h"

#include <string.h>

enum { WIDTH = 80, LARGEST = 100, ROOM = 20 /* columns of text that every line gets */ };

/* Columns of a page: those of the terminal, within reason. */
static int page_width(FILE *file)
{
    const int columns = tl_terminal_columns(fileno(file));
    if (columns == 0) return WIDTH;
    return columns < LARGEST ? columns : LARGEST;
}

/* Bytes up to the next blank outside of brackets: [--set PATH=VALUE] is one word. */
static size_t word_length(const char *text)
{
    size_t length = 0;
    for (int depth = 0; text[length] && (depth > 0 || text[length] != ' '); length++)
        depth += (text[length] == '[') - (depth > 0 && text[length] == ']');
    return length;
}

static int columns_of(const char *text, size_t length)
{
    int columns = 0;
    for (size_t i = 0; i < length; i++) columns += ((unsigned char)text[i] & 0xc0) != 0x80;
    return columns;
}

/* Prints `text` from `column` on, where the line is now; more lines begin at `indent`. */
static void wrap(FILE *file, int column, int indent, const char *text)
{
    int width = page_width(file);
    if (width < indent + ROOM) width = indent + ROOM;
    bool is_first = true;
    while (*text) {
        const size_t length = word_length(text);
        const int columns = columns_of(text, length);
        if (!is_first && column + 1 + columns > width) {
            tl_print(file, "\n%*s", indent, "");
            column = indent;
            is_first = true;
        }
        tl_print(file, "%s%.*s", is_first ? "" : " ", (int)length, text);
        column += columns + !is_first;
        is_first = false;
        text += length + (text[length] == ' ');
    }
    tl_print(file, "\n");
}

void tl_page_text(FILE *file, int indent, const char *text)
{
    tl_print(file, "%*s", indent, "");
    wrap(file, indent, indent, text);
}

void tl_page_row(FILE *file, int indent, const char *left, const char *about)
{
    const int columns = columns_of(left, strlen(left));
    const bool fits =
        columns < indent || (columns == indent && left[strlen(left) - 1] == ' ');
    tl_print(file, "%s%*s", left, columns < indent ? indent - columns : 0, "");
    if (!fits) tl_print(file, "\n%*s", indent, "");
    wrap(file, indent, indent, about);
}

void tl_page_paragraphs(FILE *file, const char *text)
{
    enum { INDENT = 12 };
    while (text && *text) {
        const size_t length = strcspn(text, "\n");
        tl_text line = {0};
        tl_text_bytes(&line, text, length);
        char *tab = line.at ? strchr(line.at, '\t') : NULL;
        if (tab) *tab = '\0';
        if (tab)
            tl_page_row(file, INDENT, line.at, tab + 1);
        else
            tl_page_text(file, 0, line.at ? line.at : "");
        tl_text_close(&line);
        text += length + (text[length] == '\n');
    }
}
