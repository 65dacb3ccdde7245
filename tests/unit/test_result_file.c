/*
 * The result file: equal tables give equal bytes, what is written is read back, failures
 * leave nothing over, and files from elsewhere are refused.
 */
#include "analysis/table/result_file.h"

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { COLUMNS = 5, SMALL = 6, LARGE = 5000, PATH = 256 };

static const tl_attribute global[] = {{"source", "threatloop test"},
                                      {"title", "t\xc3\xa9st"},
                                      {"seed", "1"},
                                      {"plan_hash_without_replicates", "abc"}};

/* A table of all types; replicates count from `first`. */
static tl_table *table_of(uint32_t trials, int first, tl_arena *arena)
{
    tl_table *table = tl_arena_take(arena, 1, sizeof *table, NULL);
    tl_column *column = tl_arena_take(arena, COLUMNS, sizeof *column, NULL);
    int32_t *replicate = tl_arena_take(arena, trials, sizeof *replicate, NULL);
    int32_t *flag = tl_arena_take(arena, trials, sizeof *flag, NULL);
    double *value = tl_arena_take(arena, trials, sizeof *value, NULL);
    const char **word = tl_arena_take(arena, trials, sizeof *word, NULL);
    const char **other = tl_arena_take(arena, trials, sizeof *other, NULL);
    for (uint32_t t = 0; t < trials; t++) {
        replicate[t] = first + (int)t;
        flag[t] = (int)t % 3;
        value[t] = t % 3 == 1 ? (double)NAN : 0.1 * t;
        word[t] = t % 2 ? "none" : "d2m.b\xc3\xa4";
        other[t] = t % 2 ? "" : "same_leng";
    }
    column[0] = (tl_column){.name = "poison",
                            .type = TL_COLUMN_TEXT,
                            .is_coordinate = true,
                            .text = word,
                            .attributes = 1,
                            .attribute = {{"factor", "choice"}}};
    column[1] = (tl_column){.name = "replicate",
                            .type = TL_COLUMN_INT,
                            .is_coordinate = true,
                            .integer = replicate};
    column[2] = (tl_column){.name = "score",
                            .type = TL_COLUMN_REAL,
                            .real = value,
                            .low = -1.0,
                            .high = 0.75,
                            .attributes = 2,
                            .attribute = {{"units", "1"}, {"long_name", ""}}};
    column[3] = (tl_column){.name = "why",
                            .type = TL_COLUMN_FLAG,
                            .integer = flag,
                            .flag_meanings = "value unresolvable failed"};
    column[4] = (tl_column){.name = "note", .type = TL_COLUMN_TEXT, .text = other};
    *table = (tl_table){.trials = trials,
                        .columns = COLUMNS,
                        .column = column,
                        .attributes = 4,
                        .attribute = global};
    return table;
}

typedef struct place {
    char folder[64];
    tl_arena arena;
    tl_err err;
} place;

static int open_place(void **state)
{
    place *p = calloc(1, sizeof *p);
    if (!p) return 1;
    (void)snprintf(p->folder, sizeof p->folder, "/tmp/tl_result_XXXXXX");
    p->arena = tl_arena_open(0);
    *state = p;
    return mkdtemp(p->folder) ? 0 : 1;
}

static int close_place(void **state)
{
    static const char *const name[] = {"a.nc", "b.nc", "c.nc", "a.nc.tmp"};
    place *p = *state;
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        char path[PATH];
        (void)snprintf(path, sizeof path, "%s/%s", p->folder, name[i]);
        (void)unlink(path);
    }
    const int failed = rmdir(p->folder);
    tl_arena_close(&p->arena);
    free(p);
    return failed;
}

static char *path_in(const place *p, const char *name, char path[PATH])
{
    (void)snprintf(path, PATH, "%s/%s", p->folder, name);
    return path;
}

static size_t bytes_of(const char *path, tl_arena *arena, char **bytes)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    const size_t size = (size_t)ftell(file);
    rewind(file);
    *bytes = tl_arena_take(arena, size, 1, NULL);
    assert_int_equal(fread(*bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    return size;
}

static void assert_same_files(const place *p, const char *one, const char *two)
{
    char path[PATH], *a, *b;
    tl_arena arena = tl_arena_open(0);
    const size_t n = bytes_of(path_in(p, one, path), &arena, &a);
    const size_t m = bytes_of(path_in(p, two, path), &arena, &b);
    assert_int_equal(n, m);
    assert_memory_equal(a, b, n);
    tl_arena_close(&arena);
}

/* The second is written after a second has passed, from memory with other rubbish in it. */
static void same_table_gives_same_bytes(void **state)
{
    place *p = *state;
    char path[PATH];
    const uint32_t sizes[] = {0, SMALL, LARGE};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(tl_result_write(path_in(p, "a.nc", path),
                                         table_of(sizes[i], 0, &p->arena), &p->err),
                         TL_OK);
        const time_t then = time(NULL);
        while (i == 1 && time(NULL) == then) {
            char *rubbish = malloc(1 << 20);
            assert_non_null(rubbish);
            memset(rubbish, 0x5a, 1 << 20);
            free(rubbish);
        }
        assert_int_equal(tl_result_write(path_in(p, "b.nc", path),
                                         table_of(sizes[i], 0, &p->arena), &p->err),
                         TL_OK);
        assert_same_files(p, "a.nc", "b.nc");
    }
}

static void what_is_written_is_read_back(void **state)
{
    place *p = *state;
    char path[PATH];
    tl_table *back;
    const tl_table *table = table_of(SMALL, 0, &p->arena);
    assert_int_equal(tl_result_write(path_in(p, "a.nc", path), table, &p->err), TL_OK);
    assert_int_equal(tl_result_read(path, &p->arena, &back, &p->err), TL_OK);
    assert_int_equal(back->trials, SMALL);
    assert_int_equal(back->columns, COLUMNS);
    assert_string_equal(back->dimension, "trial");
    assert_string_equal(tl_table_attribute(back, "title"), "t\xc3\xa9st");
    for (int c = 0; c < COLUMNS; c++) {
        const tl_column *was = &table->column[c], *is = &back->column[c];
        assert_string_equal(is->name, was->name);
        assert_int_equal(is->type, was->type);
        assert_int_equal(is->is_coordinate, was->is_coordinate);
        assert_int_equal(is->attributes, was->attributes);
        assert_true(is->low == was->low && is->high == was->high);
        for (uint32_t t = 0; t < SMALL; t++) {
            if (was->real)
                assert_memory_equal(&is->real[t], &was->real[t], sizeof(double));
            else if (was->text)
                assert_string_equal(is->text[t], was->text[t]);
            else
                assert_int_equal(is->integer[t], was->integer[t]);
        }
    }
    assert_string_equal(back->column[3].flag_meanings, "value unresolvable failed");
    assert_string_equal(tl_column_attribute(&back->column[2], "long_name"), "");
    assert_null(tl_column_attribute(&back->column[2], "absent"));
}

static void what_was_read_is_written_as_it_was(void **state)
{
    place *p = *state;
    char path[PATH];
    tl_table *back;
    assert_int_equal(
        tl_result_write(path_in(p, "a.nc", path), table_of(LARGE, 0, &p->arena), &p->err),
        TL_OK);
    assert_int_equal(tl_result_read(path, &p->arena, &back, &p->err), TL_OK);
    assert_int_equal(tl_result_write(path_in(p, "b.nc", path), back, &p->err), TL_OK);
    assert_same_files(p, "a.nc", "b.nc");
}

/* Attributes stay at the root, where every program looks for them. */
static void a_table_in_a_group_is_read_back_from_it(void **state)
{
    place *p = *state;
    char path[PATH];
    tl_table *back, *table = table_of(SMALL, 0, &p->arena);
    table->group = "effects";
    table->dimension = "effect";
    assert_int_equal(tl_result_write(path_in(p, "a.nc", path), table, &p->err), TL_OK);
    assert_int_equal(tl_result_read(path, &p->arena, &back, &p->err), TL_OK);
    assert_string_equal(back->group, "effects");
    assert_string_equal(back->dimension, "effect");
    assert_int_equal(back->columns, COLUMNS);
    assert_string_equal(back->column[0].text[1], table->column[0].text[1]);
    assert_string_equal(tl_table_attribute(back, "seed"), "1");
    assert_int_equal(tl_result_write(path_in(p, "b.nc", path), back, &p->err), TL_OK);
    assert_same_files(p, "a.nc", "b.nc");
}

static void a_table_without_coordinates_has_none_when_read(void **state)
{
    place *p = *state;
    char path[PATH];
    tl_table *back, *table = table_of(SMALL, 0, &p->arena);
    table->column[0].is_coordinate = table->column[1].is_coordinate = false;
    table->dimension = "effect";
    assert_int_equal(tl_result_write(path_in(p, "a.nc", path), table, &p->err), TL_OK);
    assert_int_equal(tl_result_read(path, &p->arena, &back, &p->err), TL_OK);
    for (int c = 0; c < COLUMNS; c++) assert_false(back->column[c].is_coordinate);
    assert_string_equal(back->dimension, "effect");
}

static void a_folder_that_is_not_there_is_named(void **state)
{
    place *p = *state;
    assert_int_equal(tl_result_write("/tmp/tl_no_such_folder/a.nc",
                                     table_of(SMALL, 0, &p->arena), &p->err),
                     TL_E_IO);
    assert_non_null(strstr(p->err.text, "/tmp/tl_no_such_folder/a.nc"));
    assert_non_null(strstr(p->err.text, "No such file"));
}

/* A limit on file size stands in for a full disk. */
static void no_space_leaves_the_old_file_and_nothing_else(void **state)
{
    place *p = *state;
    char path[PATH], temporary[PATH];
    struct rlimit was, tight = {.rlim_cur = 20000};
    tl_table *back;
    assert_int_equal(
        tl_result_write(path_in(p, "a.nc", path), table_of(SMALL, 0, &p->arena), &p->err),
        TL_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    tight.rlim_max = was.rlim_max;
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    const tl_status status = tl_result_write(path, table_of(LARGE, 0, &p->arena), &p->err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    assert_int_equal(status, TL_E_IO);
    assert_non_null(strstr(p->err.text, path));
    assert_int_not_equal(access(path_in(p, "a.nc.tmp", temporary), F_OK), 0);
    assert_int_equal(tl_result_read(path, &p->arena, &back, &p->err), TL_OK);
    assert_int_equal(back->trials, SMALL);
}

static void files_from_elsewhere_are_refused(void **state)
{
    place *p = *state;
    char path[PATH];
    tl_table *back, *table = table_of(SMALL, 0, &p->arena);
    assert_int_equal(
        tl_result_read(path_in(p, "absent.nc", path), &p->arena, &back, &p->err), TL_E_IO);
    assert_int_equal(tl_result_read(p->folder, &p->arena, &back, &p->err), TL_E_IO);
    FILE *file = fopen(path_in(p, "a.nc", path), "w");
    assert_non_null(file);
    assert_true(fputs("trial,poison\n1,none\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(tl_result_read(path, &p->arena, &back, &p->err), TL_E_FORMAT);
    const tl_attribute other[] = {{"source", "another program"}};
    table->attribute = other;
    table->attributes = 1;
    assert_int_equal(tl_result_write(path_in(p, "b.nc", path), table, &p->err), TL_OK);
    assert_int_equal(tl_result_read(path, &p->arena, &back, &p->err), TL_E_FORMAT);
    assert_non_null(strstr(p->err.text, "another program"));
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    place *p = *state;
    char path[PATH], *bytes;
    tl_table *back;
    assert_int_equal(
        tl_result_write(path_in(p, "a.nc", path), table_of(SMALL, 0, &p->arena), &p->err),
        TL_OK);
    const size_t size = bytes_of(path, &p->arena, &bytes);
    for (size_t length = 0; length < size; length += 331) {
        /* A new inode each time: HDF5 shares what it has cached of an old one. */
        (void)unlink(path_in(p, "b.nc", path));
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(bytes, 1, length, file), length);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(tl_result_read(path, &p->arena, &back, &p->err), TL_E_FORMAT);
    }
}

static void replicates_of_one_plan_are_pooled(void **state)
{
    place *p = *state;
    const tl_table *two[] = {table_of(SMALL, 0, &p->arena), table_of(4, SMALL, &p->arena)};
    tl_table *all;
    assert_int_equal(tl_table_pool(two, 2, &p->arena, &all, &p->err), TL_OK);
    assert_int_equal(all->trials, SMALL + 4);
    for (int t = 0; t < SMALL + 4; t++) {
        assert_int_equal(tl_table_find(all, "replicate")->integer[t], t);
    }
    assert_string_equal(tl_table_find(all, "poison")->text[SMALL], "d2m.b\xc3\xa4");
}

static void a_flag_that_one_table_lacks_is_zero_there(void **state)
{
    place *p = *state;
    tl_table *first = table_of(SMALL, 0, &p->arena), *all;
    first->columns = 3;
    first->column[2].name = "gain";
    tl_table *second = table_of(SMALL, SMALL, &p->arena);
    second->columns = 4;
    const tl_table *two[] = {first, second};
    assert_int_equal(tl_table_pool(two, 2, &p->arena, &all, &p->err), TL_OK);
    assert_int_equal(all->columns, 5);
    assert_int_equal(tl_table_find(all, "why")->integer[1], 0);
    assert_int_equal(tl_table_find(all, "why")->integer[SMALL + 1], 1);
    assert_true(isnan(tl_table_find(all, "gain")->real[SMALL]));
}

static void what_cannot_be_pooled_is_refused(void **state)
{
    place *p = *state;
    tl_table *same = table_of(SMALL, SMALL - 1, &p->arena), *all;
    const tl_table *two[] = {table_of(SMALL, 0, &p->arena), same};
    assert_int_equal(tl_table_pool(two, 2, &p->arena, &all, &p->err), TL_E_ARG);
    assert_non_null(strstr(p->err.text, "replicate 5 is in file 1 and in file 2"));
    const tl_attribute other[] = {{"seed", "1"}, {"plan_hash_without_replicates", "abd"}};
    same = table_of(SMALL, SMALL, &p->arena);
    same->attribute = other;
    same->attributes = 2;
    two[1] = same;
    assert_int_equal(tl_table_pool(two, 2, &p->arena, &all, &p->err), TL_E_ARG);
    assert_non_null(strstr(p->err.text, "plan_hash_without_replicates"));
}

/* A plan of two replicates with a metric; `key` [2] of its trials. */
static tl_table *keyed_table(const char *const *key, int first, double a, double b,
                             tl_arena *arena)
{
    tl_table *table;
    int32_t *replicate = tl_arena_take(arena, 2, sizeof *replicate, NULL);
    double *real = tl_arena_take(arena, 2, sizeof *real, NULL);
    assert_int_equal(tl_table_new(arena, 2, 3, &table, NULL), TL_OK);
    assert_true(replicate && real);
    for (int t = 0; t < 2; t++) replicate[t] = first + t;
    real[0] = a;
    real[1] = b;
    tl_table_add(table, "replicate", TL_COLUMN_INT, "1", "r")->integer = replicate;
    tl_table_add(table, "trial_key", TL_COLUMN_TEXT, NULL, "k")->text = key;
    tl_column *metric = tl_table_add(table, "auc", TL_COLUMN_REAL, "1", "m");
    metric->real = real;
    tl_column_describe(metric, "better", "lower");
    return table;
}

static void a_trial_of_two_tables_counts_once(void **state)
{
    place *p = *state;
    static const char *const one[] = {"k0", "k1"}, *const two[] = {"k1", "k2"};
    const double none = (double)NAN;
    const tl_table *both[] = {keyed_table(one, 0, 0.5, none, &p->arena),
                              keyed_table(two, 1, 0.75, 0.25, &p->arena)};
    tl_table *all;
    assert_int_equal(tl_table_pool(both, 2, &p->arena, &all, &p->err), TL_OK);
    assert_int_equal(all->trials, 3);
    const double *auc = tl_table_find(all, "auc")->real;
    assert_true(auc[0] == 0.5 && auc[1] == 0.75 && auc[2] == 0.25);
    for (int t = 0; t < 3; t++)
        assert_int_equal(tl_table_find(all, "replicate")->integer[t], t);
}

static void tables_that_contradict_one_another_are_refused(void **state)
{
    place *p = *state;
    static const char *const one[] = {"k0", "k1"}, *const two[] = {"k1", "k2"};
    static const char *const other[] = {"k3", "k2"};
    const tl_table *both[] = {keyed_table(one, 0, 0.5, 0.7, &p->arena),
                              keyed_table(two, 1, 0.75, 0.25, &p->arena)};
    tl_table *all;
    assert_int_equal(tl_table_pool(both, 2, &p->arena, &all, &p->err), TL_E_ARG);
    assert_non_null(strstr(p->err.text, "file 2 contradicts file 1"));
    assert_non_null(strstr(p->err.text, "the same of replicate 1, auc is 0.75 and 0.7"));
    /* Another trial of the same replicate. */
    both[1] = keyed_table(other, 1, 0.7, 0.25, &p->arena);
    assert_int_equal(tl_table_pool(both, 2, &p->arena, &all, &p->err), TL_E_ARG);
    assert_non_null(strstr(p->err.text, "replicate 1 is in file 1 and in file 2"));
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, open_place, close_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(same_table_gives_same_bytes),
        IN_PLACE(what_is_written_is_read_back),
        IN_PLACE(a_table_in_a_group_is_read_back_from_it),
        IN_PLACE(what_was_read_is_written_as_it_was),
        IN_PLACE(a_table_without_coordinates_has_none_when_read),
        IN_PLACE(a_folder_that_is_not_there_is_named),
        IN_PLACE(no_space_leaves_the_old_file_and_nothing_else),
        IN_PLACE(files_from_elsewhere_are_refused),
        IN_PLACE(a_file_cut_anywhere_is_refused),
        IN_PLACE(replicates_of_one_plan_are_pooled),
        IN_PLACE(a_flag_that_one_table_lacks_is_zero_there),
        IN_PLACE(what_cannot_be_pooled_is_refused),
        IN_PLACE(a_trial_of_two_tables_counts_once),
        IN_PLACE(tables_that_contradict_one_another_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
