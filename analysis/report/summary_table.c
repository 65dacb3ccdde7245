/*
 * The table of a summary: rows are combinations of the factors that vary, columns are the
 * main metrics. What does not fit into a line is left out and mentioned.
 */
#include "analysis/report/summary.h"

#include "analysis/table/schema.h"
#include "compute/core/arena.h"
#include "compute/core/print.h"
#include "compute/core/text.h"

#include <math.h>
#include <string.h>

enum { LINE = 100, METRIC = 12, MOST_METRICS = 8, LEAST_METRICS = 3, LEAST_COUNT = 5 };
enum { MOST_FACTORS = 16, MOST_CELLS = 200, LEVEL = 18, LEAST_LEVEL = 11, HEAD = 5 };

typedef struct view {
    const tl_table *table;
    const tl_column *factor[MOST_FACTORS];
    int width[MOST_FACTORS], factors;
    const tl_column *metric[MOST_METRICS];
    int metrics;
    int count;        /* width of the last column, n */
    tl_text averaged; /* names of factors that did not fit */
} view;

static void level_text(const tl_column *column, uint32_t t, char out[LEVEL + 1])
{
    char number[32];
    const char *text = number;
    if (column->type == TL_COLUMN_TEXT)
        text = *column->text[t] ? column->text[t] : "-";
    else if (column->type != TL_COLUMN_REAL)
        (void)snprintf(number, sizeof number, "%d", (int)column->integer[t]);
    else if (isnan(column->real[t]))
        text = "-";
    else
        (void)tl_text_shortest(column->real[t], number);
    const size_t length = strlen(text); /* the end distinguishes levels better */
    const char *tail = length > LEVEL ? text + length - LEVEL : text;
    const char *word = tail > text && tail[-1] != '.' ? strchr(tail, '.') : NULL;
    (void)snprintf(out, LEVEL + 1, "%.*s", LEVEL, word && word[1] ? word + 1 : tail);
}

static bool is_same_level(const tl_column *column, uint32_t a, uint32_t b)
{
    if (column->type == TL_COLUMN_TEXT)
        return strcmp(column->text[a], column->text[b]) == 0;
    if (column->type != TL_COLUMN_REAL) return column->integer[a] == column->integer[b];
    const double x = column->real[a], y = column->real[b];
    return isnan(x) ? isnan(y) : x == y;
}

/* Width of a factor's column; 0 if all trials are at one level. */
static int factor_width(const tl_table *table, const tl_column *column)
{
    size_t most = LEAST_LEVEL;
    bool varies = false;
    char text[LEVEL + 1];
    for (uint32_t t = 0; t < table->trials; t++) {
        if (!is_same_level(column, 0, t)) varies = true;
        level_text(column, t, text);
        if (strlen(text) > most) most = strlen(text);
    }
    return varies ? (int)most + 2 : 0;
}

static int count_width(uint32_t trials)
{
    const int width = snprintf(NULL, 0, " %u", trials);
    return width > LEAST_COUNT ? width : LEAST_COUNT;
}

static int choose_factors(view *v)
{
    int room = LINE - v->count - LEAST_METRICS * METRIC;
    for (int i = 0; i < v->table->columns; i++) {
        const tl_column *column = &v->table->column[i];
        if (!tl_column_attribute(column, TL_NAME_FACTOR)) continue;
        const int width = factor_width(v->table, column);
        if (width == 0) continue;
        if (width > room || v->factors == MOST_FACTORS) {
            tl_text_print(&v->averaged, "%s%s", v->averaged.length ? ", " : "",
                          column->name);
            continue;
        }
        v->factor[v->factors] = column;
        v->width[v->factors++] = width;
        room -= width;
    }
    return (room + LEAST_METRICS * METRIC) / METRIC;
}

static bool has_suffix(const char *text, const char *suffix)
{
    const size_t n = strlen(text), m = strlen(suffix);
    return n >= m && strcmp(text + n - m, suffix) == 0;
}

/* Metrics with a better direction and these endings, in this order; then any others. */
static void choose_metrics(view *v, int most)
{
    static const char *const wanted[] = {
        "utility_accuracy",   "_success",     "_auc",       "_agreement_gain",
        "_success_surrogate", "_untriggered", "_advantage", ""};
    if (most > MOST_METRICS) most = MOST_METRICS;
    for (size_t w = 0; w < sizeof wanted / sizeof *wanted; w++) {
        for (int i = 0; i < v->table->columns && v->metrics < most; i++) {
            const tl_column *column = &v->table->column[i];
            const char *better = tl_column_attribute(column, TL_NAME_BETTER);
            bool is_there = false;
            for (int m = 0; m < v->metrics; m++) is_there |= v->metric[m] == column;
            if (is_there || column->type != TL_COLUMN_REAL || !better) continue;
            if (strcmp(better, TL_NEITHER) == 0 || !has_suffix(column->name, wanted[w]))
                continue;
            if (!tl_column_has_value(v->table, column)) continue;
            v->metric[v->metrics++] = column;
        }
    }
}

/* Breaks a name into lines of at most `room` letters, between words if possible. \return
 * how many; line i is [begin[i], begin[i + 1]) */
static int wrap(const char *name, int room, int begin[HEAD + 1])
{
    const int length = (int)strlen(name);
    int lines = 0, at = 0;
    while (at < length && lines < HEAD) {
        begin[lines++] = at;
        int end = length - at <= room ? length : at + room;
        while (end < length && end > at + 1 && name[end - 1] != '_') end--;
        at = end < length && end == at + 1 ? at + room : end;
    }
    begin[lines] = lines == HEAD ? length : at;
    return lines;
}

/* Line `line` of HEAD lines of a column's head: the name is at the bottom. */
static void head(const char *name, int room, int line, char out[LEVEL + 1])
{
    int begin[HEAD + 1];
    const int own = line - (HEAD - wrap(name, room, begin));
    *out = '\0';
    if (own < 0) return;
    const int length = begin[own + 1] - begin[own];
    (void)snprintf(out, LEVEL + 1, "%.*s", length < room ? length : room,
                   name + begin[own]);
}

static int head_lines(const view *v)
{
    int most = 1, begin[HEAD + 1];
    for (int f = 0; f < v->factors; f++) {
        const int lines = wrap(v->factor[f]->name, v->width[f] - 2, begin);
        most = lines > most ? lines : most;
    }
    for (int m = 0; m < v->metrics; m++) {
        const int lines = wrap(v->metric[m]->name, METRIC - 1, begin);
        most = lines > most ? lines : most;
    }
    return most;
}

static void print_head(FILE *file, const view *v)
{
    char text[LEVEL + 1];
    for (int line = HEAD - head_lines(v); line < HEAD; line++) {
        for (int f = 0; f < v->factors; f++) {
            head(v->factor[f]->name, v->width[f] - 2, line, text);
            tl_print(file, "%-*s", v->width[f], text);
        }
        for (int m = 0; m < v->metrics; m++) {
            head(v->metric[m]->name, METRIC - 1, line, text);
            tl_print(file, "%*s", METRIC, text);
        }
        tl_print(file, line == HEAD - 1 ? "%*s\n" : "\n", v->count, "n");
    }
}

/* A combination: its first trial, and sums over its trials. */
typedef struct shown {
    uint32_t first;
    double sum[MOST_METRICS];
    int n[MOST_METRICS];
} shown;

static void print_row(FILE *file, const view *v, const shown *cell)
{
    int most = 0;
    for (int f = 0; f < v->factors; f++) {
        char text[LEVEL + 1];
        level_text(v->factor[f], cell->first, text);
        tl_print(file, "%-*s", v->width[f], text);
    }
    for (int m = 0; m < v->metrics; m++) {
        const int n = cell->n[m];
        const double mean = cell->sum[m] / n;
        if (n == 0)
            tl_print(file, "%*s", METRIC, "-");
        else
            tl_print(file, fabs(mean) < 1e4 ? "%*.4f" : "%*.3g", METRIC, mean);
        most = n > most ? n : most;
    }
    tl_print(file, "%*d\n", v->count, most);
}

static bool is_in(const view *v, const shown *cell, uint32_t t)
{
    for (int f = 0; f < v->factors; f++) {
        if (!is_same_level(v->factor[f], cell->first, t)) return false;
    }
    return true;
}

/* Adds every trial to its combination, in order of first occurrence; those beyond
 * MOST_CELLS are left out. Most trials are in the previous one's combination. */
static int add_trials(const view *v, shown cell[MOST_CELLS])
{
    int cells = 0, last = 0;
    for (uint32_t t = 0; t < v->table->trials; t++) {
        int c = last < cells && is_in(v, &cell[last], t) ? last : 0;
        while (c < cells && !is_in(v, &cell[c], t)) c++;
        if (c == MOST_CELLS) continue;
        if (c == cells) cell[cells++] = (shown){.first = t};
        last = c;
        for (int m = 0; m < v->metrics; m++) {
            const double value = v->metric[m]->real[t];
            if (isnan(value)) continue;
            cell[c].sum[m] += value;
            cell[c].n[m]++;
        }
    }
    return cells;
}

void tl_summary_table(FILE *file, const tl_table *table)
{
    view v = {.table = table, .count = count_width(table->trials)};
    tl_arena arena = tl_arena_open(0);
    shown *cell = tl_arena_take(&arena, MOST_CELLS, sizeof *cell, NULL);
    choose_metrics(&v, choose_factors(&v));
    if (cell && v.metrics > 0) {
        const int cells = add_trials(&v, cell);
        tl_print(file, "\nMeans over replicates%s%s; n trials have a value:\n",
                 v.averaged.at ? " and over " : "", v.averaged.at ? v.averaged.at : "");
        print_head(file, &v);
        for (int c = 0; c < cells; c++) print_row(file, &v, &cell[c]);
        if (cells == MOST_CELLS) {
            tl_print(file, "Only the first %d combinations shown.\n", cells);
        }
    }
    tl_text_close(&v.averaged);
    tl_arena_close(&arena);
}
