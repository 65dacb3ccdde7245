#include "experiments/stage/samples.h"

const char *tl_store_name(int number)
{
    static const char *const name[TL_STORE_KINDS] = {"scores", "curves", "images"};
    TL_INVARIANT(number >= 0 && number < TL_STORE_KINDS);
    return name[number];
}

size_t tl_samples_record_bytes(const tl_samples_list *list)
{
    if (list->kind == TL_STORE_SCORES) return TL_SCORE_BYTES;
    if (list->kind == TL_STORE_CURVES) return TL_POINT_BYTES;
    return TL_IMAGE_HEAD_BYTES + (size_t)tl_shape_size(list->shape) * sizeof(float);
}
