#include "analysis/table/table_print.h"

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

static void put_field(FILE *file, const char *text, size_t length, char separator)
{
    bool is_quoted = false;
    for (size_t i = 0; i < length; i++)
        is_quoted |= text[i] == separator || strchr("\"\r\n", text[i]) != NULL;
    if (is_quoted) (void)fputc('"', file);
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"') (void)fputc('"', file);
        (void)fputc(text[i], file);
    }
    if (is_quoted) (void)fputc('"', file);
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
        if (c > 0) (void)fputc(form.separator, file);
        put_field(file, table->column[c].name, strlen(table->column[c].name),
                  form.separator);
    }
    (void)fputs("\r\n", file);
    for (uint32_t t = 0; t < table->trials; t++) {
        for (int c = 0; c < table->columns; c++) {
            if (c > 0) (void)fputc(form.separator, file);
            if (!cell_text(&table->column[c], t, number, &text, &length)) continue;
            if (table->column[c].type == TL_COLUMN_REAL) set_decimal(number, form.decimal);
            put_field(file, text, length, form.separator);
        }
        (void)fputs("\r\n", file);
    }
}

static void put_string(FILE *file, const char *text, size_t length)
{
    (void)fputc('"', file);
    for (size_t i = 0; i < length; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            (void)fprintf(file, "\\%c", c);
        else if (c < 0x20)
            (void)fprintf(file, "\\u%04x", c);
        else
            (void)fputc(c, file);
    }
    (void)fputc('"', file);
}

void tl_table_json(FILE *file, const tl_table *table)
{
    char number[CELL_SPACE];
    const char *text;
    size_t length;
    (void)fputc('[', file);
    for (uint32_t t = 0; t < table->trials; t++) {
        (void)fputs(t > 0 ? ",\n{" : "\n{", file);
        for (int c = 0; c < table->columns; c++) {
            const tl_column *column = &table->column[c];
            if (c > 0) (void)fputs(", ", file);
            put_string(file, column->name, strlen(column->name));
            (void)fputs(": ", file);
            const bool is_real = column->type == TL_COLUMN_REAL;
            const bool has_value = cell_text(column, t, number, &text, &length) &&
                                   (!is_real || isfinite(column->real[t]));
            if (!has_value)
                (void)fputs("null", file);
            else if (is_real || column->type == TL_COLUMN_INT)
                (void)fwrite(text, 1, length, file);
            else
                put_string(file, text, length);
        }
        (void)fputc('}', file);
    }
    (void)fputs("\n]\n", file);
}
