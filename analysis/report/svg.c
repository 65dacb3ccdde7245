#include "analysis/report/svg.h"

#include <libxml/xmlreader.h>
#include <string.h>

typedef struct copier {
    const tl_figure *figure;
    tl_svg_place place;
    int number;
    tl_html *html;
    xmlTextReader *from;
    bool is_begun;
} copier;

static bool is_one_of(const char *name, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(name, *list) == 0) return true;
    return false;
}

static const char *const shapes[] = {"g",    "path", "rect",    "circle", "use",
                                     "text", "defs", "polygon", "line",   NULL};
static const char *const attributes[] = {"id",
                                         "fill",
                                         "color",
                                         "stroke",
                                         "stroke-width",
                                         "stroke-linecap",
                                         "stroke-linejoin",
                                         "stroke-dasharray",
                                         "d",
                                         "x",
                                         "y",
                                         "width",
                                         "height",
                                         "cx",
                                         "cy",
                                         "r",
                                         "transform",
                                         "font-family",
                                         "font-size",
                                         "text-anchor",
                                         "fill-opacity",
                                         "xlink:href",
                                         "points",
                                         "x1",
                                         "x2",
                                         "y1",
                                         "y2",
                                         "opacity",
                                         NULL};

/* The colours of the house, as gnuplot writes them but for blanks, and as the page's style
 * names them. */
static const struct {
    const char *drawn, *variable;
} colours[] = {{"black", "currentColor"},           {"rgb(0,0,0)", "currentColor"},
               {"rgb(118,118,118)", "var(--line)"}, {"rgb(0,114,178)", "var(--c1)"},
               {"rgb(213,94,0)", "var(--c2)"},      {"rgb(0,130,95)", "var(--c3)"},
               {"rgb(168,84,140)", "var(--c4)"}};

static const char *coloured(const copier *c, const char *value)
{
    char plain[32];
    size_t n = 0;
    for (const char *at = value; *at && n < sizeof plain - 1; at++)
        if (*at != ' ') plain[n++] = *at;
    plain[n] = '\0';
    for (size_t i = 0; c->place == TL_SVG_PAGE && i < sizeof colours / sizeof *colours; i++)
        if (strcmp(plain, colours[i].drawn) == 0) return colours[i].variable;
    return value;
}

static void copy_attribute(const copier *c, const char *name, const char *value)
{
    char reference[64];
    const bool is_link = strcmp(name, "xlink:href") == 0;
    if (!is_one_of(name, attributes)) return;
    if (is_link && value[0] != '#') return;
    if (is_link || strcmp(name, "id") == 0) {
        if (strncmp(value, "gnuplot", 7) == 0) return;
        (void)snprintf(reference, sizeof reference, "%sf%d%s", is_link ? "#" : "",
                       c->number, is_link ? value + 1 : value);
        tl_html_attribute(c->html, is_link ? "href" : name, reference);
        return;
    }
    tl_html_attribute(c->html, name, coloured(c, value));
}

static void copy_attributes(const copier *c)
{
    while (xmlTextReaderMoveToNextAttribute(c->from) == 1) {
        copy_attribute(c, (const char *)xmlTextReaderConstName(c->from),
                       (const char *)xmlTextReaderConstValue(c->from));
    }
    (void)xmlTextReaderMoveToElement(c->from);
}

/* The root, with a title and a description of its own. */
static void begin_root(const copier *c)
{
    const tl_figure *f = c->figure;
    const int height = f->lines * TL_FIGURE_LINE;
    char text[64];
    tl_html_begin(c->html, "svg", NULL);
    tl_html_attribute(c->html, "xmlns", "http://www.w3.org/2000/svg");
    (void)snprintf(text, sizeof text, "0 0 %d %d", TL_FIGURE_WIDTH, height);
    tl_html_attribute(c->html, "viewBox", text);
    (void)snprintf(text, sizeof text, "f%dt f%dd", c->number, c->number);
    tl_html_attribute(c->html, "role", "img");
    tl_html_attribute(c->html, "aria-labelledby", text);
    if (c->place == TL_SVG_FILE) {
        (void)snprintf(text, sizeof text, "%d", TL_FIGURE_WIDTH);
        tl_html_attribute(c->html, "width", text);
        (void)snprintf(text, sizeof text, "%d", height);
        tl_html_attribute(c->html, "height", text);
        tl_html_attribute(c->html, "style", "background:#fff");
    }
    tl_html_begin(c->html, "title", NULL);
    (void)snprintf(text, sizeof text, "f%dt", c->number);
    tl_html_attribute(c->html, "id", text);
    tl_html_text(c->html, f->title);
    tl_html_end(c->html);
    tl_html_begin(c->html, "desc", NULL);
    (void)snprintf(text, sizeof text, "f%dd", c->number);
    tl_html_attribute(c->html, "id", text);
    tl_html_text(c->html, f->about);
    tl_html_end(c->html);
    if (c->place == TL_SVG_PAGE) return;
    tl_html_begin(c->html, "rect", NULL);
    tl_html_attribute(c->html, "width", "100%");
    tl_html_attribute(c->html, "height", "100%");
    tl_html_attribute(c->html, "fill", "#fff");
    tl_html_end(c->html);
}

static void copy_text(const copier *c)
{
    size_t length;
    const char *drawn = (const char *)xmlTextReaderConstValue(c->from);
    if (!drawn) return;
    drawn += strspn(drawn, " \t\n");
    const char *text = tl_figure_find(c->figure, drawn, &length);
    if (*drawn) tl_html_text(c->html, text ? text : drawn);
}

/* Copies the node that the reader is at; `next` skips the children of what is left out. */
static int copy_node(copier *c)
{
    const char *name = (const char *)xmlTextReaderConstName(c->from);
    const int type = xmlTextReaderNodeType(c->from);
    if (type == XML_READER_TYPE_ELEMENT) {
        const bool is_root = !c->is_begun && strcmp(name, "svg") == 0;
        if (!is_root && !is_one_of(name, shapes)) return xmlTextReaderNext(c->from);
        const bool is_empty = xmlTextReaderIsEmptyElement(c->from) == 1;
        if (is_root)
            begin_root(c);
        else
            tl_html_begin(c->html, name, NULL);
        if (!is_root) copy_attributes(c);
        c->is_begun = true;
        if (is_empty) tl_html_end(c->html);
    } else if (type == XML_READER_TYPE_END_ELEMENT) {
        tl_html_end(c->html);
    } else if (type == XML_READER_TYPE_TEXT || type == XML_READER_TYPE_CDATA) {
        copy_text(c);
    }
    return xmlTextReaderRead(c->from);
}

tl_status tl_svg_write(const tl_figure *figure, const char *svg, size_t bytes,
                       tl_svg_place place, int number, tl_html *html, tl_err *err)
{
    copier c = {.figure = figure, .place = place, .number = number, .html = html};
    c.from = xmlReaderForMemory(svg, (int)bytes, NULL, NULL,
                                XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    TL_CHECK(c.from, err, TL_E_NOMEM, "no memory for a figure");
    int state = xmlTextReaderRead(c.from);
    while (state == 1) state = copy_node(&c);
    xmlFreeTextReader(c.from);
    TL_CHECK(state == 0 && c.is_begun, err, TL_E_FORMAT, "gnuplot drew no SVG for %s",
             figure->name);
    return TL_OK;
}
