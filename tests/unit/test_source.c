/* compute/data/source: names, places, MNIST pairs, copies and the key of the content. */
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

enum { IMAGES = 4, PIXELS = 16 };

static char folder[64];
static const char *const kinds[2] = {"images-idx3", "labels-idx1"};

static void name_part(const char *kind, char path[160])
{
    (void)snprintf(path, 160, "%s/mnist/t10k-%s-ubyte", folder, kind);
}

static int make_folder(void **state)
{
    (void)state;
    char path[160];
    (void)strcpy(folder, "/tmp/tl_source_XXXXXX");
    if (!mkdtemp(folder)) return -1;
    (void)snprintf(path, sizeof path, "%s/mnist", folder);
    /* Only what the tests put there is to be found. */
    return mkdir(path, 0700) || setenv("XDG_CACHE_HOME", folder, 1) ||
           unsetenv("THREATLOOP_DATA");
}

static int drop_folder(void **state)
{
    (void)state;
    char path[160];
    for (int k = 0; k < 2; k++) {
        name_part(kinds[k], path);
        (void)unlink(path);
    }
    (void)snprintf(path, sizeof path, "%s/mnist", folder);
    return rmdir(path) || rmdir(folder);
}

static void put_file(const char *kind, const unsigned char *bytes, size_t n)
{
    char path[160];
    name_part(kind, path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

/* Four images of 4x4; the third is a copy of the first. `shift` is added to one pixel. */
static void put_pair(int labels, int first_label, int shift)
{
    unsigned char image[16 + IMAGES * PIXELS] = {0, 0, 8, 3, 0, 0, 0, IMAGES,
                                                 0, 0, 0, 4, 0, 0, 0, 4};
    unsigned char label[8 + 8] = {0, 0, 8, 1, 0, 0, 0, (unsigned char)labels};
    static const unsigned char start[IMAGES] = {10, 90, 10, 50};
    for (int i = 0; i < IMAGES; i++) {
        for (int p = 0; p < PIXELS; p++) {
            image[16 + i * PIXELS + p] = (unsigned char)(start[i] + p);
        }
    }
    image[16 + 3 * PIXELS] = (unsigned char)(image[16 + 3 * PIXELS] + shift);
    for (int i = 0; i < labels; i++) label[8 + i] = (unsigned char)(first_label + i);
    put_file(kinds[0], image, sizeof image);
    put_file(kinds[1], label, 8 + (size_t)labels);
}

static tl_status open_pair(tl_arena *arena, tl_source **source, tl_err *err)
{
    return tl_source_open("mnist/t10k", folder, NULL, arena, source, err);
}

static void mnist_is_read_and_copies_are_grouped(void **state)
{
    (void)state;
    put_pair(IMAGES, 3, 0);
    tl_arena arena = tl_arena_open(0);
    tl_source *source;
    tl_err err = {0};
    if (open_pair(&arena, &source, &err) != TL_OK) fail_msg("%s", err.text);
    static const int32_t group[IMAGES] = {0, 1, 0, 3};
    assert_memory_equal(source->group, group, sizeof group);
    assert_int_equal(source->all.rows, IMAGES);
    assert_int_equal(source->all.classes, 10);
    assert_int_equal(source->rows[TL_SPLIT_TRAIN], IMAGES);
    assert_false(source->has_splits);
    for (int i = 0; i < IMAGES; i++) {
        assert_int_equal(source->all.label[i], 3 + i);
        assert_int_equal(source->all.origin[i], i);
        assert_int_equal(source->all.flags[i], 0);
    }
    assert_true(source->all.input[PIXELS + 2] == 92.0f / 255.0f);
    assert_non_null(strstr(source->note, "not the official ones of MNIST (MD5 of images "));
    tl_arena_close(&arena);
}

static void a_label_has_no_folder(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"/home/me/scans.npz", "scans.npz"},
                                           {"/scans.npz", "scans.npz"},
                                           {"data/scans.npz", "data/scans.npz"},
                                           {"medmnist/bloodmnist", "medmnist/bloodmnist"},
                                           {"/etc/passwd", "/etc/passwd"},
                                           {"", ""}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
        assert_string_equal(tl_source_label(cases[c][0]), cases[c][1]);
}

static void content_key_sees_pixels_and_labels(void **state)
{
    (void)state;
    static const int label[4] = {3, 3, 4, 3}, shift[4] = {0, 0, 0, 1};
    tl_key key[4];
    for (int k = 0; k < 4; k++) {
        tl_arena arena = tl_arena_open(0);
        tl_source *source;
        put_pair(IMAGES, label[k], shift[k]);
        assert_int_equal(open_pair(&arena, &source, NULL), TL_OK);
        key[k] = source->content;
        tl_arena_close(&arena);
    }
    assert_true(tl_key_equal(&key[0], &key[1]));
    assert_false(tl_key_equal(&key[0], &key[2]));
    assert_false(tl_key_equal(&key[0], &key[3]));
}

static void pairs_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    tl_arena arena = tl_arena_open(0);
    tl_source *source;
    tl_err err = {0};
    put_pair(IMAGES + 1, 0, 0);
    assert_int_equal(open_pair(&arena, &source, &err), TL_E_FORMAT);
    assert_non_null(strstr(err.text, "5 labels for 4 images"));
    put_pair(IMAGES, 7, 0);
    assert_int_equal(open_pair(&arena, &source, &err), TL_E_FORMAT);
    assert_non_null(strstr(err.text, "label 10 of image 3 is not a digit"));
    static const unsigned char wide[] = {0, 0, 8, 3, 0, 0, 0, 1, 0,
                                         0, 0, 1, 0, 0, 0, 2, 5, 5};
    put_pair(IMAGES, 0, 0);
    put_file(kinds[0], wide, sizeof wide);
    assert_int_equal(open_pair(&arena, &source, &err), TL_E_FORMAT);
    assert_non_null(strstr(err.text, "(1, 1, 2); allowed are sides of 4 to 1024"));
    tl_arena_close(&arena);
}

static void missing_data_name_every_place_looked_at(void **state)
{
    (void)state;
    tl_arena arena = tl_arena_open(0);
    tl_source *source;
    tl_err err = {0};
    assert_int_equal(setenv("THREATLOOP_DATA", "/tmp/tl-second", 1), 0);
    const tl_status status =
        tl_source_open("medmnist/bloodmnist", "/tmp/tl-first", NULL, &arena, &source, &err);
    assert_int_equal(unsetenv("THREATLOOP_DATA"), 0);
    assert_int_equal(status, TL_E_IO);
    assert_non_null(strstr(err.text, "/tmp/tl-first/medmnist/bloodmnist.npz"));
    assert_non_null(strstr(err.text, "/tmp/tl-second/medmnist/bloodmnist.npz"));
    assert_non_null(strstr(err.text, folder));
    tl_arena_close(&arena);
}

static void an_unknown_name_is_told_its_neighbour(void **state)
{
    (void)state;
    tl_arena arena = tl_arena_open(0);
    tl_source *source;
    tl_err err = {0};
    assert_int_equal(
        tl_source_open("medmnist/brestmnist", NULL, NULL, &arena, &source, &err), TL_E_ARG);
    assert_non_null(strstr(err.text, "did you mean 'medmnist/breastmnist'"));
    assert_int_equal(tl_source_open("../etc/passwd", NULL, NULL, &arena, &source, &err),
                     TL_E_ARG);
    tl_arena_close(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mnist_is_read_and_copies_are_grouped),
        cmocka_unit_test(a_label_has_no_folder),
        cmocka_unit_test(content_key_sees_pixels_and_labels),
        cmocka_unit_test(pairs_that_do_not_fit_are_refused),
        cmocka_unit_test(missing_data_name_every_place_looked_at),
        cmocka_unit_test(an_unknown_name_is_told_its_neighbour),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
