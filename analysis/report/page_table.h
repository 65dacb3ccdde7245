/*
 * Tables in a page, and as files to save.
 */
#ifndef TL_ANALYSIS_REPORT_PAGE_TABLE_H
#define TL_ANALYSIS_REPORT_PAGE_TABLE_H

#include "analysis/report/html.h"
#include "analysis/table/table.h"

/** Writes into `html` a table with a line a row, in a box that scrolls. */
void tl_page_table(const tl_table *table, tl_html *html);

/** Writes into `html` a link that saves `table` as the file `name` in CSV. */
void tl_page_csv(const tl_table *table, const char *name, tl_html *html);

#endif
