/*
 * A table as text for other programs: CSV or JSON.
 */
#ifndef TL_ANALYSIS_TABLE_TABLE_PRINT_H
#define TL_ANALYSIS_TABLE_TABLE_PRINT_H

#include "analysis/table/table.h"

#include <stdio.h>

/** What is between the values of a row, and before the fraction of a number. */
typedef struct tl_csv_form {
    char separator, decimal;
} tl_csv_form;

/**
 * Prints CSV (of the form {',', '.'}: RFC 4180): a line of names, then a line per row.
 * Numbers are the shortest that read back the same, flags are words, missing values are
 * empty.
 */
void tl_table_csv(FILE *file, const tl_table *table, tl_csv_form form);

/** Prints a JSON list with one object per row; missing values are null. */
void tl_table_json(FILE *file, const tl_table *table);

#endif
