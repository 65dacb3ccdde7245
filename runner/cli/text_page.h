/*
 * Pages of text for people: help, lists and descriptions, as wide as the terminal.
 */
#ifndef TL_RUNNER_CLI_TEXT_PAGE_H
#define TL_RUNNER_CLI_TEXT_PAGE_H

#include <stdio.h>

/** Prints paragraphs to `file`, borrowed, wrapped: each line of `text` is one, and one with
 * a tab in it a row, the tab after the word that it explains. */
void tl_page_paragraphs(FILE *file, const char *text);

/** Prints `text` to `file`, borrowed, wrapped, each line `indent` columns from the left. */
void tl_page_text(FILE *file, int indent, const char *text);

/** Prints a row of a page to `file`, borrowed: `left`, then from column `indent` on
 * `about`, wrapped; on a line of its own where `left` is too long. */
void tl_page_row(FILE *file, int indent, const char *left, const char *about);

/** The column of the second part of rows of options. */
enum { TL_PAGE_INDENT = 24 };

#endif
