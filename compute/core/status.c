#include "compute/core/status.h"

#include "compute/core/text.h"

#include <limits.h>
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
static void set_text(tl_err *err, const tl_text *text)
{
    (void)tl_text_cut(text->at ? text->at : "no memory for a message", INT_MAX, err->text,
                      sizeof err->text);
    defuse(err->text);
}

tl_status tl_fail(tl_err *err, tl_status status, const char *format, ...)
{
    if (!err) return status;
    tl_text text = {0};
    va_list args;
    va_start(args, format);
    tl_text_print_list(&text, format, args);
    va_end(args);
    err->status = status;
    set_text(err, &text);
    tl_text_close(&text);
    return status;
}

tl_status tl_fail_prefix(tl_err *err, const char *format, ...)
{
    if (!err) return TL_E_ARG;
    tl_text text = {0};
    va_list args;
    va_start(args, format);
    tl_text_print_list(&text, format, args);
    va_end(args);
    tl_text_print(&text, ": %s", err->text);
    set_text(err, &text);
    tl_text_close(&text);
    return err->status;
}

_Noreturn void tl_bug(const char *file, int line, const char *condition)
{
    (void)fprintf(stderr, "threatloop: bug: %s:%d: %s does not hold\n", file, line,
                  condition);
    abort();
}
