/*
 * Groups of samples in a result file: equal lists give equal bytes, the table beside them
 * is read as ever, memory is bounded, and a reader that fails leaves nothing over. What the
 * groups hold is read by tests/peers/recompute_samples.py.
 */
#include "analysis/table/result_file.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

enum { TRIALS = 5000, PATH = 256 };

static const tl_group_source source[] = {{"attack", "", 1}, {"attack", "more", 2}};

/* Records that follow from list and number; `calls` counts the pieces that were read. */
typedef struct maker {
    tl_group_kind kind;
    size_t pixels, most, calls;
    uint32_t fails_at; /* list; UINT32_MAX: never */
} maker;

static tl_status read_rows(void *self, uint32_t list, uint64_t from, size_t n,
                           const tl_group_rows *out, tl_err *err)
{
    maker *m = self;
    TL_CHECK(list != m->fails_at, err, TL_E_IO, "as was wanted");
    m->calls++;
    if (n > m->most) m->most = n;
    for (size_t i = 0; i < n; i++) {
        const double x = (double)(from + i) + 0.25 * list;
        if (m->kind == TL_GROUP_CURVES) {
            out->x[i] = x;
            out->y[i] = -x;
            continue;
        }
        out->row[i] = (uint32_t)(from + i);
        out->label[i] = (int32_t)list;
        if (m->kind == TL_GROUP_SAMPLES) {
            out->score[i] = x;
            out->member[i] = i % 2 == 0;
            out->flags[i] = 0;
        } else {
            for (size_t p = 0; p < m->pixels; p++)
                out->pixel[i * m->pixels + p] = (float)(p % 7);
        }
    }
    return TL_OK;
}

static tl_status index_trials(void *self, uint32_t first, uint32_t trials, int32_t *list_of,
                              tl_err *err)
{
    (void)self;
    (void)err;
    for (uint32_t i = 0; i < trials; i++) {
        list_of[2 * i] = (first + i) % 2 ? 0 : -1;
        list_of[2 * i + 1] = 1;
    }
    return TL_OK;
}

typedef struct place {
    char folder[64];
    tl_arena arena;
    tl_table *table;
    maker maker[TL_GROUPS];
    tl_group_list list[TL_GROUPS][2];
    tl_sample_group group[TL_GROUPS];
    tl_err err;
} place;

static int open_place(void **state)
{
    static const size_t rows[TL_GROUPS] = {9000, 5000, 40};
    static const tl_attribute global[] = {{"source", "threatloop test"}};
    place *p = calloc(1, sizeof *p);
    assert_non_null(p);
    (void)snprintf(p->folder, sizeof p->folder, "/tmp/tl_groups_XXXXXX");
    assert_non_null(mkdtemp(p->folder));
    assert_int_equal(tl_table_new(&p->arena, TRIALS, 1, &p->table, NULL), TL_OK);
    double *value = tl_arena_take(&p->arena, TRIALS, sizeof *value, NULL);
    tl_table_add(p->table, "score", TL_COLUMN_REAL, "1", "a score")->real = value;
    p->table->attribute = global;
    p->table->attributes = 1;
    for (int k = 0; k < TL_GROUPS; k++) {
        p->maker[k] =
            (maker){.kind = (tl_group_kind)k, .pixels = 4096, .fails_at = UINT32_MAX};
        p->list[k][0] = (tl_group_list){1, 0, rows[k]};
        p->list[k][1] = (tl_group_list){2, 1, rows[k] / 3};
        p->group[k] = (tl_sample_group){.kind = (tl_group_kind)k,
                                        .sources = 2,
                                        .source = source,
                                        .lists = 2,
                                        .list = p->list[k],
                                        .trials = TRIALS,
                                        .read = read_rows,
                                        .index = index_trials,
                                        .self = &p->maker[k]};
    }
    p->group[TL_GROUP_IMAGES].channels = 1;
    p->group[TL_GROUP_IMAGES].height = p->group[TL_GROUP_IMAGES].width = 64;
    *state = p;
    return 0;
}

static int close_place(void **state)
{
    place *p = *state;
    char command[96];
    (void)snprintf(command, sizeof command, "rm -r %s", p->folder);
    assert_int_equal(system(command), 0);
    tl_arena_close(&p->arena);
    free(p);
    return 0;
}

static char *path_in(const place *p, const char *name, char path[PATH])
{
    (void)snprintf(path, PATH, "%s/%s", p->folder, name);
    return path;
}

static size_t size_of(const char *path)
{
    struct stat facts;
    assert_int_equal(stat(path, &facts), 0);
    return (size_t)facts.st_size;
}

static bool are_same(const char *a, const char *b)
{
    char command[3 * PATH];
    (void)snprintf(command, sizeof command, "cmp -s %s %s", a, b);
    return system(command) == 0;
}

static void write_to(place *p, const char *path, int groups)
{
    if (tl_result_write_groups(path, p->table, p->group, groups, &p->err) != TL_OK)
        fail_msg("%s", p->err.text);
}

static void equal_lists_give_equal_bytes_at_another_time(void **state)
{
    place *p = *state;
    char a[PATH], b[PATH];
    const struct timespec second = {.tv_sec = 1, .tv_nsec = 100000000};
    write_to(p, path_in(p, "a.nc", a), TL_GROUPS);
    (void)nanosleep(&second, NULL); /* times in a file have seconds */
    write_to(p, path_in(p, "b.nc", b), TL_GROUPS);
    assert_true(are_same(a, b));
    p->list[TL_GROUP_SAMPLES][1].rows--;
    write_to(p, b, TL_GROUPS);
    assert_false(are_same(a, b));
}

static void without_groups_the_bytes_are_those_of_the_table(void **state)
{
    place *p = *state;
    char a[PATH], b[PATH];
    assert_int_equal(tl_result_write(path_in(p, "a.nc", a), p->table, &p->err), TL_OK);
    write_to(p, path_in(p, "b.nc", b), 0);
    assert_true(are_same(a, b));
}

static void the_table_beside_groups_is_read_as_ever(void **state)
{
    place *p = *state;
    char path[PATH];
    tl_table *read;
    write_to(p, path_in(p, "a.nc", path), TL_GROUPS);
    assert_int_equal(tl_result_read(path, &p->arena, &read, &p->err), TL_OK);
    assert_int_equal(read->trials, TRIALS);
    assert_int_equal(read->columns, 1);
    assert_null(read->group);
}

static void a_group_without_records_can_be_written(void **state)
{
    place *p = *state;
    char path[PATH];
    tl_table *read;
    for (int k = 0; k < TL_GROUPS; k++)
        p->group[k] = (tl_sample_group){.kind = (tl_group_kind)k, .trials = TRIALS};
    write_to(p, path_in(p, "a.nc", path), TL_GROUPS);
    assert_int_equal(tl_result_read(path, &p->arena, &read, &p->err), TL_OK);
}

static void a_reader_that_fails_leaves_nothing(void **state)
{
    place *p = *state;
    char path[PATH], place_of[PATH];
    p->maker[TL_GROUP_CURVES].fails_at = 1;
    assert_int_equal(tl_result_write_groups(path_in(p, "a.nc", path), p->table, p->group,
                                            TL_GROUPS, &p->err),
                     TL_E_IO);
    assert_string_equal(p->err.text, "as was wanted");
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(access(path_in(p, "a.nc.tmp", place_of), F_OK), -1);
}

static void no_file_is_larger_than_was_allocated(void **state)
{
    place *p = *state;
    char a[PATH], b[PATH];
    for (int k = 0; k < TL_GROUPS; k++) {
        const tl_sample_group kept = p->group[0];
        p->group[0] = p->group[k];
        write_to(p, path_in(p, "a.nc", a), 0);
        write_to(p, path_in(p, "b.nc", b), 1);
        assert_true(size_of(b) - size_of(a) <= tl_sample_group_bytes(&p->group[0]));
        p->group[0] = kept;
    }
}

static size_t peak_bytes(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return (size_t)usage.ru_maxrss * 1024;
}

/* 64 MB of images and 72 MB of scores, by a few MB of memory. */
static void memory_is_bounded_however_much_there_is(void **state)
{
    place *p = *state;
    char path[PATH];
    write_to(p, path_in(p, "a.nc", path), TL_GROUPS); /* what the library takes once */
    const size_t before = peak_bytes();
    p->list[TL_GROUP_IMAGES][0].rows = 4096;
    p->list[TL_GROUP_SAMPLES][0].rows = 4000000;
    write_to(p, path, TL_GROUPS);
    const size_t more = peak_bytes() - before;
    printf("peak memory grew by %zu kB\n", more / 1024);
#ifndef TL_MEMORY_IS_KEPT
    assert_true(more < 12 << 20);
#endif
    assert_true(p->maker[TL_GROUP_SAMPLES].most <= 4096);
    assert_true(p->maker[TL_GROUP_IMAGES].most * 4096 * sizeof(float) <= 1 << 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(memory_is_bounded_however_much_there_is, open_place,
                                        close_place),
        cmocka_unit_test_setup_teardown(equal_lists_give_equal_bytes_at_another_time,
                                        open_place, close_place),
        cmocka_unit_test_setup_teardown(without_groups_the_bytes_are_those_of_the_table,
                                        open_place, close_place),
        cmocka_unit_test_setup_teardown(the_table_beside_groups_is_read_as_ever, open_place,
                                        close_place),
        cmocka_unit_test_setup_teardown(a_group_without_records_can_be_written, open_place,
                                        close_place),
        cmocka_unit_test_setup_teardown(a_reader_that_fails_leaves_nothing, open_place,
                                        close_place),
        cmocka_unit_test_setup_teardown(no_file_is_larger_than_was_allocated, open_place,
                                        close_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
