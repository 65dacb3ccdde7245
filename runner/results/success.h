/*
 * Which columns of a result file are an attack's success: stages say it of their metrics,
 * the file does not.
 */
#ifndef TL_RUNNER_RESULTS_SUCCESS_H
#define TL_RUNNER_RESULTS_SUCCESS_H

#include "analysis/table/result_file.h"

/** Sets is_success of every column of a table that was read. A column's stages are those of
 * its flow and threat; its metric is the one whose name its own name ends in, part,
 * judgement and round aside. */
void tl_success_mark(tl_table *table);

#endif
