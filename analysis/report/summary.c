#include "analysis/report/summary.h"

#include "analysis/effect/effect_text.h"
#include "analysis/effect/student.h"
#include "analysis/report/label.h"
#include "analysis/report/summary_cards.h"
#include "analysis/report/summary_plot.h"
#include "analysis/table/schema.h"
#include "compute/core/print.h"
#include "compute/core/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LINES = 25, MOST_OTHERS = 3, LEAST_OTHERS = 4, MOST_ABOUT = 4, LINE = 1024 };
static const double LEVEL = 0.05, POWER = 0.8;

/* Prints a line, its words shortened to the screen. */
static void say_cut(FILE *file, const tl_screen *screen, int indent, const char *text)
{
    char cut[LINE];
    tl_print(file, "%*s%s\n", indent, "",
             tl_text_cut(text ? text : "?", screen->columns - indent, cut, sizeof cut));
}

/* --- head ----------------------------------------------------------------------------- */

/* Prints `text` broken between words, "..." after `most` lines. \return lines */
static int say_wrapped(FILE *file, const tl_screen *screen, const char *text, int most)
{
    char word[LINE], cut[LINE];
    int lines = 1, at = 0;
    while (*text) {
        const size_t length = strcspn(text, " ");
        (void)snprintf(word, sizeof word, "%.*s", (int)length, text);
        (void)tl_text_cut(word, screen->columns - 4, cut, sizeof cut);
        const int columns = tl_text_columns(cut);
        const bool is_new = at > 0 && at + 1 + columns > screen->columns - 4;
        if (is_new && lines == most) break;
        if (is_new) lines++;
        if (is_new)
            tl_print(file, "\n");
        else if (at > 0)
            tl_print(file, " ");
        tl_print(file, "%s", cut);
        at = is_new || at == 0 ? columns : at + 1 + columns;
        text += length + strspn(text + length, " ");
    }
    if (*text) tl_print(file, " ...");
    tl_print(file, "\n");
    return lines;
}

static int count_replicates(const tl_findings *found)
{
    for (int k = 0; k < found->effects->count; k++) {
        const tl_effect *e = &found->effects->effect[k];
        if (e->replicates + e->left_out > 0) return e->replicates + e->left_out;
    }
    return 0;
}

/* \return lines */
static int say_head(FILE *file, const tl_findings *found, const tl_screen *screen)
{
    const tl_table *table = found->table;
    const char *title = tl_table_attribute(table, TL_NAME_TITLE);
    const char *source = tl_table_attribute(table, TL_NAME_DATA_SOURCE);
    const char *note = tl_table_attribute(table, TL_NAME_DATA_NOTE);
    const char *split = tl_table_attribute(table, TL_NAME_SPLIT);
    const int replicates = count_replicates(found);
    char some[48] = "";
    if (replicates > 0) (void)snprintf(some, sizeof some, "   %d replicates", replicates);
    say_cut(file, screen, 0,
            tl_arena_print(found->arena, NULL, "%s   %s   %u of %u trials done%s",
                           title ? title : "sweep", source ? source : "",
                           tl_findings_trials(found, TL_TRIAL_DONE), table->trials, some));
    const char *about =
        tl_arena_print(found->arena, NULL, "%s%s%s", note ? note : "",
                       note && *note && split ? "; " : "", split ? split : "");
    const int lines = about && *about ? say_wrapped(file, screen, about, MOST_ABOUT) : 0;
    tl_print(file, "\n");
    return 2 + lines;
}

/* Prints how right the target is that the plan brought, as it was measured. \return lines
 */
static int say_target(FILE *file, const tl_findings *found, const tl_screen *screen)
{
    const tl_column *accuracy = tl_table_find(found->table, TL_NAME_OWN_ACCURACY);
    const char *name = tl_table_attribute(found->table, TL_NAME_TARGET);
    double low = (double)INFINITY, high = -(double)INFINITY;
    if (!accuracy || accuracy->type != TL_COLUMN_REAL) return 0;
    for (uint32_t t = 0; t < found->table->trials; t++) {
        low = accuracy->real[t] < low ? accuracy->real[t] : low; /* not where it is NaN */
        high = accuracy->real[t] > high ? accuracy->real[t] : high;
    }
    if (!(low <= high)) return 0;
    char to[32] = "";
    if (low < high) (void)snprintf(to, sizeof to, " to %.4f", high);
    say_cut(file, screen, 0,
            tl_arena_print(found->arena, NULL,
                           "The target, %s, is right on %.4f%s of the test rows",
                           name ? name : "brought along", low, to));
    return 1;
}

/* --- other differences ---------------------------------------------------------------- */

/* How many standard errors it is from 0, by its interval. */
static double clearness(const tl_effect *e)
{
    return fabs(e->mean) / (e->high - e->low);
}

/* Whether it may be told beside the hypotheses: a difference on something that the owner
 * wants high or low, which test and interval find. */
static bool is_other(const tl_findings *found, const tl_effect *e)
{
    const tl_column *metric = tl_table_find(found->table, e->metric);
    return metric && e->kind == TL_EFFECT_CONTRAST && !isnan(e->low) && e->high > e->low &&
           tl_findings_excludes_zero(e) &&
           !tl_column_says(metric, TL_NAME_BETTER, TL_NEITHER);
}

/* Prints the clearest of the effects that no hypothesis asks about. \return lines */
static int say_others(FILE *file, const tl_findings *found, const tl_screen *screen,
                      int most)
{
    const tl_effect *chosen[MOST_OTHERS] = {NULL};
    int count = 0;
    for (int k = tl_summary_answers(found); k < found->effects->count; k++) {
        const tl_effect *e = &found->effects->effect[k];
        if (!is_other(found, e)) continue;
        int at = count < MOST_OTHERS ? count++ : MOST_OTHERS;
        while (at > 0 && clearness(chosen[at - 1]) < clearness(e)) {
            if (at < MOST_OTHERS) chosen[at] = chosen[at - 1];
            at--;
        }
        if (at < MOST_OTHERS) chosen[at] = e;
    }
    if (count == 0 || most < 3) return 0;
    tl_print(file,
             "\n  Clearest of the rest (exploratory: not asked before, not corrected)\n");
    int lines = 2;
    for (int i = 0; i < count && lines < most; i++, lines++) {
        char numbers[TL_SUMMARY_NUMBERS];
        (void)tl_summary_numbers(chosen[i], numbers);
        const char *metric = tl_label_metric(found, chosen[i]->metric, false);
        tl_print(file, "    %s  %s\n",
                 tl_summary_words(found, metric, tl_summary_change(found, chosen[i]),
                                  screen->columns - 4 - 2 - tl_text_columns(numbers)),
                 numbers);
    }
    return lines;
}

/* --- what is open --------------------------------------------------------------------- */

/* Replicates with which a difference as large as the margin, or else as the estimate, is
 * found in 80 % of runs; 0 for none that could be told. */
static int would_need(const tl_effect *e)
{
    if (isnan(e->low) || e->replicates < 2) return 0;
    const double wide = e->high - e->low, t = tl_t_quantile(0.975, e->replicates - 1);
    const double sd = wide / 2.0 / t * sqrt(e->replicates);
    const double size = isnan(e->margin) ? fabs(e->mean) : e->margin;
    return size > 0.0 && sd > 0.0 ? tl_t_replicates(size, sd, POWER, LEVEL, e->sides) : 0;
}

/* Prints which hypotheses are not resolved, with the replicates that they would take. */
static void say_open(FILE *file, const tl_findings *found, const tl_screen *screen)
{
    tl_text text = {0};
    for (int k = 0; k < tl_summary_answers(found); k++) {
        const tl_effect *e = &found->effects->effect[k];
        const tl_sign sign = tl_sign_of(tl_effect_verdict(e));
        if (sign != TL_SIGN_NOT_RESOLVED && sign != TL_SIGN_UNCLEAR) continue;
        char number[24];
        const int n = would_need(e);
        tl_text_print(&text, "%s%s", text.length ? ", " : "", tl_effect_number(e, number));
        if (n > 0) tl_text_print(&text, " (%d)", n);
    }
    if (text.length > 0) {
        say_cut(file, screen, 2,
                tl_arena_print(found->arena, NULL,
                               "Open; replicates that would find as much as was seen: %s",
                               text.at));
    }
    tl_text_close(&text);
}

/* Prints the metrics that the samples are too small for. */
static void say_unresolved(FILE *file, const tl_findings *found, const tl_screen *screen)
{
    tl_text text = {0};
    for (int i = 0; i < found->table->columns; i++) {
        const tl_column *why = &found->table->column[i];
        const size_t length = strlen(why->name), suffix = strlen(TL_SUFFIX_REASON);
        if (why->type != TL_COLUMN_FLAG || length <= suffix) continue;
        if (strcmp(why->name + length - suffix, TL_SUFFIX_REASON) != 0) continue;
        uint32_t count = 0;
        for (uint32_t t = 0; t < found->table->trials; t++)
            count += why->integer[t] == TL_REASON_UNRESOLVABLE ? 1 : 0;
        if (count == 0) continue;
        char name[LINE];
        (void)snprintf(name, sizeof name, "%.*s", (int)(length - suffix), why->name);
        tl_text_print(&text, "%s%s", text.length ? ", " : "",
                      tl_label_metric(found, name, false));
        if (count < found->table->trials)
            tl_text_print(&text, " (%u of %u trials)", count, found->table->trials);
    }
    if (text.length > 0)
        say_cut(file, screen, 2,
                tl_arena_print(found->arena, NULL, "Too few rows for: %s", text.at));
    tl_text_close(&text);
}

/* Prints how the trials ended that are not done. */
static void say_failed(FILE *file, const tl_findings *found, const tl_screen *screen)
{
    static const struct {
        tl_trial_status status;
        const char *text;
    } other[] = {{TL_TRIAL_FAILED, "failed"},       {TL_TRIAL_LOST, "lost"},
                 {TL_TRIAL_TIMEOUT, "out of time"}, {TL_TRIAL_DIVERGED, "diverged"},
                 {TL_TRIAL_SKIPPED, "skipped"},     {TL_TRIAL_PLANNED, "not run"},
                 {TL_TRIAL_RUNNING, "not finished"}};
    tl_text text = {0};
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        const uint32_t count = tl_findings_trials(found, (int)other[i].status);
        if (count > 0)
            tl_text_print(&text, "%s%u %s", text.length ? ", " : "", count, other[i].text);
    }
    if (text.length > 0)
        say_cut(file, screen, 2, tl_arena_print(found->arena, NULL, "Trials: %s", text.at));
    tl_text_close(&text);
}

void tl_summary_print(FILE *file, const tl_findings *found, const tl_screen *screen)
{
    int left = LINES - say_head(file, found, screen);
    left -= say_target(file, found, screen);
    const int answers = tl_summary_answers(found);
    if (tl_findings_trials(found, TL_TRIAL_DONE) == 0) {
        tl_print(file, "  No trial is done yet: nothing is judged.\n");
        say_failed(file, found, screen);
        (void)fflush(file);
        return;
    }
    left += answers - 5; /* at most 5 lines at the end */
    left -= tl_summary_cards(file, found, screen);
    if (answers == 0) {
        tl_print(file, "  No hypotheses: all effects are exploratory.\n");
        left--;
    }
    left -= tl_summary_plot(file, found, screen,
                            left > 2 * LEAST_OTHERS ? left - LEAST_OTHERS : left);
    (void)say_others(file, found, screen, left);
    tl_print(file, "\n");
    say_open(file, found, screen);
    say_unresolved(file, found, screen);
    say_failed(file, found, screen);
    if (found->file) {
        say_cut(file, screen, 2,
                tl_arena_print(found->arena, NULL,
                               "%s; more: threatloop effects %s, threatloop report %s",
                               found->file, found->file, found->file));
    }
    (void)fflush(file);
}
