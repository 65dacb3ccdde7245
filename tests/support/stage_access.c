#include "tests/support/stage_access.h"

const char *access_fault(const tl_stage *stage)
{
    const bool asks = tl_stage_asks(stage);
    const bool sees = (stage->access & TL_KNOWS_TARGET) != 0;
    const bool reads_target = (stage->reads & TL_BIT(TL_PART_TARGET)) != 0;
    const bool logs = (stage->gives & TL_BIT(TL_PART_QUERY_LOG)) != 0;
    if (asks && (stage->reads & TL_PARTS_ASKED) != TL_PARTS_ASKED)
        return "may ask the target, but does not read target and service";
    if (asks && !logs) return "may ask the target, but gives no log of queries";
    if (asks && !stage->queries) return "may ask the target, but says not how often";
    if (!asks && (logs || stage->queries)) return "logs queries, but may ask nothing";
    if (reads_target && !asks && !sees && !stage->outcome)
        return "reads the target, which its access does not show it";
    if ((stage->access & TL_KNOWS_LOGITS) && !stage->wants_logits)
        return "may ask for logits, but does not say when";
    if (stage->bank && (stage->bank->reads & TL_BIT(TL_PART_TARGET)))
        return "has a bank that reads the target";
    if (stage->control && (stage->control->reads & TL_BIT(TL_PART_TARGET)))
        return "has a control that reads the target";
    return NULL;
}
