#include "experiments/image/jpeg.h"

#include <math.h>

enum { AREA = TL_JPEG_BLOCK * TL_JPEG_BLOCK };

static const int luminance[AREA] = {
    16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55,
    14, 13, 16, 24, 40,  57,  69,  56,  14, 17, 22, 29, 51,  87,  80,  62,
    18, 22, 37, 56, 68,  109, 103, 77,  24, 35, 55, 64, 81,  104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99};

/* The table at this quality: jpeg_quality_scaling and jpeg_add_quant_table of libjpeg. */
static void scale_table(int quality, int step[AREA])
{
    const int scale = quality < 50 ? 5000 / quality : 200 - 2 * quality;
    for (int i = 0; i < AREA; i++) {
        const int scaled = (luminance[i] * scale + 50) / 100;
        step[i] = scaled < 1 ? 1 : (scaled > 255 ? 255 : scaled);
    }
}

static float restored(double level)
{
    const double whole = round(level + 128.0);
    return (float)((whole < 0.0 ? 0.0 : (whole > 255.0 ? 255.0 : whole)) / 255.0);
}

static void run_block(const tl_dct *dct, const int step[AREA], tl_shape shape, int top,
                      int left, const float *from, float *to)
{
    double block[AREA], coefficient[AREA];
    for (int i = 0; i < AREA; i++) {
        const int y = top + i / TL_JPEG_BLOCK, x = left + i % TL_JPEG_BLOCK;
        const int line = y < shape.height ? y : shape.height - 1;
        const int column = x < shape.width ? x : shape.width - 1;
        block[i] = round(255.0 * (double)from[line * shape.width + column]) - 128.0;
    }
    tl_dct_forward(dct, block, coefficient);
    for (int i = 0; i < AREA; i++) {
        coefficient[i] = step[i] * round(coefficient[i] / step[i]);
    }
    tl_dct_inverse(dct, coefficient, block);
    for (int i = 0; i < AREA; i++) {
        const int y = top + i / TL_JPEG_BLOCK, x = left + i % TL_JPEG_BLOCK;
        if (y < shape.height && x < shape.width) {
            to[y * shape.width + x] = restored(block[i]);
        }
    }
}

void tl_jpeg(const tl_dct *dct, tl_shape shape, int quality, const float *from, float *to)
{
    TL_INVARIANT(dct->height == TL_JPEG_BLOCK && dct->width == TL_JPEG_BLOCK);
    const int area = shape.height * shape.width;
    int step[AREA];
    scale_table(quality, step);
    for (int c = 0; c < shape.channels; c++, from += area, to += area) {
        for (int top = 0; top < shape.height; top += TL_JPEG_BLOCK) {
            for (int left = 0; left < shape.width; left += TL_JPEG_BLOCK) {
                run_block(dct, step, shape, top, left, from, to);
            }
        }
    }
}
