/*
 * Images that the plan stored, such as those recovered from a model, arm by arm.
 */
#ifndef TL_ANALYSIS_REPORT_GALLERY_H
#define TL_ANALYSIS_REPORT_GALLERY_H

#include "analysis/report/findings.h"
#include "analysis/report/html.h"

/** Images of a list that are shown, and thus read, at most. */
enum { TL_MOST_IMAGES = 10 };

/** Whether there are images. */
bool tl_gallery_exists(const tl_findings *found);

/** Writes into `html` the first images of each arm of each source. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_gallery_write(const tl_findings *found, tl_html *html,
                                       tl_err *err);

#endif
