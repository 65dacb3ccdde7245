/*
 * How two plans differ, as lines for people.
 */
#ifndef TL_RUNNER_PLAN_PLAN_DIFFERENCE_H
#define TL_RUNNER_PLAN_PLAN_DIFFERENCE_H

#include "compute/core/text.h"

/**
 * Appends the lines by which two canonical texts (tl_plan.text) differ: "- " before those
 * of `old`, "+ " before those of `now`, each under the section that it is in, at most
 * `most` of them and then the number of the others. Of long lines, what differs is shown.
 * Appends nothing if the texts are equal.
 */
void tl_plan_difference(const char *old, const char *now, int most, tl_text *out);

#endif
