#include "compute/core/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool make_room(tl_text *text, size_t more)
{
    if (text->is_short || more > (size_t)1 << 40) {
        text->is_short = true;
        return false;
    }
    const size_t needed = text->length + more + 1;
    if (needed <= text->space) return true;
    size_t space = text->space ? text->space : 256;
    while (space < needed) space *= 2;
    char *at = realloc(text->at, space);
    if (!at) {
        text->is_short = true;
        return false;
    }
    text->at = at;
    text->space = space;
    return true;
}

void tl_text_bytes(tl_text *text, const char *bytes, size_t n)
{
    if (!make_room(text, n)) return;
    if (n > 0) memcpy(text->at + text->length, bytes, n);
    text->length += n;
    text->at[text->length] = '\0';
}

void tl_text_add(tl_text *text, const char *piece)
{
    tl_text_bytes(text, piece, strlen(piece));
}

void tl_text_print(tl_text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    const int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length >= 0 && make_room(text, (size_t)length)) {
        (void)vsnprintf(text->at + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

void tl_text_clear(tl_text *text)
{
    text->length = 0;
    if (text->at) text->at[0] = '\0';
}

void tl_text_close(tl_text *text)
{
    free(text->at);
    *text = (tl_text){0};
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Optimal string alignment distance, three rows of the table at a time. */
static int distance(const char *a, const char *b)
{
    enum { LONGEST = 63 };
    const size_t n = strlen(a), m = strlen(b);
    if (n > LONGEST || m > LONGEST) return LONGEST;
    int table[3][LONGEST + 1];
    for (size_t j = 0; j <= m; j++) table[0][j] = (int)j;
    for (size_t i = 1; i <= n; i++) {
        int *now = table[i % 3];
        const int *before = table[(i + 2) % 3], *earlier = table[(i + 1) % 3];
        now[0] = (int)i;
        for (size_t j = 1; j <= m; j++) {
            const int differs = a[i - 1] != b[j - 1];
            now[j] = least(least(before[j] + 1, now[j - 1] + 1), before[j - 1] + differs);
            const bool swapped =
                i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) now[j] = least(now[j], earlier[j - 2] + 1);
        }
    }
    return table[n % 3][m];
}

const char *tl_text_nearest(const char *wanted, const char *const *names, int count)
{
    const char *best = NULL;
    int best_distance = (int)(strlen(wanted) + 2) / 3;
    if (best_distance < 1) best_distance = 1;
    for (int i = 0; i < count; i++) {
        const int d = distance(wanted, names[i]);
        if (d < best_distance || (d == best_distance && !best)) {
            best = names[i];
            best_distance = d;
        }
    }
    return best;
}

char *tl_text_hint(const char *wanted, const char *const *names, int count,
                   char out[TL_HINT])
{
    const char *near = tl_text_nearest(wanted, names, count);
    (void)snprintf(out, TL_HINT, near ? " (did you mean '%.70s'?)" : "%s",
                   near ? near : "");
    return out;
}

bool tl_text_real(const char *text, double *value)
{
    char *end;
    if (*text == '\0' || strspn(text, "+-0123456789.eE") != strlen(text)) return false;
    *value = strtod(text, &end);
    return *end == '\0' && isfinite(*value);
}

char *tl_text_shortest(double value, char out[32])
{
    if (value == floor(value) && fabs(value) < 1e15) {
        (void)snprintf(out, 32, "%.0f", value);
        return out;
    }
    for (int digits = 1; digits <= 17; digits++) {
        (void)snprintf(out, 32, "%.*g", digits, value);
        if (strtod(out, NULL) == value || isnan(value)) break;
    }
    return out;
}

char *tl_text_size(double bytes, char out[32])
{
    static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    int i = 0;
    for (; bytes >= 1024.0 && i < 5; i++) bytes /= 1024.0;
    (void)snprintf(out, 32, i == 0 ? "%.0f %s" : "%.1f %s", bytes, unit[i]);
    return out;
}

char *tl_text_span(double seconds, char out[32])
{
    if (seconds < 10.0) {
        (void)snprintf(out, 32, "%.1f s", seconds);
    } else if (seconds < 120.0) {
        (void)snprintf(out, 32, "%.0f s", seconds);
    } else if (seconds < 7200.0) {
        (void)snprintf(out, 32, "%.0f min", seconds / 60.0);
    } else {
        const long minutes = lround(seconds / 60.0);
        (void)snprintf(out, 32, "%ld h %02ld min", minutes / 60, minutes % 60);
    }
    return out;
}
