#include "compute/core/utf8.h"

size_t tl_utf8_sequence(const char *at, size_t left)
{
    const unsigned char *byte = (const unsigned char *)at;
    size_t length = 1;
    unsigned low = 0x80, high = 0xBF; /* range of the second byte */
    if (left == 0) return 0;
    if (byte[0] >= 0xC2 && byte[0] <= 0xDF) {
        length = 2;
    } else if (byte[0] >= 0xE0 && byte[0] <= 0xEF) {
        length = 3;
        if (byte[0] == 0xE0) low = 0xA0;
        if (byte[0] == 0xED) high = 0x9F;
    } else if (byte[0] >= 0xF0 && byte[0] <= 0xF4) {
        length = 4;
        if (byte[0] == 0xF0) low = 0x90;
        if (byte[0] == 0xF4) high = 0x8F;
    } else if (byte[0] >= 0x80) {
        return 0;
    }
    if (length > left) return 0;
    if (length > 1 && (byte[1] < low || byte[1] > high)) return 0;
    for (size_t i = 2; i < length; i++) {
        if (byte[i] < 0x80 || byte[i] > 0xBF) return 0;
    }
    return length;
}

uint32_t tl_utf8_code(const char *at, size_t n)
{
    const unsigned char *byte = (const unsigned char *)at;
    uint32_t code = n == 1 ? byte[0] : byte[0] & (0xffU >> (n + 1));
    for (size_t i = 1; i < n; i++) code = code << 6 | (byte[i] & 0x3fU);
    return code;
}
