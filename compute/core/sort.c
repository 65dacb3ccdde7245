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

void tl_select_doubles(double *value, size_t n, size_t k)
{
    size_t first = 0, last = n; /* what may be at k is in [first, last) */
    while (last - first > 1) {
        const double pivot = value[k];
        size_t i = first, j = last - 1;
        while (i <= j) { /* [first, i) is at most the pivot, (j, last) at least */
            while (value[i] < pivot) i++;
            while (value[j] > pivot) j--;
            if (i > j) break;
            const double kept = value[i];
            value[i++] = value[j];
            value[j] = kept;
            if (j == 0) break;
            j--;
        }
        if (k >= i)
            first = i;
        else if (k <= j)
            last = j + 1;
        else
            return;
    }
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
