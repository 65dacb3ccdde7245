#include "compute/train/augment.h"

#include <string.h>

/* How one image is altered. */
typedef struct move {
    int dx, dy;
    bool is_mirrored;
} move;

/* Uniform over -most .. most, but for less than 2 * most in 2^32. */
static int offset_of(uint32_t word, int most)
{
    return (int)((uint64_t)word * (uint64_t)(2 * most + 1) >> 32) - most;
}

static move draw(const tl_recipe *recipe, const tl_rng *epoch, int row)
{
    uint32_t word[4];
    tl_rng_block(epoch, (uint64_t)row, word);
    return (move){.dx = offset_of(word[0], recipe->shift),
                  .dy = offset_of(word[1], recipe->shift),
                  .is_mirrored = recipe->flip && (word[2] & 1U) != 0};
}

static void alter(const move *how, tl_shape shape, const float *from, float *to)
{
    const int height = shape.height, width = shape.width;
    for (int i = 0; i < shape.channels * height; i++) {
        const int v = i % height - how->dy;
        float *line = to + (size_t)i * (size_t)width;
        if (v < 0 || v >= height) {
            memset(line, 0, (size_t)width * sizeof *line);
            continue;
        }
        const float *source = from + (size_t)(i - how->dy) * (size_t)width;
        for (int x = 0; x < width; x++) {
            const int u = x - how->dx;
            line[how->is_mirrored ? width - 1 - x : x] =
                u >= 0 && u < width ? source[u] : 0.0f;
        }
    }
}

void tl_augment(const tl_recipe *recipe, const tl_rng *epoch, tl_shape shape,
                const float *input, const int *row, int rows, float *out)
{
    const size_t size = (size_t)tl_shape_size(shape);
    for (int r = 0; r < rows; r++) {
        const move how = draw(recipe, epoch, row[r]);
        alter(&how, shape, input + (size_t)row[r] * size, out + (size_t)r * size);
    }
}
