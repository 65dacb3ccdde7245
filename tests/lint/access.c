/*
 * Whether the records of all stages are honest about their access to the target: prints a
 * line a fault, and ends with 1 if there is one.
 *
 *   access [STAGE...]     these must have a fault, to show that it is found
 */
#include "tests/support/stage_access.h"

#include <stdio.h>
#include <string.h>

static bool is_among(const char *name, int count, char **names)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) return true;
    }
    return false;
}

int main(int argc, char **argv)
{
    int count, found = 0;
    bool is_clean = true;
    const tl_stage *const *all = tl_stages(&count);
    for (int s = 0; s < count; s++) {
        const char *fault = access_fault(all[s]);
        if (!fault) continue;
        const bool is_wanted = is_among(all[s]->name, argc - 1, argv + 1);
        found += is_wanted;
        is_clean = is_clean && is_wanted;
        printf("%s %s\n", all[s]->name, fault);
    }
    if (found < argc - 1)
        printf("%d faults that must be found are not\n", argc - 1 - found);
    return is_clean && found == argc - 1 ? 0 : 1;
}
