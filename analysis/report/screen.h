/*
 * What the place that a summary is printed to can show.
 */
#ifndef TL_ANALYSIS_REPORT_SCREEN_H
#define TL_ANALYSIS_REPORT_SCREEN_H

#include <stdbool.h>
#include <stdio.h>

/** A terminal, or a file that is read later. */
typedef struct tl_screen {
    int columns;    /**< of a line */
    bool has_color; /**< shows colours */
    bool has_utf8;  /**< shows letters beyond ASCII */
} tl_screen;

/** Signs that have a form in ASCII. */
typedef enum tl_sign {
    TL_SIGN_SUPPORTED,
    TL_SIGN_REFUTED,
    TL_SIGN_EQUIVALENT,
    TL_SIGN_UNCLEAR,
    TL_SIGN_NOT_RESOLVED,
    TL_SIGN_TO,    /**< from one value to another */
    TL_SIGN_LOWER, /**< of a metric: lower is safer */
    TL_SIGN_HIGHER,
    TL_SIGN_POINT, /**< of a plot: the estimate */
    TL_SIGN_LINE,  /**< its interval, and the ends of that */
    TL_SIGN_LEFT,
    TL_SIGN_RIGHT,
    TL_SIGN_ZERO, /**< the line of no effect */
    TL_SIGNS
} tl_sign;

/** The screen behind `file`: colours on a terminal alone, and not if NO_COLOR is set and
 * not empty (no-color.org); letters beyond ASCII if the locale of LC_ALL, LC_CTYPE or LANG
 * has UTF-8; 80 columns where there is no terminal. */
tl_screen tl_screen_of(FILE *file);

/** The sign, in UTF-8 or ASCII; static. */
const char *tl_screen_sign(const tl_screen *screen, tl_sign sign);

/** Begins the colour of a verdict, and ends it; nothing without colours. */
void tl_screen_begin_color(FILE *file, const tl_screen *screen, tl_sign verdict);
void tl_screen_end_color(FILE *file, const tl_screen *screen);

/** The sign of a verdict (tl_effect_verdict); TL_SIGN_NOT_RESOLVED of any other word. */
tl_sign tl_sign_of(const char *verdict);

#endif
