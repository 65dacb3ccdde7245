/*
 * The claims of hypotheses as a table, for `threatloop effects --claims`.
 */
#include "analysis/effect/effect_text.h"
#include "analysis/report/summary.h"
#include "compute/core/print.h"

#include <math.h>

int tl_summary_claims(FILE *file, const tl_effects *effects)
{
    int count = 0;
    for (int i = 0; i < effects->count; i++) {
        const tl_effect *e = &effects->effect[i];
        if (!e->claim) continue;
        if (count++ == 0) {
            tl_print(file, "\n%-13s %-34s %4s %8s %8s  %s\n", "verdict",
                     "effect [95 % interval]", "n", "p", "q", "claim");
        }
        char number[64] = "no interval";
        if (!isnan(e->low)) {
            (void)snprintf(number, sizeof number, "%+.4g [%+.4g, %+.4g]", e->mean, e->low,
                           e->high);
        }
        tl_print(file, "%-13s %-34s %4d %8.3g %8.3g  %s (", tl_effect_verdict(e), number,
                 e->replicates, e->p, e->q, e->claim);
        tl_effect_print_name(file, e, true);
        tl_effect_print_control(file, e);
        tl_print(file, ")\n");
    }
    return count;
}
