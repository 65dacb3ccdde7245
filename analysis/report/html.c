#include "analysis/report/html.h"

#include "compute/core/print.h"
#include "compute/core/utf8.h"

#include <libxml/xmlwriter.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct tl_html {
    xmlBuffer *buffer;
    xmlTextWriter *to;
    tl_text clean;  /* the text that is being written */
    bool is_broken; /* memory ran out */
};

/* Notes what a call of the writer returned: bytes, or -1. */
static void note(tl_html *html, int written)
{
    if (written < 0) html->is_broken = true;
}

/* --- harmless text -------------------------------------------------------------------- */

void tl_html_clean(tl_text *out, const char *text)
{
    for (size_t left = strlen(text); left > 0;) {
        const bool is_space = *text == '\n' || *text == '\t';
        const size_t shown = is_space ? 1 : tl_print_shown(text, left);
        const size_t whole = shown > 0 ? shown : tl_utf8_sequence(text, left);
        const size_t step = whole > 0 ? whole : 1;
        if (shown > 0)
            tl_text_bytes(out, text, shown);
        else
            tl_text_add(out, "\xEF\xBF\xBD");
        text += step;
        left -= step;
    }
}

static const xmlChar *cleaned(tl_html *html, const char *text)
{
    tl_text_clear(&html->clean);
    tl_html_clean(&html->clean, text);
    if (html->clean.is_short) html->is_broken = true;
    return (const xmlChar *)(html->clean.at ? html->clean.at : "");
}

/* --- elements ------------------------------------------------------------------------- */

tl_status tl_html_open(tl_html **out, tl_err *err)
{
    tl_html *html = calloc(1, sizeof *html);
    if (html) html->buffer = xmlBufferCreate();
    if (html && html->buffer) html->to = xmlNewTextWriterMemory(html->buffer, 0);
    if (!html || !html->to) {
        tl_html_close(html);
        return tl_fail(err, TL_E_NOMEM, "no memory for a page");
    }
    *out = html;
    return TL_OK;
}

void tl_html_begin(tl_html *html, const char *tag, const char *style)
{
    if (strcmp(tag, "html") == 0)
        note(html,
             xmlTextWriterWriteDTD(html->to, (const xmlChar *)"html", NULL, NULL, NULL));
    note(html, xmlTextWriterStartElement(html->to, (const xmlChar *)tag));
    tl_html_attribute(html, "class", style);
}

void tl_html_attribute(tl_html *html, const char *name, const char *value)
{
    if (!value) return;
    note(html, xmlTextWriterWriteAttribute(html->to, (const xmlChar *)name,
                                           cleaned(html, value)));
}

void tl_html_end(tl_html *html)
{
    note(html, xmlTextWriterFullEndElement(html->to));
}

void tl_html_end_void(tl_html *html)
{
    note(html, xmlTextWriterEndElement(html->to));
}

void tl_html_text(tl_html *html, const char *text)
{
    note(html, xmlTextWriterWriteString(html->to, cleaned(html, text)));
}

static void print(tl_html *html, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    const int length = vsnprintf(NULL, 0, format, arguments);
    char *text = length < 0 ? NULL : malloc((size_t)length + 1);
    if (text) {
        (void)vsnprintf(text, (size_t)length + 1, format, again);
        tl_html_text(html, text);
    } else {
        html->is_broken = true;
    }
    free(text);
    va_end(again);
}

void tl_html_print(tl_html *html, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print(html, format, arguments);
    va_end(arguments);
}

void tl_html_add(tl_html *html, const char *tag, const char *style, const char *text)
{
    tl_html_begin(html, tag, style);
    tl_html_text(html, text);
    tl_html_end(html);
}

void tl_html_add_print(tl_html *html, const char *tag, const char *style,
                       const char *format, ...)
{
    va_list arguments;
    tl_html_begin(html, tag, style);
    va_start(arguments, format);
    print(html, format, arguments);
    va_end(arguments);
    tl_html_end(html);
}

/* --- numbers and files ---------------------------------------------------------------- */

void tl_html_begin_scroll(tl_html *html)
{
    tl_html_begin(html, "div", "scroll");
    tl_html_attribute(html, "tabindex", "0");
}

void tl_html_add_heads(tl_html *html, const char *const *head)
{
    tl_html_begin(html, "tr", NULL);
    for (int i = 0; head[i]; i++) tl_html_add(html, "th", NULL, head[i]);
    tl_html_end(html);
}

void tl_html_number(tl_html *html, double value, bool is_signed)
{
    char all[32];
    if (isnan(value)) {
        tl_html_text(html, "n/a");
        return;
    }
    tl_html_begin(html, "data", NULL);
    tl_html_attribute(html, "value", tl_text_shortest(value, all));
    tl_html_print(html, is_signed ? "%+.4g" : "%.4g", value);
    tl_html_end(html);
}

void tl_html_interval(tl_html *html, double low, double high)
{
    tl_html_begin(html, "span", "interval");
    tl_html_text(html, "[");
    tl_html_number(html, low, true);
    tl_html_text(html, ", ");
    tl_html_number(html, high, true);
    tl_html_text(html, "]");
    tl_html_end(html);
}

void tl_html_style(tl_html *html, const char *css)
{
    note(html, xmlTextWriterStartElement(html->to, (const xmlChar *)"style"));
    note(html, xmlTextWriterWriteRaw(html->to, (const xmlChar *)css));
    tl_html_end(html);
}

void tl_html_file(tl_html *html, const char *name, const char *type, const char *bytes,
                  size_t n)
{
    note(html, xmlTextWriterStartAttribute(html->to, (const xmlChar *)name));
    note(html, xmlTextWriterWriteFormatString(html->to, "data:%s;base64,", type));
    for (size_t from = 0, step; from < n; from += step) { /* its lengths are ints */
        step = n - from < 3U << 20 ? n - from : 3U << 20;
        note(html, xmlTextWriterWriteBase64(html->to, bytes, (int)from, (int)step));
    }
    note(html, xmlTextWriterEndAttribute(html->to));
}

tl_status tl_html_end_page(tl_html *html, const char **page, size_t *bytes, tl_err *err)
{
    note(html, xmlTextWriterEndDocument(html->to));
    note(html, xmlTextWriterFlush(html->to));
    TL_CHECK(!html->is_broken, err, TL_E_NOMEM, "no memory for the page");
    *page = (const char *)xmlBufferContent(html->buffer);
    *bytes = (size_t)xmlBufferLength(html->buffer);
    return TL_OK;
}

void tl_html_close(tl_html *html)
{
    if (!html) return;
    if (html->to) xmlFreeTextWriter(html->to);
    if (html->buffer) xmlBufferFree(html->buffer);
    tl_text_close(&html->clean);
    free(html);
}
