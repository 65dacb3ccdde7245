#include "compute/train/average.h"

void tl_average_add(double decay, long update, const float *restrict param, size_t n,
                    float *restrict average)
{
    const double least = 1.0 - decay, even = 1.0 / (double)update;
    const float share = (float)(least > even ? least : even);
    for (size_t i = 0; i < n; i++) average[i] += share * (param[i] - average[i]);
}
