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

tl_status tl_fail(tl_err *err, tl_status status, const char *format, ...)
{
    if (!err) return status;
    va_list args;
    va_start(args, format);
    err->status = status;
    (void)vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    defuse(err->text);
    return status;
}

tl_status tl_fail_prefix(tl_err *err, const char *format, ...)
{
    if (!err) return TL_E_ARG;
    char old[TL_ERR_TEXT];
    memcpy(old, err->text, sizeof old);
    va_list args;
    va_start(args, format);
    int length = vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    if (length < 0 || length >= TL_ERR_TEXT - 3) return err->status;
    const int room = TL_ERR_TEXT - length; /* overlong text is truncated */
    if (snprintf(err->text + length, (size_t)room, ": %s", old) < 0)
        err->text[length] = '\0';
    defuse(err->text);
    return err->status;
}

_Noreturn void tl_bug(const char *file, int line, const char *condition)
{
    (void)fprintf(stderr, "threatloop: bug: %s:%d: %s does not hold\n", file, line,
                  condition);
    abort();
}
