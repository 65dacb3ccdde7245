/*
 * A table as text for other programs, as CSV or as JSON.
 */
#ifndef TL_ANALYSIS_TABLE_TABLE_PRINT_H
#define TL_ANALYSIS_TABLE_TABLE_PRINT_H

#include "analysis/table/result_file.h"

#include <stdio.h>

/**
 * Prints CSV (RFC 4180): a line of names, then one a row. Numbers are the shortest that
 * read back as the same, flags are their words, what is missing is empty.
 */
void tl_table_csv(FILE *file, const tl_table *table);

/** Prints a JSON list with one object a row; what is missing is null. */
void tl_table_json(FILE *file, const tl_table *table);

#endif
