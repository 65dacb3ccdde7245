/*
 * Files as bytes, for tests of formats; cmocka's asserts.
 */
#ifndef TL_TESTS_SUPPORT_FILE_BYTES_H
#define TL_TESTS_SUPPORT_FILE_BYTES_H

#include <stddef.h>

/** Reads a file of 1 to most - 1 bytes into bytes [most]. \return how many */
size_t file_read(const char *path, unsigned char *bytes, size_t most);

/** Replaces the file by bytes [n]. */
void file_write(const char *path, const void *bytes, size_t n);

/**
 * A file of tensors (compute/core/tensor_file.h) with the first `from` in its header
 * replaced by `to`, and the header's length set right.
 *
 * \param from_bytes [n] the file
 * \param out        result, room for n + 16384 bytes
 * \return its bytes
 */
size_t file_edit_header(const unsigned char *from_bytes, size_t n, const char *from,
                        const char *to, unsigned char *out);

#endif
