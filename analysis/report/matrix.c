#include "analysis/report/matrix.h"

#include "analysis/effect/effect_text.h"
#include "analysis/report/cards.h"
#include "analysis/report/label.h"
#include "analysis/table/schema.h"

#include <math.h>
#include <string.h>

enum { MOST_COLUMNS = 24, MOST_ROWS = 200, MOST_REASONS = 26 };

typedef struct matrix {
    const tl_findings *found;
    const tl_column *column[MOST_COLUMNS];
    const tl_effect *row[MOST_ROWS]; /* the first effect of its comparison */
    const char *reason[MOST_REASONS];
    int columns, rows, reasons, rows_left_out;
} matrix;

/* --- what is in it -------------------------------------------------------------------- */

static bool is_wanted(const tl_findings *found, const tl_column *column, bool is_any)
{
    if (!is_any) return tl_findings_is_main(found, column);
    const char *better = tl_column_attribute(column, TL_NAME_BETTER);
    return column->type == TL_COLUMN_REAL && better && strcmp(better, TL_NEITHER) != 0 &&
           tl_column_has_value(found->table, column);
}

static const char *flow_of(const tl_column *column)
{
    const char *flow = tl_column_attribute(column, TL_NAME_FLOW);
    return flow ? flow : "none";
}

/* Columns flow by flow, each in the order of the chain. */
static void choose_columns(matrix *m, bool is_any)
{
    static const char *const flow[] = {"none", "D2D", "D2M", "M2D", "M2M"};
    for (size_t f = 0; f < sizeof flow / sizeof *flow; f++) {
        for (int i = 0; i < m->found->table->columns; i++) {
            const tl_column *column = &m->found->table->column[i];
            if (m->columns == MOST_COLUMNS || strcmp(flow_of(column), flow[f]) != 0)
                continue;
            if (is_wanted(m->found, column, is_any)) m->column[m->columns++] = column;
        }
    }
}

static bool is_same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_same_comparison(const tl_effect *a, const tl_effect *b)
{
    return a->kind == b->kind && is_same_text(a->factor, b->factor) &&
           is_same_text(a->level, b->level) && is_same_text(a->reference, b->reference) &&
           is_same_text(a->at, b->at);
}

static int column_of(const matrix *m, const char *metric)
{
    for (int i = 0; i < m->columns; i++)
        if (strcmp(m->column[i]->name, metric) == 0) return i;
    return -1;
}

static void choose_rows(matrix *m)
{
    for (int k = 0; k < m->found->effects->count; k++) {
        const tl_effect *e = &m->found->effects->effect[k];
        bool is_there = column_of(m, e->metric) < 0;
        for (int r = 0; r < m->rows && !is_there; r++)
            is_there = is_same_comparison(m->row[r], e);
        if (is_there) continue;
        if (m->rows < MOST_ROWS)
            m->row[m->rows++] = e;
        else
            m->rows_left_out++;
    }
}

/* --- cells ---------------------------------------------------------------------------- */

/* The letter of a reason, which is new or known. */
static char letter_of(matrix *m, const char *reason)
{
    for (int i = 0; i < m->reasons; i++)
        if (strcmp(m->reason[i], reason) == 0) return (char)('a' + i);
    if (m->reasons == MOST_REASONS) return '*';
    m->reason[m->reasons] = reason;
    return (char)('a' + m->reasons++);
}

static const tl_effect *effect_at(const matrix *m, const tl_effect *row, int column)
{
    for (int k = 0; k < m->found->effects->count; k++) {
        const tl_effect *e = &m->found->effects->effect[k];
        if (strcmp(e->metric, m->column[column]->name) == 0 && is_same_comparison(e, row))
            return e;
    }
    return NULL;
}

static void write_cell(matrix *m, const tl_effect *row, int column, tl_html *html)
{
    const tl_effect *e = effect_at(m, row, column);
    if (!e || isnan(e->mean)) {
        const char *reason = e ? e->missing
                             : row->at || row->hypothesis >= 0
                                 ? "not asked under this condition"
                                 : "does not depend on it";
        tl_html_begin(html, "td", "none");
        tl_html_print(html, "\xE2\x80\x93 ");
        tl_html_add_print(html, "sup", NULL, "%c",
                          letter_of(m, reason ? reason : "no number"));
        tl_html_end(html);
        return;
    }
    const bool is_beyond = tl_findings_excludes_zero(e);
    tl_html_begin(html, "td", !is_beyond ? NULL : e->mean > 0.0 ? "up" : "down");
    tl_cards_mark(m->found, e, html);
    tl_html_begin(html, "span", "value");
    if (is_beyond) tl_html_text(html, e->mean > 0.0 ? "\xE2\x96\xB2 " : "\xE2\x96\xBC ");
    tl_html_number(html, e->mean, true);
    tl_html_end(html);
    if (!isnan(e->low)) tl_html_interval(html, e->low, e->high);
    if (e->hypothesis >= 0) {
        char number[24], link[40];
        (void)snprintf(link, sizeof link, "#h%s", tl_effect_number(e, number));
        tl_html_begin(html, "a", NULL);
        tl_html_attribute(html, "href", link);
        tl_cards_badge(tl_effect_verdict(e), html);
        tl_html_end(html);
    }
    tl_html_end(html);
}

/* --- the table ------------------------------------------------------------------------ */

static void write_flows(const matrix *m, tl_html *html)
{
    tl_html_begin(html, "tr", NULL);
    tl_html_add(html, "td", NULL, "");
    for (int i = 0, end; i < m->columns; i = end) {
        char width[16];
        const char *flow = flow_of(m->column[i]);
        end = i + 1;
        while (end < m->columns && strcmp(flow_of(m->column[end]), flow) == 0) end++;
        (void)snprintf(width, sizeof width, "%d", end - i);
        tl_html_begin(html, "th", "flow");
        tl_html_attribute(html, "colspan", width);
        tl_html_attribute(html, "scope", "colgroup");
        tl_html_text(html, strcmp(flow, "none") == 0  ? "model"
                           : strcmp(flow, "D2D") == 0 ? "data to data"
                           : strcmp(flow, "D2M") == 0 ? "data to model"
                           : strcmp(flow, "M2D") == 0 ? "model to data"
                                                      : "model to model");
        tl_html_end(html);
    }
    tl_html_end(html);
}

static void write_head(const matrix *m, tl_html *html)
{
    tl_html_begin(html, "thead", NULL);
    write_flows(m, html);
    tl_html_begin(html, "tr", NULL);
    tl_html_begin(html, "th", NULL);
    tl_html_attribute(html, "scope", "col");
    tl_html_text(html, "what was done");
    tl_html_end(html);
    for (int i = 0; i < m->columns; i++) {
        tl_html_begin(html, "th", NULL);
        tl_html_attribute(html, "scope", "col");
        tl_html_attribute(html, "title", m->column[i]->name);
        tl_html_text(html, tl_label_metric(m->found, m->column[i]->name, true));
        tl_html_end(html);
    }
    tl_html_end(html);
    tl_html_end(html);
}

static void write_table(matrix *m, tl_html *html)
{
    tl_html_begin_scroll(html);
    tl_html_attribute(html, "role", "region");
    tl_html_attribute(html, "aria-label", "interaction matrix");
    tl_html_begin(html, "table", "matrix");
    write_head(m, html);
    tl_html_begin(html, "tbody", NULL);
    for (int r = 0; r < m->rows; r++) {
        tl_html_begin(html, "tr", NULL);
        tl_html_begin(html, "th", NULL);
        tl_html_attribute(html, "scope", "row");
        tl_html_text(html, tl_label_change(m->found, m->row[r]));
        tl_html_end(html);
        for (int i = 0; i < m->columns; i++) write_cell(m, m->row[r], i, html);
        tl_html_end(html);
    }
    for (int i = 0; i < 3; i++) tl_html_end(html);
}

static void write_notes(const matrix *m, tl_html *html)
{
    tl_html_add(
        html, "p", "note",
        "\xE2\x96\xB2 and \xE2\x96\xBC: p, of a hypothesis q, is at most 0.05 and the 95 % interval "
        "excludes 0. Only cells with a verdict are tests, corrected together; every "
        "other cell is exploratory and not corrected.");
    for (int i = 0; i < m->reasons; i++)
        tl_html_add_print(html, "p", "note", "%c: %s.", 'a' + i, m->reason[i]);
    if (m->rows_left_out > 0)
        tl_html_add_print(html, "p", "note",
                          "%d effects of further comparisons are left out here; threatloop "
                          "effects %s has them.",
                          m->rows_left_out, m->found->file);
}

void tl_matrix_write(const tl_findings *found, tl_html *html)
{
    matrix m = {.found = found};
    choose_columns(&m, false);
    if (m.columns == 0) choose_columns(&m, true);
    choose_rows(&m);
    if (m.rows == 0) {
        tl_html_add(html, "p", NULL, "No metric depends on a factor that varies.");
        return;
    }
    write_table(&m, html);
    write_notes(&m, html);
}
