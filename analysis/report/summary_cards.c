#include "analysis/report/summary_cards.h"

#include "analysis/effect/effect_text.h"
#include "analysis/report/label.h"
#include "analysis/table/schema.h"
#include "compute/core/print.h"
#include "compute/core/text.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

enum { INDENT = 6, VERDICT = 12, NUMBER = 4, METRIC = 12, LINE = 1024, NUMBERS = 160 };

static const char majority[] = "majority_rate";

int tl_summary_answers(const tl_findings *found)
{
    int count = 0;
    while (count < found->effects->count && found->effects->effect[count].hypothesis >= 0)
        count++;
    return count;
}

/* Prints `text` shortened to `columns`. */
static void say_cut(FILE *file, const char *text, int columns)
{
    char cut[LINE];
    if (columns < TL_CUT_LEAST) return;
    tl_print(file, "%s", tl_text_cut(text, columns, cut, sizeof cut));
}

static void say_verdict(FILE *file, const tl_effect *e, const tl_screen *screen)
{
    char word[VERDICT + 1], number[24];
    const char *verdict = tl_effect_verdict(e);
    const tl_sign sign = tl_sign_of(verdict);
    (void)snprintf(word, sizeof word, "%s", verdict);
    for (char *c = word; *c; c++) *c = (char)toupper((unsigned char)*c);
    tl_print(file, "  ");
    tl_screen_begin_color(file, screen, sign);
    tl_print(file, "%s %-*s", tl_screen_sign(screen, sign), VERDICT, word);
    tl_screen_end_color(file, screen);
    tl_print(file, "  %-*s ", NUMBER, tl_effect_number(e, number));
}

/* Decimals that show two digits of the interval's width, and of small numbers three. */
static int decimals_of(const tl_effect *e)
{
    const double size = fmax(fabs(e->low), fabs(e->high)), width = e->high - e->low;
    const int least = size < 10.0 ? 3 : size < 100.0 ? 2 : 0;
    const int wanted = width > 0.0 ? 1 - (int)floor(log10(width)) : least;
    return wanted < least ? least : wanted > 6 ? 6 : wanted;
}

char *tl_summary_numbers(const tl_effect *e, char out[TL_SUMMARY_NUMBERS])
{
    const int d = decimals_of(e);
    (void)snprintf(out, TL_SUMMARY_NUMBERS, "%+.*f [%+.*f, %+.*f]", d, e->mean, d, e->low,
                   d, e->high);
    return out;
}

/* "0.599 -> 0.568  -0.031 [-0.040, -0.022]" in `out`. */
static void put_numbers(const tl_effect *e, const tl_screen *screen, char out[NUMBERS])
{
    char ends[64] = "", effect[TL_SUMMARY_NUMBERS];
    const int d = decimals_of(e) < 3 ? decimals_of(e) : 3;
    if (e->kind == TL_EFFECT_CONTRAST && !isnan(e->reference_mean))
        (void)snprintf(ends, sizeof ends, "%.*f %s %.*f  ", d, e->reference_mean,
                       tl_screen_sign(screen, TL_SIGN_TO), d, e->reference_mean + e->mean);
    (void)snprintf(out, NUMBERS, "%s%s", ends, tl_summary_numbers(e, effect));
}

/* A level, with its factor if it is a number: "shift 2", "backdoor". */
static const char *level_of(const tl_findings *found, const char *factor, size_t length,
                            const char *level, size_t letters)
{
    const char *name = tl_arena_print(found->arena, NULL, "%.*s", (int)length, factor);
    const char *text = tl_arena_print(found->arena, NULL, "%.*s", (int)letters, level);
    double number;
    if (!name || !text) return "?";
    if (!tl_text_real(text, &number)) return tl_label_level(found, text);
    const char *both =
        tl_arena_print(found->arena, NULL, "%s %s", tl_label_factor(found, name),
                       tl_label_level(found, text));
    return both ? both : "?";
}

const char *tl_summary_change(const tl_findings *found, const tl_effect *e)
{
    if (e->kind == TL_EFFECT_TREND) return tl_label_change(found, e);
    const char *at = e->at ? ", at " : "", *condition = e->at ? e->at : "", *text;
    const char *colon = strchr(e->factor, ':'), *split = strchr(e->level, ':');
    if (e->kind == TL_EFFECT_INTERACTION && colon && split) {
        text = tl_arena_print(
            found->arena, NULL, "%s with %s%s%s",
            level_of(found, e->factor, (size_t)(colon - e->factor), e->level,
                     (size_t)(split - e->level)),
            level_of(found, colon + 1, strlen(colon + 1), split + 1, strlen(split + 1)), at,
            condition);
    } else {
        text = tl_arena_print(
            found->arena, NULL, "%s against %s%s%s",
            level_of(found, e->factor, strlen(e->factor), e->level, strlen(e->level)),
            tl_label_level(found, e->reference), at, condition);
    }
    return text ? text : "?";
}

/* The metric, with what its owner wants of it. */
static const char *metric_of(const tl_findings *found, const tl_effect *e,
                             const tl_screen *screen)
{
    const char *label = tl_label_metric(found, e->metric, false), *wanted = "";
    const tl_column *column = tl_table_find(found->table, e->metric);
    if (column && tl_column_says(column, TL_NAME_BETTER, TL_LOWER))
        wanted = tl_screen_sign(screen, TL_SIGN_LOWER);
    if (column && tl_column_says(column, TL_NAME_BETTER, TL_HIGHER))
        wanted = tl_screen_sign(screen, TL_SIGN_HIGHER);
    if (!screen->has_utf8) wanted = "";
    char *both = tl_arena_print(found->arena, NULL, "%s%s", label, wanted);
    return both ? both : label;
}

const char *tl_summary_words(const tl_findings *found, const char *metric,
                             const char *change, int room)
{
    char cut[2][LINE];
    const int left = room - tl_text_columns(change) - 2;
    (void)tl_text_cut(metric, left > METRIC ? left : METRIC, cut[0], sizeof cut[0]);
    const int rest = room - tl_text_columns(cut[0]) - 2;
    (void)tl_text_cut(change, rest > TL_CUT_LEAST ? rest : TL_CUT_LEAST, cut[1],
                      sizeof cut[1]);
    const char *words = tl_arena_print(found->arena, NULL, "%s: %s", cut[0], cut[1]);
    return words ? words : "?";
}

/* Columns beside the numbers, in a line of a card. */
static int room_beside(const char *numbers, const tl_screen *screen)
{
    return screen->columns - INDENT - 2 - tl_text_columns(numbers);
}

/* The comparison and its numbers; from where to where only if the words leave room for it.
 */
static void say_comparison(FILE *file, const tl_findings *found, const tl_effect *e,
                           const tl_screen *screen)
{
    char numbers[NUMBERS];
    const char *change = tl_summary_change(found, e), *metric = metric_of(found, e, screen);
    put_numbers(e, screen, numbers);
    if (room_beside(numbers, screen) < tl_text_columns(change) + 2 + METRIC)
        (void)tl_summary_numbers(e, numbers);
    tl_print(file, "%*s%s  %s\n", INDENT, "",
             tl_summary_words(found, metric, change, room_beside(numbers, screen)),
             numbers);
}

/* --- the price ------------------------------------------------------------------------ */

/* The mean of the majority's rate, NaN without. */
static double majority_rate(const tl_findings *found, const char *accuracy)
{
    char name[LINE];
    const char *end = strrchr(accuracy, '_');
    (void)snprintf(name, sizeof name, "%.*s_%s", end ? (int)(end - accuracy) : 0, accuracy,
                   majority);
    const tl_column *column = tl_table_find(found->table, name);
    double sum = 0.0;
    uint32_t count = 0;
    for (uint32_t t = 0;
         column && column->type == TL_COLUMN_REAL && t < found->table->trials; t++) {
        if (isnan(column->real[t])) continue;
        sum += column->real[t];
        count++;
    }
    return count > 0 ? sum / count : (double)NAN;
}

/* What the same change does to the accuracy, if that was measured. \return lines */
static int say_price(FILE *file, const tl_findings *found, const tl_effect *e,
                     const tl_screen *screen)
{
    const tl_column *utility = tl_findings_utility(found);
    if (e->kind == TL_EFFECT_INTERACTION) return 0; /* nobody chooses it */
    if (!utility || strcmp(utility->name, e->metric) == 0) return 0;
    const tl_effect *price = tl_findings_same(found, e, utility->name);
    if (!price || isnan(price->low)) return 0;
    char numbers[NUMBERS], words[80] = "price: accuracy";
    const double rate = majority_rate(found, utility->name);
    if (!isnan(rate))
        (void)snprintf(words, sizeof words, "price: accuracy (majority %.3f)", rate);
    put_numbers(price, screen, numbers);
    tl_print(file, "%*s", INDENT, "");
    say_cut(file, words, room_beside(numbers, screen));
    tl_print(file, "  %s\n", numbers);
    return 1;
}

/* --- cards and lines ------------------------------------------------------------------ */

static int say_card(FILE *file, const tl_findings *found, const tl_effect *e,
                    const tl_screen *screen)
{
    say_verdict(file, e, screen);
    say_cut(file, tl_label_hypothesis(found, e),
            screen->columns - 2 - 2 - VERDICT - 2 - NUMBER - 1);
    tl_print(file, "\n");
    if (isnan(e->low)) {
        const char *why = e->missing ? e->missing : "no number";
        tl_print(file, "%*s", INDENT, "");
        say_cut(file, why, screen->columns - INDENT);
        tl_print(file, "\n");
        return 2;
    }
    say_comparison(file, found, e, screen);
    return 2 + say_price(file, found, e, screen);
}

static void say_brief(FILE *file, const tl_findings *found, const tl_effect *e,
                      const tl_screen *screen)
{
    char numbers[TL_SUMMARY_NUMBERS] = "no number";
    if (!isnan(e->low)) (void)tl_summary_numbers(e, numbers);
    say_verdict(file, e, screen);
    const int begun = 2 + 2 + VERDICT + 2 + NUMBER + 1;
    const int room = screen->columns - begun - 2 - tl_text_columns(numbers);
    say_cut(file, tl_label_hypothesis(found, e), room);
    tl_print(file, "  %s\n", numbers);
}

int tl_summary_cards(FILE *file, const tl_findings *found, const tl_screen *screen)
{
    const int answers = tl_summary_answers(found);
    int lines = 0;
    for (int k = 0; k < answers; k++) {
        const tl_effect *e = &found->effects->effect[k];
        if (k < TL_MOST_CARDS) {
            lines += say_card(file, found, e, screen);
        } else {
            say_brief(file, found, e, screen);
            lines++;
        }
    }
    return lines;
}
