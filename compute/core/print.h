/*
 * How text leaves the program. Names, levels, notes and attributes come from files that
 * anybody may have written, and a terminal obeys control characters in them. So everything
 * that is printed, logged or put into an error is formatted here: formats, which are ours,
 * pass as they are; of the texts that they take (%s), what is no printable character of
 * UTF-8 is shown as a question mark. tests/lint/prints finds what goes round it.
 */
#ifndef TL_COMPUTE_CORE_PRINT_H
#define TL_COMPUTE_CORE_PRINT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

/** As fprintf, but for texts, which are shown as above. Conversions are those of integers,
 * reals, %c, %s and %%. An error of `to` is left to ferror. */
void tl_print(FILE *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Prints a text of several lines: newlines and tabs pass. */
void tl_print_lines(FILE *to, const char *text);

/** As vsnprintf, with texts as in tl_print; newlines of the texts pass where `format` is
 * "%s" alone. What is cut off ends between characters.
 * \return bytes written into `out` [space], without the NUL */
size_t tl_print_into(char *out, size_t space, const char *format, va_list args);

/** The text as by tl_print_into, of any length, behind `start`, which passes as it is.
 * \return the caller's to free; there is room for a byte more behind it; NULL without
 * memory */
char *tl_print_whole(const char *start, const char *format, va_list args);

/** Bytes of the character at `at`, where `left` > 0 bytes remain, if a terminal may be
 * shown it: printable, and not one that turns the direction of writing. 0: it may not. */
size_t tl_print_shown(const char *at, size_t left);

#endif
