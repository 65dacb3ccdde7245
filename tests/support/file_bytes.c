#include "tests/support/file_bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

size_t file_read(const char *path, unsigned char *bytes, size_t most)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    const size_t n = fread(bytes, 1, most, file);
    assert_in_range(n, 1, most - 1);
    assert_int_equal(fclose(file), 0);
    return n;
}

void file_write(const char *path, const void *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

size_t file_edit_header(const unsigned char *from_bytes, size_t n, const char *from,
                        const char *to, unsigned char *out)
{
    char header[8192];
    const size_t size = from_bytes[0] | (size_t)from_bytes[1] << 8;
    assert_in_range(size, 1, sizeof header - 1);
    memcpy(header, from_bytes + 8, size);
    header[size] = '\0';
    const char *at = strstr(header, from);
    if (!at) fail_msg("the header has no %s: %s", from, header);
    const int length = snprintf((char *)out + 8, 16384, "%.*s%s%s", (int)(at - header),
                                header, to, at + strlen(from));
    assert_in_range(length, 1, 16383);
    for (int i = 0; i < 8; i++) out[i] = (unsigned char)((uint64_t)length >> (8 * i));
    const size_t data = n - 8 - size;
    memcpy(out + 8 + length, from_bytes + 8 + size, data);
    return 8 + (size_t)length + data;
}
