#include "compute/data/dataset.h"

#include "compute/core/text.h"

#include <string.h>

int tl_shape_size(tl_shape shape)
{
    return shape.channels * shape.height * shape.width;
}

tl_status tl_dataset_new(tl_shape shape, int classes, int rows, tl_arena *arena,
                         tl_dataset *out, tl_err *err)
{
    *out = (tl_dataset){.shape = shape, .classes = classes, .rows = rows};
    TL_ALLOC(out->input, arena, (size_t)rows * (size_t)tl_shape_size(shape), err);
    TL_ALLOC(out->label, arena, rows, err);
    TL_ALLOC(out->flags, arena, rows, err);
    TL_ALLOC(out->origin, arena, rows, err);
    if (tl_arena_counts(arena)) return TL_OK;
    for (int i = 0; i < rows; i++) out->origin[i] = (uint32_t)i;
    return TL_OK;
}

tl_status tl_dataset_tokens(int vocabulary, int context, uint64_t rows, tl_arena *arena,
                            tl_dataset *out, tl_err *err)
{
    const uint64_t row = (uint64_t)context * sizeof *out->input;
    char most[32];
    TL_CHECK(rows <= TL_TOKENS_LIMIT / row, err, TL_E_NOMEM,
             "%llu rows of %d tokens are too many: at most %s, with %zu bytes per token",
             (unsigned long long)rows, context, tl_text_size((double)TL_TOKENS_LIMIT, most),
             sizeof *out->input);
    TL_TRY(
        tl_dataset_new((tl_shape){1, 1, context}, vocabulary, (int)rows, arena, out, err));
    out->vocabulary = vocabulary;
    return TL_OK;
}

tl_status tl_dataset_copy(const tl_dataset *data, unsigned copy, tl_arena *arena,
                          tl_dataset **out, tl_err *err)
{
    tl_dataset *made;
    TL_ALLOC(made, arena, 1, err);
    *made = *data;
    const size_t rows = (size_t)data->rows;
    const size_t count = rows * (size_t)tl_shape_size(data->shape);
    if (copy & TL_COPY_LABELS) TL_ALLOC(made->label, arena, rows, err);
    if (copy & TL_COPY_FLAGS) TL_ALLOC(made->flags, arena, rows, err);
    if (copy & TL_COPY_INPUTS) TL_ALLOC(made->input, arena, count, err);
    *out = made;
    if (tl_arena_counts(arena)) return TL_OK;
    if (copy & TL_COPY_LABELS) memcpy(made->label, data->label, rows * sizeof *made->label);
    if (copy & TL_COPY_FLAGS) memcpy(made->flags, data->flags, rows * sizeof *made->flags);
    if (copy & TL_COPY_INPUTS) {
        memcpy(made->input, data->input, count * sizeof *made->input);
    }
    return TL_OK;
}

tl_status tl_dataset_pick(const tl_dataset *data, const int *row, int rows, tl_arena *arena,
                          tl_dataset **out, tl_err *err)
{
    return tl_dataset_pick_some(data, row, rows, rows, arena, out, err);
}

tl_status tl_dataset_pick_some(const tl_dataset *data, const int *row, int rows, int most,
                               tl_arena *arena, tl_dataset **out, tl_err *err)
{
    const size_t size = (size_t)tl_shape_size(data->shape);
    tl_dataset *made;
    TL_ALLOC(made, arena, 1, err);
    TL_TRY(tl_dataset_new(data->shape, data->classes, most, arena, made, err));
    made->vocabulary = data->vocabulary;
    made->rows = rows;
    *out = made;
    if (tl_arena_counts(arena)) return TL_OK;
    for (int i = 0; i < rows; i++) {
        const size_t from = (size_t)row[i];
        memcpy(made->input + (size_t)i * size, data->input + from * size,
               size * sizeof *made->input);
        made->label[i] = data->label[from];
        made->flags[i] = data->flags[from];
        made->origin[i] = data->origin[from];
    }
    return TL_OK;
}

void tl_dataset_select(const tl_dataset *data, unsigned mask, unsigned wanted, int *row,
                       int *count)
{
    *count = 0;
    for (int i = 0; i < data->rows; i++) {
        if ((data->flags[i] & mask) == wanted) row[(*count)++] = i;
    }
}
