#include "analysis/report/effect_list.h"

#include "analysis/effect/effect_text.h"
#include "analysis/report/cards.h"
#include "analysis/report/label.h"
#include "analysis/table/schema.h"

#include <math.h>
#include <string.h>

enum { MOST_EFFECTS = 3000 };

static void write_effect(const tl_findings *found, const tl_effect *e, tl_html *html)
{
    tl_html_begin(html, "tr", NULL);
    tl_cards_mark(found, e, html);
    tl_html_add(html, "td", "words", tl_label_change(found, e));
    const double value[] = {e->reference_mean,     e->mean, (double)NAN,
                            (double)e->replicates, e->p,    e->q};
    for (int i = 0; i < 6; i++) {
        tl_html_begin(html, "td", "number");
        if (i == 2 && !isnan(e->low))
            tl_html_interval(html, e->low, e->high);
        else if (i != 2 && !(i == 5 && e->hypothesis < 0))
            tl_html_number(html, value[i], i == 1);
        tl_html_end(html);
    }
    tl_html_add(html, "td", NULL, tl_effect_verdict(e));
    tl_html_add(html, "td", "words", e->missing ? e->missing : e->pooled ? e->pooled : "");
    tl_html_end(html);
}

static void begin_metric(const tl_findings *found, const char *metric, tl_html *html)
{
    static const char *const head[] = {"compared",
                                       "at reference",
                                       "difference",
                                       "95 % interval",
                                       "n",
                                       "p",
                                       "q",
                                       "verdict",
                                       "a mean over, or why there is no number",
                                       NULL};
    const tl_column *column = tl_table_find(found->table, metric);
    tl_html_begin(html, "details", NULL);
    tl_html_begin(html, "summary", NULL);
    tl_html_text(html, tl_label_metric(found, metric, true));
    tl_html_text(html, " ");
    tl_html_add(html, "code", NULL, metric);
    tl_html_end(html);
    for (int i = 0; column && i < 2; i++) {
        static const char *const name[] = {TL_NAME_LONG_NAME, TL_NAME_REFERENCES};
        const char *text = tl_column_attribute(column, name[i]);
        if (text) tl_html_add(html, "p", "note", text);
    }
    tl_html_begin_scroll(html);
    tl_html_begin(html, "table", NULL);
    tl_html_add_heads(html, head);
}

/* Whether all replicates are equal: a constant. */
static bool is_constant(const tl_effect *e)
{
    return !isnan(e->low) && e->low >= e->high;
}

static bool is_listed(const tl_effect *e)
{
    return e->hypothesis >= 0 || (!isnan(e->mean) && !is_constant(e));
}

void tl_effect_list_write(const tl_findings *found, tl_html *html)
{
    int shown = 0, constant = 0, without = 0, more = 0;
    for (int c = 0; c < found->table->columns; c++) {
        const char *metric = found->table->column[c].name;
        bool is_open = false;
        if (!tl_column_attribute(&found->table->column[c], TL_NAME_BETTER)) continue;
        for (int k = 0; k < found->effects->count; k++) {
            const tl_effect *e = &found->effects->effect[k];
            if (strcmp(e->metric, metric) != 0) continue;
            constant += !is_listed(e) && is_constant(e);
            without += !is_listed(e) && !is_constant(e);
            more += is_listed(e) && shown == MOST_EFFECTS;
            if (!is_listed(e) || shown == MOST_EFFECTS) continue;
            if (!is_open) begin_metric(found, metric, html);
            is_open = true;
            write_effect(found, e, html);
            shown++;
        }
        for (int i = 0; is_open && i < 3; i++) tl_html_end(html);
    }
    tl_html_add_print(
        html, "p", "note",
        "%d effects; %d that are the same in every replicate, %d without a "
        "number and %d more are left out: threatloop effects %s --csv has all.",
        shown, constant, without, more, found->file);
}
