/* compute/data/cifar: folders of records written here, and what is refused. */
#include "compute/data/cifar.h"
#include "compute/data/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

enum { TRAIN = 3, TEST = 2 };

static char place[64];
static const tl_cifar *ten, *hundred;

static int make_folders(void **state)
{
    (void)state;
    char path[160];
    ten = tl_cifar_find("cifar10");
    hundred = tl_cifar_find("cifar100");
    (void)strcpy(place, "/tmp/tl_cifar_XXXXXX");
    if (!mkdtemp(place)) return -1;
    (void)snprintf(path, sizeof path, "%s/%s", place, ten->folder);
    if (mkdir(path, 0700)) return -1;
    (void)snprintf(path, sizeof path, "%s/%s", place, hundred->folder);
    return mkdir(path, 0700) || setenv("XDG_CACHE_HOME", place, 1) ||
           unsetenv("THREATLOOP_DATA");
}

static void name_file(const tl_cifar *kind, const char *file, char path[160])
{
    (void)snprintf(path, 160, "%s/%s/%s", place, kind->folder, file);
}

/* Record r has class first + r; byte p of its pixels is r + p, so planes are told apart. */
static void put_records(const tl_cifar *kind, const char *file, int records, int first,
                        int extra)
{
    static unsigned char bytes[8 * (TL_CIFAR_PIXELS + 2)];
    char path[160];
    const int length = tl_cifar_record(kind);
    memset(bytes, 0, sizeof bytes);
    for (int r = 0; r < records; r++) {
        unsigned char *at = bytes + r * length;
        if (kind == hundred) at[0] = (unsigned char)(r % 20);
        at[kind->labels - 1] = (unsigned char)(first + r);
        for (int p = 0; p < TL_CIFAR_PIXELS; p++) {
            at[kind->labels + p] = (unsigned char)(r + p + p / 1024);
        }
    }
    name_file(kind, file, path);
    FILE *stream = fopen(path, "wb");
    assert_non_null(stream);
    const size_t n = (size_t)(records * length + extra);
    assert_int_equal(fwrite(bytes, 1, n, stream), n);
    assert_int_equal(fclose(stream), 0);
}

static void put_all(const tl_cifar *kind, int first)
{
    for (const char *const *file = kind->train; *file; file++) {
        put_records(kind, *file, TRAIN, first, 0);
    }
    put_records(kind, kind->test, TEST, first, 0);
}

static int drop_folders(void **state)
{
    (void)state;
    const tl_cifar *kind[2] = {ten, hundred};
    char path[160];
    for (int k = 0; k < 2; k++) {
        for (const char *const *file = kind[k]->train; *file; file++) {
            name_file(kind[k], *file, path);
            (void)unlink(path);
        }
        name_file(kind[k], kind[k]->test, path);
        (void)unlink(path);
        (void)snprintf(path, sizeof path, "%s/%s", place, kind[k]->folder);
        if (rmdir(path)) return -1;
    }
    return rmdir(place);
}

static tl_source *open_source(const tl_cifar *kind, tl_arena *arena)
{
    tl_source *source;
    tl_err err = {0};
    if (tl_source_open(kind->name, place, NULL, arena, &source, &err) != TL_OK) {
        fail_msg("%s", err.text);
    }
    return source;
}

static void batches_become_planes_and_splits(void **state)
{
    (void)state;
    put_all(ten, 4);
    tl_arena arena = tl_arena_open(0);
    const tl_source *source = open_source(ten, &arena);
    assert_int_equal(source->all.rows, 5 * TRAIN + TEST);
    assert_int_equal(source->rows[TL_SPLIT_TRAIN], 5 * TRAIN);
    assert_int_equal(source->rows[TL_SPLIT_TEST], TEST);
    assert_true(source->has_splits);
    assert_int_equal(source->all.classes, 10);
    assert_int_equal(source->all.shape.channels, 3);
    for (int i = 0; i < source->all.rows; i++) {
        const int record = i % TRAIN;
        assert_int_equal(source->all.label[i], 4 + record);
        for (int p = 0; p < TL_CIFAR_PIXELS; p++) {
            const float wanted = (float)((record + p + p / 1024) & 255) / 255.0f;
            assert_true(source->all.input[i * TL_CIFAR_PIXELS + p] == wanted);
        }
    }
    assert_non_null(strstr(source->note, "other sizes than the published"));
    tl_arena_close(&arena);
}

static void of_cifar100_the_fine_label_is_the_class(void **state)
{
    (void)state;
    put_all(hundred, 90);
    tl_arena arena = tl_arena_open(0);
    const tl_source *source = open_source(hundred, &arena);
    assert_int_equal(source->all.rows, TRAIN + TEST);
    assert_int_equal(source->all.classes, 100);
    for (int i = 0; i < TRAIN; i++) assert_int_equal(source->all.label[i], 90 + i);
    assert_true(source->all.input[TL_CIFAR_PIXELS] == 1.0f / 255.0f);
    tl_arena_close(&arena);
}

static void lengths_and_labels_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    tl_source *source;
    tl_err err = {0};
    tl_arena arena = tl_arena_open(0);
    put_all(ten, 0);
    put_records(ten, "data_batch_3.bin", TRAIN, 0, 5);
    assert_int_equal(tl_source_open("cifar10", place, NULL, &arena, &source, &err),
                     TL_E_FORMAT);
    assert_non_null(strstr(err.text, "data_batch_3.bin: has 9224 bytes"));
    assert_non_null(strstr(err.text, "whole records of 3073"));
    put_records(ten, "data_batch_3.bin", TRAIN, 8, 0);
    assert_int_equal(tl_source_open("cifar10", place, NULL, &arena, &source, &err),
                     TL_E_FORMAT);
    assert_non_null(strstr(err.text, "record 2 has a label"));
    put_records(ten, "data_batch_3.bin", 0, 0, 0);
    assert_int_equal(tl_source_open("cifar10", place, NULL, &arena, &source, &err),
                     TL_E_FORMAT);
    char path[160];
    name_file(ten, "data_batch_3.bin", path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(tl_source_open("cifar10", place, NULL, &arena, &source, &err),
                     TL_E_IO);
    tl_arena_close(&arena);
}

static void one_file_is_what_it_is_said_to_be(void **state)
{
    (void)state;
    char path[160];
    tl_source *source;
    tl_err err = {0};
    tl_arena arena = tl_arena_open(0);
    put_records(hundred, hundred->test, TEST, 50, 0);
    name_file(hundred, hundred->test, path);
    assert_int_equal(tl_source_open_cifar(path, hundred, &arena, &source, &err), TL_OK);
    assert_int_equal(source->all.label[1], 51);
    assert_false(source->has_splits);
    assert_int_equal(tl_source_open_cifar(path, ten, &arena, &source, &err), TL_E_FORMAT);
    tl_arena_close(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_become_planes_and_splits),
        cmocka_unit_test(of_cifar100_the_fine_label_is_the_class),
        cmocka_unit_test(lengths_and_labels_that_do_not_fit_are_refused),
        cmocka_unit_test(one_file_is_what_it_is_said_to_be),
    };
    return cmocka_run_group_tests(tests, make_folders, drop_folders);
}
