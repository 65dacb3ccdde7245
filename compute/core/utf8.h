/*
 * UTF-8: which bytes make a character, and which character they make.
 */
#ifndef TL_COMPUTE_CORE_UTF8_H
#define TL_COMPUTE_CORE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/** Bytes of the UTF-8 sequence at `at`, where `left` bytes remain; 0 if invalid (overlong,
 * a surrogate, truncated). Source: Unicode 15, table 3-7. */
size_t tl_utf8_sequence(const char *at, size_t left);

/** The code point of a valid sequence of `n` bytes. */
uint32_t tl_utf8_code(const char *at, size_t n);

#endif
