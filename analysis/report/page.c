#include "analysis/report/page.h"

#include "analysis/report/cards.h"
#include "analysis/report/figures.h"
#include "analysis/report/gnuplot.h"
#include "analysis/report/matrix.h"
#include "analysis/report/methods.h"
#include "analysis/report/page_parts.h"
#include "analysis/report/svg.h"
#include "analysis/table/schema.h"
#include "compute/core/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const char *title_of(const tl_findings *found)
{
    const char *title = tl_table_attribute(found->table, TL_NAME_TITLE);
    return title && *title ? title : "sweep";
}

/* --- head ----------------------------------------------------------------------------- */

static void write_meta(tl_html *html, const char *name, const char *content)
{
    tl_html_begin(html, "meta", NULL);
    tl_html_attribute(html, name[0] == 'C' ? "http-equiv" : "name", name);
    tl_html_attribute(html, "content", content);
    tl_html_end_void(html);
}

static void write_head(const tl_findings *found, tl_html *html)
{
    tl_html_begin(html, "head", NULL);
    tl_html_begin(html, "meta", NULL);
    tl_html_attribute(html, "charset", "utf-8");
    tl_html_end_void(html);
    write_meta(html, "viewport", "width=device-width, initial-scale=1");
    write_meta(html, "Content-Security-Policy",
               "default-src 'none'; style-src 'unsafe-inline'; img-src data:");
    write_meta(html, "color-scheme", "light dark");
    tl_html_add(html, "title", NULL, title_of(found));
    tl_html_style(html, tl_page_style());
    tl_html_end(html);
}

static void write_title(const tl_findings *found, tl_html *html)
{
    static const char *const name[] = {TL_NAME_DATA_SOURCE, TL_NAME_SEED, "plan_hash",
                                       TL_NAME_SOURCE};
    static const char *const word[] = {"data", "seed", "plan", "version"};
    const char *about = tl_table_attribute(found->table, "summary");
    tl_html_begin(html, "header", NULL);
    tl_html_add(html, "h1", NULL, title_of(found));
    if (about) tl_html_add(html, "p", "question", about);
    tl_html_begin(html, "p", "facts");
    tl_html_print(html, "%u of %u trials done", tl_findings_trials(found, TL_TRIAL_DONE),
                  found->table->trials);
    for (int i = 0; i < 4; i++) {
        const char *text = tl_table_attribute(found->table, name[i]);
        if (text && *text) tl_html_print(html, " \xC2\xB7 %s %s", word[i], text);
    }
    tl_html_end(html);
    if (tl_findings_is_partial(found))
        tl_html_add(html, "p", "partial",
                    "PARTIAL: trials are still to be run; every number on this page may "
                    "change.");
    tl_html_end(html);
}

/* --- figures -------------------------------------------------------------------------- */

static tl_status write_svg(const tl_figure *figure, int number, tl_html *html, tl_err *err)
{
    tl_text svg = {0};
    tl_status status = tl_figure_svg(figure, &svg, err);
    if (status == TL_OK)
        status = tl_svg_write(figure, svg.at, svg.length, TL_SVG_PAGE, number, html, err);
    tl_text_close(&svg);
    return status;
}

static tl_status write_figure(const tl_figure *figure, int number, bool is_drawn,
                              tl_html *html, tl_err *err)
{
    char name[96];
    tl_html_begin(html, "figure", NULL);
    tl_html_add_print(html, "figcaption", NULL, "%d. %s", number, figure->title);
    if (is_drawn) TL_TRY(write_svg(figure, number, html, err));
    if (is_drawn) tl_html_begin(html, "details", NULL);
    if (is_drawn) tl_html_add(html, "summary", NULL, "Its numbers");
    if (is_drawn) tl_html_add(html, "p", "note", figure->about);
    tl_page_table(figure->data, html);
    (void)snprintf(name, sizeof name, "%.80s.csv", figure->name);
    tl_page_csv(figure->data, name, html);
    if (is_drawn) tl_html_end(html);
    tl_html_end(html);
    return TL_OK;
}

static tl_status write_figures(const tl_findings *found, tl_html *html, tl_err *err)
{
    const bool is_drawn = tl_gnuplot_is_there();
    tl_figures figures = {0};
    tl_status status = tl_figures_make(found, &figures, err);
    if (!is_drawn && figures.count > 0)
        tl_html_add(
            html, "p", "partial",
            "gnuplot is not installed where this page was made: tables stand in place "
            "of its figures.");
    tl_html_begin(html, "div", "figures");
    for (int i = 0; status == TL_OK && i < figures.count; i++)
        status = write_figure(&figures.figure[i], i + 1, is_drawn, html, err);
    tl_html_end(html);
    tl_figures_close(&figures);
    return status;
}

/* --- sections ------------------------------------------------------------------------- */

static const struct {
    const char *id, *title;
} sections[] = {{"answer", "Answer"},       {"matrix", "What acts on what"},
                {"figures", "Figures"},     {"claims", "Claims and verdicts"},
                {"details", "All effects"}, {"methods", "Methods"},
                {"limits", "Limits"},       {"provenance", "Provenance"}};
enum { SECTIONS = sizeof sections / sizeof *sections };

static void write_contents(tl_html *html)
{
    tl_html_begin(html, "nav", NULL);
    tl_html_attribute(html, "aria-label", "contents");
    for (int i = 0; i < SECTIONS; i++) {
        char link[32];
        (void)snprintf(link, sizeof link, "#%s", sections[i].id);
        tl_html_begin(html, "a", NULL);
        tl_html_attribute(html, "href", link);
        tl_html_text(html, sections[i].title);
        tl_html_end(html);
        tl_html_text(html, " ");
    }
    tl_html_end(html);
}

static tl_status write_section(const tl_findings *found, int i, tl_html *html, tl_err *err)
{
    static void (*const write[SECTIONS])(const tl_findings *, tl_html *) = {
        tl_cards_write,    tl_matrix_write,      NULL,
        tl_cards_claims,   tl_page_effects,      tl_methods_write,
        tl_methods_limits, tl_methods_provenance};
    tl_status status = TL_OK;
    tl_html_begin(html, "section", NULL);
    tl_html_attribute(html, "id", sections[i].id);
    tl_html_add(html, "h2", NULL, sections[i].title);
    if (write[i])
        write[i](found, html);
    else
        status = write_figures(found, html, err);
    tl_html_end(html);
    return status;
}

static tl_status write_page(const tl_findings *found, tl_html *html, tl_err *err)
{
    tl_html_begin(html, "html", NULL);
    tl_html_attribute(html, "lang", "en");
    write_head(found, html);
    tl_html_begin(html, "body", NULL);
    write_title(found, html);
    write_contents(html);
    tl_html_begin(html, "main", NULL);
    for (int i = 0; i < SECTIONS; i++) TL_TRY(write_section(found, i, html, err));
    return TL_OK;
}

/* Writes `page` [bytes] to a file that others may read, beside `path`, and renames it. */
static bool save(const char *path, const char *page, size_t bytes)
{
    char temporary[TL_PATH_SPACE];
    if (snprintf(temporary, sizeof temporary, "%s.tmp", path) >= TL_PATH_SPACE) {
        errno = ENAMETOOLONG;
        return false;
    }
    const int file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) return false;
    bool is_good = tl_durable_write(file, page, bytes) && tl_durable_sync(file);
    is_good = close(file) == 0 && is_good;
    is_good = is_good && tl_durable_rename(temporary, path);
    if (is_good) return tl_durable_folder(path);
    const int why = errno;
    (void)unlink(temporary);
    errno = why;
    return false;
}

tl_status tl_page_write(const tl_findings *found, const char *path, tl_err *err)
{
    tl_html *html = NULL;
    const char *page;
    size_t bytes;
    TL_TRY(tl_html_open(&html, err));
    tl_status status = write_page(found, html, err);
    if (status == TL_OK) status = tl_html_end_page(html, &page, &bytes, err);
    if (status == TL_OK && !save(path, page, bytes))
        status = tl_fail(err, TL_E_IO, "%s: cannot be written: %s", path, strerror(errno));
    tl_html_close(html);
    return status;
}
