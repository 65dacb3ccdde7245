/*
 * A record is its count in one byte, one byte a metric (why, and how n is kept), then the
 * values that there are and the n that are not 0: as 4 bytes where n is a whole number that
 * fits, else as 8. Records begin at units of 4 bytes and lie within one block.
 */
#include "runner/store/metric_store.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { UNIT = 4, BLOCK_UNITS = 1 << 16, MOST_BLOCKS = 1 << 16 };
enum { MOST_BYTES = 1 + TL_MAX_METRICS * (1 + 2 * (int)sizeof(double)) };

/* A byte of a metric: why, and where these bits are set, n. */
enum { N_WHOLE = 0x40, N_REAL = 0x80, WHY = 0x3f };

static unsigned char *append(unsigned char *at, const void *bytes, size_t n)
{
    memcpy(at, bytes, n);
    return at + n;
}

static const unsigned char *take(const unsigned char *at, void *to, size_t n)
{
    memcpy(to, at, n);
    return at + n;
}

static unsigned char tag_of(const tl_measure *m)
{
    unsigned tag = (unsigned)m->why & WHY;
    if (m->n > 0.0 && m->n < 4294967296.0 && (double)(uint32_t)m->n == m->n) {
        tag |= N_WHOLE;
    } else if (m->n != 0.0) {
        tag |= N_REAL;
    }
    return (unsigned char)tag;
}

/* \return bytes written */
static size_t pack(const tl_measure *measure, int count, unsigned char out[MOST_BYTES])
{
    unsigned char *at = out;
    *at++ = (unsigned char)count;
    for (int i = 0; i < count; i++) *at++ = tag_of(&measure[i]);
    for (int i = 0; i < count; i++) {
        const tl_measure *m = &measure[i];
        const unsigned tag = out[1 + i];
        const uint32_t whole = tag & N_WHOLE ? (uint32_t)m->n : 0;
        if (m->why == TL_WHY_HAS_VALUE) at = append(at, &m->value, sizeof m->value);
        if (tag & N_WHOLE) at = append(at, &whole, sizeof whole);
        if (tag & N_REAL) at = append(at, &m->n, sizeof m->n);
    }
    return (size_t)(at - out);
}

static tl_status add_block(tl_measure_store *store, tl_err *err)
{
    TL_CHECK(store->blocks < MOST_BLOCKS, err, TL_E_NOMEM,
             "the metrics of all steps take more than 16 GiB");
    if (store->blocks == store->space) {
        const uint32_t space = store->space ? 2 * store->space : 16;
        unsigned char **block = realloc(store->block, space * sizeof *block);
        TL_CHECK(block, err, TL_E_NOMEM, "no memory for the metrics of steps");
        store->block = block;
        store->space = space;
    }
    unsigned char *block = malloc((size_t)BLOCK_UNITS * UNIT);
    TL_CHECK(block, err, TL_E_NOMEM, "no memory for the metrics of steps");
    store->block[store->blocks++] = block;
    store->used = store->blocks == 1 ? 1 : 0; /* 0 is no place */
    return TL_OK;
}

tl_status tl_measure_store_put(tl_measure_store *store, const tl_measure *measure,
                               int count, uint32_t *at, tl_err *err)
{
    unsigned char packed[MOST_BYTES];
    TL_INVARIANT(count >= 0 && count <= TL_MAX_METRICS);
    const size_t bytes = pack(measure, count, packed);
    const uint32_t units = (uint32_t)((bytes + UNIT - 1) / UNIT);
    if (store->blocks == 0 || store->used + units > BLOCK_UNITS) {
        TL_TRY(add_block(store, err));
    }
    const uint32_t last = store->blocks - 1;
    memcpy(store->block[last] + (size_t)store->used * UNIT, packed, bytes);
    *at = last * BLOCK_UNITS + store->used;
    store->used += units;
    return TL_OK;
}

int tl_measure_store_get(const tl_measure_store *store, uint32_t at,
                         tl_measure measure[TL_MAX_METRICS])
{
    const unsigned char *record =
        store->block[at / BLOCK_UNITS] + (size_t)(at % BLOCK_UNITS) * UNIT;
    const int count = record[0];
    const unsigned char *from = record + 1 + count;
    for (int i = 0; i < count; i++) {
        const unsigned tag = record[1 + i];
        tl_measure *m = &measure[i];
        *m = (tl_measure){.value = (double)NAN, .why = (int32_t)(tag & WHY)};
        uint32_t whole = 0;
        if (m->why == TL_WHY_HAS_VALUE) from = take(from, &m->value, sizeof m->value);
        if (tag & N_WHOLE) {
            from = take(from, &whole, sizeof whole);
            m->n = whole;
        }
        if (tag & N_REAL) from = take(from, &m->n, sizeof m->n);
    }
    return count;
}

void tl_measure_store_close(tl_measure_store *store)
{
    for (uint32_t i = 0; i < store->blocks; i++) free(store->block[i]);
    free(store->block);
    *store = (tl_measure_store){0};
}
