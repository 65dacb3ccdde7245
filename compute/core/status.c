#include "compute/core/status.h"

#include "compute/core/print.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sets the text; of one that is too long, the middle is replaced by "...". */
static void set_text(tl_err *err, const char *text)
{
    enum { HALF = (TL_ERR_TEXT - 4) / 2 };
    const size_t length = strlen(text);
    if (length < sizeof err->text) {
        memmove(err->text, text, length + 1);
        return;
    }
    size_t head = HALF, tail = length - HALF; /* neither splits a letter of UTF-8 */
    while (((unsigned char)text[head] & 0xc0) == 0x80) head--;
    while (((unsigned char)text[tail] & 0xc0) == 0x80) tail++;
    memcpy(err->text, text, head);
    memcpy(err->text + head, "...", 3);
    memcpy(err->text + head + 3, text + tail, length - tail + 1);
}

tl_status tl_fail(tl_err *err, tl_status status, const char *format, ...)
{
    if (!err) return status;
    va_list args;
    va_start(args, format);
    char *text = tl_print_whole("", format, args); /* an argument may be err->text */
    va_end(args);
    err->status = status;
    set_text(err, text ? text : "no memory for a message");
    free(text);
    return status;
}

tl_status tl_fail_prefix(tl_err *err, const char *format, ...)
{
    if (!err) return TL_E_ARG;
    va_list args;
    va_start(args, format);
    char *prefix = tl_print_whole("", format, args);
    va_end(args);
    const size_t length = prefix ? strlen(prefix) : 0;
    char *text = prefix ? realloc(prefix, length + TL_ERR_TEXT + 2) : NULL;
    if (text) {
        memcpy(text + length, ": ", 2);
        memcpy(text + length + 2, err->text, strlen(err->text) + 1);
        set_text(err, text);
    }
    free(text ? text : prefix);
    return err->status;
}

_Noreturn void tl_bug(const char *file, int line, const char *condition)
{
    (void)fprintf(stderr, "threatloop: bug: %s:%d: %s does not hold\n", file, line,
                  condition);
    abort();
}
