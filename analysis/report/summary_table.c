/*
 * The table of a summary: rows are combinations of the factors that vary, columns are the
 * main metrics, as wide as the terminal. What does not fit into a line is left out and
 * mentioned.
 */
#include "analysis/report/summary.h"

#include "analysis/table/schema.h"
#include "compute/core/arena.h"
#include "compute/core/terminal.h"
#include "compute/core/print.h"
#include "compute/core/text.h"

#include <math.h>
#include <string.h>

enum { LINE = 100, METRIC = 12, MOST_METRICS = 16, LEAST_COUNT = 5 };
enum { MOST_FACTORS = 16, MOST_CELLS = 200, LEAST_LEVEL = 11, HEAD = 5 };
enum {
    LEVEL = 24 /* columns of a word that is a level, if it is told from others by them */
};
enum { LEVEL_SPACE = 1024, HEAD_SPACE = 512 };

typedef struct view {
    const tl_table *table;
    int line, least_metrics;
    const tl_column *factor[MOST_FACTORS];
    int width[MOST_FACTORS], factors;
    const tl_column *metric[MOST_METRICS];
    int metrics, metrics_left_out;
    int count;        /* width of the last column, n */
    tl_text averaged; /* names of factors that did not fit */
} view;

/* The level as text: whole where it is a number, in `number`. */
static const char *level_text(const tl_column *column, uint32_t t, char number[32])
{
    if (column->type == TL_COLUMN_TEXT) return *column->text[t] ? column->text[t] : "-";
    if (column->type != TL_COLUMN_REAL) {
        (void)snprintf(number, 32, "%d", (int)column->integer[t]);
        return number;
    }
    return isnan(column->real[t]) ? "-" : tl_text_shortest(column->real[t], number);
}

static bool is_same_level(const tl_column *column, uint32_t a, uint32_t b)
{
    if (column->type == TL_COLUMN_TEXT)
        return strcmp(column->text[a], column->text[b]) == 0;
    if (column->type != TL_COLUMN_REAL) return column->integer[a] == column->integer[b];
    const double x = column->real[a], y = column->real[b];
    return isnan(x) ? isnan(y) : x == y;
}

/* Whether two levels of a column of words look alike when they are cut to LEVEL columns. */
static bool look_alike(const tl_table *table, const tl_column *column)
{
    enum { MOST_LEVELS = 256 };
    char cut[2][LEVEL_SPACE];
    uint32_t first[MOST_LEVELS];
    int levels = 0;
    for (uint32_t t = 0; t < table->trials && levels < MOST_LEVELS; t++) {
        int l = 0;
        while (l < levels && !is_same_level(column, first[l], t)) l++;
        if (l == levels) first[levels++] = t;
    }
    for (int a = 0; a < levels; a++) {
        (void)tl_text_cut(column->text[first[a]], LEVEL, cut[0], sizeof cut[0]);
        for (int b = 0; b < a; b++) {
            (void)tl_text_cut(column->text[first[b]], LEVEL, cut[1], sizeof cut[1]);
            if (strcmp(cut[0], cut[1]) == 0) return true;
        }
    }
    return levels == MOST_LEVELS;
}

/* Width of a factor's column; 0 if all trials are at one level. */
static int factor_width(const tl_table *table, const tl_column *column)
{
    int most = LEAST_LEVEL;
    bool varies = false;
    char number[32];
    for (uint32_t t = 0; t < table->trials; t++) {
        if (!is_same_level(column, 0, t)) varies = true;
        const int columns = tl_text_columns(level_text(column, t, number));
        if (columns > most) most = columns;
    }
    const bool is_cut = most > LEVEL && column->type == TL_COLUMN_TEXT;
    if (is_cut && !look_alike(table, column)) most = LEVEL;
    return varies ? most + 2 : 0;
}

static int count_width(uint32_t trials)
{
    const int width = snprintf(NULL, 0, " %u", trials);
    return width > LEAST_COUNT ? width : LEAST_COUNT;
}

static int choose_factors(view *v)
{
    int room = v->line - v->count - v->least_metrics * METRIC;
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
    return (room + v->least_metrics * METRIC) / METRIC;
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
        for (int i = 0; i < v->table->columns; i++) {
            const tl_column *column = &v->table->column[i];
            const char *better = tl_column_attribute(column, TL_NAME_BETTER);
            bool is_there = false;
            for (int m = 0; m < v->metrics; m++) is_there |= v->metric[m] == column;
            if (is_there || column->type != TL_COLUMN_REAL || !better) continue;
            if (strcmp(better, TL_NEITHER) == 0 || !has_suffix(column->name, wanted[w]))
                continue;
            if (!tl_column_has_value(v->table, column)) continue;
            if (v->metrics < most)
                v->metric[v->metrics++] = column;
            else if (!*wanted[w]) /* the last word, which all have */
                v->metrics_left_out++;
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

/* The name of a column, cut so that HEAD lines of `room` letters hold it. */
static const char *head_name(const char *name, int room, char out[HEAD_SPACE])
{
    int begin[HEAD + 1];
    for (int columns = (int)strlen(name);; columns--) {
        (void)tl_text_cut(name, columns, out, HEAD_SPACE);
        const int lines = wrap(out, room, begin);
        if (columns <= TL_CUT_LEAST || begin[lines] - begin[lines - 1] <= room) return out;
    }
}

/* Line `line` of HEAD lines of a column's head: the name is at the bottom. */
static void head(const char *name, int room, int line, char out[HEAD_SPACE])
{
    char whole[HEAD_SPACE];
    int begin[HEAD + 1];
    (void)head_name(name, room, whole);
    const int own = line - (HEAD - wrap(whole, room, begin));
    *out = '\0';
    if (own < 0) return;
    (void)snprintf(out, HEAD_SPACE, "%.*s", begin[own + 1] - begin[own],
                   whole + begin[own]);
}

static int head_lines(const view *v)
{
    int most = 1, begin[HEAD + 1];
    char name[HEAD_SPACE];
    for (int f = 0; f < v->factors; f++) {
        const int room = v->width[f] - 2;
        const int lines = wrap(head_name(v->factor[f]->name, room, name), room, begin);
        most = lines > most ? lines : most;
    }
    for (int m = 0; m < v->metrics; m++) {
        const int room = METRIC - 1;
        const int lines = wrap(head_name(v->metric[m]->name, room, name), room, begin);
        most = lines > most ? lines : most;
    }
    return most;
}

static void print_head(FILE *file, const view *v)
{
    char text[HEAD_SPACE];
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
        char number[32], text[LEVEL_SPACE];
        (void)tl_text_cut(level_text(v->factor[f], cell->first, number), v->width[f] - 2,
                          text, sizeof text);
        tl_print(file, "%s%*s", text, v->width[f] - tl_text_columns(text), "");
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
    const int columns = tl_terminal_columns(fileno(file));
    view v = {.table = table,
              .line = columns > 0 ? columns : LINE,
              .count = count_width(table->trials)};
    v.least_metrics = v.line < LINE ? 1 : 3;
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
        if (v.metrics_left_out > 0) {
            tl_print(file, "%d more metric%s: threatloop table FILE.nc --csv\n",
                     v.metrics_left_out, v.metrics_left_out == 1 ? "" : "s");
        }
    }
    tl_text_close(&v.averaged);
    tl_arena_close(&arena);
}
