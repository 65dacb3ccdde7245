/*
 * A figure: numbers, a gnuplot script that draws them, and the texts in it. The script
 * holds placeholders, "T0001" and so on; the texts take their places in what gnuplot has
 * drawn (svg.h, and below for the terminal), so that none is ever read as a command.
 */
#ifndef TL_ANALYSIS_REPORT_FIGURE_H
#define TL_ANALYSIS_REPORT_FIGURE_H

#include "analysis/table/table.h"
#include "compute/core/text.h"

#include <stdio.h>

enum {
    TL_FIGURE_WIDTH = 400, /**< of every figure, points: it fits a telephone unscaled */
    TL_FIGURE_LINE = 18,   /**< height of a line of its text, points */
    TL_FIGURE_LETTERS = 52 /**< of its text that fit into a line */
};

/** A figure. Texts are in the arena that it was made with, or borrowed. */
typedef struct tl_figure {
    const char *name;  /**< for --figure */
    const char *title; /**< one line */
    const char *about; /**< what can be seen, for those who cannot see it */
    int lines;         /**< height, in lines of text */
    tl_table *data;    /**< the numbers, in the arena */
    tl_text script;    /**< owned, for tl_figure_close: commands of gnuplot */
    int texts, room;
    const char **text; /**< [texts] in the arena, for the placeholders from T0001 on */
    tl_arena *arena;   /**< borrowed */
    bool is_short;     /**< memory ran out */
} tl_figure;

/** A line of text inside a placeholder; 128 bytes are enough. */
typedef struct tl_placeholder {
    char name[128]; /**< as wide as the text, in quotes for the script */
} tl_placeholder;

/** An empty figure, in `arena`. */
tl_figure tl_figure_open(tl_arena *arena, const char *name, int lines);

/**
 * Makes the figure's table of `rows` with columns of text and then of numbers, called
 * `names`, ended by NULL, and sets text [texts] and number to their arrays [rows], in the
 * arena, to be filled. \return TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_figure_data(tl_figure *figure, int rows, const char *const *names,
                                     int texts, const char ***text, double **number,
                                     tl_err *err);

/** Adds the frame to the script, of a figure whose `lines` are known: points left free on
 * each side; `bottom` lines of text below. */
void tl_figure_frame(tl_figure *figure, int left, int right, double bottom);

/** Frees the script of a figure. */
void tl_figure_close(tl_figure *figure);

/** A placeholder for a copy of `text`, at most TL_FIGURE_LETTERS wide: what is longer ends
 * in an ellipsis. */
tl_placeholder tl_figure_text(tl_figure *figure, const char *text);

/**
 * Adds labels to the script for `text` in lines of at most `letters`, between words if
 * possible: from the height `y` of the first axis on, down by 1 a line, at `x` of the
 * graph. \return how many lines, at least 1
 */
int tl_figure_label(tl_figure *figure, double x, double y, int letters, const char *text);

/** A round step that divides a range into 3 to 7 pieces; 1 if the range is 0. */
double tl_figure_step(double range);

/** How many lines tl_figure_label would need. */
int tl_figure_label_lines(int letters, const char *text);

/** The figure as SVG of gnuplot's, with placeholders, appended to `out`. \return as
 * tl_gnuplot_run */
TL_MUST_USE tl_status tl_figure_svg(const tl_figure *figure, tl_text *out, tl_err *err);

/** Prints the figure as text, `columns` wide. \return as tl_gnuplot_run */
TL_MUST_USE tl_status tl_figure_print(FILE *file, const tl_figure *figure, int columns,
                                      tl_err *err);

/** The text that a piece of gnuplot's output stands for, or NULL if it is no placeholder.
 * \param length result, of the placeholder */
const char *tl_figure_find(const tl_figure *figure, const char *at, size_t *length);

#endif
