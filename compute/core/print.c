/*
 * A format is cut at its conversions. Numbers are left to snprintf, one at a time; texts
 * are copied character by character, so that padding and precision count what is shown.
 */
#include "compute/core/print.h"

#include "compute/core/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER = 512, SPEC = 32 };

/* Where the output goes: a file, or else a buffer, which has a NUL at its end. */
typedef struct sink {
    FILE *file;
    char *out;
    size_t length, space;
    bool is_full;
} sink;

/* A conversion: "%-*.3lld" */
typedef struct conversion {
    char spec[SPEC];      /* flags alone: "%-" */
    int width, precision; /* -1: none */
    char size;            /* 'l', 'L' for ll, 'z' or 0 */
    char letter;
} conversion;

/* Puts bytes that belong together. */
static void put(sink *s, const char *bytes, size_t n)
{
    if (s->file) {
        (void)fwrite(bytes, 1, n, s->file);
        return;
    }
    if (s->is_full || n > s->space - 1 - s->length) {
        s->is_full = true;
        return;
    }
    memcpy(s->out + s->length, bytes, n);
    s->length += n;
}

static void pad(sink *s, int width, size_t length)
{
    for (size_t i = length; width > 0 && i < (size_t)width; i++) put(s, " ", 1);
}

size_t tl_print_shown(const char *at, size_t left)
{
    const size_t n = tl_utf8_sequence(at, left);
    if (n == 0) return 0;
    const uint32_t code = tl_utf8_code(at, n);
    const bool is_control = code < 0x20 || (code >= 0x7f && code < 0xa0);
    /* Line breaks, marks and overrides of direction. Source: Unicode 15, 23.2. */
    const bool turns = code == 0x061c || (code >= 0x200e && code <= 0x200f) ||
                       (code >= 0x2028 && code <= 0x202e) ||
                       (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
    return is_control || turns ? 0 : n;
}

/* Puts a text of `length` bytes, where `passes` lists further characters that may. */
static void put_text(sink *s, const char *text, size_t length, const char *passes)
{
    for (size_t i = 0; i < length;) {
        size_t n = tl_print_shown(text + i, length - i);
        if (n == 0 && strchr(passes, text[i])) n = 1;
        put(s, n > 0 ? text + i : "?", n > 0 ? n : 1);
        i += n > 0 ? n : 1;
    }
}

static int number_or_star(const char **at, va_list *args)
{
    int number = 0;
    if (**at == '*') {
        ++*at;
        return va_arg(*args, int);
    }
    for (; **at >= '0' && **at <= '9'; ++*at) number = number * 10 + (**at - '0');
    return number;
}

/* Reads a conversion behind its %. */
static conversion read_conversion(const char **at, va_list *args)
{
    conversion c = {.width = -1, .precision = -1};
    size_t flags = 0;
    c.spec[flags++] = '%';
    for (; **at && strchr("-+ #0", **at) && flags < SPEC - 8; ++*at) c.spec[flags++] = **at;
    if (**at == '*' || (**at >= '1' && **at <= '9')) c.width = number_or_star(at, args);
    if (**at == '.') {
        ++*at;
        c.precision = number_or_star(at, args);
    }
    for (; **at && strchr("hlz", **at); ++*at) c.size = c.size == 'l' ? 'L' : **at;
    c.letter = **at;
    if (c.letter) ++*at;
    return c;
}

/* The spec with width and precision as arguments: "%-*.*lld". */
static void complete(conversion *c, const char *size)
{
    char *end = c->spec + strlen(c->spec);
    (void)snprintf(end, SPEC - (size_t)(end - c->spec), "*.*%s%c", size, c->letter);
}

/* A width of 0 and a precision of -1 are as none. */
#define FORMAT(c, out, value)                                                           \
    snprintf((out), NUMBER, (c)->spec, (c)->width < 0 ? 0 : (c)->width, (c)->precision, \
             (value))

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* of what read_conversion has read \
                                                      */

static void put_whole(sink *s, conversion *c, va_list *args)
{
    char out[NUMBER];
    const bool is_signed = c->letter == 'd' || c->letter == 'i';
    complete(c, c->size == 'L' ? "ll" : c->size == 'l' ? "l" : c->size == 'z' ? "z" : "");
    int n;
    if (c->size == 'L')
        n = is_signed ? FORMAT(c, out, va_arg(*args, long long))
                      : FORMAT(c, out, va_arg(*args, unsigned long long));
    else if (c->size == 'l')
        n = is_signed ? FORMAT(c, out, va_arg(*args, long))
                      : FORMAT(c, out, va_arg(*args, unsigned long));
    else if (c->size == 'z')
        n = FORMAT(c, out, va_arg(*args, size_t));
    else
        n = is_signed ? FORMAT(c, out, va_arg(*args, int))
                      : FORMAT(c, out, va_arg(*args, unsigned));
    put(s, out, n < NUMBER ? (size_t)n : NUMBER - 1);
}

static void put_real(sink *s, conversion *c, va_list *args)
{
    char out[NUMBER];
    complete(c, "");
    const int n = FORMAT(c, out, va_arg(*args, double));
    put(s, out, n < NUMBER ? (size_t)n : NUMBER - 1);
}

#pragma GCC diagnostic pop

static void put_string(sink *s, const conversion *c, const char *text, const char *passes)
{
    const size_t length =
        c->precision < 0 ? strlen(text) : strnlen(text, (size_t)c->precision);
    const bool is_left = strchr(c->spec, '-') != NULL || c->width < -1;
    const int width = c->width < -1 ? -c->width : c->width;
    if (!is_left) pad(s, width, length);
    put_text(s, text, length, passes);
    if (is_left) pad(s, width, length);
}

static void put_all(sink *s, const char *format, va_list *args)
{
    const char *passes = strcmp(format, "%s") == 0 ? "\n" : "";
    for (const char *at = format; *at;) {
        const size_t plain = strcspn(at, "%"), piece = s->file ? plain : 1;
        for (size_t i = 0; i < plain; i += piece) put(s, at + i, piece);
        at += plain;
        if (!*at) break;
        at++;
        conversion c = read_conversion(&at, args);
        if (c.letter == 's') {
            const char *text = va_arg(*args, const char *);
            put_string(s, &c, text ? text : "(null)", passes);
        } else if (c.letter == 'c') {
            const char letter = (char)va_arg(*args, int);
            put_text(s, &letter, 1, "");
        } else if (c.letter == '%') {
            put(s, "%", 1);
        } else if (strchr("diuxXo", c.letter)) {
            put_whole(s, &c, args);
        } else {
            put_real(s, &c, args);
        }
    }
}

void tl_print(FILE *to, const char *format, ...)
{
    sink s = {.file = to};
    va_list args;
    va_start(args, format);
    put_all(&s, format, &args);
    va_end(args);
}

void tl_print_lines(FILE *to, const char *text)
{
    sink s = {.file = to};
    put_text(&s, text, strlen(text), "\n\t");
}

size_t tl_print_into(char *out, size_t space, const char *format, va_list args)
{
    sink s = {.out = out, .space = space};
    va_list mine; /* of a type whose address may be taken where va_list is an array */
    va_copy(mine, args);
    put_all(&s, format, &mine);
    va_end(mine);
    out[s.length] = '\0';
    return s.length;
}

char *tl_print_whole(const char *start, const char *format, va_list args)
{
    enum { FIRST = 512, LONGEST_CHARACTER = 4 };
    const size_t before = strlen(start);
    for (size_t space = FIRST;; space *= 4) {
        char *out = malloc(before + space + 1);
        if (!out) return NULL;
        memcpy(out, start, before);
        const size_t length = tl_print_into(out + before, space, format, args);
        if (length + LONGEST_CHARACTER < space) return out; /* nothing was cut off */
        free(out);
    }
}
