/*
 * Records that say one thing of their access and read another: the first three may ask, but
 * not through the service.
 */
#include "experiments/stage/stage.h"

static double queries(const tl_size *size, const void *args)
{
    (void)size, (void)args;
    return 1.0;
}

static bool wants_logits(const void *args)
{
    (void)args;
    return true;
}

const tl_stage tl_stage_m2d_wrong_labels = {.name = "m2d.wrong_labels",
                                            .access = TL_KNOWS_LABELS,
                                            .reads = TL_BIT(TL_PART_TARGET),
                                            .gives = TL_BIT(TL_PART_QUERY_LOG),
                                            .queries = queries};

const tl_stage tl_stage_m2d_wrong_scores = {.name = "m2d.wrong_scores",
                                            .access = TL_KNOWS_SCORES,
                                            .reads = TL_BIT(TL_PART_TARGET) |
                                                     TL_BIT(TL_PART_POOL),
                                            .gives = TL_BIT(TL_PART_QUERY_LOG),
                                            .queries = queries};

const tl_stage tl_stage_m2d_wrong_logits = {.name = "m2d.wrong_logits",
                                            .access = TL_KNOWS_LOGITS,
                                            .reads = TL_BIT(TL_PART_TARGET),
                                            .gives = TL_BIT(TL_PART_QUERY_LOG),
                                            .queries = queries,
                                            .wants_logits = wants_logits};

static const tl_bank bank = {.name = "copies", .reads = TL_BIT(TL_PART_TARGET)};

const tl_stage tl_stage_m2d_wrong_bank = {.name = "m2d.wrong_bank",
                                          .access = TL_KNOWS_SCORES,
                                          .reads = TL_PARTS_ASKED,
                                          .gives = TL_BIT(TL_PART_QUERY_LOG),
                                          .queries = queries,
                                          .bank = &bank};

const tl_stage tl_stage_m2d_wrong_target = {
    .name = "m2d.wrong_target", .access = TL_KNOWS_DATA, .reads = TL_BIT(TL_PART_TARGET)};
