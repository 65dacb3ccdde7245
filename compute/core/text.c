#include "compute/core/text.h"

#include "compute/core/utf8.h"

#include <math.h>
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

void tl_text_print_list(tl_text *text, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    const int length = vsnprintf(NULL, 0, format, args);
    if (length >= 0 && make_room(text, (size_t)length)) {
        (void)vsnprintf(text->at + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

void tl_text_print(tl_text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    tl_text_print_list(text, format, args);
    va_end(args);
}

/* Whether a shell takes the word as it is. */
static bool is_plain_word(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789_./:,=@%+-";
    return *word && strspn(word, plain) == strlen(word);
}

void tl_text_shell_word(tl_text *text, const char *word)
{
    bool has_control = false;
    for (const char *c = word; *c; c++) {
        const size_t length = tl_utf8_sequence(c, strnlen(c, 4));
        has_control |= length == 0 || (unsigned char)*c < 0x20 || *c == 0x7f;
        c += length > 1 ? length - 1 : 0;
    }
    if (is_plain_word(word)) {
        tl_text_add(text, word);
        return;
    }
    tl_text_add(text, has_control ? "$'" : "'");
    for (const char *c = word; *c; c++) {
        const unsigned char byte = (unsigned char)*c;
        const bool is_control = byte < 0x20 || byte == 0x7f || byte >= 0x80;
        if (!has_control && *c == '\'')
            tl_text_add(text, "'\\''");
        else if (has_control && is_control)
            tl_text_print(text, "\\x%02x", byte);
        else if (has_control && (*c == '\'' || *c == '\\'))
            tl_text_print(text, "\\%c", *c);
        else
            tl_text_bytes(text, c, 1);
    }
    tl_text_add(text, "'");
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
    (void)snprintf(out, TL_HINT, near ? " (did you mean '%s'?)" : "%s",
                   near ? TL_BRIEF(near) : "");
    return out;
}

/* Bytes of the letter at `text`; a byte that is no UTF-8 is one. 0 at the end. */
static size_t letter_bytes(const char *text)
{
    if (!*text) return 0;
    const size_t length = tl_utf8_sequence(text, strnlen(text, 4));
    return length > 0 ? length : 1;
}

/* Columns of the letter of `length` bytes at `text`. */
static int letter_columns(const char *text, size_t length)
{
    static const struct {
        uint32_t first, last;
        int columns;
    } block[] = {{0x300, 0x36f, 0},     {0x1100, 0x115f, 2},  {0x200b, 0x200f, 0},
                 {0x2e80, 0xa4cf, 2},   {0xac00, 0xd7a3, 2},  {0xf900, 0xfaff, 2},
                 {0xfe30, 0xfe6f, 2},   {0xff00, 0xff60, 2},  {0xffe0, 0xffe6, 2},
                 {0x1f300, 0x1faff, 2}, {0x20000, 0x3fffd, 2}};
    const uint32_t code = tl_utf8_code(text, length);
    for (size_t i = 0; i < sizeof block / sizeof *block; i++) {
        if (code >= block[i].first && code <= block[i].last) return block[i].columns;
    }
    return 1;
}

int tl_text_columns(const char *text)
{
    int columns = 0;
    for (size_t length; (length = letter_bytes(text)) > 0; text += length)
        columns += letter_columns(text, length);
    return columns;
}

/* Bytes of the longest beginning of `text` that takes at most `columns` and `space` bytes.
 */
static size_t beginning(const char *text, int columns, size_t space)
{
    size_t at = 0;
    for (size_t length; (length = letter_bytes(text + at)) > 0; at += length) {
        columns -= letter_columns(text + at, length);
        if (columns < 0 || at + length > space) break;
    }
    return at;
}

/* The longest end of `text` [length] that takes at most `columns` and `space` bytes. */
static const char *ending(const char *text, size_t length, int columns, size_t space)
{
    const char *end = text + length, *at = end;
    while (at > text) {
        const char *before = at - 1;
        while (before > text && at - before < 4 && ((unsigned char)*before & 0xc0) == 0x80)
            before--;
        columns -= letter_columns(before, letter_bytes(before));
        if (columns < 0 || (size_t)(end - before) > space) break;
        at = before;
    }
    return at;
}

char *tl_text_cut(const char *text, int columns, char *out, size_t space)
{
    static const char sign[] = "...";
    const size_t length = strlen(text), left = space - sizeof sign;
    const int all = tl_text_columns(text);
    if (all <= columns && length < space) {
        memcpy(out, text, length + 1);
        return out;
    }
    const int shown = columns - (int)strlen(sign);
    const size_t head = beginning(text, (shown + 1) / 2, (left + 1) / 2);
    (void)snprintf(out, space, "%.*s%s%s", (int)head, text, sign,
                   ending(text, length, shown / 2, left / 2));
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
