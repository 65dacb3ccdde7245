#include "analysis/report/page_table.h"

#include "analysis/table/schema.h"
#include "analysis/table/table_print.h"

#include <stdlib.h>

static void write_value(const tl_column *column, uint32_t row, tl_html *html)
{
    const bool is_number = column->type == TL_COLUMN_REAL || column->type == TL_COLUMN_INT;
    tl_html_begin(html, "td", is_number ? "number" : "words");
    if (column->type == TL_COLUMN_REAL)
        tl_html_number(html, column->real[row], false);
    else if (column->type == TL_COLUMN_TEXT)
        tl_html_text(html, column->text[row]);
    else
        tl_html_print(html, "%d", (int)column->integer[row]);
    tl_html_end(html);
}

void tl_page_table(const tl_table *table, tl_html *html)
{
    tl_html_begin_scroll(html);
    tl_html_begin(html, "table", NULL);
    tl_html_begin(html, "thead", NULL);
    tl_html_begin(html, "tr", NULL);
    for (int c = 0; c < table->columns; c++) {
        const char *about = tl_column_attribute(&table->column[c], TL_NAME_LONG_NAME);
        tl_html_begin(html, "th", NULL);
        tl_html_attribute(html, "scope", "col");
        tl_html_text(html, about ? about : table->column[c].name);
        tl_html_end(html);
    }
    tl_html_end(html);
    tl_html_end(html);
    tl_html_begin(html, "tbody", NULL);
    for (uint32_t row = 0; row < table->trials; row++) {
        tl_html_begin(html, "tr", NULL);
        for (int c = 0; c < table->columns; c++) write_value(&table->column[c], row, html);
        tl_html_end(html);
    }
    for (int i = 0; i < 3; i++) tl_html_end(html);
}

void tl_page_csv(const tl_table *table, const char *name, tl_html *html)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    if (!file) return;
    tl_table_csv(file, table, (tl_csv_form){',', '.'});
    if (fclose(file) == 0 && text) {
        tl_html_begin(html, "a", "download");
        tl_html_attribute(html, "download", name);
        tl_html_file(html, "href", "text/csv", text, bytes);
        tl_html_print(html, "%s", name);
        tl_html_end(html);
    }
    free(text);
}
