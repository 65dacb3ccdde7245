/*
 * The list of all effects in a page.
 */
#ifndef TL_ANALYSIS_REPORT_EFFECT_LIST_H
#define TL_ANALYSIS_REPORT_EFFECT_LIST_H

#include "analysis/report/findings.h"
#include "analysis/report/html.h"

/** Writes into `html` all effects, grouped by metric, at most a few thousand, and how to
 * get the rest. */
void tl_effect_list_write(const tl_findings *found, tl_html *html);

#endif
