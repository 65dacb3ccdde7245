/*
 * How a page looks: its colours, sizes and places, on screens and on paper.
 */
#ifndef TL_ANALYSIS_REPORT_PAGE_STYLE_H
#define TL_ANALYSIS_REPORT_PAGE_STYLE_H

/** The style sheet of a page: light, dark, narrow and in print. */
const char *tl_page_style(void);

#endif
