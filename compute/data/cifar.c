#include "compute/data/cifar.h"

#include "compute/core/file.h"
#include "compute/data/array.h"

#include <stdio.h>
#include <string.h>

enum { MOST_FILES = 6, MOST_RECORD = TL_CIFAR_PIXELS + 2, COARSE = 20 };

static const char *const batches[] = {"data_batch_1.bin", "data_batch_2.bin",
                                      "data_batch_3.bin", "data_batch_4.bin",
                                      "data_batch_5.bin", NULL};
static const char *const whole[] = {"train.bin", NULL};

static const tl_cifar kinds[] = {
    {"cifar10",
     "cifar-10-batches-bin",
     batches,
     "test_batch.bin",
     10,
     1,
     {50000, 0, 10000}},
    {"cifar100", "cifar-100-binary", whole, "test.bin", 100, 2, {50000, 0, 10000}},
};

const tl_cifar *tl_cifar_find(const char *name)
{
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        if (strcmp(kinds[k].name, name) == 0) return &kinds[k];
    }
    return NULL;
}

int tl_cifar_record(const tl_cifar *kind)
{
    return kind->labels + TL_CIFAR_PIXELS;
}

bool tl_cifar_fits(const tl_cifar *kind, uint64_t bytes, const unsigned char *first)
{
    if (bytes == 0 || bytes % (uint64_t)tl_cifar_record(kind) != 0) return false;
    return first[kind->labels - 1] < kind->classes &&
           (kind->labels == 1 || first[0] < COARSE);
}

typedef struct batch {
    const char *path;
    int rows;
} batch;

static tl_status measure(batch *one, const tl_cifar *kind, tl_err *err)
{
    const uint64_t record = (uint64_t)tl_cifar_record(kind);
    uint64_t bytes;
    TL_TRY(tl_file_size(one->path, &bytes, err));
    TL_CHECK(bytes > 0 && bytes % record == 0 && bytes <= TL_ARRAY_LIMIT, err, TL_E_FORMAT,
             "%s: has %llu bytes, but %s consists of whole records of %llu bytes",
             one->path, (unsigned long long)bytes, kind->name, (unsigned long long)record);
    one->rows = (int)(bytes / record);
    return TL_OK;
}

/* Reads the records of a file into the rows from `at`. */
static tl_status read_records(const batch *one, const tl_cifar *kind, FILE *file,
                              tl_dataset *all, int at, tl_err *err)
{
    unsigned char record[MOST_RECORD];
    const size_t length = (size_t)tl_cifar_record(kind);
    for (int i = 0; i < one->rows; i++) {
        TL_CHECK(fread(record, 1, length, file) == length, err, TL_E_IO, "%s: ends early",
                 one->path);
        TL_CHECK(tl_cifar_fits(kind, length, record), err, TL_E_FORMAT,
                 "%s: record %d has a label that is none of %s (%d classes): is it of the "
                 "other CIFAR?",
                 one->path, i, kind->name, kind->classes);
        float *pixel = all->input + (size_t)(at + i) * TL_CIFAR_PIXELS;
        for (int p = 0; p < TL_CIFAR_PIXELS; p++) {
            pixel[p] = (float)record[kind->labels + p] / 255.0f;
        }
        all->label[at + i] = record[kind->labels - 1];
    }
    return TL_OK;
}

static tl_status read_batches(batch *list, int count, const tl_cifar *kind, tl_arena *arena,
                              tl_dataset *all, tl_err *err)
{
    int rows = 0;
    for (int k = 0; k < count; k++) {
        TL_TRY(measure(&list[k], kind, err));
        rows += list[k].rows;
    }
    TL_TRY(tl_dataset_new((tl_shape){3, TL_CIFAR_SIDE, TL_CIFAR_SIDE}, kind->classes, rows,
                          arena, all, err));
    for (int k = 0, at = 0; k < count; at += list[k++].rows) {
        FILE *file;
        TL_TRY(tl_file_stream(NULL, list[k].path, &file, NULL, err));
        const tl_status status = read_records(&list[k], kind, file, all, at, err);
        (void)fclose(file);
        TL_TRY(status);
    }
    return TL_OK;
}

tl_status tl_cifar_read_file(const char *path, const tl_cifar *kind, tl_arena *arena,
                             tl_source *out, tl_err *err)
{
    batch one = {.path = path};
    TL_TRY(read_batches(&one, 1, kind, arena, &out->all, err));
    out->rows[TL_SPLIT_TRAIN] = out->all.rows;
    out->note = tl_arena_print(
        arena, err, "one file in the format of %s (Krizhevsky 2009), sums not checked",
        kind->name);
    return out->note ? TL_OK : TL_E_NOMEM;
}

tl_status tl_cifar_read(const char *folder, const tl_cifar *kind, tl_arena *arena,
                        tl_source *out, tl_err *err)
{
    batch list[MOST_FILES];
    int last = 0;
    while (kind->train[last]) last++;
    for (int k = 0; k <= last; k++) {
        const char *file = k < last ? kind->train[k] : kind->test;
        list[k].path = tl_arena_print(arena, err, "%s/%s", folder, file);
        if (!list[k].path) return TL_E_NOMEM;
    }
    TL_TRY(read_batches(list, last + 1, kind, arena, &out->all, err));
    out->rows[TL_SPLIT_TEST] = list[last].rows;
    out->rows[TL_SPLIT_TRAIN] = out->all.rows - list[last].rows;
    out->has_splits = true;
    const bool is_whole = memcmp(out->rows, kind->rows, sizeof out->rows) == 0;
    out->note =
        is_whole ? tl_arena_print(
                       arena, err,
                       "files in the format of %s (Krizhevsky 2009), sums not checked",
                       kind->name)
                 : tl_arena_print(
                       arena, err,
                       "files in the format of %s (Krizhevsky 2009), of other sizes than "
                       "the published %d and %d",
                       kind->name, kind->rows[TL_SPLIT_TRAIN], kind->rows[TL_SPLIT_TEST]);
    return out->note ? TL_OK : TL_E_NOMEM;
}
