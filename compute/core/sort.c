#include "compute/core/sort.h"

#include <math.h>
#include <stdlib.h>

static int compare(double x, double y)
{
    if (isnan(x) || isnan(y)) return (isnan(x) != 0) - (isnan(y) != 0);
    return (x > y) - (x < y);
}

static int by_value(const void *a, const void *b)
{
    return compare(*(const double *)a, *(const double *)b);
}

static int by_number(const tl_ranked *x, const tl_ranked *y)
{
    return (x->number > y->number) - (x->number < y->number);
}

static int ascending(const void *a, const void *b)
{
    const tl_ranked *x = a, *y = b;
    const int order = compare(x->value, y->value);
    return order ? order : by_number(x, y);
}

static int descending(const void *a, const void *b)
{
    const tl_ranked *x = a, *y = b;
    const int order = compare(-x->value, -y->value);
    return order ? order : by_number(x, y);
}

void tl_sort_doubles(double *value, size_t n)
{
    qsort(value, n, sizeof *value, by_value);
}

void tl_sort_ascending(tl_ranked *list, size_t n)
{
    qsort(list, n, sizeof *list, ascending);
}

void tl_sort_descending(tl_ranked *list, size_t n)
{
    qsort(list, n, sizeof *list, descending);
}

double tl_median(double *value, size_t n)
{
    tl_sort_doubles(value, n);
    return 0.5 * (value[(n - 1) / 2] + value[n / 2]);
}
