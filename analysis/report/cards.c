#include "analysis/report/cards.h"

#include "analysis/effect/effect_text.h"
#include "analysis/report/label.h"
#include "analysis/table/schema.h"

#include <math.h>
#include <string.h>

static const double LEVEL = 0.05;
enum { VERDICTS = 5 };

static const struct {
    const char *verdict, *style, *sign;
} signs[VERDICTS] = {{"supported", "badge supported", "\xE2\x9C\x94"},
                     {"refuted", "badge refuted", "\xE2\x9C\x98"},
                     {"equivalent", "badge equivalent", "\xE2\x89\x88"},
                     {"unclear", "badge unclear", "?"},
                     {"not resolved", "badge unresolved", "\xE2\x80\xA6"}};

void tl_cards_mark(const tl_findings *found, const tl_effect *effect, tl_html *html)
{
    char number[32];
    (void)snprintf(number, sizeof number, "%td", effect - found->effects->effect);
    tl_html_attribute(html, "data-effect", number);
}

void tl_cards_badge(const char *verdict, tl_html *html)
{
    for (int i = 0; i < VERDICTS; i++) {
        if (strcmp(verdict, signs[i].verdict) != 0) continue;
        tl_html_add_print(html, "span", signs[i].style, "%s %s", signs[i].sign, verdict);
        return;
    }
    tl_html_add(html, "span", "badge", verdict);
}

/* --- what a verdict means ------------------------------------------------------------- */

static void say_found(const tl_findings *found, const tl_effect *e, tl_html *html)
{
    const char *metric = tl_label_metric(found, e->metric, false);
    const bool is_up = e->mean > 0.0;
    if (e->kind == TL_EFFECT_INTERACTION) {
        tl_html_print(html, "%s: together they move %s %s by ", tl_label_change(found, e),
                      metric, is_up ? "up" : "down");
    } else if (e->kind == TL_EFFECT_TREND) {
        tl_html_print(html, "%s: %s %s by ", tl_label_change(found, e), metric,
                      is_up ? "rises" : "falls");
    } else {
        tl_html_print(html, "%s: %s %s from ", tl_label_change(found, e), metric,
                      is_up ? "rises" : "falls");
        tl_html_number(html, e->reference_mean, false);
        tl_html_text(html, " by ");
    }
    tl_html_number(html, fabs(e->mean), false);
    tl_html_text(html, e->kind == TL_EFFECT_INTERACTION
                           ? " beyond the sum of what each does alone."
                           : ".");
}

static void say_equivalent(const tl_effect *e, tl_html *html)
{
    tl_html_text(html, "Whatever the difference is, it lies within \xC2\xB1");
    tl_html_number(html, e->margin, false);
    tl_html_text(html, ", the margin set beforehand (two one-sided t tests, p = ");
    tl_html_number(html, e->equivalence_p, false);
    tl_html_text(html, ").");
}

static void say_bound(const tl_effect *e, tl_html *html)
{
    tl_html_text(html, "Nothing is concluded but a bound: a difference larger than ");
    tl_html_number(html, fmax(-e->low, e->high), false);
    tl_html_text(html, " in size is excluded.");
}

static void say_open(const tl_effect *e, tl_html *html)
{
    if (isnan(e->low)) {
        tl_html_print(html, "There is no number: %s.", e->missing ? e->missing : "no data");
        return;
    }
    if (strcmp(tl_effect_verdict(e), "unclear") == 0) {
        tl_html_text(html, "Test and interval disagree, so nothing is concluded: ");
        tl_html_text(html, e->q <= LEVEL ? "q is at most 0.05 but the interval holds 0."
                                         : "the interval excludes 0 but q is above 0.05.");
    } else {
        say_bound(e, html);
    }
    if (!isnan(e->equivalence_p)) {
        tl_html_text(html, " It is not shown to be within \xC2\xB1");
        tl_html_number(html, e->margin, false);
        tl_html_text(html, ".");
    }
}

static void say_caveats(const tl_effect *e, tl_html *html)
{
    if (e->least_p > LEVEL)
        tl_html_print(html, " %d replicates cannot reach p = 0.05.", e->replicates);
    if (e->left_out > 0)
        tl_html_print(html, " %d replicates lack a value and are left out.", e->left_out);
    if (e->floor_sd > 0.0)
        tl_html_text(html,
                     " All replicates are equal: the interval is as if one row of each "
                     "rate were discordant.");
    if (e->scales == TL_SCALES_DISAGREE) {
        tl_html_text(html, " On the log-odds scale it disagrees: ");
        tl_html_number(html, e->logit_mean, true);
        tl_html_text(html, " ");
        tl_html_interval(html, e->logit_low, e->logit_high);
        tl_html_text(html, ".");
    }
}

static void say_meaning(const tl_findings *found, const tl_effect *e, tl_html *html)
{
    const char *verdict = tl_effect_verdict(e);
    tl_html_begin(html, "p", "meaning");
    if (strcmp(verdict, "supported") == 0 || strcmp(verdict, "refuted") == 0) {
        if (strcmp(verdict, "refuted") == 0) tl_html_text(html, "The other way round. ");
        say_found(found, e, html);
    } else if (strcmp(verdict, "equivalent") == 0) {
        say_equivalent(e, html);
    } else {
        say_open(e, html);
    }
    say_caveats(e, html);
    tl_html_end(html);
}

/* --- numbers -------------------------------------------------------------------------- */

static void begin_row(tl_html *html, const char *name)
{
    tl_html_add(html, "dt", NULL, name);
    tl_html_begin(html, "dd", NULL);
}

static void write_price(const tl_findings *found, const tl_effect *e, tl_html *html)
{
    const tl_column *utility = tl_findings_utility(found);
    if (!utility || strcmp(utility->name, e->metric) == 0) return;
    const tl_effect *price = tl_findings_same(found, e, utility->name);
    if (!price || isnan(price->mean)) return;
    begin_row(html, "price");
    tl_cards_mark(found, price, html);
    tl_html_print(html, "%s ", tl_label_metric(found, utility->name, false));
    tl_html_number(html, price->mean, true);
    tl_html_text(html, " ");
    tl_html_interval(html, price->low, price->high);
    if (price->pooled && e->at) tl_html_print(html, ", a mean over %s", price->pooled);
    const double majority = tl_findings_majority(found);
    if (!isnan(majority)) {
        tl_html_text(html, "; from ");
        tl_html_number(html, price->reference_mean, false);
        tl_html_print(html, ", where a constant answer gets %.4g", majority);
    }
    tl_html_end(html);
}

static void write_control(const tl_findings *found, const tl_effect *e, tl_html *html)
{
    if (!e->control) return;
    begin_row(html, "control model");
    tl_html_print(html, "%s: ", tl_label_metric(found, e->control, false));
    tl_html_number(html, e->control_mean, false);
    tl_html_text(html, ", difference ");
    tl_html_number(html, e->control_effect, true);
    tl_html_text(html, " ");
    tl_html_interval(html, e->control_low, e->control_high);
    const bool is_moved = e->control_low > 0.0 || e->control_high < 0.0;
    if (is_moved && e->control_effect * e->mean > 0.0)
        tl_html_text(html, ": not by access alone");
    tl_html_end(html);
}

static void write_test(const tl_effect *e, tl_html *html)
{
    begin_row(html, "test");
    tl_html_print(html, "n = %d replicates, %sp = ", e->replicates,
                  e->sides == 1 ? "one-sided " : "");
    tl_html_number(html, e->p, false);
    tl_html_text(html, " (floor ");
    tl_html_number(html, e->least_p, false);
    tl_html_text(html, "), q = ");
    tl_html_number(html, e->q, false);
    tl_html_end(html);
}

static void write_numbers(const tl_findings *found, const tl_effect *e, tl_html *html)
{
    tl_html_begin(html, "dl", NULL);
    begin_row(html, "compared");
    tl_html_text(html, tl_label_change(found, e));
    if (e->pooled) tl_html_print(html, "; a mean over %s", e->pooled);
    tl_html_end(html);
    begin_row(html, "measured");
    tl_html_text(html, tl_label_metric(found, e->metric, true));
    if (e->kind == TL_EFFECT_CONTRAST && !isnan(e->mean)) {
        tl_html_text(html, ": ");
        tl_html_number(html, e->reference_mean, false);
        tl_html_text(html, " \xE2\x86\x92 ");
        tl_html_number(html, e->reference_mean + e->mean, false);
    }
    tl_html_end(html);
    if (!isnan(e->mean)) {
        begin_row(html, e->kind == TL_EFFECT_TREND ? "slope" : "difference");
        tl_html_begin(html, "strong", NULL);
        tl_html_number(html, e->mean, true);
        tl_html_end(html);
        tl_html_text(html, " ");
        if (!isnan(e->low)) tl_html_interval(html, e->low, e->high);
        tl_html_end(html);
    }
    if (!isnan(e->low)) write_test(e, html);
    write_price(found, e, html);
    write_control(found, e, html);
    tl_html_end(html);
}

static tl_status write_card(const tl_findings *found, const tl_page_figures *figures,
                            const tl_effect *e, tl_html *html, tl_err *err)
{
    char number[24], id[40];
    (void)snprintf(id, sizeof id, "h%s", tl_effect_number(e, number));
    tl_html_begin(html, "article", "card");
    tl_html_attribute(html, "id", id);
    tl_cards_mark(found, e, html);
    tl_html_begin(html, "h3", NULL);
    tl_cards_badge(tl_effect_verdict(e), html);
    tl_html_print(html, " Hypothesis %s: ", number);
    tl_html_add(html, "q", NULL, tl_label_hypothesis(found, e));
    tl_html_end(html);
    say_meaning(found, e, html);
    write_numbers(found, e, html);
    TL_TRY(tl_page_figure_named(figures, "paired", number, html, err));
    tl_html_end(html);
    return TL_OK;
}

/* --- all of them ---------------------------------------------------------------------- */

static void write_counts(const tl_findings *found, int hypotheses, tl_html *html)
{
    bool has_spoken = false;
    tl_html_begin(html, "p", "lead");
    tl_html_print(html, "Of %d %s tested, ", hypotheses,
                  hypotheses == 1 ? "comparison" : "comparisons");
    for (int i = 0; i < VERDICTS; i++) {
        int count = 0;
        for (int k = 0; k < found->effects->count; k++) {
            const tl_effect *e = &found->effects->effect[k];
            count +=
                e->hypothesis >= 0 && strcmp(tl_effect_verdict(e), signs[i].verdict) == 0;
        }
        if (count == 0) continue;
        tl_html_print(html, "%s%d %s %s", has_spoken ? ", " : "", count,
                      count == 1 ? "is" : "are", signs[i].verdict);
        has_spoken = true;
    }
    tl_html_text(html, ".");
    tl_html_end(html);
}

tl_status tl_cards_write(const tl_findings *found, const tl_page_figures *figures,
                         tl_html *html, tl_err *err)
{
    int hypotheses = 0;
    for (int k = 0; k < found->effects->count; k++)
        hypotheses += found->effects->effect[k].hypothesis >= 0;
    if (tl_findings_trials(found, TL_TRIAL_DONE) == 0) {
        tl_html_add_print(html, "p", "lead",
                          "Nothing can be said yet: 0 of %u trials done.",
                          found->table->trials);
        return TL_OK;
    }
    if (hypotheses == 0) {
        tl_html_add(html, "p", "lead",
                    "The plan states no hypothesis, so nothing here is a test: all "
                    "differences below are exploratory.");
        return TL_OK;
    }
    write_counts(found, hypotheses, html);
    tl_html_begin(html, "div", "cards");
    for (int k = 0; k < found->effects->count; k++) {
        const tl_effect *e = &found->effects->effect[k];
        if (e->hypothesis >= 0) TL_TRY(write_card(found, figures, e, html, err));
    }
    tl_html_end(html);
    return TL_OK;
}

void tl_cards_claims(const tl_findings *found, tl_html *html)
{
    static const char *const head[] = {
        "", "claim", "verdict", "difference", "95 % interval", "n", "p", "q", NULL};
    if (tl_findings_trials(found, TL_TRIAL_DONE) == 0) {
        tl_html_add(html, "p", NULL, "None is judged before there are data.");
        return;
    }
    tl_html_begin_scroll(html);
    tl_html_begin(html, "table", NULL);
    tl_html_begin(html, "thead", NULL);
    tl_html_add_heads(html, head);
    tl_html_end(html);
    tl_html_begin(html, "tbody", NULL);
    for (int k = 0; k < found->effects->count; k++) {
        const tl_effect *e = &found->effects->effect[k];
        char number[24];
        if (e->hypothesis < 0) continue;
        tl_html_begin(html, "tr", NULL);
        tl_cards_mark(found, e, html);
        tl_html_add(html, "td", NULL, tl_effect_number(e, number));
        tl_html_begin(html, "td", "words");
        tl_html_add(html, "q", NULL, tl_label_hypothesis(found, e));
        tl_html_end(html);
        tl_html_begin(html, "td", NULL);
        tl_cards_badge(tl_effect_verdict(e), html);
        tl_html_end(html);
        const double value[] = {e->mean, (double)NAN, (double)e->replicates, e->p, e->q};
        for (int i = 0; i < 5; i++) {
            tl_html_begin(html, "td", "number");
            if (i == 1 && !isnan(e->low))
                tl_html_interval(html, e->low, e->high);
            else
                tl_html_number(html, value[i], i == 0);
            tl_html_end(html);
        }
        tl_html_end(html);
    }
    for (int i = 0; i < 3; i++) tl_html_end(html);
}
