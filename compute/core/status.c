#include "compute/core/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Errors quote files and end up on terminals: no control sequences may pass. */
static void defuse(char *text)
{
    for (char *c = text; *c; c++) {
        const unsigned char byte = (unsigned char)*c;
        if ((byte < 0x20 && byte != '\n') || byte == 0x7f) *c = '?';
    }
}

/* Sets the text; of one that is too long, the middle is replaced by "...". */
static void set_text(tl_err *err, const char *text)
{
    enum { HALF = (TL_ERR_TEXT - 4) / 2 };
    const size_t length = strlen(text);
    if (length < sizeof err->text) {
        memmove(err->text, text, length + 1);
    } else {
        size_t head = HALF, tail = length - HALF; /* neither splits a letter of UTF-8 */
        while (((unsigned char)text[head] & 0xc0) == 0x80) head--;
        while (((unsigned char)text[tail] & 0xc0) == 0x80) tail++;
        memcpy(err->text, text, head);
        memcpy(err->text + head, "...", 3);
        memcpy(err->text + head + 3, text + tail, length - tail + 1);
    }
    defuse(err->text);
}

/* The formatted text, of any length; NULL without memory. The caller frees it. */
static char *print_whole(const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    const int length = vsnprintf(NULL, 0, format, args);
    char *text = length >= 0 ? malloc((size_t)length + 1) : NULL;
    if (text) (void)vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

tl_status tl_fail(tl_err *err, tl_status status, const char *format, ...)
{
    if (!err) return status;
    va_list args;
    va_start(args, format);
    char *text = print_whole(format, args);
    va_end(args);
    err->status = status;
    set_text(err, text ? text : "no memory for a message");
    free(text);
    return status;
}

/* Calls print_whole. */
static char *print_both(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = print_whole(format, args);
    va_end(args);
    return text;
}

tl_status tl_fail_prefix(tl_err *err, const char *format, ...)
{
    if (!err) return TL_E_ARG;
    va_list args;
    va_start(args, format);
    char *prefix = print_whole(format, args);
    va_end(args);
    char *text = print_both("%s: %s", prefix ? prefix : "", err->text);
    if (text) set_text(err, text);
    free(prefix);
    free(text);
    return err->status;
}

_Noreturn void tl_bug(const char *file, int line, const char *condition)
{
    (void)fprintf(stderr, "threatloop: bug: %s:%d: %s does not hold\n", file, line,
                  condition);
    abort();
}
