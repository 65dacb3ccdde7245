/*
 * Parts of a page that several sections have: tables of numbers, files to download, and the
 * list of all effects.
 */
#ifndef TL_ANALYSIS_REPORT_PAGE_PARTS_H
#define TL_ANALYSIS_REPORT_PAGE_PARTS_H

#include "analysis/report/html.h"
#include "analysis/report/findings.h"

/** Writes into `html` a table with a line a row, in a box that scrolls. */
void tl_page_table(const tl_table *table, tl_html *html);

/** Writes into `html` a link that saves `table` as the file `name` in CSV. */
void tl_page_csv(const tl_table *table, const char *name, tl_html *html);

/** Writes into `html` all effects, grouped by metric, at most a few thousand, and how to
 * get the rest.
 */
void tl_page_effects(const tl_findings *found, tl_html *html);

/** The style sheet of the page. */
const char *tl_page_style(void);

#endif
