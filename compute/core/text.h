/*
 * Small work on text: a growing buffer, the nearest name, numbers as people write them.
 */
#ifndef TL_COMPUTE_CORE_TEXT_H
#define TL_COMPUTE_CORE_TEXT_H

#include "compute/core/status.h"

#include <stdbool.h>
#include <stddef.h>

enum { TL_PATH_SPACE = 4200 /**< bytes of the longest path, its NUL included */ };

/** A text that grows on the heap. Zero is an empty one; tl_text_close frees it. */
typedef struct tl_text {
    char *at; /**< NUL-terminated once anything was added; else NULL */
    size_t length, space;
    bool is_short; /**< memory ran out: the text is not whole */
} tl_text;

void tl_text_add(tl_text *text, const char *piece);
void tl_text_bytes(tl_text *text, const char *bytes, size_t n);
void tl_text_print(tl_text *text, const char *format, ...) TL_PRINTF(2, 3);
void tl_text_clear(tl_text *text); /* empty, memory kept */
void tl_text_close(tl_text *text);

/**
 * The name among `names` (count of them) nearest to `wanted` by edit distance
 * (transpositions count once), if it is near enough to be meant: at most a third of its
 * letters. \return NULL where nothing is near
 */
const char *tl_text_nearest(const char *wanted, const char *const *names, int count);

/** Bytes of the UTF-8 sequence at `at`, of which `left` are there; 0 if there is none
 * (overlong, a surrogate, cut). Source: Unicode 15, table 3-7. */
size_t tl_text_sequence(const char *at, size_t left);

/** A whole text as a finite number; false if anything is left over. */
bool tl_text_real(const char *text, double *value);

/** The shortest decimal that reads back as `value`; 32 bytes are enough. Returns `out`. */
char *tl_text_shortest(double value, char out[32]);

/** Bytes for people, "1.5 GiB"; 32 bytes are enough. Returns `out`. */
char *tl_text_size(double bytes, char out[32]);

/** A span of seconds for people, "1 h 05 min", "2.4 s"; 32 bytes are enough. Returns `out`.
 */
char *tl_text_span(double seconds, char out[32]);

#endif
