/*
 * Which columns of a result file measure an attack's success: the file does not say it, the
 * metrics of the stages do.
 */
#ifndef TL_RUNNER_RESULTS_SUCCESS_H
#define TL_RUNNER_RESULTS_SUCCESS_H

#include "analysis/table/table.h"

/** Sets is_success of every column of a table that was read from a file. A column belongs
 * to the attacks of its flow and threat, and to the metric whose name comes last in its
 * own. */
void tl_success_mark(tl_table *table);

#endif
