/* A text that is shown: nothing in it commands a terminal, and what is harmless stays. */
#include "compute/core/print.h"
#include "compute/core/status.h"
#include "tests/fuzz/fuzz.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 3, 4))) static size_t into(char *out, size_t space,
                                                         const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const size_t length = tl_print_into(out, space, format, args);
    va_end(args);
    return length;
}

/* Everything in `out` may be shown, and so nothing of it changes if it is shown again. */
static void check(const char *out, size_t length)
{
    for (size_t i = 0, n; i < length; i += n) {
        n = tl_print_shown(out + i, length - i);
        TL_INVARIANT(n > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const size_t space = 2 * n + 64;
    char *text = calloc(n + 1, 1), *out = malloc(space), *again = malloc(space);
    TL_INVARIANT(text && out && again);
    memcpy(text, bytes, n);
    const size_t width = n > 0 ? bytes[0] : 0;
    const size_t length =
        into(out, space, "<%s|%-*s|%.*s>", text, (int)width % 8, "x", (int)width, text);
    check(out, length);
    (void)into(again, space, "%s", out);
    TL_INVARIANT(strcmp(out, again) == 0);
    check(out, into(out, 1 + width, "%c%s", text[0], text)); /* cut off */
    free(text);
    free(out);
    free(again);
    return 0;
}
