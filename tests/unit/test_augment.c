/* Augmentation: which images can come out, how often, and that order does not matter. */
#include "compute/train/augment.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

enum { ROWS = 3000, CHANNELS = 2, HEIGHT = 4, WIDTH = 3, SIZE = CHANNELS * HEIGHT * WIDTH };

static const tl_shape shape = {CHANNELS, HEIGHT, WIDTH};
static float input[ROWS * SIZE], out[ROWS * SIZE];
static int row[ROWS];

/* Every row is the same image, of numbers that are all different. */
static int make_rows(void **state)
{
    (void)state;
    for (int i = 0; i < ROWS * SIZE; i++) input[i] = (float)(1 + i % SIZE);
    for (int r = 0; r < ROWS; r++) row[r] = r;
    return 0;
}

static tl_rng epoch_of(uint64_t epoch)
{
    const tl_rng rng = tl_rng_stream(1, 0, "test", 0, "order");
    return tl_rng_sub(&rng, epoch);
}

static float at(int c, int y, int x)
{
    if (y < 0 || y >= HEIGHT || x < 0 || x >= WIDTH) return 0.0f;
    return input[(c * HEIGHT + y) * WIDTH + x];
}

/* Whether `image` is the original moved by dx, dy and mirrored if told to. */
static bool is_moved(const float *image, int dx, int dy, bool is_mirrored)
{
    for (int c = 0; c < CHANNELS; c++) {
        for (int y = 0; y < HEIGHT; y++) {
            for (int x = 0; x < WIDTH; x++) {
                const int u = is_mirrored ? WIDTH - 1 - x : x;
                const float wanted = at(c, y - dy, u - dx);
                if (image[(c * HEIGHT + y) * WIDTH + x] != wanted) return false;
            }
        }
    }
    return true;
}

static void every_move_comes_as_often_as_any_other(void **state)
{
    (void)state;
    static const struct {
        int shift;
        bool flip;
    } cases[] = {{0, false}, {1, false}, {0, true}, {1, true}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const tl_recipe recipe = {.shift = cases[k].shift, .flip = cases[k].flip};
        const int shift = cases[k].shift, flips = cases[k].flip ? 2 : 1;
        const tl_rng epoch = epoch_of(0);
        tl_augment(&recipe, &epoch, shape, input, row, ROWS, out);
        const double moves = (2 * shift + 1) * (2 * shift + 1) * flips;
        int all = 0;
        for (int dy = -shift; dy <= shift; dy++) {
            for (int dx = -shift; dx <= shift; dx++) {
                for (int f = 0; f < flips; f++) {
                    int count = 0;
                    for (int r = 0; r < ROWS; r++) {
                        count += is_moved(out + r * SIZE, dx, dy, f == 1);
                    }
                    /* Five standard deviations of a binomial count. */
                    const double p = 1.0 / moves, mean = ROWS * p;
                    assert_true(fabs(count - mean) <= 5.0 * sqrt(mean * (1.0 - p)));
                    all += count;
                }
            }
        }
        assert_int_equal(all, ROWS);
    }
}

static void a_row_is_altered_alike_wherever_it_stands(void **state)
{
    (void)state;
    const tl_recipe recipe = {.shift = 2, .flip = true};
    const tl_rng epoch = epoch_of(7);
    tl_augment(&recipe, &epoch, shape, input, row, ROWS, out);
    static float alone[SIZE];
    for (int r = ROWS - 1; r >= 0; r -= 7) {
        tl_augment(&recipe, &epoch, shape, input, &row[r], 1, alone);
        assert_memory_equal(alone, out + r * SIZE, sizeof alone);
    }
}

static void epochs_alter_differently(void **state)
{
    (void)state;
    const tl_recipe recipe = {.shift = 2, .flip = true};
    static float other[ROWS * SIZE];
    const tl_rng first = epoch_of(0), second = epoch_of(1);
    tl_augment(&recipe, &first, shape, input, row, ROWS, out);
    tl_augment(&recipe, &second, shape, input, row, ROWS, other);
    int same = 0;
    for (int r = 0; r < ROWS; r++) {
        same += memcmp(out + r * SIZE, other + r * SIZE, SIZE * sizeof(float)) == 0;
    }
    assert_in_range(same, 1, ROWS / 10); /* 1 in 50 by chance */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_move_comes_as_often_as_any_other),
        cmocka_unit_test(a_row_is_altered_alike_wherever_it_stands),
        cmocka_unit_test(epochs_alter_differently),
    };
    return cmocka_run_group_tests(tests, make_rows, NULL);
}
