#include "compute/core/status.h"

#include "compute/core/print.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

tl_status tl_fail(tl_err *err, tl_status status, const char *format, ...)
{
    if (!err) return status;
    char text[TL_ERR_TEXT]; /* an argument may be err->text */
    va_list args;
    va_start(args, format);
    const size_t length = tl_print_into(text, sizeof text, format, args);
    va_end(args);
    err->status = status;
    memcpy(err->text, text, length + 1);
    return status;
}

tl_status tl_fail_prefix(tl_err *err, const char *format, ...)
{
    if (!err) return TL_E_ARG;
    char old[TL_ERR_TEXT];
    memcpy(old, err->text, sizeof old);
    va_list args;
    va_start(args, format);
    const size_t length = tl_print_into(err->text, sizeof err->text - 2, format, args);
    va_end(args);
    /* Overlong text is truncated. */
    (void)snprintf(err->text + length, sizeof err->text - length, ": %s", old);
    return err->status;
}

_Noreturn void tl_bug(const char *file, int line, const char *condition)
{
    (void)fprintf(stderr, "threatloop: bug: %s:%d: %s does not hold\n", file, line,
                  condition);
    abort();
}
