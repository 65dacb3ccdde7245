#include "analysis/report/figure_page.h"

#include "analysis/report/page_table.h"
#include "analysis/report/svg.h"

#include <string.h>

static tl_status write_svg(const tl_figure *figure, int number, tl_html *html, tl_err *err)
{
    tl_text svg = {0};
    tl_status status = tl_figure_svg(figure, &svg, err);
    if (status == TL_OK)
        status = tl_svg_write(figure, svg.at, svg.length, TL_SVG_PAGE, number, html, err);
    tl_text_close(&svg);
    return status;
}

tl_status tl_page_figure(const tl_page_figures *figures, int i, tl_html *html, tl_err *err)
{
    const tl_figure *figure = &figures->list->figure[i];
    char name[96];
    tl_html_begin(html, "figure", NULL);
    tl_html_add(html, "figcaption", NULL, figure->title);
    if (figures->is_drawn) {
        TL_TRY(write_svg(figure, i + 1, html, err));
        tl_html_begin(html, "details", NULL);
        tl_html_add(html, "summary", NULL, "Its numbers");
        tl_html_add(html, "p", "note", figure->about);
    }
    tl_page_table(figure->data, html);
    (void)snprintf(name, sizeof name, "%.80s.csv", figure->name);
    tl_page_csv(figure->data, name, html);
    if (figures->is_drawn) tl_html_end(html);
    tl_html_end(html);
    return TL_OK;
}

tl_status tl_page_figure_named(const tl_page_figures *figures, const char *kind,
                               const char *what, tl_html *html, tl_err *err)
{
    const size_t length = strlen(kind);
    for (int i = 0; i < figures->list->count; i++) {
        const char *name = figures->list->figure[i].name;
        if (strncmp(name, kind, length) == 0 && name[length] == '-' &&
            strcmp(name + length + 1, what) == 0)
            return tl_page_figure(figures, i, html, err);
    }
    return TL_OK;
}

static bool is_kind(const char *name, const char *kind)
{
    const size_t length = strlen(kind);
    return strncmp(name, kind, length) == 0 && (!name[length] || name[length] == '-');
}

int tl_page_figures_count(const tl_page_figures *figures, const char *kind)
{
    int count = 0;
    for (int i = 0; i < figures->list->count; i++)
        count += is_kind(figures->list->figure[i].name, kind) ? 1 : 0;
    return count;
}

tl_status tl_page_figures_of(const tl_page_figures *figures, const char *kind,
                             tl_html *html, tl_err *err)
{
    for (int i = 0; i < figures->list->count; i++) {
        if (is_kind(figures->list->figure[i].name, kind))
            TL_TRY(tl_page_figure(figures, i, html, err));
    }
    return TL_OK;
}
