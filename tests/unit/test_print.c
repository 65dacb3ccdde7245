/* What a terminal is shown: formats as they are, texts without what it would obey. */
#include "compute/core/print.h"

#include <float.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { SPACE = 400 };

__attribute__((format(printf, 3, 4))) static size_t into(char *out, size_t space,
                                                         const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const size_t length = tl_print_into(out, space, format, args);
    va_end(args);
    return length;
}

/* tl_print_into and tl_print, beside snprintf. */
#define assert_as_printf(...)                                        \
    do {                                                             \
        char wanted[SPACE], found[SPACE], file[SPACE] = "";          \
        const int length = snprintf(wanted, SPACE, __VA_ARGS__);     \
        assert_int_equal(into(found, SPACE, __VA_ARGS__), length);   \
        assert_string_equal(found, wanted);                          \
        FILE *stream = tmpfile();                                    \
        assert_non_null(stream);                                     \
        tl_print(stream, __VA_ARGS__);                               \
        rewind(stream);                                              \
        assert_int_equal(fread(file, 1, SPACE - 1, stream), length); \
        assert_string_equal(file, wanted);                           \
        (void)fclose(stream);                                        \
    } while (0)

static void ours_is_printed_as_by_printf(void **state)
{
    (void)state;
    assert_as_printf("plain 100 %%\n\r\033[K");
    assert_as_printf("%d %i %5d|%-5d|%05d|%+d|% d", 1, -2, 3, 4, 5, 6, 7);
    assert_as_printf("%u %x %08x %X %o", 7U, 255U, 254U, 253U, 8U);
    assert_as_printf("%lld %llu %ld %lu %zu", LLONG_MIN, ULLONG_MAX, LONG_MIN, ULONG_MAX,
                     SIZE_MAX);
    assert_as_printf("%*d|%-*d|%.3d", 6, 1, 6, 2, 3);
    assert_as_printf("%g %.3g %12.4f %-10.1f| %+.4g %e %*.*f", 0.1, 1e9, 3.14159, 2.5, -1.0,
                     1e300, 9, 2, 2.345);
    assert_as_printf("%g %g %f", (double)INFINITY, (double)NAN, DBL_MAX);
    assert_as_printf("%s|%10s|%-10s|%.2s|%*s|%-*s|%.*s|%c%c", "a", "bc", "de", "fgh", 4,
                     "i", 4, "j", 1, "kl", 'm', '\\');
    assert_as_printf("%s", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 and 0123456789");
}

static void texts_command_no_terminal(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown;
    } cases[] = {{"\033[2J\033]0;title\007", "?[2J?]0;title?"},
                 {"a\nthreatloop: info: all is well", "a?threatloop: info: all is well"},
                 {"\r\t\v\f\b\177", "??????"},
                 {"\xc2\x9b"
                  "2J",
                  "??2J"}, /* C1 CSI as UTF-8 */
                 {"\x9b"
                  "2J",
                  "?2J"}, /* and as one byte */
                 {"\xe2\x80\xae"
                  "abc",
                  "???abc"},                               /* right-to-left override */
                 {"\xe2\x81\xa6x\xe2\x81\xa9", "???x???"}, /* isolates */
                 {"\xe2\x80\xa8", "???"},                  /* line separator */
                 {"\xef\xbb\xbf", "???"},
                 {"\xff\xfe\xc3", "???"}, /* no UTF-8, and cut off */
                 {"\xc3\xa9", "\xc3\xa9"},
                 {NULL, "(null)"}};
    char out[SPACE];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        (void)into(out, SPACE, "<%s>", cases[i].text);
        char wanted[SPACE];
        (void)snprintf(wanted, SPACE, "<%s>", cases[i].shown);
        assert_string_equal(out, wanted);
    }
    (void)into(out, SPACE, "%c%c", '\033', 'x');
    assert_string_equal(out, "?x");
}

static void only_a_text_alone_has_lines(void **state)
{
    (void)state;
    char out[SPACE];
    (void)into(out, SPACE, "%s", "two\nlines\033");
    assert_string_equal(out, "two\nlines?");
    (void)into(out, SPACE, "%s%s", "two\n", "lines");
    assert_string_equal(out, "two?lines");
    FILE *stream = tmpfile();
    assert_non_null(stream);
    tl_print_lines(stream, "a:\n\tb \033[1m\n");
    rewind(stream);
    memset(out, 0, sizeof out);
    (void)fread(out, 1, SPACE - 1, stream);
    assert_string_equal(out, "a:\n\tb ?[1m\n");
    (void)fclose(stream);
}

static void what_is_cut_off_ends_between_characters(void **state)
{
    (void)state;
    char out[8];
    assert_int_equal(into(out, 4, "%s", "ab\xc3\xa9x"), 2);
    assert_string_equal(out, "ab");
    assert_int_equal(into(out, 6, "12345678"), 5);
    assert_string_equal(out, "12345");
    assert_int_equal(into(out, 1, "%s", "abc"), 0);
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ours_is_printed_as_by_printf),
        cmocka_unit_test(texts_command_no_terminal),
        cmocka_unit_test(only_a_text_alone_has_lines),
        cmocka_unit_test(what_is_cut_off_ends_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
