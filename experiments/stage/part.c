#include "experiments/stage/part.h"

const char *tl_part_name(tl_part part)
{
    static const char *const name[TL_PARTS] = {
        [TL_PART_POOL] = "pool",           [TL_PART_VALIDATION] = "validation",
        [TL_PART_ATTACKER] = "attacker",   [TL_PART_TEST] = "test",
        [TL_PART_RECOVERED] = "recovered", [TL_PART_SETUP] = "setup",
        [TL_PART_MARKS] = "marks",         [TL_PART_SERVICE] = "service",
        [TL_PART_TARGET] = "target",       [TL_PART_SURROGATE] = "surrogate"};
    return name[part];
}
