/*
 * compute/data/medmnist_table: the facts of the 18 sets, against checksums.tsv of
 * THREATLOOP_TEST_DATA where that is set.
 */
#include "compute/data/medmnist.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { SETS = 18, FILES = 60, FIELDS = 11 };

static int count_files(void)
{
    int sets, files = 0;
    const tl_medmnist *set = tl_medmnist_sets(&sets);
    assert_int_equal(sets, SETS);
    for (int i = 0; i < sets; i++) {
        for (int s = 0; s < TL_MEDMNIST_SIZES; s++) files += set[i].md5[s] != NULL;
    }
    return files;
}

static void every_file_has_a_sum_of_its_own(void **state)
{
    (void)state;
    int sets;
    const tl_medmnist *set = tl_medmnist_sets(&sets);
    assert_int_equal(count_files(), FILES);
    for (int i = 0; i < sets; i++) {
        for (int s = 0; s < TL_MEDMNIST_SIZES; s++) {
            if (!set[i].md5[s]) continue;
            int size = -1;
            char name[TL_MEDMNIST_FILE];
            assert_int_equal(strspn(set[i].md5[s], "0123456789abcdef"), 32);
            assert_int_equal(strlen(set[i].md5[s]), 32);
            assert_ptr_equal(tl_medmnist_official(set[i].md5[s], &size), &set[i]);
            assert_int_equal(size, s);
            char *dot = strstr(tl_medmnist_file(&set[i], s, name), ".npz");
            assert_non_null(dot);
            *dot = '\0';
            size = -1;
            assert_ptr_equal(tl_medmnist_named(name, &size), &set[i]);
            assert_int_equal(size, s);
        }
    }
}

static void names_mean_a_set_and_a_size(void **state)
{
    (void)state;
    int size = -1;
    char name[TL_MEDMNIST_FILE];
    const tl_medmnist *breast = tl_medmnist_named("breastmnist", &size);
    assert_int_equal(size, 0);
    assert_ptr_equal(tl_medmnist_named("breastmnist_128", &size), breast);
    assert_int_equal(tl_medmnist_pixels(size), 128);
    assert_string_equal(tl_medmnist_file(breast, size, name), "breastmnist_128.npz");
    assert_string_equal(tl_medmnist_file(breast, 0, name), "breastmnist.npz");
    assert_null(tl_medmnist_named("breastmnist_28", &size));
    assert_null(tl_medmnist_named("organmnist3d_128", &size));
    assert_null(tl_medmnist_named("breastmnist_", &size));
    assert_int_equal(tl_medmnist_size(100), -1);
}

/* Cuts a line at its tabs; returns how many fields it has. */
static int cut(char *line, char *field[FIELDS])
{
    int count = 0;
    line[strcspn(line, "\r\n")] = '\0';
    for (char *at = line; at && count < FIELDS; count++) {
        field[count] = at;
        at = strchr(at, '\t');
        if (at) *at++ = '\0';
    }
    return count;
}

static void compare(char *field[FIELDS])
{
    int size;
    const tl_medmnist *set = tl_medmnist_named(field[0], &size);
    if (!set) fail_msg("no set %s", field[0]);
    size = tl_medmnist_size((int)strtol(field[1], NULL, 10));
    assert_true(size >= 0);
    assert_string_equal(set->md5[size], field[2]);
    char name[TL_MEDMNIST_FILE], url[256];
    (void)snprintf(url, sizeof url, "%s/%s%s", TL_MEDMNIST_URL,
                   tl_medmnist_file(set, size, name), TL_MEDMNIST_QUERY);
    assert_string_equal(url, field[3]);
    assert_string_equal(tl_medmnist_task_name(set->task), field[4]);
    assert_int_equal(set->channels, strtol(field[5], NULL, 10));
    assert_int_equal(set->classes, strtol(field[6], NULL, 10));
    for (int s = 0; s < TL_SPLITS; s++) {
        assert_int_equal(set->rows[s], strtol(field[7 + s], NULL, 10));
    }
    assert_string_equal(set->licence, field[10]);
    assert_int_equal(set->is_3d, strstr(field[0], "3d") != NULL);
}

static void the_table_is_that_of_the_release(void **state)
{
    (void)state;
    const char *folder = getenv("THREATLOOP_TEST_DATA");
    if (!folder || !*folder) skip();
    char path[512], line[512], *field[FIELDS];
    (void)snprintf(path, sizeof path, "%s/medmnist/checksums.tsv", folder);
    FILE *file = fopen(path, "r");
    if (!file) skip();
    int lines = 0;
    while (fgets(line, sizeof line, file)) {
        if (*line == '#') continue;
        assert_int_equal(cut(line, field), FIELDS);
        compare(field);
        lines++;
    }
    (void)fclose(file);
    assert_int_equal(lines, FILES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_has_a_sum_of_its_own),
        cmocka_unit_test(names_mean_a_set_and_a_size),
        cmocka_unit_test(the_table_is_that_of_the_release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
