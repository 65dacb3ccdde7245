#include "analysis/report/page.h"

#include "analysis/report/cards.h"
#include "analysis/report/effect_list.h"
#include "analysis/report/figures.h"
#include "analysis/report/gallery.h"
#include "analysis/report/gnuplot.h"
#include "analysis/report/matrix.h"
#include "analysis/report/methods.h"
#include "analysis/report/report_file.h"
#include "analysis/report/page_style.h"
#include "analysis/table/schema.h"

#include <string.h>

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

static void say_undrawn(const tl_page_figures *figures, tl_html *html)
{
    if (figures->is_drawn || figures->list->count == 0) return;
    tl_html_add(
        html, "p", "partial",
        "gnuplot is not installed where this page was made: tables stand in place of "
        "its figures.");
}

/* --- sections ------------------------------------------------------------------------- */

/* A section: text, and figures of up to 3 kinds after it. */
static const struct {
    const char *id, *title;
    void (*write)(const tl_findings *, tl_html *);
    const char *kind[3];
} sections[] = {
    {"answer", "Answer", NULL, {NULL}}, /* the first: its cards have figures in them */
    {"matrix", "What acts on what", tl_matrix_write, {NULL}},
    {"figures", "Figures", NULL, {"forest", "dose", "tradeoff"}},
    {"stored", "Single examples", NULL, {"roc", "scores"}},
    {"claims", "Claims and verdicts", tl_cards_claims, {NULL}},
    {"chain", "The chain", NULL, {"chain"}},
    {"effects", "All effects", tl_effect_list_write, {NULL}},
    {"methods", "Methods", tl_methods_write, {NULL}},
    {"limits", "Limits", tl_methods_limits, {NULL}},
    {"cost", "What it cost", NULL, {"cost"}},
    {"provenance", "Provenance", tl_methods_provenance, {NULL}}};
enum { SECTIONS = sizeof sections / sizeof *sections };

/* Whether a section has anything to show. */
static bool has_section(const tl_findings *found, const tl_page_figures *figures, int i)
{
    if (strcmp(sections[i].id, "stored") == 0 && tl_gallery_exists(found)) return true;
    if (i == 0 || sections[i].write) return true;
    for (int k = 0; k < 3 && sections[i].kind[k]; k++)
        if (tl_page_figures_count(figures, sections[i].kind[k]) > 0) return true;
    return false;
}

static void write_contents(const tl_findings *found, const tl_page_figures *figures,
                           tl_html *html)
{
    tl_html_begin(html, "nav", NULL);
    tl_html_attribute(html, "aria-label", "contents");
    for (int i = 0; i < SECTIONS; i++) {
        char link[32];
        if (!has_section(found, figures, i)) continue;
        (void)snprintf(link, sizeof link, "#%s", sections[i].id);
        tl_html_begin(html, "a", NULL);
        tl_html_attribute(html, "href", link);
        tl_html_text(html, sections[i].title);
        tl_html_end(html);
        tl_html_text(html, " ");
    }
    tl_html_end(html);
}

static tl_status write_section(const tl_findings *found, const tl_page_figures *figures,
                               int i, tl_html *html, tl_err *err)
{
    if (!has_section(found, figures, i)) return TL_OK;
    tl_html_begin(html, "section", NULL);
    tl_html_attribute(html, "id", sections[i].id);
    tl_html_add(html, "h2", NULL, sections[i].title);
    if (i == 0) TL_TRY(tl_cards_write(found, figures, html, err));
    if (sections[i].write) sections[i].write(found, html);
    if (strcmp(sections[i].id, "stored") == 0 && tl_gallery_exists(found))
        TL_TRY(tl_gallery_write(found, html, err));
    if (sections[i].kind[0]) tl_html_begin(html, "div", "figures");
    for (int k = 0; k < 3 && sections[i].kind[k]; k++)
        TL_TRY(tl_page_figures_of(figures, sections[i].kind[k], html, err));
    if (sections[i].kind[0]) tl_html_end(html);
    tl_html_end(html);
    return TL_OK;
}

static tl_status write_page(const tl_findings *found, const tl_page_figures *figures,
                            tl_html *html, tl_err *err)
{
    tl_html_begin(html, "html", NULL);
    tl_html_attribute(html, "lang", "en");
    write_head(found, html);
    tl_html_begin(html, "body", NULL);
    write_title(found, html);
    say_undrawn(figures, html);
    write_contents(found, figures, html);
    tl_html_begin(html, "main", NULL);
    for (int i = 0; i < SECTIONS; i++) TL_TRY(write_section(found, figures, i, html, err));
    return TL_OK;
}

static tl_status make_page(const tl_findings *found, tl_html *html, tl_err *err)
{
    tl_figures list;
    tl_status status = tl_figures_make(found, &list, err);
    const tl_page_figures figures = {&list, tl_gnuplot_is_there()};
    if (status == TL_OK) status = write_page(found, &figures, html, err);
    tl_figures_close(&list);
    return status;
}

tl_status tl_page_write(const tl_findings *found, const char *path, tl_err *err)
{
    tl_html *html = NULL;
    const char *page;
    size_t bytes;
    TL_TRY(tl_html_open(&html, err));
    tl_status status = make_page(found, html, err);
    if (status == TL_OK) status = tl_html_end_page(html, &page, &bytes, err);
    if (status == TL_OK) status = tl_report_file_save(path, page, bytes, err);
    tl_html_close(html);
    return status;
}
