#include "compute/data/array.h"

#include "compute/core/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

tl_arena tl_array_room(const tl_arena *arena)
{
    const size_t share = tl_arena_left(arena) / 5 + 1;
    return tl_arena_open(share < TL_ARRAY_LIMIT ? share : TL_ARRAY_LIMIT);
}

tl_status tl_array_fits(const char *where, uint64_t bytes, const tl_arena *room,
                        tl_err *err)
{
    char need[32], have[32];
    TL_CHECK(bytes <= tl_arena_left(room), err, TL_E_NOMEM,
             "%s: its %s of elements need more memory than data may take: %s are left for "
             "them as they are in the file; --memory allows more",
             where, tl_text_size((double)bytes, need),
             tl_text_size((double)tl_arena_left(room), have));
    return TL_OK;
}

int tl_array_item(const char *type)
{
    static const char known[][3] = {"u1", "i1", "b1", "u2", "i2", "f2",
                                    "u4", "i4", "f4", "u8", "i8", "f8"};
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        if (strcmp(known[k], type) == 0) return type[1] - '0';
    }
    return 0;
}

uint64_t tl_array_bytes(const tl_array *array)
{
    return array->count * (uint64_t)tl_array_item(array->type);
}

/* IEEE 754 binary16. */
static double half(uint16_t bits)
{
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    const double sign = bits >> 15 ? -1.0 : 1.0;
    if (exponent == 0) return sign * ldexp(fraction, -24);
    if (exponent == 31) return fraction ? (double)NAN : sign * (double)INFINITY;
    return sign * ldexp(1024 + fraction, exponent - 25);
}

#define AS(T)                             \
    do {                                  \
        T value;                          \
        memcpy(&value, at, sizeof value); \
        return (double)value;             \
    } while (0)

double tl_array_get(const tl_array *array, uint64_t i)
{
    const unsigned char *at = array->bytes + i * (uint64_t)tl_array_item(array->type);
    const char kind = array->type[0];
    switch (array->type[1]) {
    case '1':
        if (kind == 'i') AS(int8_t);
        return (double)*at;
    case '2':
        if (kind == 'i') AS(int16_t);
        if (kind == 'f') {
            uint16_t bits;
            memcpy(&bits, at, sizeof bits);
            return half(bits);
        }
        AS(uint16_t);
    case '4':
        if (kind == 'i') AS(int32_t);
        if (kind == 'f') AS(float);
        AS(uint32_t);
    default:
        break;
    }
    if (kind == 'i') AS(int64_t);
    if (kind == 'f') AS(double);
    AS(uint64_t);
}

void tl_array_swap(tl_array *array)
{
    const size_t item = (size_t)tl_array_item(array->type);
    for (unsigned char *at = array->bytes; at < array->bytes + array->count * item;
         at += item) {
        for (size_t a = 0, b = item - 1; a < b; a++, b--) {
            const unsigned char held = at[a];
            at[a] = at[b];
            at[b] = held;
        }
    }
}

char *tl_array_text(const tl_array *array, char out[160])
{
    int length = snprintf(out, 160, "%s (", array->type);
    for (int d = 0; d < array->rank; d++) {
        length += snprintf(out + length, 160 - (size_t)length, "%s%llu", d ? ", " : "",
                           (unsigned long long)array->size[d]);
    }
    (void)snprintf(out + length, 160 - (size_t)length, array->rank == 1 ? ",)" : ")");
    return out;
}
