/*
 * Sorting of numbers, alone or with an index, and their median.
 */
#ifndef TL_COMPUTE_CORE_SORT_H
#define TL_COMPUTE_CORE_SORT_H

#include <stddef.h>
#include <stdint.h>

/** A value and the index it belongs to. */
typedef struct tl_ranked {
    double value;
    uint32_t number;
} tl_ranked;

/** Sorts value[n] in place, ascending, NaN last. */
void tl_sort_doubles(double *value, size_t n);

/** Reorders value[n], none of them NaN: value[k] becomes what sorting would put there, none
 * before it is larger and none after it smaller. Source: Hoare 1961, Algorithm 65: Find. */
void tl_select_doubles(double *value, size_t n, size_t k);

/** Sorts list[n] in place by value, NaN last; equal values by number, ascending. */
void tl_sort_ascending(tl_ranked *list, size_t n);
void tl_sort_descending(tl_ranked *list, size_t n);

/** Median of value[n], n > 0; sorts it in place. */
double tl_median(double *value, size_t n);

#endif
