#include "compute/data/dataset.h"

#include <string.h>

int tl_shape_size(tl_shape shape)
{
    return shape.channels * shape.height * shape.width;
}

tl_status tl_dataset_copy(const tl_dataset *data, unsigned copy, tl_arena *arena,
                          tl_dataset **out, tl_err *err)
{
    tl_dataset *made;
    TL_TAKE(made, arena, 1, err);
    *made = *data;
    const size_t rows = (size_t)data->rows;
    if (copy & TL_COPY_LABELS) {
        TL_TAKE(made->label, arena, rows, err);
        memcpy(made->label, data->label, rows * sizeof *made->label);
    }
    if (copy & TL_COPY_FLAGS) {
        TL_TAKE(made->flags, arena, rows, err);
        memcpy(made->flags, data->flags, rows * sizeof *made->flags);
    }
    if (copy & TL_COPY_PIXELS) {
        const size_t count = rows * (size_t)tl_shape_size(data->shape);
        TL_TAKE(made->pixel, arena, count, err);
        memcpy(made->pixel, data->pixel, count * sizeof *made->pixel);
    }
    *out = made;
    return TL_OK;
}

tl_status tl_dataset_pick(const tl_dataset *data, const int *row, int rows, tl_arena *arena,
                          tl_dataset **out, tl_err *err)
{
    const size_t size = (size_t)tl_shape_size(data->shape);
    tl_dataset *made;
    TL_TAKE(made, arena, 1, err);
    *made = (tl_dataset){.shape = data->shape, .classes = data->classes, .rows = rows};
    TL_TAKE(made->pixel, arena, (size_t)rows * size, err);
    TL_TAKE(made->label, arena, rows, err);
    TL_TAKE(made->flags, arena, rows, err);
    TL_TAKE(made->origin, arena, rows, err);
    for (int i = 0; i < rows; i++) {
        const size_t from = (size_t)row[i];
        memcpy(made->pixel + (size_t)i * size, data->pixel + from * size,
               size * sizeof *made->pixel);
        made->label[i] = data->label[from];
        made->flags[i] = data->flags[from];
        made->origin[i] = data->origin[from];
    }
    *out = made;
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
