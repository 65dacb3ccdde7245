/*
 * A page of HTML, written by libxml2: every text and attribute is escaped there, so that
 * none of a plan or a file can be markup. What a terminal
 * may not be shown either (compute/core/print.h) becomes U+FFFD.
 *
 * Memory that runs out is noticed once, by tl_html_end_page.
 */
#ifndef TL_ANALYSIS_REPORT_HTML_H
#define TL_ANALYSIS_REPORT_HTML_H

#include "compute/core/text.h"

/** A page in the making. */
typedef struct tl_html tl_html;

/** Begins a page that tl_html_close frees. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_html_open(tl_html **out, tl_err *err);

/** Begins an element, of the classes `style` (may be NULL), inside the one that is open. */
void tl_html_begin(tl_html *html, const char *tag, const char *style);

/** Adds an attribute to the element just begun; nothing if `value` is NULL. */
void tl_html_attribute(tl_html *html, const char *name, const char *value);

/** Ends the innermost element; tl_html_end_void one that has no end tag, as <meta>. */
void tl_html_end(tl_html *html);
void tl_html_end_void(tl_html *html);

/** Adds text to the element, the second formatted. */
void tl_html_text(tl_html *html, const char *text);
void tl_html_print(tl_html *html, const char *format, ...) TL_PRINTF(2, 3);

/** An element with a text in it, the second formatted; `style` may be NULL. */
void tl_html_add(tl_html *html, const char *tag, const char *style, const char *text);
void tl_html_add_print(tl_html *html, const char *tag, const char *style,
                       const char *format, ...) TL_PRINTF(4, 5);

/** Begins what may be wider than the page, which scrolls by itself, from the keyboard too.
 */
void tl_html_begin_scroll(tl_html *html);

/** A row of a table with the texts of `head`, up to NULL. */
void tl_html_add_heads(tl_html *html, const char *const *head);

/** A number to 4 significant digits, in an element <data> that has all digits as its value;
 * "n/a" if it is NaN. A signed number has its sign in any case. */
void tl_html_number(tl_html *html, double value, bool is_signed);

/** "[low, high]" of two such numbers. */
void tl_html_interval(tl_html *html, double low, double high);

/** Adds the program's own style sheet, without any escape. */
void tl_html_style(tl_html *html, const char *css);

/** An attribute that holds a file: "data:TYPE;base64,..." of `bytes` [n]. */
void tl_html_file(tl_html *html, const char *name, const char *type, const char *bytes,
                  size_t n);

/** Ends all elements. \param page result [bytes], borrowed from `html`
 * \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_html_end_page(tl_html *html, const char **page, size_t *bytes,
                                       tl_err *err);

/** Frees the page; `html` may be NULL. */
void tl_html_close(tl_html *html);

/** Appends `text` to `out`, made harmless as said above. */
void tl_html_clean(tl_text *out, const char *text);

#endif
