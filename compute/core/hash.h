/*
 * Keys and checksums. Keys are SHA-256 cut to 128 bits; files have SHA-256 and MD5 (the sum
 * that MedMNIST publishes); journal lines have CRC-32.
 */
#ifndef TL_COMPUTE_CORE_HASH_H
#define TL_COMPUTE_CORE_HASH_H

#include "compute/core/durable.h"
#include "compute/core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/** Names a step, a part or a content: 128 bits. Compare with tl_key_equal. */
typedef struct tl_key {
    unsigned char byte[16];
} tl_key;

/** Bytes of digests as text with their NUL, and of a hash's buffer. */
enum { TL_KEY_TEXT = 33, TL_SHA256_TEXT = 65, TL_MD5_TEXT = 33, TL_HASH_SPACE = 2048 };

/**
 * The input of a key, gathered piece by piece. Each piece carries its length, so that
 * ("ab","c") and ("a","bc") differ. Zero is an empty one. Beyond TL_HASH_SPACE bytes,
 * earlier pieces are folded into their key.
 */
typedef struct tl_hash {
    size_t length;
    unsigned char byte[TL_HASH_SPACE];
} tl_hash;

/** Adds a piece: `bytes` [n], a text (NULL counts as ""), a number, the bits of a real (-0
 * as 0), a key. */
void tl_hash_bytes(tl_hash *hash, const void *bytes, size_t n);
void tl_hash_text(tl_hash *hash, const char *text);
void tl_hash_u64(tl_hash *hash, uint64_t value);
void tl_hash_real(tl_hash *hash, double value);
void tl_hash_key(tl_hash *hash, const tl_key *key);

/** The key of all pieces so far. */
tl_key tl_hash_end(const tl_hash *hash);

/** The key of `n` bytes, of any length. */
tl_key tl_key_of(const void *bytes, size_t n);

/** The key of the bytes of `piece` [count], one after the other: as tl_key_of for them all
 * in one place. */
tl_key tl_key_of_pieces(const tl_durable_piece *piece, int count);

/** Whether both keys are the same. */
bool tl_key_equal(const tl_key *a, const tl_key *b);

/** Writes 32 hexadecimal digits and a NUL; returns `text`. */
char *tl_key_text(const tl_key *key, char text[TL_KEY_TEXT]);

/** Reads 32 hexadecimal digits into `key`; false if `text` is anything else. */
bool tl_key_read(const char *text, tl_key *key);

/** CRC-32 (the one of zlib) of `n` bytes. */
uint32_t tl_crc32(const void *bytes, size_t n);

/** CRC-32 of what had `crc` (0: nothing) followed by `n` bytes. */
uint32_t tl_crc32_more(uint32_t crc, const void *bytes, size_t n);

/**
 * SHA-256 and MD5 of a file, as hexadecimal digits; either may be NULL.
 * \return TL_E_IO with the system's reason
 */
TL_MUST_USE tl_status tl_hash_file(const char *path, char sha256[TL_SHA256_TEXT],
                                   char md5[TL_MD5_TEXT], tl_err *err);

/** As tl_hash_file, of what is left of an open file, which messages call `path`.
 * \return TL_E_IO with the system's reason */
TL_MUST_USE tl_status tl_hash_stream(FILE *file, const char *path,
                                     char sha256[TL_SHA256_TEXT], char md5[TL_MD5_TEXT],
                                     tl_err *err);

#endif
