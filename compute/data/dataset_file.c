#include "compute/data/dataset_file.h"

#include "compute/core/tensor_file.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static const char format[] = "threatloop-dataset-1";

/* What describes the rows, in the order of the file. */
enum { CHANNELS, HEIGHT, COLUMNS, CLASSES, VOCABULARY, ROWS, NUMBERS };

enum { TENSORS = 4 };

static const char *const name[NUMBERS] = {"channels", "height",     "columns",
                                          "classes",  "vocabulary", "rows"};

static void list_numbers(const tl_dataset *data, int number[NUMBERS])
{
    number[CHANNELS] = data->shape.channels;
    number[HEIGHT] = data->shape.height;
    number[COLUMNS] = data->shape.width;
    number[CLASSES] = data->classes;
    number[VOCABULARY] = data->vocabulary;
    number[ROWS] = data->rows;
}

/* Whether there can be such a dataset. */
static bool are_numbers(const int number[NUMBERS])
{
    const int planes = number[CHANNELS], height = number[HEIGHT], columns = number[COLUMNS];
    if (planes < 1 || height < 1 || columns < 1 || planes > INT_MAX / height ||
        planes * height > INT_MAX / columns) {
        return false;
    }
    const bool is_of_images = number[VOCABULARY] == 0;
    return number[CLASSES] >= 1 && number[ROWS] >= 0 &&
           (is_of_images ||
            (number[VOCABULARY] == number[CLASSES] && planes * height == 1));
}

/* Sets the tensors of a dataset of these numbers, without their places. Wide types come
 * first, so that all are aligned in the file. */
static void list_tensors(const int number[NUMBERS], tl_file_tensor tensor[TENSORS])
{
    const uint64_t rows = (uint64_t)number[ROWS];
    const tl_file_tensor list[TENSORS] = {
        {.name = "input",
         .dtype = TL_DTYPE_F32,
         .rank = 4,
         .size = {rows, (uint64_t)number[CHANNELS], (uint64_t)number[HEIGHT],
                  (uint64_t)number[COLUMNS]}},
        {.name = "label", .dtype = TL_DTYPE_I32, .rank = 1, .size = {rows}},
        {.name = "origin", .dtype = TL_DTYPE_U32, .rank = 1, .size = {rows}},
        {.name = "flags", .dtype = TL_DTYPE_U8, .rank = 1, .size = {rows}}};
    memcpy(tensor, list, sizeof list);
}

static void set_places(const tl_dataset *data, tl_file_tensor tensor[TENSORS])
{
    tensor[0].at = data->input;
    tensor[1].at = data->label;
    tensor[2].at = data->origin;
    tensor[3].at = data->flags;
}

/* Checks what others use as indices. */
static tl_status check_rows(const tl_dataset *data, tl_status wrong, const char *path,
                            tl_err *err)
{
    const size_t size = (size_t)tl_shape_size(data->shape);
    for (int i = 0; i < data->rows; i++) {
        const float *token = data->input + (size_t)i * size;
        if (data->label[i] < 0 || data->label[i] >= data->classes) {
            return tl_fail(err, wrong, "%s: row %d has label %d, but classes are 0..%d",
                           path, i, data->label[i], data->classes - 1);
        }
        for (size_t k = 0; data->vocabulary > 0 && k < size; k++) {
            const bool is_token = token[k] >= 0.0F &&
                                  (double)token[k] < (double)data->vocabulary &&
                                  token[k] == (float)(int)token[k];
            if (!is_token) {
                return tl_fail(err, wrong, "%s: row %d has token %g, but tokens are 0..%d",
                               path, i, (double)token[k], data->vocabulary - 1);
            }
        }
    }
    return TL_OK;
}

tl_status tl_dataset_save(const tl_dataset *data, const tl_key *step,
                          const tl_folder *folder, const char *path, tl_err *err)
{
    int number[NUMBERS];
    char digits[NUMBERS][12];
    tl_file_entry entry[NUMBERS];
    tl_file_tensor tensor[TENSORS];
    list_numbers(data, number);
    TL_CHECK(are_numbers(number), err, TL_E_ARG,
             "%s: a dataset of %d x %d x %d, %d classes, vocabulary %d and %d rows cannot "
             "be saved",
             path, number[CHANNELS], number[HEIGHT], number[COLUMNS], number[CLASSES],
             number[VOCABULARY], number[ROWS]);
    TL_TRY(check_rows(data, TL_E_ARG, path, err));
    for (int i = 0; i < NUMBERS; i++) {
        (void)snprintf(digits[i], sizeof digits[i], "%d", number[i]);
        entry[i] = (tl_file_entry){name[i], digits[i]};
    }
    list_tensors(number, tensor);
    set_places(data, tensor);
    const tl_tensor_file file = {.format = format,
                                 .step = step,
                                 .entries = NUMBERS,
                                 .entry = entry,
                                 .tensors = TENSORS,
                                 .tensor = tensor};
    return tl_tensor_file_save(&file, folder, path, err);
}

/* Makes the dataset that a file describes, for its arrays to be read into. */
static tl_status place(void *self, tl_tensor_file *file, tl_arena *arena, tl_err *err)
{
    tl_dataset *data = self;
    int number[NUMBERS];
    tl_file_tensor tensor[TENSORS];
    bool is_good = file->entries == NUMBERS;
    for (int i = 0; i < NUMBERS && is_good; i++) {
        is_good = strcmp(file->entry[i].name, name[i]) == 0 &&
                  tl_tensor_file_whole(file, name[i], INT_MAX, &number[i]);
    }
    TL_CHECK(is_good && are_numbers(number), err, TL_E_FORMAT,
             "its metadata describes no dataset");
    list_tensors(number, tensor);
    for (int t = 0; t < TENSORS; t++) {
        TL_CHECK(t < file->tensors && tl_file_tensor_equal(&file->tensor[t], &tensor[t]),
                 err, TL_E_FORMAT,
                 "tensor %s is missing, or has another type, shape or place",
                 tensor[t].name);
    }
    TL_CHECK(file->tensors == TENSORS, err, TL_E_FORMAT,
             "has tensors that do not belong to a dataset");
    const tl_shape shape = {number[CHANNELS], number[HEIGHT], number[COLUMNS]};
    TL_TRY(tl_dataset_new(shape, number[CLASSES], number[ROWS], arena, data, err));
    data->vocabulary = number[VOCABULARY];
    set_places(data, file->tensor);
    return TL_OK;
}

tl_status tl_dataset_load(const tl_folder *folder, const char *path, const tl_key *step,
                          tl_arena *arena, tl_dataset **out, tl_err *err)
{
    tl_dataset *data;
    tl_tensor_file *file;
    TL_ALLOC(data, arena, 1, err);
    const tl_tensor_want want = {
        .what = "dataset", .format = format, .step = step, .place = place, .self = data};
    TL_TRY(tl_tensor_file_load(folder, path, &want, arena, &file, err));
    TL_TRY(check_rows(data, TL_E_FORMAT, path, err));
    *out = data;
    return TL_OK;
}

void tl_dataset_hash(const tl_dataset *data, tl_hash *hash)
{
    int number[NUMBERS];
    tl_file_tensor tensor[TENSORS];
    list_numbers(data, number);
    for (int i = 0; i < NUMBERS; i++) tl_hash_u64(hash, (uint64_t)number[i]);
    list_tensors(number, tensor);
    set_places(data, tensor);
    for (int t = 0; t < TENSORS; t++) {
        const size_t bytes = (size_t)tl_file_tensor_bytes(&tensor[t]);
        const tl_key contents = tl_key_of(tensor[t].at, bytes);
        tl_hash_key(hash, &contents);
    }
}

uint64_t tl_dataset_bytes(const tl_dataset *data)
{
    int number[NUMBERS];
    tl_file_tensor tensor[TENSORS];
    uint64_t bytes = 0;
    list_numbers(data, number);
    list_tensors(number, tensor);
    for (int t = 0; t < TENSORS; t++) bytes += tl_file_tensor_bytes(&tensor[t]);
    return bytes;
}
