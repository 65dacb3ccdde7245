#include "analysis/table/table_print.h"

#include "compute/core/print.h"
#include "compute/core/text.h"

#include <math.h>
#include <string.h>

enum { CELL_SPACE = 40 };

/* A cell as text, formatted in `number` if needed; false if it is missing. */
static bool cell_text(const tl_column *column, uint32_t t, char number[CELL_SPACE],
                      const char **text, size_t *length)
{
    *text = number;
    switch (column->type) {
    case TL_COLUMN_KEY:
        (void)tl_key_text(&column->key[t], number);
        break;
    case TL_COLUMN_TEXT:
        *text = column->text[t];
        break;
    case TL_COLUMN_INT:
        (void)snprintf(number, CELL_SPACE, "%d", (int)column->integer[t]);
        break;
    case TL_COLUMN_REAL:
        if (isnan(column->real[t])) return false;
        (void)tl_text_shortest(column->real[t], number);
        break;
    case TL_COLUMN_FLAG: { /* the value-th of its words */
        const char *word = column->flag_meanings;
        for (int32_t i = 0; i < column->integer[t] && word; i++) {
            word = strchr(word, ' ');
            if (word) word++;
        }
        if (!word || column->integer[t] < 0) return false;
        *text = word;
        *length = strcspn(word, " ");
        return true;
    }
    }
    *length = strlen(*text);
    return true;
}

/* A field of RFC 4180: in quotes where it must be, with quotes doubled. */
static void put_field(FILE *file, const char *text, size_t length, char separator)
{
    bool is_quoted = false;
    for (size_t i = 0; i < length; i++)
        is_quoted |= text[i] == separator || strchr("\"\r\n", text[i]) != NULL;
    if (!is_quoted) {
        tl_print(file, "%.*s", (int)length, text);
        return;
    }
    tl_print(file, "\"");
    for (size_t i = 0; i < length; i++) {
        const size_t n = strcspn(text + i, "\""), left = length - i;
        tl_print(file, "%.*s", (int)(n < left ? n : left), text + i);
        i += n;
        if (i < length) tl_print(file, "\"\"");
    }
    tl_print(file, "\"");
}

/* Spelled out, as the formats that tl_print takes are our own: a tab of a text is not
 * shown. */
static void put_separator(FILE *file, tl_csv_form form)
{
    if (form.separator == '\t')
        tl_print(file, "\t");
    else
        tl_print(file, "%c", form.separator);
}

static void set_decimal(char *number, char decimal)
{
    char *point = strchr(number, '.');
    if (point) *point = decimal;
}

void tl_table_csv(FILE *file, const tl_table *table, tl_csv_form form)
{
    char number[CELL_SPACE];
    const char *text;
    size_t length;
    for (int c = 0; c < table->columns; c++) {
        if (c > 0) put_separator(file, form);
        put_field(file, table->column[c].name, strlen(table->column[c].name),
                  form.separator);
    }
    tl_print(file, "\r\n");
    for (uint32_t t = 0; t < table->trials; t++) {
        for (int c = 0; c < table->columns; c++) {
            if (c > 0) put_separator(file, form);
            if (!cell_text(&table->column[c], t, number, &text, &length)) continue;
            if (table->column[c].type == TL_COLUMN_REAL) set_decimal(number, form.decimal);
            put_field(file, text, length, form.separator);
        }
        tl_print(file, "\r\n");
    }
}

/* What may not be shown is escaped where it is a character, and else replaced. */
static void put_string(FILE *file, const char *text, size_t length)
{
    tl_print(file, "\"");
    for (size_t i = 0, n; i < length; i += n) {
        const unsigned char c = (unsigned char)text[i];
        n = tl_print_shown(text + i, length - i);
        if (c == '"' || c == '\\')
            tl_print(file, "\\%c", c);
        else if (n == 0 && c < 0x80)
            tl_print(file, "\\u%04x", c);
        else
            tl_print(file, "%.*s", n > 0 ? (int)n : 1, text + i);
        if (n == 0) n = 1;
    }
    tl_print(file, "\"");
}

void tl_table_json(FILE *file, const tl_table *table)
{
    char number[CELL_SPACE];
    const char *text;
    size_t length;
    tl_print(file, "[");
    for (uint32_t t = 0; t < table->trials; t++) {
        tl_print(file, t > 0 ? ",\n{" : "\n{");
        for (int c = 0; c < table->columns; c++) {
            const tl_column *column = &table->column[c];
            if (c > 0) tl_print(file, ", ");
            put_string(file, column->name, strlen(column->name));
            tl_print(file, ": ");
            const bool is_real = column->type == TL_COLUMN_REAL;
            const bool has_value = cell_text(column, t, number, &text, &length) &&
                                   (!is_real || isfinite(column->real[t]));
            if (!has_value)
                tl_print(file, "null");
            else if (is_real || column->type == TL_COLUMN_INT)
                tl_print(file, "%.*s", (int)length, text);
            else
                put_string(file, text, length);
        }
        tl_print(file, "}");
    }
    tl_print(file, "\n]\n");
}
