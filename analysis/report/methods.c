#include "analysis/report/methods.h"

#include "analysis/report/label.h"
#include "analysis/table/schema.h"

#include <math.h>
#include <string.h>

/* --- methods -------------------------------------------------------------------------- */

/* What the effects of a table used. */
typedef struct used {
    int hypotheses, exploratory, most_n, one_sided, margins, t, bootstrap, floors, odds;
    int controls, trends, interactions;
    double least_p;
} used;

static used look(const tl_effects *effects)
{
    used u = {.least_p = (double)NAN};
    for (int k = 0; k < effects->count; k++) {
        const tl_effect *e = &effects->effect[k];
        u.hypotheses += e->hypothesis >= 0;
        u.exploratory += e->hypothesis < 0;
        u.one_sided += e->hypothesis >= 0 && e->sides == 1;
        u.margins += !isnan(e->margin);
        u.t += e->interval == TL_INTERVAL_T;
        u.bootstrap += e->interval == TL_INTERVAL_BOOTSTRAP;
        u.floors += e->floor_sd > 0.0;
        u.odds += e->scales != TL_SCALES_NOT_COMPARED;
        u.controls += e->control != NULL;
        u.trends += e->kind == TL_EFFECT_TREND;
        u.interactions += e->kind == TL_EFFECT_INTERACTION;
        if (e->replicates <= u.most_n) continue;
        u.most_n = e->replicates;
        u.least_p = e->least_p;
    }
    return u;
}

static void say_estimand(const used *u, tl_html *html)
{
    tl_html_begin(html, "p", NULL);
    tl_html_print(
        html,
        "Every replicate draws its own splits, weights and order, and runs all arms on them, "
        "so that differences are paired. A difference is one number per replicate: the mean "
        "over the cells of all other factors of the metric at the level minus the metric at "
        "the reference. n counts the replicates (at most %d here) with a value in every cell; "
        "others are left out and counted.",
        u->most_n);
    if (u->interactions > 0)
        tl_html_text(html, " An interaction is a difference of such differences.");
    if (u->trends > 0)
        tl_html_text(html,
                     " A slope is fitted per replicate by least squares, on the level's "
                     "value, or on its rank where the largest is over ten times the "
                     "smallest.");
    tl_html_end(html);
}

static void say_tests(const used *u, tl_html *html)
{
    tl_html_begin(html, "p", NULL);
    tl_html_text(html, "Intervals are 95 %: ");
    if (u->t > 0) tl_html_text(html, "Student's t over replicates");
    if (u->bootstrap > 0)
        tl_html_print(html,
                      "%sthe studentized bootstrap (Efron, Tibshirani 1993) of 1999 "
                      "resamples for metrics that are not rates",
                      u->t > 0 ? ", and " : "");
    tl_html_text(html,
                 ". p flips the signs of whole replicates; the least that is possible "
                 "with n of them stands beside it as its floor");
    if (!isnan(u->least_p)) {
        tl_html_text(html, ", ");
        tl_html_number(html, u->least_p, false);
        tl_html_print(html, " for n = %d", u->most_n);
    }
    tl_html_text(html, ".");
    if (u->hypotheses > 0)
        tl_html_print(
            html,
            " q corrects the comparisons that answer hypotheses, %d here, together (false "
            "discovery rate, Benjamini, Hochberg 1995); nothing else is a test.",
            u->hypotheses);
    if (u->one_sided > 0)
        tl_html_print(html, " %d of them are tested on one side, as the plan says.",
                      u->one_sided);
    if (u->floors > 0)
        tl_html_text(html,
                     " Where all replicates are equal, the interval is as if one row of "
                     "each rate were discordant.");
    if (u->odds > 0)
        tl_html_text(html,
                     " Interactions on metrics between 0 and 1 are repeated as log odds, "
                     "and flagged where the two scales disagree.");
    if (u->controls > 0)
        tl_html_text(html,
                     " A control model is trained like the attacker's, without access "
                     "to the target: what it shows too is not due to access.");
    tl_html_end(html);
}

static void say_verdicts(const used *u, tl_html *html)
{
    static const char *const word[][2] = {
        {"supported", "q is at most 0.05 and the interval lies beyond 0 in the direction "
                      "that the plan names"},
        {"refuted", "the same, in the other direction"},
        {"equivalent", "two one-sided t tests place it within the plan's margin"},
        {"unclear", "test and interval disagree"},
        {"not resolved", "none of these: only a bound is known"}};
    if (u->hypotheses == 0) return;
    tl_html_begin(html, "dl", NULL);
    for (int i = 0; i < 5; i++) {
        tl_html_add(html, "dt", NULL, word[i][0]);
        tl_html_add(html, "dd", NULL, word[i][1]);
    }
    tl_html_end(html);
}

void tl_methods_write(const tl_findings *found, tl_html *html)
{
    const used u = look(found->effects);
    const char *split = tl_table_attribute(found->table, TL_NAME_SPLIT);
    say_estimand(&u, html);
    say_tests(&u, html);
    say_verdicts(&u, html);
    tl_html_begin(html, "p", NULL);
    tl_html_print(html, "Comparisons that answer hypotheses: %d; exploratory: %d.",
                  u.hypotheses, u.exploratory);
    if (split) tl_html_print(html, " Data: %s.", split);
    tl_html_end(html);
}

/* --- limits --------------------------------------------------------------------------- */

/* Writes of one METRIC_reason how many trials have which reason. */
static void write_reasons(const tl_findings *found, const tl_column *why, tl_html *html)
{
    enum { MOST = 16 };
    uint32_t count[MOST] = {0};
    const size_t length = strlen(why->name) - strlen(TL_SUFFIX_REASON);
    for (uint32_t t = 0; t < found->table->trials; t++)
        if (why->integer[t] > 0 && why->integer[t] < MOST) count[why->integer[t]]++;
    const char *metric = tl_arena_print(found->arena, NULL, "%.*s", (int)length, why->name);
    const char *word = why->flag_meanings ? why->flag_meanings : "";
    for (int i = 0; i < MOST && *word; i++) {
        const int letters = (int)strcspn(word, " ");
        if (count[i] > 0 && metric) {
            tl_html_begin(html, "tr", NULL);
            tl_html_add(html, "td", "words", tl_label_metric(found, metric, false));
            tl_html_add(html, "td", "words", metric);
            tl_html_add_print(html, "td", NULL, "%.*s", letters, word);
            tl_html_add_print(html, "td", "number", "%u of %u", count[i],
                              found->table->trials);
            tl_html_end(html);
        }
        word += letters;
        word += strspn(word, " ");
    }
}

static bool is_reason(const tl_findings *found, const tl_column *column)
{
    const size_t length = strlen(column->name), suffix = strlen(TL_SUFFIX_REASON);
    if (column->type != TL_COLUMN_FLAG || length <= suffix) return false;
    if (strcmp(column->name + length - suffix, TL_SUFFIX_REASON) != 0) return false;
    for (uint32_t t = 0; t < found->table->trials; t++)
        if (column->integer[t] > 0) return true;
    return false;
}

static void write_missing(const tl_findings *found, tl_html *html)
{
    static const char *const head[] = {"metric", "full name", "why", "trials", NULL};
    bool has_any = false;
    for (int i = 0; i < found->table->columns; i++)
        has_any |= is_reason(found, &found->table->column[i]);
    if (!has_any) return;
    tl_html_begin(html, "details", NULL);
    tl_html_add(html, "summary", NULL, "Metrics without a value in some trials, and why");
    tl_html_begin_scroll(html);
    tl_html_begin(html, "table", NULL);
    tl_html_add_heads(html, head);
    for (int i = 0; i < found->table->columns; i++)
        if (is_reason(found, &found->table->column[i]))
            write_reasons(found, &found->table->column[i], html);
    for (int i = 0; i < 3; i++) tl_html_end(html);
}

/* Names the metrics that the samples are too small for. */
static void write_unresolvable(const tl_findings *found, tl_html *html)
{
    const size_t suffix = strlen(TL_SUFFIX_REASON);
    for (int i = 0; i < found->table->columns; i++) {
        const tl_column *why = &found->table->column[i];
        uint32_t count = 0;
        if (!is_reason(found, why)) continue;
        for (uint32_t t = 0; t < found->table->trials; t++)
            count += why->integer[t] == TL_REASON_UNRESOLVABLE ? 1 : 0;
        const char *metric = tl_arena_print(found->arena, NULL, "%.*s",
                                            (int)(strlen(why->name) - suffix), why->name);
        if (count > 0 && metric)
            tl_html_add_print(
                html, "li", NULL,
                "Not measured, since there are too few cases: %s (in %u of %u "
                "trials).",
                tl_label_metric(found, metric, false), count, found->table->trials);
    }
}

void tl_methods_limits(const tl_findings *found, tl_html *html)
{
    static const char *const words[] = {"planned", "running", "done",     "failed",
                                        "lost",    "timeout", "diverged", "skipped"};
    const char *note = tl_table_attribute(found->table, TL_NAME_DATA_NOTE);
    tl_html_begin(html, "ul", NULL);
    tl_html_begin(html, "li", NULL);
    tl_html_print(html, "%u trials: ", found->table->trials);
    bool has_spoken = false;
    for (int i = 0; i < (int)(sizeof words / sizeof *words); i++) {
        const uint32_t count = tl_findings_trials(found, i);
        if (count == 0) continue;
        tl_html_print(html, "%s%u %s", has_spoken ? ", " : "", count, words[i]);
        has_spoken = true;
    }
    tl_html_text(html, ".");
    tl_html_end(html);
    write_unresolvable(found, html);
    if (note && *note) tl_html_add_print(html, "li", NULL, "On the data: %s.", note);
    tl_html_add(
        html, "li", NULL,
        "An answer holds for the data, the models and the levels of this plan; levels "
        "that were not run are not tested.");
    if (found->effects->left_out > 0)
        tl_html_add_print(html, "li", NULL,
                          "%d interactions are not computed: too many for %u trials.",
                          found->effects->left_out, found->table->trials);
    tl_html_end(html);
    write_missing(found, html);
}

/* --- provenance ----------------------------------------------------------------------- */

void tl_methods_provenance(const tl_findings *found, tl_html *html)
{
    const char *plan = tl_table_attribute(found->table, "plan");
    tl_html_begin(html, "dl", NULL);
    for (int i = 0; i < found->table->attributes; i++) {
        const tl_attribute *a = &found->table->attribute[i];
        if (strcmp(a->name, "plan") == 0 || strcmp(a->name, TL_NAME_HYPOTHESES) == 0 ||
            !a->text || !*a->text)
            continue;
        tl_html_add(html, "dt", NULL, a->name);
        tl_html_add(html, "dd", NULL, a->text);
    }
    tl_html_add(html, "dt", NULL, "this page");
    tl_html_add(html, "dd", NULL, TL_PROGRAM " " TL_VERSION);
    tl_html_end(html);
    if (!plan) return;
    tl_html_begin(html, "p", NULL);
    tl_html_text(html, "To repeat it, save the plan as plan.yaml and type ");
    tl_html_add(html, "code", NULL, "threatloop run plan.yaml");
    tl_html_text(html, "; the same version on the same kind of processor gives the same "
                       "bytes.");
    tl_html_end(html);
    tl_html_begin(html, "details", NULL);
    tl_html_add(html, "summary", NULL, "The plan");
    tl_html_begin(html, "pre", NULL);
    tl_html_attribute(html, "tabindex", "0");
    tl_html_text(html, plan);
    tl_html_end(html);
    tl_html_end(html);
}
