#include "compute/core/hash.h"

#include "compute/core/file.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

/* Most pieces are numbers and keys; with a constant length they are copied in an
 * instruction or two. */
static void append(tl_hash *hash, const void *bytes, size_t n)
{
    unsigned char *to = hash->byte + hash->length;
    if (n == sizeof(uint64_t)) {
        memcpy(to, bytes, sizeof(uint64_t));
    } else if (n == sizeof(tl_key)) {
        memcpy(to, bytes, sizeof(tl_key));
    } else if (n > 0) {
        memcpy(to, bytes, n);
    }
    hash->length += n;
}

void tl_hash_bytes(tl_hash *hash, const void *bytes, size_t n)
{
    enum { PREFIX = 9 };
    tl_key folded;
    const bool is_long = n > TL_HASH_SPACE / 2;
    if (is_long) folded = tl_key_of(bytes, n);
    const size_t stored = is_long ? sizeof folded.byte : n;
    if (hash->length + PREFIX + stored > TL_HASH_SPACE) {
        const tl_key before = tl_hash_end(hash);
        hash->length = 0;
        append(hash, before.byte, sizeof before.byte);
    }
    unsigned char prefix[PREFIX] = {is_long ? 'L' : 'S'};
    for (int i = 0; i < 8; i++) prefix[1 + i] = (unsigned char)((uint64_t)n >> (8 * i));
    append(hash, prefix, sizeof prefix);
    append(hash, is_long ? folded.byte : bytes, stored);
}

void tl_hash_text(tl_hash *hash, const char *text)
{
    tl_hash_bytes(hash, text ? text : "", text ? strlen(text) : 0);
}

void tl_hash_u64(tl_hash *hash, uint64_t value)
{
    unsigned char byte[8];
    for (int i = 0; i < 8; i++) byte[i] = (unsigned char)(value >> (8 * i));
    tl_hash_bytes(hash, byte, sizeof byte);
}

void tl_hash_real(tl_hash *hash, double value)
{
    uint64_t bits;
    const double plain = value == 0.0 ? 0.0 : value;
    memcpy(&bits, &plain, sizeof bits);
    tl_hash_u64(hash, bits);
}

void tl_hash_key(tl_hash *hash, const tl_key *key)
{
    tl_hash_bytes(hash, key->byte, sizeof key->byte);
}

tl_key tl_hash_end(const tl_hash *hash)
{
    return tl_key_of(hash->byte, hash->length);
}

tl_key tl_key_of(const void *bytes, size_t n)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    TL_INVARIANT(EVP_Digest(bytes, n, digest, &length, EVP_sha256(), NULL) == 1);
    tl_key key;
    memcpy(key.byte, digest, sizeof key.byte);
    return key;
}

tl_key tl_key_of_pieces(const tl_durable_piece *piece, int count)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *sha = EVP_MD_CTX_new();
    TL_INVARIANT(sha && EVP_DigestInit_ex(sha, EVP_sha256(), NULL) == 1);
    for (int i = 0; i < count; i++) {
        TL_INVARIANT(EVP_DigestUpdate(sha, piece[i].bytes, piece[i].n) == 1);
    }
    TL_INVARIANT(EVP_DigestFinal_ex(sha, digest, NULL) == 1);
    EVP_MD_CTX_free(sha);
    tl_key key;
    memcpy(key.byte, digest, sizeof key.byte);
    return key;
}

bool tl_key_equal(const tl_key *a, const tl_key *b)
{
    return memcmp(a->byte, b->byte, sizeof a->byte) == 0;
}

static void to_hex(const unsigned char *byte, size_t n, char *text)
{
    static const char digit[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        text[2 * i] = digit[byte[i] >> 4];
        text[2 * i + 1] = digit[byte[i] & 15];
    }
    text[2 * n] = '\0';
}

char *tl_key_text(const tl_key *key, char text[TL_KEY_TEXT])
{
    to_hex(key->byte, sizeof key->byte, text);
    return text;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

bool tl_key_read(const char *text, tl_key *key)
{
    if (strlen(text) != TL_KEY_TEXT - 1) return false;
    for (size_t i = 0; i < sizeof key->byte; i++) {
        const int high = hex_value(text[2 * i]), low = hex_value(text[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        key->byte[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

uint32_t tl_crc32(const void *bytes, size_t n)
{
    return tl_crc32_more(0, bytes, n);
}

uint32_t tl_crc32_more(uint32_t crc, const void *bytes, size_t n)
{
    return (uint32_t)crc32_z(crc, bytes, n);
}

static tl_status hash_all(FILE *file, const char *path, EVP_MD_CTX *sha, EVP_MD_CTX *md,
                          tl_err *err)
{
    unsigned char block[1 << 14];
    size_t n;
    while ((n = fread(block, 1, sizeof block, file)) > 0) {
        TL_INVARIANT(EVP_DigestUpdate(sha, block, n) == 1);
        TL_INVARIANT(EVP_DigestUpdate(md, block, n) == 1);
    }
    TL_CHECK(!ferror(file), err, TL_E_IO, "%s: cannot be read: %s", path, strerror(errno));
    return TL_OK;
}

tl_status tl_hash_file(const char *path, char sha256[TL_SHA256_TEXT], char md5[TL_MD5_TEXT],
                       tl_err *err)
{
    FILE *file;
    TL_TRY(tl_file_stream(NULL, path, &file, NULL, err));
    const tl_status status = tl_hash_stream(file, path, sha256, md5, err);
    (void)fclose(file);
    return status;
}

tl_status tl_hash_stream(FILE *file, const char *path, char sha256[TL_SHA256_TEXT],
                         char md5[TL_MD5_TEXT], tl_err *err)
{
    EVP_MD_CTX *sha = EVP_MD_CTX_new(), *md = EVP_MD_CTX_new();
    TL_INVARIANT(sha && md && EVP_DigestInit_ex(sha, EVP_sha256(), NULL) == 1 &&
                 EVP_DigestInit_ex(md, EVP_md5(), NULL) == 1);
    const tl_status status = hash_all(file, path, sha, md, err);
    unsigned char digest[EVP_MAX_MD_SIZE];
    TL_INVARIANT(EVP_DigestFinal_ex(sha, digest, NULL) == 1);
    if (sha256) to_hex(digest, (TL_SHA256_TEXT - 1) / 2, sha256);
    TL_INVARIANT(EVP_DigestFinal_ex(md, digest, NULL) == 1);
    if (md5) to_hex(digest, (TL_MD5_TEXT - 1) / 2, md5);
    EVP_MD_CTX_free(sha);
    EVP_MD_CTX_free(md);
    return status;
}
