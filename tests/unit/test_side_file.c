/* runner/store/side_file: what was stored is read back; everything else is refused. */
#include "runner/store/side_file.h"

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

enum { MOST_BYTES = 1 << 20, ALL = TL_STORE_SCORES | TL_STORE_CURVES | TL_STORE_IMAGES };
enum { SCORES = 3, IMAGES = 2, PIXELS = 2 * 3 * 1, HEAD = 32, LIST = 64 };

static const tl_key maker = {{0xAB, 1, 2}}, other = {{0xAB, 9}};

static const tl_samples_list scores = {.kind = TL_STORE_SCORES, .rows = SCORES};
static const tl_samples_list curve = {.kind = TL_STORE_CURVES, .name = "roc", .rows = 0};
static const tl_samples_list images = {
    .kind = TL_STORE_IMAGES, .name = "recovered", .rows = IMAGES, .shape = {2, 3, 1}};

typedef struct room {
    char folder[64], path[256];
    tl_store store;
    unsigned char records[SCORES * TL_SCORE_BYTES];
    unsigned char image[IMAGES * (TL_IMAGE_HEAD_BYTES + PIXELS * sizeof(float))];
    unsigned char bytes[MOST_BYTES]; /* of the file as it was stored */
    size_t size;
} room;

static size_t read_bytes(const char *path, unsigned char *bytes)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    const size_t n = fread(bytes, 1, MOST_BYTES, file);
    assert_in_range(n, 1, MOST_BYTES - 1);
    assert_int_equal(fclose(file), 0);
    return n;
}

static void write_bytes(const char *path, const void *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

/* Hands over a list, `step` bytes at a time. */
static void hand_over(tl_samples *sink, const tl_samples_list *list, const void *bytes,
                      size_t n, size_t step)
{
    tl_err err;
    const unsigned char *at = bytes;
    assert_int_equal(sink->open(sink->self, list, &err), TL_OK);
    for (size_t i = 0; i < n; i += step)
        assert_int_equal(
            sink->append(sink->self, at + i, n - i < step ? n - i : step, &err), TL_OK);
    assert_int_equal(sink->close(sink->self, &err), TL_OK);
}

static void store_all(room *it, size_t step)
{
    tl_err err = {0};
    tl_samples sink;
    tl_side_writer *writer;
    if (tl_side_begin(&it->store, &maker, ALL, &writer, &sink, &err) != TL_OK)
        fail_msg("%s", err.text);
    assert_int_equal(sink.wanted, ALL);
    hand_over(&sink, &scores, it->records, sizeof it->records, step);
    hand_over(&sink, &curve, NULL, 0, step);
    hand_over(&sink, &images, it->image, sizeof it->image, step);
    assert_int_equal(tl_side_finish(writer, &err), TL_OK);
}

static int open_room(void **state)
{
    room *it = calloc(1, sizeof *it);
    assert_non_null(it);
    (void)snprintf(it->folder, sizeof it->folder, "/tmp/tl_side_file.XXXXXX");
    assert_non_null(mkdtemp(it->folder));
    assert_int_equal(tl_store_join(it->folder, false, &it->store, NULL), TL_OK);
    assert_int_equal(
        tl_store_samples_path(&it->store, &maker, false, it->path, sizeof it->path, NULL),
        TL_OK);
    for (size_t i = 0; i < sizeof it->records; i++) it->records[i] = (unsigned char)(7 * i);
    for (size_t i = 0; i < sizeof it->image; i++) it->image[i] = (unsigned char)(3 * i + 1);
    store_all(it, MOST_BYTES);
    it->size = read_bytes(it->path, it->bytes);
    *state = it;
    return 0;
}

static int close_room(void **state)
{
    room *it = *state;
    char command[96];
    (void)snprintf(command, sizeof command, "rm -r %s", it->folder);
    assert_int_equal(system(command), 0);
    tl_store_close(&it->store, false);
    free(it);
    return 0;
}

static tl_status opened(const room *it, const tl_key *key, unsigned wanted, tl_err *err)
{
    tl_side side;
    const tl_status status = tl_side_open(&it->store, key, wanted, &side, err);
    tl_side_close(&side);
    return status;
}

static void what_was_stored_is_read(void **state)
{
    const room *it = *state;
    tl_side side;
    tl_err err;
    unsigned char records[sizeof it->records], image[sizeof it->image];
    assert_int_equal(tl_side_open(&it->store, &maker, ALL, &side, &err), TL_OK);
    assert_int_equal(side.stored, ALL);
    assert_int_equal(side.lists, 3);
    assert_int_equal(side.list[0].head.rows, SCORES);
    assert_string_equal(side.list[1].head.name, "roc");
    assert_int_equal(side.list[1].head.rows, 0);
    assert_int_equal(side.list[2].head.shape.height, 3);
    assert_int_equal(tl_side_read(&side, 0, 0, SCORES, records, &err), TL_OK);
    assert_memory_equal(records, it->records, sizeof records);
    assert_int_equal(tl_side_read(&side, 0, 1, 1, records, &err), TL_OK);
    assert_memory_equal(records, it->records + TL_SCORE_BYTES, TL_SCORE_BYTES);
    assert_int_equal(tl_side_read(&side, 2, 0, IMAGES, image, &err), TL_OK);
    assert_memory_equal(image, it->image, sizeof image);
    tl_side_close(&side);
}

static void bytes_do_not_depend_on_how_they_were_handed_over(void **state)
{
    room *it = *state;
    static unsigned char again[MOST_BYTES];
    for (size_t step = 1; step < 20; step += 6) {
        store_all(it, step);
        assert_int_equal(read_bytes(it->path, again), it->size);
        assert_memory_equal(again, it->bytes, it->size);
    }
}

/* More than the writer's buffer holds. */
static void a_long_list_is_read_as_it_was_stored(void **state)
{
    room *it = *state;
    enum { ROWS = 30000 };
    tl_err err;
    tl_samples sink;
    tl_side_writer *writer;
    tl_side side;
    const tl_samples_list list = {.kind = TL_STORE_CURVES, .name = "long", .rows = ROWS};
    double *points = calloc(2 * ROWS, sizeof *points), last[2];
    assert_non_null(points);
    for (int i = 0; i < 2 * ROWS; i++) points[i] = 1.0 / (i + 1);
    assert_int_equal(tl_side_begin(&it->store, &other, ALL, &writer, &sink, &err), TL_OK);
    hand_over(&sink, &list, points, 2 * ROWS * sizeof *points, 4099);
    assert_int_equal(tl_side_finish(writer, &err), TL_OK);
    assert_int_equal(tl_side_open(&it->store, &other, ALL, &side, &err), TL_OK);
    assert_int_equal(tl_side_read(&side, 0, ROWS - 1, 1, last, &err), TL_OK);
    assert_memory_equal(last, points + 2 * (ROWS - 1), sizeof last);
    tl_side_close(&side);
    free(points);
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    const room *it = *state;
    tl_err err;
    for (size_t n = 0; n < it->size; n++) {
        write_bytes(it->path, it->bytes, n);
        assert_int_equal(opened(it, &maker, ALL, &err), TL_E_FORMAT);
    }
    assert_int_equal(unlink(it->path), 0);
    assert_int_equal(opened(it, &maker, ALL, &err), TL_E_MISSING);
    write_bytes(it->path, it->bytes, it->size + 1);
    assert_int_equal(opened(it, &maker, ALL, &err), TL_E_FORMAT);
    write_bytes(it->path, it->bytes, it->size);
    assert_int_equal(opened(it, &maker, ALL, &err), TL_OK);
}

static void any_flipped_bit_is_noticed(void **state)
{
    room *it = *state;
    tl_err err;
    for (size_t i = 0; i < it->size; i++) {
        for (int bit = 0; bit < 8; bit++) {
            it->bytes[i] ^= (unsigned char)(1U << bit);
            write_bytes(it->path, it->bytes, it->size);
            it->bytes[i] ^= (unsigned char)(1U << bit);
            if (opened(it, &maker, ALL, &err) != TL_E_FORMAT)
                fail_msg("bit %d of byte %zu of %zu", bit, i, it->size);
        }
    }
}

static void only_the_file_that_was_asked_for_is_read(void **state)
{
    const room *it = *state;
    char path[256];
    tl_err err;
    assert_int_equal(
        tl_store_samples_path(&it->store, &other, false, path, sizeof path, &err), TL_OK);
    assert_int_equal(rename(it->path, path), 0);
    assert_int_equal(opened(it, &other, ALL, &err), TL_E_FORMAT);
    assert_non_null(strstr(err.text, "belongs to another step"));
    assert_int_equal(symlink(path, it->path), 0);
    assert_int_equal(opened(it, &maker, ALL, &err), TL_E_FORMAT);
    assert_int_equal(unlink(it->path), 0);
    assert_int_equal(mkfifo(it->path, 0600), 0); /* which must not block */
    assert_int_equal(opened(it, &maker, ALL, &err), TL_E_FORMAT);
}

static void a_file_for_fewer_kinds_does_not_do(void **state)
{
    const room *it = *state;
    tl_err err;
    tl_samples sink;
    tl_side_writer *writer;
    assert_int_equal(
        tl_side_begin(&it->store, &other, TL_STORE_SCORES, &writer, &sink, &err), TL_OK);
    assert_int_equal(tl_side_finish(writer, &err), TL_OK);
    assert_int_equal(opened(it, &other, TL_STORE_SCORES, &err), TL_OK);
    assert_int_equal(opened(it, &other, ALL, &err), TL_E_FORMAT);
}

/* Writes the file with `n` bytes at `at` replaced, under a checksum that is right. */
static void forge(const room *it, size_t at, const void *bytes, size_t n)
{
    static unsigned char forged[MOST_BYTES];
    memcpy(forged, it->bytes, it->size);
    memcpy(forged + at, bytes, n);
    const uint32_t crc = tl_crc32(forged, it->size - sizeof crc);
    memcpy(forged + it->size - sizeof crc, &crc, sizeof crc);
    write_bytes(it->path, forged, it->size);
}

static void a_file_that_lies_is_refused(void **state)
{
    const room *it = *state;
    const size_t image = HEAD + LIST + sizeof it->records + LIST;
    static const struct {
        bool of_image;
        size_t at, n;
        uint64_t value;
        const char *wanted;
    } lies[] = {
        {false, 0, 4, 8, "unknown kind"},
        {false, 0, 4, 0, "unknown kind"},
        {false, 8, 8, UINT64_MAX, "claims more"},
        {false, 8, 8, UINT64_MAX / TL_SCORE_BYTES + 2, "claims more"},
        {false, 16, 4, 1, "wrong shape"},
        {true, 16, 4, 0, "wrong shape"},
        {true, 16, 4, 0xFFFFFFFF, "wrong shape"},
        {true, 20, 4, 0x7FFFFFFF, "wrong shape"},
        {true, 24, 4, 1 << 20, "claims more"},
        {true, 8, 8, IMAGES + 1, "claims more"},
        {true, 8, 8, IMAGES - 1, "cut off in a list"},
    };
    tl_err err;
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        const size_t at = lies[i].at + (lies[i].of_image ? image : (size_t)HEAD);
        err = (tl_err){0};
        forge(it, at, &lies[i].value, lies[i].n);
        if (opened(it, &maker, ALL, &err) != TL_E_FORMAT ||
            !strstr(err.text, lies[i].wanted))
            fail_msg("lie %zu: '%s' does not say '%s'", i, err.text, lies[i].wanted);
    }
    char endless[TL_LIST_NAME];
    memset(endless, 'x', sizeof endless);
    forge(it, image + 32, endless, sizeof endless);
    assert_int_equal(opened(it, &maker, ALL, &err), TL_E_FORMAT);
    const uint32_t lists = 4;
    forge(it, it->size - 8, &lists, sizeof lists);
    assert_int_equal(opened(it, &maker, ALL, &err), TL_E_FORMAT);
}

static void what_is_abandoned_leaves_nothing(void **state)
{
    const room *it = *state;
    char command[160];
    tl_err err;
    tl_samples sink;
    tl_side_writer *writer;
    assert_int_equal(tl_side_begin(&it->store, &other, ALL, &writer, &sink, &err), TL_OK);
    hand_over(&sink, &scores, it->records, sizeof it->records, 5);
    tl_side_abandon(writer);
    assert_int_equal(opened(it, &other, ALL, &err), TL_E_MISSING);
    (void)snprintf(command, sizeof command, "[ $(find %s/samples -type f | wc -l) = 1 ]",
                   it->folder);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_stored_is_read, open_room, close_room),
        cmocka_unit_test_setup_teardown(bytes_do_not_depend_on_how_they_were_handed_over,
                                        open_room, close_room),
        cmocka_unit_test_setup_teardown(a_long_list_is_read_as_it_was_stored, open_room,
                                        close_room),
        cmocka_unit_test_setup_teardown(a_file_cut_anywhere_is_refused, open_room,
                                        close_room),
        cmocka_unit_test_setup_teardown(any_flipped_bit_is_noticed, open_room, close_room),
        cmocka_unit_test_setup_teardown(only_the_file_that_was_asked_for_is_read, open_room,
                                        close_room),
        cmocka_unit_test_setup_teardown(a_file_for_fewer_kinds_does_not_do, open_room,
                                        close_room),
        cmocka_unit_test_setup_teardown(a_file_that_lies_is_refused, open_room, close_room),
        cmocka_unit_test_setup_teardown(what_is_abandoned_leaves_nothing, open_room,
                                        close_room),
    };
    (void)umask(022); /* what others may write is refused */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
