/*
 * The table of a summary: rows are the combinations of the factors that vary, columns the
 * metrics that people look for first. What does not fit into a line is left out, and said.
 */
#include "analysis/summary.h"

#include "compute/core/arena.h"
#include "compute/core/text.h"

#include <math.h>
#include <string.h>

enum { LINE = 100, METRIC = 12, MOST_METRICS = 8, LEAST_METRICS = 3, COUNT = 5 };
enum { MOST_FACTORS = 16, MOST_CELLS = 200, LEVEL = 16 };

typedef struct view {
    const tl_table *table;
    const tl_column *factor[MOST_FACTORS];
    int width[MOST_FACTORS], factors;
    const tl_column *metric[MOST_METRICS];
    int metrics;
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
    const size_t length = strlen(text); /* the end tells levels apart better */
    (void)snprintf(out, LEVEL + 1, "%.*s", LEVEL,
                   length > LEVEL ? text + length - LEVEL : text);
}

static bool is_same_level(const tl_column *column, uint32_t a, uint32_t b)
{
    if (column->type == TL_COLUMN_TEXT)
        return strcmp(column->text[a], column->text[b]) == 0;
    if (column->type != TL_COLUMN_REAL) return column->integer[a] == column->integer[b];
    const double x = column->real[a], y = column->real[b];
    return isnan(x) ? isnan(y) : x == y;
}

/* The last letters of `name` that fit into `room`, from the beginning of a word if they
 * can. */
static const char *last_words(const char *name, size_t room)
{
    const size_t length = strlen(name);
    if (length <= room) return name;
    const char *tail = name + length - room;
    const char *low = tail[-1] == '_' ? tail - 1 : strchr(tail, '_');
    return low && low[1] ? low + 1 : tail;
}

/* How wide a factor's column must be; 0 if all trials are at one level. */
static int factor_width(const tl_table *table, const tl_column *column)
{
    size_t most = strlen(last_words(column->name, LEVEL));
    bool varies = false;
    char text[LEVEL + 1];
    for (uint32_t t = 0; t < table->trials; t++) {
        if (!is_same_level(column, 0, t)) varies = true;
        level_text(column, t, text);
        if (strlen(text) > most) most = strlen(text);
    }
    return varies ? (int)most + 2 : 0;
}

static int choose_factors(view *v)
{
    int room = LINE - COUNT - LEAST_METRICS * METRIC;
    for (int i = 0; i < v->table->columns; i++) {
        const tl_column *column = &v->table->column[i];
        if (!tl_column_attribute(column, "factor")) continue;
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

static bool has_value(const tl_table *table, const tl_column *column)
{
    for (uint32_t t = 0; t < table->trials; t++) {
        if (!isnan(column->real[t])) return true;
    }
    return false;
}

/* Metrics with a better side and these endings, in this order; then any other such. */
static void choose_metrics(view *v, int most)
{
    static const char *const wanted[] = {
        "utility_accuracy",   "_success",     "_auc",       "_agreement_gain",
        "_success_surrogate", "_untriggered", "_advantage", ""};
    if (most > MOST_METRICS) most = MOST_METRICS;
    for (size_t w = 0; w < sizeof wanted / sizeof *wanted; w++) {
        for (int i = 0; i < v->table->columns && v->metrics < most; i++) {
            const tl_column *column = &v->table->column[i];
            const char *better = tl_column_attribute(column, "better");
            bool is_there = false;
            for (int m = 0; m < v->metrics; m++) is_there |= v->metric[m] == column;
            if (is_there || column->type != TL_COLUMN_REAL || !better) continue;
            if (strcmp(better, "none") == 0 || !has_suffix(column->name, wanted[w]))
                continue;
            if (!has_value(v->table, column)) continue;
            v->metric[v->metrics++] = column;
        }
    }
}

/* A metric's head in two lines: its first letters over its last words. */
static void head(const char *name, int line, char out[METRIC])
{
    const char *tail = last_words(name, METRIC - 1);
    const int before = (int)(tail - name) - (tail > name && tail[-1] == '_');
    if (line)
        (void)snprintf(out, METRIC, "%s", tail);
    else
        (void)snprintf(out, METRIC, "%.*s", before, name);
}

static void print_head(FILE *file, const view *v)
{
    for (int line = 0; line < 2; line++) {
        for (int f = 0; f < v->factors; f++) {
            const char *tail = last_words(v->factor[f]->name, LEVEL);
            (void)fprintf(file, "%-*s", v->width[f], line ? tail : "");
        }
        for (int m = 0; m < v->metrics; m++) {
            char text[METRIC];
            head(v->metric[m]->name, line, text);
            (void)fprintf(file, "%*s", METRIC, text);
        }
        (void)fprintf(file, line ? "%*s\n" : "\n", COUNT, "n");
    }
}

static void print_row(FILE *file, const view *v, const int *cell, int wanted,
                      uint32_t first)
{
    int most = 0;
    for (int f = 0; f < v->factors; f++) {
        char text[LEVEL + 1];
        level_text(v->factor[f], first, text);
        (void)fprintf(file, "%-*s", v->width[f], text);
    }
    for (int m = 0; m < v->metrics; m++) {
        double sum = 0.0;
        int n = 0;
        for (uint32_t t = first; t < v->table->trials; t++) {
            if (cell[t] != wanted || isnan(v->metric[m]->real[t])) continue;
            sum += v->metric[m]->real[t];
            n++;
        }
        if (n == 0)
            (void)fprintf(file, "%*s", METRIC, "-");
        else
            (void)fprintf(file, fabs(sum / n) < 1e4 ? "%*.4f" : "%*.3g", METRIC, sum / n);
        most = n > most ? n : most;
    }
    (void)fprintf(file, "%*d\n", COUNT, most);
}

/* Numbers the combinations by first occurrence; -1 beyond the most that are shown. */
static int number_cells(const view *v, int *cell, uint32_t first[MOST_CELLS])
{
    int cells = 0;
    for (uint32_t t = 0; t < v->table->trials; t++) {
        int c = 0;
        for (; c < cells; c++) {
            bool is_same = true;
            for (int f = 0; f < v->factors && is_same; f++) {
                is_same = is_same_level(v->factor[f], first[c], t);
            }
            if (is_same) break;
        }
        cell[t] = c < MOST_CELLS ? c : -1;
        if (c == cells && c < MOST_CELLS) first[cells++] = t;
    }
    return cells;
}

void tl_summary_table(FILE *file, const tl_table *table)
{
    view v = {.table = table};
    uint32_t first[MOST_CELLS];
    tl_arena arena = tl_arena_open(0);
    int *cell = tl_arena_take(&arena, table->trials, sizeof *cell, NULL);
    choose_metrics(&v, choose_factors(&v));
    if (cell && v.metrics > 0) {
        const int cells = number_cells(&v, cell, first);
        (void)fprintf(file, "\nMeans over replicates%s%s; n trials have a value:\n",
                      v.averaged.at ? " and over " : "",
                      v.averaged.at ? v.averaged.at : "");
        print_head(file, &v);
        for (int c = 0; c < cells; c++) print_row(file, &v, cell, c, first[c]);
        if (cells == MOST_CELLS) {
            (void)fprintf(file, "Only the first %d combinations are shown.\n", cells);
        }
    }
    tl_text_close(&v.averaged);
    tl_arena_close(&arena);
}
